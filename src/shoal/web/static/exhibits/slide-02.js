// 2. A network, named: the sizes determine the shapes; the hidden layer warps the plane.
import { ask, telling } from "../lib/ask.js";
import { choice, iconButton, showRunning, slider, stepper } from "../lib/controls.js";
import { h, letter, line, picture, put, s, text } from "../lib/dom.js";
import { exhibit } from "../lib/exhibit.js";
import { A_SECOND, frames, moment } from "../lib/film.js";
import { emptyMatrix } from "../lib/matrix.js";
import { isStill, over } from "../lib/motion.js";
import { column, edge, edgeKeys, named, widest } from "../lib/network.js";
import { whole } from "../lib/numbers.js";
import { dots, Plane } from "../lib/plane.js";
import { reachable } from "../lib/reach.js";
import { declare, declareAs, get, listen, number, set } from "../lib/store.js";
import { tr } from "../lib/words.js";

const ROOM = 264; // pixels for the columns of W1 and W2, beside those of b1 and b2
const BOX = { x: 14, y: 8, w: 370, h: 316 };
const FILLED = 0.46; // how much of the box lies between its middle and the farthest point
const PLAY = tr("play the training");

/** @param {any} page */
export function slide2(page) {
  for (const name of ["n_x", "n_h", "n_y"]) declareAs(`2.${name}`, `shapes.${name}`);
  declareAs("2.look", "warped.look_along");
  declareAs("2.turn", "warped.turn");
  declare("2.warp", 1);
  const drawing = h("div", {});
  const shapes = h("div", { class: "shapes" });
  const plane = new Plane({ size: 316, limit: page.limit, label: tr`${page.Y.length} points in the plane of inputs, with the boundary at 0.5` });
  const hidden = picture(400, 362, tr("The same points in the space of the hidden layer"));
  const caption = h("span", { class: "cap" });
  const play = iconButton("play", PLAY, () => void toggleFilm());
  /** @type {(() => void) | null} */ let stop = null; // while the film runs
  /** @type {any} */ let shown = null;

  /** The network of the chosen sizes, with the example network's weights if the sizes are equal. @param {any} shape @param {any} hand */
  function drawNetwork(shape, hand) {
    const [n_h, n_x] = shape.shapes.W1;
    const [n_y] = shape.shapes.W2;
    const own = n_x === 2 && n_h === 4 && n_y === 1;
    const gap = Math.min(47, 168 / Math.max(n_h - 1, n_x - 1, n_y - 1, 1));
    const radius = Math.min(17, gap * 0.42);
    const places = [column(n_x, 90, own ? 65 : gap), column(n_h, 90, gap), column(n_y, 90, gap)];
    const [xs = [], hs = [], ys = []] = places;
    const reference = own ? widest(hand.W1, hand.W2) : 1;
    const out = picture(390, 222, tr`Network of ${n_x} inputs, ${n_h} hidden units, ${n_y} outputs`);
    hs.forEach((y, i) => {
      xs.forEach((x, j) =>
        out.append(edge([52 + radius, x], [196 - radius, y], own ? hand.W1[i][j] : 0.3, reference, edgeKeys("W1", i + 1, j + 1), { card: own })),
      );
      ys.forEach((o, k) =>
        out.append(edge([196 + radius, y], [334 - radius, o], own ? hand.W2[k][i] : 0.3, reference, edgeKeys("W2", k + 1, i + 1), { card: own })),
      );
    });
    out.classList.toggle("unweighted", !own);
    xs.forEach((y, j) => out.append(named(52, y, radius, "x", j + 1, `x${j + 1}`)));
    hs.forEach((y, i) => out.append(named(196, y, radius, "a", i + 1, `u${i + 1}`)));
    ys.forEach((y, k) => out.append(named(334, y, radius, "ŷ", n_y > 1 ? k + 1 : "", `y${k + 1}`)));
    for (const [x, layer, array] of /** @type {[number, string, string][]} */ ([
      [52, tr`layer ${0}`, `X (${n_x}, ${page.Y.length})`],
      [196, tr`layer ${1}`, `A1 (${n_h}, ${page.Y.length})`],
      [334, tr`layer ${2}`, `A2 (${n_y}, ${page.Y.length})`],
    ])) {
      out.append(text(x, 203, layer, { class: "strong" }), text(x, 219, array, { class: "mono" }));
    }
    reachable(out);
    put(drawing, out);
  }

  /** @param {any} answer */
  function drawShapes(answer) {
    const { W1, b1, W2, b2 } = answer.shapes;
    const sum = (/** @type {string} */ left, /** @type {string} */ right) =>
      h("div", { class: "sum bar between", style: "margin:0" }, h("span", {}, left), h("span", {}, right));
    // All four stand side by side, so that their columns and their sum are seen at once.
    const cell = Math.min(38, Math.floor(ROOM / (W1[1] + W2[1]) - 2));
    shapes.style.setProperty("--cell", `${cell}px`);
    shapes.classList.toggle("small", cell < 26); // too small for letters
    put(
      shapes,
      emptyMatrix("W1", W1[0], W1[1], "w"),
      emptyMatrix("b1", b1[0], 1, "b"),
      emptyMatrix("W2", W2[0], W2[1], "w"),
      emptyMatrix("b2", b2[0], 1, "b"),
      sum(`${W1[0]}·${W1[1]}`, "+"),
      sum(`${b1[0]}`, "+"),
      sum(`${W2[0]}·${W2[1]}`, "+"),
      sum(`${b2[0]}`, ""),
      h("div", { class: "tot" }, "= ", tr`${h("span", { "data-name": "count", "data-value": answer.count }, answer.count)} parameters`),
    );
  }

  /** The hidden view, blended with the input plane by `warp` so that the eye can follow. @param {any} warped @param {number} warp */
  function drawHidden(warped, warp) {
    const cut = get("2.look") === "cut";
    const [across, up] = /** @type {[number[], number[]]} */ (warped.points);
    const [midX, midY] = [BOX.x + BOX.w / 2, BOX.y + BOX.h / 2];
    const [sizeX, sizeY] = [(FILLED * BOX.w) / warped.largest[0], (FILLED * BOX.h) / warped.largest[1]];
    const [flatX, flatY] = [BOX.w / 2 / page.limit, BOX.h / 2 / page.limit];
    const at = (/** @type {number} */ x, /** @type {number} */ y, /** @type {number} */ u, /** @type {number} */ v) =>
      /** @type {[number, number]} */ ([
        midX + (1 - warp) * x * flatX + warp * u * sizeX,
        midY - (1 - warp) * y * flatY - warp * v * sizeY,
      ]);
    const points = across.map((u, i) => at(page.X[0][i], page.X[1][i], u, up[i] ?? 0));
    const grid = warped.lines.map((/** @type {[number[], number[]]} */ [us, vs], /** @type {number} */ n) => {
      const [xs, ys] = warped.flat_lines?.[n] ?? [[], []];
      return s("polyline", {
        class: "grid warped",
        points: us
          .map((u, i) =>
            at(xs[i] ?? 0, ys[i] ?? 0, u, vs[i] ?? 0)
              .map((c) => c.toFixed(1))
              .join(","),
          )
          .join(" "),
      });
    });
    const sides =
      cut && warp === 1
        ? [
            s("rect", { x: midX, y: BOX.y, width: BOX.w / 2, height: BOX.h, class: "fp", "fill-opacity": 0.1 }),
            s("rect", { x: BOX.x, y: BOX.y, width: BOX.w / 2, height: BOX.h, class: "fn", "fill-opacity": 0.1 }),
            line(midX, BOX.y, midX, BOX.y + BOX.h, { class: "cut" }),
          ]
        : [];
    const [rx = 0, ry = 0] = points[number("ex") - 1] ?? [];
    const inside = s(
      "g",
      { "clip-path": "url(#warped-box)" },
      ...sides.slice(0, 2),
      ...grid,
      dots(
        points.map((p) => p[0]),
        points.map((p) => p[1]),
        page.Y,
      ),
      ...sides.slice(2),
      s("circle", { cx: rx.toFixed(1), cy: ry.toFixed(1), r: 6.5, class: "sel" }),
      ...(warp === 1 && cut ? rose(warped.axes, sizeX / sizeY) : []),
    );
    put(
      hidden,
      s("defs", {}, s("clipPath", { id: "warped-box" }, s("rect", { x: BOX.x, y: BOX.y, width: BOX.w, height: BOX.h }))),
      inside,
      s("rect", { x: BOX.x, y: BOX.y, width: BOX.w, height: BOX.h, class: "frame-r" }),
      ...words(cut, warp),
    );
  }

  /** What the two directions of the hidden view are. @param {boolean} cut @param {number} warp */
  function words(cut, warp) {
    const middle = BOX.x + BOX.w / 2;
    if (!cut)
      return [
        letter(BOX.x + BOX.w, BOX.y + BOX.h + 18, "a", get("2.look")[0], { "text-anchor": "end" }),
        letter(BOX.x - 4, BOX.y + 8, "a", get("2.look")[1], { "text-anchor": "end" }),
      ];
    if (warp < 1) return [];
    return [
      text(middle - 12, 342, tr("← says class 0"), { "text-anchor": "end", class: "strong neg-text" }),
      text(middle + 12, 342, tr("says class 1 →"), { "text-anchor": "start", class: "strong pos-text" }),
      text(middle, 359, tr("distance from the cut, z2 / ‖W2‖")),
    ];
  }

  /** @param {any} what a name for what is shown @param {number} right */
  const drawCaption = (what, right) =>
    put(
      caption,
      h("b", {}, what),
      ` ${tr("Same points, same grid.")}`,
      h("br", {}),
      tr`On the right one straight cut gets ${h("span", { "data-name": "right", "data-value": right }, right)} of ${page.Y.length}.`,
    );

  /** The training from its first step to the one in hand, or all of it from step 0. */
  async function toggleFilm() {
    if (stop) return still();
    const end = number("step") || page.last;
    const asked = { step: end, edits: get("edits"), look_along: get("2.look"), turn: get("2.look") === "cut" ? get("2.turn") : 0 };
    stop = () => {};
    showRunning(play, true, PLAY);
    const answer = await telling(ask("learning", asked), [["learning", asked]], (words) => words && put(caption, words)).catch(() => null);
    if (!stop) return; // paused, or the state was changed meanwhile
    if (!answer) return still();
    const all = frames(answer).filter((f) => f.step <= end); // a copy has all of them in one answer
    stop = over((all.length - 1) / A_SECOND, (part) => showMoment(moment(all, part * (all.length - 1), answer)), () => {
      set({ step: end, "2.warp": 1 });
      still();
    });
  }

  /** @param {import("../lib/film.js").Moment} now */
  function showMoment(now) {
    plane.heat(now.heat);
    plane.boundary(now.cut);
    drawHidden(now, 1);
    drawCaption(tr`Step ${whole(now.step)} of the training.`, now.right);
  }

  /** Back to the step in hand. */
  function still() {
    stop?.();
    stop = null;
    showRunning(play, false, PLAY);
    if (shown) showWarped(shown);
  }

  /** @param {any} warped */
  function showWarped(warped) {
    shown = warped;
    const warp = number("2.warp");
    plane.heat(warped.heat);
    plane.boundary(warped.cut);
    drawHidden(warped, warp);
    drawCaption(warp === 0 ? tr("The plane, not warped yet.") : tr("The plane, and the plane warped."), warped.right);
  }

  /** The hidden units' axes in this projection. @param {number[][]} axes @param {number} stretch */
  function rose(axes, stretch) {
    const [x, y] = [BOX.x + 92, BOX.y + 50];
    const wide = Math.min(Math.max(stretch, 0.5), 1.6);
    return axes.flatMap(([u = 0, v = 0], i) => [
      line(x, y, x + u * 34 * wide, y - v * 34, { class: "ink", "stroke-width": 1.3 }),
      letter(x + u * 45 * wide, y - v * 45 + 4, "a", i + 1, { class: "halo", style: "font-size:14px" }),
    ]);
  }

  exhibit({
    number: 2,
    predict: () => ["predict_2", { n_x: get("2.n_x"), n_h: get("2.n_h"), n_y: get("2.n_y") }],
    keys: ["2.n_x", "2.n_h", "2.n_y", "2.look", "2.turn", "2.warp", "step", "edits", "ex"],
    themed: true,
    lecture: [
      { says: tr("sizes"), parts: ["sizes"] },
      { says: tr("the plane"), state: { "2.warp": 0 }, parts: ["warp"] },
      { says: tr("warped"), state: { "2.warp": 1 }, parts: ["warp"] },
      { says: tr("over the training"), state: { "2.warp": 1 }, parts: ["warp"], act: () => void (stop || isStill() || toggleFilm()) },
    ],
    questions: () => ({
      shapes: ["shapes", { n_x: get("2.n_x"), n_h: get("2.n_h"), n_y: get("2.n_y") }],
      hand: ["hand", { step: get("step"), edits: get("edits") }],
      warped: [
        "warped",
        { step: get("step"), edits: get("edits"), look_along: get("2.look"), turn: get("2.look") === "cut" ? get("2.turn") : 0 },
      ],
    }),
    build(stage) {
      const size = (/** @type {string} */ of, /** @type {number} */ max) =>
        stepper({
          key: `2.n_${of}`,
          label: h("i", {}, "n", h("sub", { style: "font-size:.72em" }, of)),
          name: `n_${of}`,
          min: 1,
          max,
          recorded: `shapes.n_${of}`,
        });
      const turn = slider({ key: "2.turn", label: tr("turn"), min: 0, max: 180, step: 5, width: 80, show: null });
      const showTurn = () => turn.classList.toggle("unseen", get("2.look") !== "cut");
      listen(["2.look"], showTurn);
      stage.append(
        h("div", { class: "e2top", "data-part": "sizes" }, h("div", {}, drawing, h("div", { class: "e2n" }, size("x", 8), size("h", 8), size("y", 4))), shapes),
        h(
          "div",
          { class: "warp", "data-part": "warp" },
          h("figure", { "data-part": "plane" }, plane.element),
          h("div", { class: "arrow", "aria-hidden": "true", "data-part": "plane" }, "→"),
          h("figure", {}, hidden),
        ),
        h(
          "div",
          { class: "bar between under", "data-part": "warp" },
          caption,
          h(
            "span",
            { class: "bar looks" },
            h("span", { class: "field moves" }, play, h("span", { class: "lab" }, tr("training"))),
            slider({ key: "2.warp", label: tr("warp"), min: 0, max: 1, step: 0.02, width: 80, show: null }),
            turn,
            choice({
              key: "2.look",
              name: tr("look"),
              label: tr("along"),
              options: [
                ["cut", tr("cut")],
                ["12", "a₁ a₂"],
                ["34", "a₃ a₄"],
                ["13", "a₁ a₃"],
              ],
            }),
          ),
        ),
      );
      plane.examples(page.X, page.Y);
      for (let i = 0; i < 17; i += 1) {
        const at = -page.limit + (i * page.limit) / 8;
        plane.under.append(
          line(plane.sx(at), plane.top, plane.sx(at), plane.top + plane.size, { class: "grid" }),
          line(plane.left, plane.sy(at), plane.left + plane.size, plane.sy(at), { class: "grid" }),
        );
      }
      plane.choosing(page.X, (i) => set({ ex: i + 1 }));
      showTurn();
    },
    draw({ shapes: shape, hand, warped }) {
      drawNetwork(shape, hand);
      drawShapes(shape);
      const i = number("ex") - 1;
      put(plane.over, plane.ring(page.X[0][i], page.X[1][i]));
      shown = warped;
      still();
    },
  });
}
