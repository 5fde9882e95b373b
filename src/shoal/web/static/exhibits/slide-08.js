// 8. Slopes: g and g′ one above the other, the tangent at z, and the measured slope with the formula.
import { choice, paced, slider, toggle } from "../lib/controls.js";
import { find, h, line, picture, put, s, text } from "../lib/dom.js";
import { eq } from "../lib/equation.js";
import { exhibit } from "../lib/exhibit.js";
import { tone } from "../lib/network.js";
import { agreement, MINUS, num, percent, sig } from "../lib/numbers.js";
import { declare, get, set } from "../lib/store.js";
import { decimal, tr } from "../lib/words.js";

const LIMIT = 10.9;
const POINTS = [-10, 0, 10]; // the slide's
const [W, LEFT, RIGHT] = [586, 40, 6];
/** @type {Record<string, {name: string, equations: string[]}>} */
export const SHOWN = {
  logistic: { name: tr("sigmoid"), equations: ["σ(z) = {1}/{1 + e^{−z}}", "σ′(z) = a (1 − a)"] },
  tanh: { name: "tanh", equations: ["tanh(z) = {e^z − e^{−z}}/{e^z + e^{−z}}", "tanh′(z) = 1 − a^2"] },
  relu: { name: "ReLU", equations: ["g(z) = max(0, z)", `g′(z) = 0 ;; ${tr("or")} ;; 1`] },
  leaky_relu: { name: "leaky ReLU", equations: [] }, // its slope is the textbook's: `slide8` sets them
};

/** @param {number} v */
const sx = (v) => LEFT + ((v + LIMIT) / (2 * LIMIT)) * (W - LEFT - RIGHT);

