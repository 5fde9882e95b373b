// 6. Four activations under one z.
import { choice, slider } from "../lib/controls.js";
import { h, line, picture, put, s, text } from "../lib/dom.js";
import { exhibit } from "../lib/exhibit.js";
import { tone } from "../lib/network.js";
import { MINUS, num, sig } from "../lib/numbers.js";
import { declareAs, get, number } from "../lib/store.js";
import { decimal, tr } from "../lib/words.js";

/** @type {[string, string][]} */
const FOUR = [
  ["logistic", tr("sigmoid")],
  ["tanh", "tanh"],
  ["relu", "ReLU"],
  ["leaky_relu", "leaky ReLU"],
];
/** @type {[string, string][]} */
const MORE = [
  ["identity", tr("identity")],
  ["elu", "ELU"],
  ["softplus", "softplus"],
  ["silu", "SiLU"],
];
const LIMIT = 6;

/** @param {any} page */
export function slide6(page) {
  declareAs("6.z", "two_units.z");
  declareAs("6.g1", "two_units.g1");
  declareAs("6.g2", "two_units.g2");
  const [four, more] = [h("div", { class: "four" }), h("div", { class: "four" })];
  const says = h("p", { class: "claim", style: "margin-top:20px" });

  /** @param {any} curve @param {number[]} zs @param {any} here @param {boolean} bounded */
  function graph(curve, zs, here, bounded) {
    const [w, hgt] = [200, 150];
    const [low, high] = bounded ? [-1.3, 1.3] : [-1.6, 6.2];
    const x = (/** @type {number} */ v) => 6 + ((v + LIMIT) / (2 * LIMIT)) * (w - 12);
    const y = (/** @type {number} */ v) => 6 + ((high - Math.min(Math.max(v, low), high)) / (high - low)) * (hgt - 26);
    const points = zs
      .flatMap((t, i) =>
        Math.abs(t) <= LIMIT && (curve.g[i] ?? 0) <= high && (curve.g[i] ?? 0) >= low
          ? [`${x(t).toFixed(1)},${y(curve.g[i] ?? 0).toFixed(1)}`]
          : [],
      )
      .join(" ");
    const z = Math.max(-LIMIT, Math.min(LIMIT, here.z));
    const t = tone(here.g);
    return picture(
      w,
      hgt,
      tr("the activation, with a mark at z"),
      line(x(-LIMIT), y(0), x(LIMIT), y(0)),
      line(x(0), 4, x(0), hgt - 18),
      ...(bounded ? [1, -1] : [5]).map((v) =>
        s("g", {}, line(x(0) - 3, y(v), x(0) + 3, y(v)), text(x(0) - 7 * Math.sign(v), y(v) + 4, String(v).replace("-", MINUS), { "text-anchor": v > 0 ? "end" : "start" })),
      ),
      ...[-5, 5].map((v) => text(x(v), y(0) + 15, String(v).replace("-", MINUS), { class: "halo" })),
      text(x(LIMIT), y(0) + 15, "z", { "text-anchor": "end", class: "axis-name x-name" }),
      text(x(0) - 7, 12, "g(z)", { "text-anchor": "end", class: "axis-name y-name" }),
      s("polyline", { class: "ink", "stroke-width": 2, "stroke-linejoin": "round", points }),
      line(x(z), y(0), x(z), y(here.g), { class: `s${t}`, "stroke-width": 2.4 }),
      s("circle", { cx: x(z).toFixed(1), cy: y(here.g).toFixed(1), r: 5, class: `f${t}`, stroke: "var(--paper)", "stroke-width": 1.4 }),
    );
  }

  /** @param {[string, string]} which @param {any} curves @param {any} at */
  function figure([key, name], curves, at) {
    const here = at.at[key];
    const roles = [key === get("6.g1") && tr("hidden"), key === get("6.g2") && tr("output")].filter(Boolean).join(", ");
    return h(
      "figure",
      { class: roles ? "chosen" : "" },
      h("h3", {}, name, h("span", { class: "cap" }, roles)),
      h("div", { class: "formula" }, decimal(page.activations[key].formula)),
      graph(curves[key], curves.z, here, ["logistic", "tanh"].includes(key)),
      h("div", { class: "cap" }, "g(", sig(here.z, 3), ") = ", num(here.g, { class: "strong", name: `g-${key}` })),
      h("div", { class: "cap" }, tr("slope"), " ", num(here.prime, { name: `prime-${key}` })),
    );
  }

  exhibit({
    number: 6,
    predict: () => ["predict_6", { z: get("6.z") }],
    keys: ["6.z", "6.g1", "6.g2"],
    questions: () => ({
      curves: ["curves", {}],
      at: ["at_z", { z: get("6.z") }],
      then: ["two_units", { z: get("6.z"), g1: get("6.g1"), g2: get("6.g2") }],
    }),
    build(stage) {
      const fold = h("details", { class: "more" }, h("summary", {}, tr("Four more, not on the slides")), more);
      stage.append(
        h("div", { class: "bar" }, slider({ key: "6.z", label: h("i", {}, "z"), name: "z", min: -6, max: 6, step: 0.01, width: 300 })),
        h(
          "div",
          { class: "bar" },
          choice({ key: "6.g1", label: tr("hidden g1"), options: FOUR }),
          choice({
            key: "6.g2",
            label: tr("output g2"),
            options: [
              ["logistic", tr("sigmoid")],
              ["identity", tr("identity")],
              ["softplus", "softplus"],
            ],
          }),
        ),
        four,
        says,
        fold,
      );
    },
    draw({ curves, at, then }) {
      put(four, ...FOUR.map((f) => figure(f, curves, at)));
      put(more, ...MORE.map((f) => figure(f, curves, at)));
      put(
        says,
        tr("One after the other, as in a network with one hidden unit and a weight of 1:"),
        " z = ",
        num(number("6.z")),
        " → g1 → ",
        num(then.a1, { name: "a1" }),
        " → g2 → ",
        num(then.a2, { name: "a2", class: "strong" }),
        ". ",
        then.says,
      );
    },
  });
}
