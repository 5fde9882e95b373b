// 0. Joints: one input and ReLU units, whose clipped lines add up to a curve; then two inputs and the regions of their lines.
import { beside, isRecorded } from "../lib/ask.js";
import { answerFor } from "../lib/card.js";
import { chart, scales } from "../lib/chart.js";
import { choice, paced, stepper, toggle } from "../lib/controls.js";
import { h, line, put, s, text } from "../lib/dom.js";
import { exhibit } from "../lib/exhibit.js";
import { JointPicture, endOf } from "../lib/joints.js";
import { num } from "../lib/numbers.js";
import { Plane } from "../lib/plane.js";
import { declare, declareAs, get, listen, number, set } from "../lib/store.js";
import { tr } from "../lib/words.js";

const [MOST, MOST_LINES] = [20, 12];
const SIDE = 1.25; // of the square that is drawn, as in `plane_regions.py`
const LIVE = tr("not recorded in this copy: your own units need the live page, which `shoal chapter` opens");
/** @type {[string, string][]} */
const CURVES = [
  ["wave", tr("wave")],
  ["hill", tr("hill")],
  ["step", tr("jump")],
  ["valley", tr("valley")],
  ["own", tr("drawn")],
];
/** @type {[string, string][]} */
const BY = [
  ["yours", tr("yours")],
  ["pair", tr("a pair")],
  ["bump", tr("a bump")],
  ["bumps", tr("bumps")],
];

/** The error against the number of units, on a scale of powers of ten. @param {any} widths the answer of `relu_widths` @param {any} sum @param {any} fit */
function errorChart(widths, sum, fit) {
  /** @type {import("../lib/chart.js").Frame} */
  const frame = { width: 282, height: 196, left: 38, label: tr("The mean square error against the number of units"), xName: tr("units"), yName: tr("mean square error"), x: [1, MOST], y: [1e-6, 1], xTicks: [1, 5, 10, 15, 20], yTicks: [1e-6, 1e-4, 1e-2, 1], logY: true };
  const { sx, sy } = scales(frame);
  const at = (/** @type {number} */ v) => sy(Math.min(Math.max(v, 1e-6), 1));
  const places = Array.from({ length: MOST }, (_, i) => i + 1);
  return chart(
    frame,
    [
      { at: places, v: widths.equal, class: "ink", width: 1.6 },
      { at: widths.widths, v: widths.fits, class: "ink", width: 1.6, dash: "5 4" },
    ].filter((one) => one.at.length),
    s("circle", { cx: sx(sum.units.length).toFixed(1), cy: at(sum.error).toFixed(1), r: 5, class: "handle still" }),
    fit && s("path", { class: "fit-joint", d: `M${sx(fit.n).toFixed(1)} ${(at(fit.error) - 6).toFixed(1)}l5 6l-5 6l-5 -6z` }),
  );
}

/** The lines of the units, each with its number at that end in the square which is farther from the other numbers. @param {Plane} plane @param {number[][]} W1 @param {number[]} b1 */
function drawnLines(plane, W1, b1) {
  /** @type {number[][]} */ const placed = [];
  const free = (/** @type {number[]} */ p) => Math.min(...placed.map((q) => Math.hypot((p[0] ?? 0) - (q[0] ?? 0), (p[1] ?? 0) - (q[1] ?? 0))), 9);
  return W1.flatMap(([w1 = 0, w2 = 0], i) => {
    const b = (b1[i] ?? 0) / (w1 * w1 + w2 * w2);
    const at = (/** @type {number} */ t) => [-b * w1 - w2 * t, -b * w2 + w1 * t];
    const inside = Array.from({ length: 500 }, (_, k) => at((k - 250) / 100)).filter((p) => p.every((v) => Math.abs(v) < SIDE - 0.09));
    const [first = [0, 0], last = [0, 0]] = [inside[0], inside[inside.length - 1]];
    const label = free(first) > free(last) ? first : last;
    placed.push(label);
    const [[x1 = 0, y1 = 0], [x2 = 0, y2 = 0], [lx = 0, ly = 0]] = [at(-4), at(4), label];
    return [
      line(plane.sx(x1), plane.sy(y1), plane.sx(x2), plane.sy(y2), { class: "ink", "stroke-width": 1.4 }),
      text(plane.sx(lx), plane.sy(ly) + 4, i + 1, { class: "halo strong" }),
    ];
  });
}