/** @param {any} page */
export function slide8(page) {
  const leaky = page.activations.leaky_relu;
  SHOWN.leaky_relu.equations = [`g(z) = ${leaky.formula}`, `g′(z) = ${leaky.derivative.replace(` ${tr("or")} `, ` ;; ${tr("or")} ;; `)}`];
  declare("8.g", "tanh");
  declare("8.z", "", "at_z.z");
  declare("8.stop", "yes");
  const pictures = h("div", {});
  const readout = h("div", { class: "readout" });
  const slide = h("div", { class: "readout" });
  const count = h("p", { class: "cap", style: "margin-top:8px" });
  const from = h("span", { class: "cap" });
  let z = 1;

  /** The frame of one of the two pictures: hatching, grid, curve and the slide's three points. @param {number} height @param {[number, number]} range @param {number[]} ticks @param {number[]} zs @param {number[]} values @param {number[][]} flat @param {number[]} three */
  function frame(height, [low, high], ticks, zs, values, flat, three) {
    const sy = (/** @type {number} */ v) => 8 + ((high - Math.min(Math.max(v, low), high)) / (high - low)) * (height - 16);
    const out = [];
    if (get("8.stop") === "yes")
      for (const [a = 0, b = 0] of flat)
        out.push(
          s("rect", {
            x: sx(Math.max(a, -LIMIT)).toFixed(1),
            y: 8,
            width: Math.max(0, sx(Math.min(b, LIMIT)) - sx(Math.max(a, -LIMIT))).toFixed(1),
            height: height - 16,
            fill: "url(#hatch)",
            class: "flat",
          }),
        );
    for (const v of ticks)
      out.push(
        line(LEFT, sy(v), W - RIGHT, sy(v), { class: v ? "grid" : "axis" }),
        text(LEFT - 8, sy(v) + 4, decimal(String(v)).replace("-", MINUS), { "text-anchor": "end" }),
      );
    const points = zs
      .flatMap((t, i) =>
        Math.abs(t) <= LIMIT && (values[i] ?? 0) <= high && (values[i] ?? 0) >= low
          ? [`${sx(t).toFixed(1)},${sy(values[i] ?? 0).toFixed(2)}`]
          : [],
      )
      .join(" ");
    out.push(s("polyline", { class: "ink", "stroke-width": 2.2, "stroke-linejoin": "round", points }));
    POINTS.forEach((at, i) =>
      out.push(s("circle", { cx: sx(at), cy: sy(three[i] ?? 0), r: 4, fill: "var(--ink)", stroke: "var(--paper)", "stroke-width": 1.5 })),
    );
    return { out, sy };
  }

  /** @param {any} curve @param {number[]} zs @param {any} here @param {any[]} three */
  function draw(curve, zs, here, three) {
    const bounded = get("8.g") === "logistic" || get("8.g") === "tanh";
    const range = /** @type {[number, number]} */ (get("8.g") === "logistic" ? [-0.25, 1.28] : bounded ? [-1.28, 1.28] : [-2.5, 11]);
    const ticks = get("8.g") === "logistic" ? [0, 0.5, 1] : bounded ? [-1, 0, 1] : [0, 5, 10];
    const top = frame(
      258,
      range,
      ticks,
      zs,
      curve.g,
      curve.flat,
      three.map((p) => p.g),
    );
    const reach = Math.min(2.6, (0.15 * (range[1] - range[0])) / Math.max(Math.abs(here.prime), 1e-9));
    const t = tone(here.prime);
    const at = (/** @type {number} */ by) => [sx(z + by), top.sy(here.g + here.prime * by)];
    const [[x1 = 0, y1 = 0], [x2 = 0, y2 = 0]] = [at(-reach), at(reach)];
    const right = z < 6;
    top.out.push(
      line(x1, y1, x2, y2, { class: `s${t}`, "stroke-width": 3, "stroke-linecap": "round" }),
      line(sx(z), top.sy(here.g), sx(z), 262, { class: "ink", "stroke-width": 1, "stroke-dasharray": "2 4" }),
      s("circle", { cx: sx(z).toFixed(1), cy: top.sy(here.g).toFixed(1), r: 6.5, class: "handle" }),
      text(sx(z) + (right ? 14 : -14), Math.min(top.sy(here.g) + 22, 246), tr`slope ${sig(here.prime)}`, {
        class: `halo strong ${here.prime >= 0 ? "pos-text" : "neg-text"}`,
        "text-anchor": right ? "start" : "end",
      }),
    );
    const [a, b] = curve.flat[curve.flat.length - 1] ?? [0, 0];
    if (get("8.stop") === "yes" && curve.flat.length) {
      const middle = (sx(Math.max(a, -LIMIT)) + sx(Math.min(b, LIMIT))) / 2;
      top.out.push(text(middle, 176, `g′ < ${decimal("0.01")}`, { class: "halo strong" }), text(middle, 196, tr("the unit hardly learns"), { class: "halo" }));
    }
    const high = get("8.g") === "logistic" ? 0.28 : 1.12;
    const bottom = frame(
      196,
      [-0.08 * high, high],
      get("8.g") === "logistic" ? [0, 0.1, 0.2] : [0, 0.5, 1],
      zs,
      curve.prime,
      curve.flat,
      three.map((p) => p.prime),
    );
    bottom.out.push(
      line(sx(z), 0, sx(z), bottom.sy(0), { class: "ink", "stroke-width": 1, "stroke-dasharray": "2 4" }),
      line(sx(z), bottom.sy(here.prime), sx(z), bottom.sy(0), { class: `s${t}`, "stroke-width": 3 }),
      s("circle", {
        cx: sx(z).toFixed(1),
        cy: bottom.sy(here.prime).toFixed(1),
        r: 5.5,
        class: `f${t}`,
        stroke: "var(--paper)",
        "stroke-width": 1.5,
      }),
    );
    const ends = get("8.stop") === "yes" ? curve.flat.flat().filter((/** @type {number} */ v) => Math.abs(v) < 9 && Math.abs(v) > 0.5) : [];
    for (const v of ends) bottom.out.push(text(sx(v), 208, sig(v), { class: "strong" }), line(sx(v), 8, sx(v), 194));
    for (const v of POINTS) bottom.out.push(text(sx(v), 208, String(v).replace("-", MINUS)));
    bottom.out.push(text(W - RIGHT, 208, "z", { "text-anchor": "end", class: "mi axis-name x-name" }));
    const hatch = s(
      "defs",
      {},
      s(
        "pattern",
        { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
        s("line", { x1: 0, y1: 0, x2: 0, y2: 6, stroke: "var(--rule)", "stroke-width": 2.4 }),
      ),
    );
    const title = (/** @type {string} */ words) => text(LEFT + 12, 30, words, { "text-anchor": "start", class: "mi halo axis-name y-name" });
    put(
      pictures,
      picture(W, 258, tr`${SHOWN[get("8.g")]?.name ?? ""} with its tangent at z`, hatch, ...top.out, title("g(z)")),
      picture(W, 216, tr("its slope"), ...bottom.out, title("g′(z)")),
    );
  }

  function dragging() {
    pictures.classList.add("drag");
    const move = paced((/** @type {PointerEvent} */ e) => {
      const svg = pictures.firstElementChild?.getBoundingClientRect();
      if (!svg) return;
      const x = ((e.clientX - svg.left) / svg.width) * W;
      const v = ((x - LEFT) / (W - LEFT - RIGHT)) * 2 * LIMIT - LIMIT;
      set({ "8.z": Math.max(-10.9, Math.min(10.9, Math.round(v * 100) / 100)) });
    });
    pictures.addEventListener("pointerdown", (e) => {
      pictures.setPointerCapture(e.pointerId);
      move(e);
    });
    pictures.addEventListener("pointermove", (e) => pictures.hasPointerCapture(e.pointerId) && move(e));
  }

  exhibit({
    number: 8,
    predict: () => ["predict_8", { step: get("step"), edits: get("edits"), ex: get("ex") }],
    lecture: [{ says: tr`unit ${1}` }, ...POINTS.map((z) => ({ says: `z = ${String(z).replace("-", MINUS)}`, state: { "8.z": z } }))],
    keys: ["8.g", "8.z", "8.stop", "step", "edits", "ex"],
    questions: () => ({
      curves: ["curves", {}],
      hand: ["hand", { step: get("step"), edits: get("edits") }],
      at: get("8.z") === "" ? ["at_unit", { step: get("step"), edits: get("edits"), ex: get("ex") }] : ["at_z", { z: get("8.z") }],
    }),
    build(stage) {
      const own = h("button", { type: "button", class: "small", onclick: () => set({ "8.z": "" }) }, tr("take z from unit 1"));
      stage.append(
        h(
          "div",
          { class: "bar" },
          choice({ key: "8.g", label: h("i", {}, "g"), name: tr("activation"), options: Object.entries(SHOWN).map(([k, v]) => [k, v.name]) }),
          slider({ key: "8.z", label: h("i", {}, "z"), name: "z", min: -10.9, max: 10.9, step: 0.01, width: 180, show: null }),
          from,
          own,
        ),
        h(
          "div",
          { class: "e8" },
          pictures,
          h("div", {}, readout, slide, toggle({ key: "8.stop", label: tr("Where is g′ flat?") }), count),
        ),
      );
      dragging();
    },
    draw({ curves, hand, at }) {
      const g = get("8.g");
      const free = get("8.z") !== "";
      put(find(".head .eq", find("#slide-8")), ...(SHOWN[g]?.equations ?? []).map(eq));
      showAt(curves, at, g, free);
      const total = 4 * page.Y.length;
      put(
        count,
        tr`Of the hidden layer’s 4 × ${page.Y.length} values, ${h("b", { "data-name": "flat", "data-value": hand.flat }, hand.flat)} are now where tanh is flat: ${h("b", {}, percent(hand.flat / total))}.`,
      );
    },
  });

  /** @param {any} curves @param {any} at @param {string} g @param {boolean} free */
  function showAt(curves, at, g, free) {
    const here = at.at[g];
    z = at.z;
    draw(curves[g], curves.z, here, at.slide[g]);
    const [formula, measured] = agreement(here.prime, here.measured, 12);
    formula.dataset.name = "prime";
    measured.dataset.name = "measured";
    put(from, free ? "" : tr`from unit 1, example ${get("ex")}`);
    put(
      readout,
      h("h3", {}, tr`At z = ${sig(z)}`),
      h(
        "div",
        { class: "digits" },
        h("span", {}, "g(z)"),
        num(here.g, { digits: 13, name: "g" }),
        h("span", {}, `g′: ${decimal(page.activations[g].derivative)}`),
        formula,
        h("span", {}, tr("g′: measured")),
        measured,
        h("span", {}, tr("difference")),
        num(here.difference, { digits: 3, name: "difference" }),
      ),
      h("p", { class: "cap", style: "margin-top:10px" }, tr("measured: (g(z + ε) − g(z − ε)) / 2ε, ε = 10⁻⁵. Digits in grey differ.")),
    );
    const rows = at.slide[g].map((/** @type {any} */ p) =>
      h("tr", {}, h("td", {}, String(p.z).replace("-", MINUS)), ...[p.g, p.prime, p.measured].map((v) => h("td", {}, num(v)))),
    );
    put(
      slide,
      h("h3", {}, tr("The slide’s three points")),
      h(
        "table",
        { class: "tab" },
        h("thead", {}, h("tr", {}, ...["z", "g", "g′", tr("measured")].map((t) => h("th", {}, t)))),
        h("tbody", {}, ...rows),
      ),
    );
  }
}
