// 1. A unit: its edge over the plane, and the same output as a surface.
import { choice, paced, slider } from "../lib/controls.js";
import { h, letter, line, put, s, text } from "../lib/dom.js";
import { exhibit } from "../lib/exhibit.js";
import { num, sig } from "../lib/numbers.js";
import { Plane } from "../lib/plane.js";
import { declare, declareAs, get, number, set } from "../lib/store.js";
import { drawSurface } from "../lib/surface.js";
import { decimal, tr } from "../lib/words.js";

/** A number in a product or a sum: in brackets if negative. @param {number} value */
const factor = (value) => (value < 0 ? ["(", num(value), ")"] : [num(value)]);

/** @typedef {[number, number]} Point */

/** @param {any} page */
export function slide1(page) {
  const KEYS = { g: "1.g", w1: "1.w1", w2: "1.w2", b: "1.b" };
  for (const [name, key] of Object.entries(KEYS)) declareAs(key, `unit.${name}`);
  declare("1.turn", 0);
  const plane = new Plane({ limit: page.limit, label: tr("The unit's output over the plane of inputs: its cut, its levels, and the arrow w") });
  const surface = s("svg", {
    viewBox: "0 0 440 400",
    width: 440,
    height: 400,
    class: "surface",
    role: "img",
    "aria-label": tr("The same output as a surface over the plane"),
  });
  const sums = h("div", { class: "sums" });

  const round = (/** @type {number} */ v) => Math.round(v * 1000) / 1000;

  /** The position of the arrow: the foot of the edge nearest to the origin, and w from there. */
  const arrow = () => {
    const [w1, w2, b] = [number(KEYS.w1), number(KEYS.w2), number(KEYS.b)];
    const square = w1 * w1 + w2 * w2 || 1;
    const foot = /** @type {Point} */ ([(-b * w1) / square, (-b * w2) / square]);
    return { foot, tip: /** @type {Point} */ ([foot[0] + w1, foot[1] + w2]), w: /** @type {Point} */ ([w1, w2]) };
  };

  function dragging() {
    let held = "";
    const distance = (/** @type {Point} */ a, /** @type {Point} */ b) => Math.hypot(a[0] - b[0], a[1] - b[1]);
    plane.svg.classList.add("drag");
    plane.svg.addEventListener("pointerdown", (e) => {
      const at = plane.under_pointer(e);
      const { foot, tip } = arrow();
      if (Math.min(distance(at, tip), distance(at, foot)) > 0.9) return;
      held = distance(at, tip) <= distance(at, foot) ? "tip" : "foot";
      plane.svg.setPointerCapture(e.pointerId);
      e.preventDefault();
    });
    // The part held at the time of the event: by the next frame the reader may have let go.
    const move = paced((/** @type {{part: string, e: PointerEvent}} */ { part, e }) => {
      const at = plane.under_pointer(e);
      const { foot, w } = arrow();
      if (part === "tip") {
        const next = /** @type {Point} */ ([at[0] - foot[0], at[1] - foot[1]]);
        const length = Math.hypot(...next);
        if (length < 0.15 || length > 6) return;
        set({ [KEYS.w1]: round(next[0]), [KEYS.w2]: round(next[1]), [KEYS.b]: round(-(next[0] * foot[0] + next[1] * foot[1])) });
      } else {
        const b = -(w[0] * at[0] + w[1] * at[1]);
        set({ [KEYS.b]: round(Math.max(-12, Math.min(12, b))) });
      }
    });
    plane.svg.addEventListener("pointermove", (e) => held && move({ part: held, e }));
    plane.svg.addEventListener("pointerup", () => (held = ""));
    plane.svg.addEventListener("pointercancel", () => (held = ""));
    turning();
  }

  function turning() {
    let from = 0;
    let start = 0;
    surface.addEventListener("pointerdown", (e) => {
      surface.setPointerCapture(e.pointerId);
      [from, start] = [e.clientX, number("1.turn")];
    });
    surface.addEventListener("pointermove", (e) => {
      if (!surface.hasPointerCapture(e.pointerId)) return;
      set({ "1.turn": Math.round((((start + (e.clientX - from) * 0.5) % 360) + 360) % 360) });
    });
  }

  /** @param {any} answer */
  function overlay(answer) {
    const { foot, tip, w } = arrow();
    const length = Math.hypot(...w) || 1;
    const along = /** @type {Point} */ ([-w[1] / length, w[0] / length]);
    const at = (/** @type {Point} */ p) => /** @type {Point} */ ([plane.sx(p[0]), plane.sy(p[1])]);
    /** @type {SVGElement[]} */ const parts = [];
    const edges = answer.offset === null ? [] : answer.levels; // w = 0: the output is the same everywhere
    edges.forEach((/** @type {any} */ level, /** @type {number} */ i) => {
      const shift = (level.z - number(KEYS.b)) / length;
      const middle = /** @type {Point} */ ([(w[0] / length) * shift, (w[1] / length) * shift]);
      const [p, q] = [
        at([middle[0] + along[0] * 14, middle[1] + along[1] * 14]),
        at([middle[0] - along[0] * 14, middle[1] - along[1] * 14]),
      ];
      parts.push(line(p[0], p[1], q[0], q[1], i ? { class: "ink", "stroke-width": 1, "stroke-dasharray": "2 4" } : { class: "cut" }));
      const label = at([middle[0] + along[0] * 3.4, middle[1] + along[1] * 3.4]);
      let angle = (Math.atan2(p[1] - q[1], p[0] - q[0]) * 180) / Math.PI;
      if (Math.abs(angle) > 90) angle += 180;
      parts.push(
        text(label[0], label[1] - 5, `a = ${decimal(String(level.a))}`, {
          class: `halo ${i ? "" : "strong"}`,
          transform: `rotate(${angle.toFixed(1)} ${label[0].toFixed(1)} ${label[1].toFixed(1)})`,
        }),
      );
    });
    const [[x0, y0], [fx, fy], [tx, ty]] = [at([0, 0]), at(foot), at(tip)];
    const turn = Math.atan2(ty - fy, tx - fx);
    const wing = (/** @type {number} */ by) =>
      `${(tx - 15 * Math.cos(turn + by)).toFixed(1)},${(ty - 15 * Math.sin(turn + by)).toFixed(1)}`;
    put(plane.over, ...parts, plane.ring(answer.x[0], answer.x[1]));
    put(
      plane.free,
      line(x0, y0, fx, fy, { class: "ink", "stroke-width": 1.2, "stroke-dasharray": "3 3" }),
      s("circle", { cx: x0, cy: y0, r: 2.6, fill: "var(--ink)" }),
      line(fx, fy, tx - 9 * Math.cos(turn), ty - 9 * Math.sin(turn), { class: "ink", "stroke-width": 3 }),
      s("circle", { cx: tx, cy: ty, r: 22, fill: "var(--ink)", "fill-opacity": 0.05, id: "unit-tip", style: "cursor:grab" }),
      s("polygon", {
        fill: "var(--ink)",
        points: `${tx.toFixed(1)},${ty.toFixed(1)} ${wing(0.42)} ${wing(-0.42)}`,
        style: "pointer-events:none",
      }),
      s("circle", { cx: fx, cy: fy, r: 7, class: "handle", id: "unit-foot" }),
      letter(tx + 16, ty - 8, "w", "", { class: "halo" }),
      text(x0 - 9, y0 + 21, answer.offset === null ? tr("w = 0: no edge") : `−b/‖w‖ = ${sig(answer.offset)}`, { class: "halo", "text-anchor": "end" }),
    );
  }

  exhibit({
    number: 1,
    predict: () => ["predict_1", { w1: get(KEYS.w1), w2: get(KEYS.w2), b: get(KEYS.b) }],
    keys: [...Object.values(KEYS), "ex", "1.turn"],
    themed: true,
    lecture: [
      { says: tr("from above"), parts: ["plane"] },
      { says: tr("as a surface"), parts: ["surface"] },
    ],
    questions: () => ({ unit: ["unit", { g: get(KEYS.g), w1: get(KEYS.w1), w2: get(KEYS.w2), b: get(KEYS.b), ex: get("ex") }] }),
    build(stage) {
      const g = choice({
        key: KEYS.g,
        label: h("i", {}, "g"),
        name: tr("activation"),
        options: [
          ["logistic", "σ"],
          ["tanh", "tanh"],
          ["relu", "ReLU"],
          ["identity", tr("identity")],
        ],
      });
      const weights = [
        [KEYS.w1, "w₁", 6],
        [KEYS.w2, "w₂", 6],
        [KEYS.b, "b", 12],
      ].map(([key, label, most]) => slider({ key: String(key), label, min: -Number(most), max: Number(most), step: 0.01, width: 92 }));
      stage.append(
        h("div", { class: "bar" }, g, ...weights),
        h(
          "div",
          { class: "two e1" },
          h(
            "figure",
            { "data-part": "plane" },
            plane.element,
            h(
              "figcaption",
              { class: "cap figcap" },
              h("b", {}, tr("From above.")),
              ` ${tr("Drag the arrowhead to turn and steepen, the ring to slide.")}`,
            ),
          ),
          h(
            "div",
            {},
            h(
              "figure",
              { "data-part": "surface" },
              surface,
              h(
                "figcaption",
                { class: "cap figcap" },
                h("b", {}, tr("As a surface.")),
                ` ${tr("Drag to turn it. The thick line is the cut; its shadow is on the floor.")}`,
              ),
            ),
            sums,
          ),
        ),
      );
      plane.examples(page.X, page.Y, 0.72);
      plane.points.style.opacity = "0.6";
      dragging();
    },
    draw({ unit }) {
      plane.heat(unit.heat);
      overlay(unit);
      drawSurface(surface, unit, page.limit, number("1.turn"), { w: [number(KEYS.w1), number(KEYS.w2)], b: number(KEYS.b) });
      const [x1, x2] = unit.x;
      put(
        sums,
        tr`At example ${get("ex")}:`,
        " ",
        h("i", {}, "z"),
        " = ",
        ...factor(number(KEYS.w1)),
        " · ",
        ...factor(x1),
        " + ",
        ...factor(number(KEYS.w2)),
        " · ",
        ...factor(x2),
        " + ",
        ...factor(number(KEYS.b)),
        " = ",
        num(unit.z, { name: "unit-z", class: "strong" }),
        ",  ",
        h("span", { class: "whole" }, h("i", {}, "a"), " = ", h("i", {}, "g"), "(", h("i", {}, "z"), ")"),
        " = ",
        num(unit.a, { name: "unit-a", class: "strong" }),
      );
    },
  });
}