export function slide0() {
  for (const name of ["curve", "drawn", "n", "by", "units"]) declareAs(`0.${name}`, `relu_sum.${name}`);
  declareAs("0.fit", "relu_widths.fit");
  for (const name of ["lines", "how", "seed"]) declareAs(`0.${name}`, `arrangement.${name}`);
  declare("0.u", 1);
  const live = !isRecorded();
  /** @type {any} */ let answers = {};
  /** @type {import("../lib/joints.js").Unit[]} */ let units = []; // as they are now, which may be before the answer about them
  let b2 = 0;
  const chosen = () => Math.min(number("0.u"), units.length) - 1;
  const [result, own, errors, marks] = [h("div", { class: "readout" }), h("div", { class: "readout of-unit" }), h("figure", {}), h("p", { class: "cap figcap" })];
  const regions = h("div", { class: "regions" });
  const plane = new Plane({ size: 252, limit: SIDE, label: tr("The lines of units over two inputs, and their regions") });
  const round = (/** @type {number} */ v) => Number(v.toPrecision(5));

  /** Change one unit: all units are then the reader's. @param {number} i @param {Partial<import("../lib/joints.js").Unit>} fields */
  function change(i, fields) {
    Object.assign(units[i] ?? {}, fields);
    const written = units.map((u) => [u.w, u.b, u.v].map(round).join(":")).join(",");
    set({ "0.by": "yours", "0.n": units.length, "0.units": `${written};${round(b2)}` });
  }

  /** @param {number} i @param {"joint" | "end"} part @param {number} value */
  function moved(i, part, value) {
    const unit = units[i];
    if (!unit) return;
    if (part === "joint") {
      change(i, { b: round(-unit.w * Math.round(value * 100) / 100) });
      return;
    }
    const [x = 0] = endOf(unit);
    const a = unit.w * x + unit.b;
    if (a > 0.02) change(i, { v: round(value / a) });
  }

  const move = paced((/** @type {[number, "joint" | "end", number]} */ [i, part, value]) => moved(i, part, value));
  const picture = new JointPicture(
    live
      ? {
          move: (i, part, value) => move([i, part, value]),
          choose: (i) => set({ "0.u": i + 1 }),
          draw: (heights) => set({ "0.curve": "own", "0.drawn": heights.join(",") }),
        }
      : null,
  );

  // A pair and a bump have two and three units; with another number they are the reader's own.
  listen(["0.by"], () => {
    const most = { pair: 2, bump: 3 }[get("0.by")];
    if (most) set({ "0.n": most, "0.u": 1 });
  });
  listen(["0.n"], () => {
    const most = { pair: 2, bump: 3 }[get("0.by")];
    if (most && most !== number("0.n")) set({ "0.by": "yours" });
  });
  answerFor("0", async (key) => (key === "regions" ? answers.lines.card : key === "fitted" ? answers.fit.cards.error : answers.sum.cards[key]));

  /** What the sum reaches. @param {any} sum @param {any} fit */
  function drawResult(sum, fit) {
    const n = sum.units.length;
    const segments = sum.ends.length - 1;
    put(
      result,
      h("h3", {}, n > 1 ? tr`The sum of ${n} units` : tr("The sum of one unit")),
      h(
        "div",
        { class: "digits" },
        h("span", {}, tr("mean square error")),
        num(sum.error, { how: "0:error", name: "error", class: "strong" }),
        fit && h("span", {}, tr("of shoal’s fit ◇")),
        fit && num(fit.error, { how: "0:fitted", name: "fit-error", class: "strong" }),
        h("span", {}, tr("widest gap")),
        num(sum.worst.by, { name: "worst" }),
        h("span", {}, tr("straight segments")),
        num(segments, { text: String(segments), name: "segments" }),
      ),
      segments <= 6 && h("p", { class: "cap slopes" }, tr("Slopes:"), " ", ...sum.slopes.flatMap((/** @type {number} */ v, /** @type {number} */ p) => [p ? " " : "", num(v, { digits: 3, how: `0:slope-${p + 1}`, name: `slope-${p + 1}` })])),
      fit && h("p", { class: "cap fit-words" }, tr`Its fit, dashed: ${fit.n} units, the best of ${fit.networks} networks trained together, seed ${fit.seed}.`),
    );
  }

  /** The numbers of the chosen unit, which may be typed. */
  function drawOwn() {
    const i = chosen();
    const unit = units[i];
    if (!unit) return;
    /** @param {"w" | "b" | "v"} name @param {string} label */
    const field = (name, label) => {
      const input = /** @type {HTMLInputElement} */ (h("input", { type: "number", step: "any", "aria-label": tr`${name} of unit ${i + 1}`, "data-field": name, value: round(unit[name]) }));
      input.addEventListener("change", () => input.value.trim() && Math.abs(Number(input.value)) <= 1000 && change(i, { [name]: Number(input.value) }));
      input.addEventListener("keydown", (e) => e.stopPropagation());
      if (!live) Object.assign(input, { disabled: true, title: LIVE });
      return h("label", {}, h("span", { class: "lab" }, h("i", {}, label)), input);
    };
    const turn = h("button", { type: "button", class: "small", onclick: () => change(i, { w: -unit.w, b: -unit.b }) }, tr("Turn round"));
    if (!live) Object.assign(turn, { disabled: true, title: LIVE });
    const focused = own.contains(document.activeElement) ? document.activeElement?.getAttribute("data-field") : null;
    put(
      own,
      h("h3", {}, stepper({ key: "0.u", label: tr("Unit"), name: tr("chosen unit"), min: 1, max: MOST }), " ", turn),
      h("div", { class: "wbv" }, field("w", "w"), field("b", "b"), field("v", "v")),
      unit.joint === null
        ? h("p", { class: "cap" }, tr("w = 0: no joint."))
        : h("p", { class: "cap" }, tr("joint"), " −b/w = −(", num(unit.b, { digits: 3 }), ") / ", num(unit.w, { digits: 3 }), " = ", num(unit.joint, { how: `0:joint-${i + 1}`, name: "joint", class: "strong" })),
    );
    if (focused) /** @type {HTMLElement | null} */ (own.querySelector(`[data-field="${focused}"]`))?.focus();
  }

  /** @param {any} a the answer of `arrangement` */
  function drawRegions(a) {
    const n = a.b1.length;
    put(
      plane.under,
      ...a.regions.map((/** @type {any} */ r) => {
        const on = r.active.reduce((/** @type {number} */ sum, /** @type {number} */ v) => sum + v, 0);
        const corners = r.corners.map(([x = 0, y = 0]) => `${plane.sx(x).toFixed(1)},${plane.sy(y).toFixed(1)}`).join(" ");
        return s("polygon", { points: corners, class: "region", style: `--on:${on / n}` }, s("title", {}, tr`active: ${r.active.join("")}`));
      }),
    );
    put(
      plane.over,
      ...drawnLines(plane, a.W1, a.b1),
      ...(n > 5 ? [] : a.regions.filter((/** @type {any} */ r) => r.area > 0.16)).map((/** @type {any} */ r) =>
        text(plane.sx(r.middle[0]), plane.sy(r.middle[1]) + 4, r.active.join(""), { class: "mono halo" }),
      ),
    );
    const count = num(a.count, { text: String(a.count), how: "0:regions", name: "regions", class: "strong" });
    put(
      regions,
      h("p", { class: "word" }, ...(n > 1 ? tr`${n} lines, ${count} regions` : tr`One line, ${count} regions`)),
      h("p", { class: "cap" }, tr("at most"), ` 1 + n + n(n − 1)/2 = 1 + ${n} + ${(n * (n - 1)) / 2} = `, num(a.most, { text: String(a.most), name: "most-regions" }), a.count < a.most ? ` ${tr("(no two parallel, no three through one point)")}` : "", " · ", tr`${a.regions.length} regions in this square`),
      h("p", { class: "cap" }, tr("A region’s digits say which units are active; the stronger its shade, the more. Across a line one unit switches, so that each region has a plane of its own: with two inputs the network’s graph is a roof of flat parts.")),
    );
  }

  exhibit({
    number: 0,
    predict: () => ["predict_0", { ...shown(), u: Math.min(number("0.u"), number("0.n")) }],
    lecture: [
      { says: tr("one unit"), state: { "0.n": 1 }, parts: ["line"] },
      { says: tr("the sum"), parts: ["line"] },
      { says: tr("a bump"), state: { "0.curve": "hill", "0.by": "bump", "0.n": 3 }, parts: ["line"] },
      { says: tr("bumps"), state: { "0.by": "bumps", "0.n": 10 }, parts: ["line", "width"] },
      { says: tr("the library’s fit"), state: { "0.by": "bumps", "0.n": 5, "0.fit": "yes" }, parts: ["line", "width"] },
      { says: tr("two inputs"), parts: ["plane"] },
    ],
    keys: ["0.curve", "0.drawn", "0.n", "0.by", "0.units", "0.u", "0.fit", "0.lines", "0.how", "0.seed"],
    questions: () => ({
      sum: ["relu_sum", shown()],
      widths: ["relu_widths", { ...curve(), fit: get("0.fit") }],
      lines: ["arrangement", { lines: get("0.lines"), how: get("0.how"), seed: get("0.seed") }],
      ...(get("0.fit") === "yes" ? { fit: ["relu_fit", { ...curve(), n: get("0.n") }] } : {}),
    }),
    build(stage) {
      const curves = CURVES.filter(([key]) => live || key !== "own");
      const again = h("button", { type: "button", class: "small", onclick: () => set({ "0.seed": live ? (number("0.seed") + 1) % 100 : beside("arrangement.seed", number("0.seed"), 1) === number("0.seed") ? 1 : beside("arrangement.seed", number("0.seed"), 1) }) }, tr("Other lines"));
      stage.append(
        h(
          "div",
          { class: "bar e0bar", "data-part": "line" },
          choice({ key: "0.curve", label: tr("curve"), options: curves }),
          stepper({ key: "0.n", label: tr("units"), min: 1, max: MOST, recorded: "relu_sum.n" }),
          choice({ key: "0.by", label: "", name: tr("which units"), options: BY }),
          toggle({ key: "0.fit", label: tr("shoal’s fit") }),
        ),
        h(
          "div",
          { class: "e0" },
          h(
            "figure",
            { "data-part": "line" },
            picture.svg,
            h("figcaption", { class: "cap figcap" }, live ? tr("Drag a joint (ring) along the line, or the end of a unit’s line (square) up and down. Draw anywhere else: that is the curve to be reached.") : tr("In this copy the units stay where they are; `shoal chapter` opens the live page."), " ", tr("Below: a row for each unit, filled where it is active.")),
          ),
          h("div", {}, h("div", { class: "numbers", "data-part": "line" }, result, own), h("div", { class: "errors", "data-part": "width" }, errors, marks)),
        ),
        h(
          "div",
          { class: "e0 plane-part", "data-part": "plane" },
          h("figure", {}, plane.element),
          h(
            "div",
            {},
            h("h3", { class: "band" }, tr("Two inputs: joints become lines")),
            h("div", { class: "bar" }, stepper({ key: "0.lines", label: tr("units"), name: tr("units with two inputs"), min: 1, max: MOST_LINES }), choice({ key: "0.how", label: "", name: tr("how the lines lie"), options: [["all directions", tr("any way")], ["parallel", tr("parallel")], ["one point", tr("one point")]] }), again),
            regions,
          ),
        ),
      );
    },
    draw({ sum, widths, lines, fit }) {
      answers = { sum, lines, fit };
      units = sum.units.map((/** @type {any} */ u) => ({ ...u }));
      b2 = sum.b2;
      picture.draw(sum, fit, chosen());
      drawResult(sum, fit);
      drawOwn();
      put(errors, errorChart(widths, sum, fit));
      put(marks, tr("Error against units. Line: joints in equal steps (bumps). ○ the sum shown."), fit ? ` ${tr("Dashed, ◇: shoal’s fits, whose joints move.")}` : "");
      drawRegions(lines);
    },
  });

  function curve() {
    return { curve: get("0.curve"), drawn: get("0.curve") === "own" ? get("0.drawn") : "" };
  }
  function shown() {
    return { ...curve(), n: get("0.n"), by: get("0.by"), units: get("0.by") === "yours" ? get("0.units") : "" };
  }
}
