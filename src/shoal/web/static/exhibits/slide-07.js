// 7. Pros and cons: the same network with five kinds of hidden units, and the linear collapse.
import { chart, costScale, roundTicks } from "../lib/chart.js";
import { choice, slider, stepper } from "../lib/controls.js";
import { h, line, put, s } from "../lib/dom.js";
import { exhibit } from "../lib/exhibit.js";
import { matrix } from "../lib/matrix.js";
import { num, percent, whole } from "../lib/numbers.js";
import { Plane } from "../lib/plane.js";
import { declareAs, get, number } from "../lib/store.js";
import { decimal, tr } from "../lib/words.js";

/** @type {[string, string, string][]} */
const FIVE = [
  ["logistic", tr("sigmoid"), "1 4"],
  ["tanh", "tanh", ""],
  ["relu", "ReLU", "7 3"],
  ["leaky_relu", "leaky ReLU", "2 3"],
  ["identity", tr("identity"), "10 4 2 4"],
];
const LAST = 3000;

/** @param {any} page */
export function slide7(page) {
  for (const name of ["step", "seed", "rate", "n_h"]) declareAs(`7.${name}`, `compare.${name}`);
  const nets = FIVE.map(([key, name, dash]) => ({
    key,
    name,
    dash,
    plane: new Plane({ size: 164, limit: page.limit, axes: false, label: tr`Boundary with ${name} units` }),
    table: h("dl", {}),
  }));
  const curves = h("figure", { "data-part": "curves" });
  const collapse = h("div", { class: "collapse", "data-part": "collapse" });

  /** @param {any} c */
  function drawCollapse(c) {
    put(
      collapse,
      matrix({ name: "W", values: c.W, caption: "W2 W1", cols: ["x1", "x2"] }),
      matrix({ name: "b", values: c.b, caption: "W2 b1 + b2", cols: ["\u00a0"] }),
      h(
        "p",
        { class: "say" },
        tr`With identity units the whole network is this one row and this one number. For example ${page.example} both sides are ${h("b", { "data-name": "exact", "data-value": String(c.exactly_equal) }, c.exactly_equal ? tr("exactly equal") : tr("not equal"))} as fractions, z2 = ${num(c.z2, { name: "z2" })} with a denominator of ${c.digits} digits; over all 400, in doubles, they are at most ${num(c.difference, { digits: 2, name: "difference" })} apart.`,
      ),
    );
  }

  exhibit({
    number: 7,
    predict: () => ["predict_7", {}],
    keys: ["7.step", "7.seed", "7.rate", "7.n_h"],
    themed: true,
    lecture: [
      { says: tr("five kinds"), parts: ["bar", "five"] },
      { says: tr("their costs"), parts: ["bar", "curves"] },
      { says: tr("collapse"), parts: ["collapse"] },
    ],
    questions: () => ({ compare: ["compare", { step: get("7.step"), seed: get("7.seed"), rate: get("7.rate"), n_h: get("7.n_h") }] }),
    build(stage) {
      for (const net of nets) net.plane.examples(page.X, page.Y, 0.55);
      stage.append(
        h(
          "div",
          { class: "bar", "data-part": "bar" },
          slider({ key: "7.step", label: tr("training step"), min: 0, max: LAST, step: 10, width: 170, show: whole }),
          stepper({ key: "7.seed", label: tr("seed"), min: 1, max: 10, recorded: "compare.seed" }),
          choice({ key: "7.rate", label: "α", options: ["0.1", "0.3", "0.6", "1.2"].map((rate) => [rate, decimal(rate)]) }),
          choice({ key: "7.n_h", label: tr("units n_h"), options: ["4", "16", "32"].map((n) => [n, n]) }),
        ),
        h(
          "div",
          { class: "five", "data-part": "five" },
          ...nets.map((l) => h("figure", {}, h("h3", {}, l.name, swatch(l.dash, l.key)), l.plane.element, l.table)),
        ),
        curves,
        h("h3", { class: "band", style: "margin:12px 0", "data-part": "collapse" }, tr("The linear collapse")),
        collapse,
      );
    },
    draw({ compare }) {
      for (const net of nets) {
        const a = compare[net.key];
        net.plane.heat(a.heat);
        net.plane.boundary(a.cut);
        const row = (/** @type {string} */ name, /** @type {any} */ value) => [h("dt", {}, name), h("dd", {}, value)];
        put(
          net.table,
          ...row(tr("cost"), num(a.J, { name: `J-${net.key}` })),
          ...row(tr("right"), num(a.right / page.Y.length, { text: percent(a.right / page.Y.length, 2) })),
          ...row(tr("flat"), num(a.flat, { text: percent(a.flat / compare.values), name: `flat-${net.key}` })),
          ...row(tr("dead units"), net.key === "relu" ? num(a.dead, { text: String(a.dead), name: "dead" }) : "–"),
        );
      }
      const all = FIVE.flatMap(([key]) => compare[key].costs.v);
      const frame = {
        width: 900,
        height: 190,
        label: tr("Cost with each activation"),
        xName: tr("training step"),
        yName: tr("cost"),
        x: /** @type {[number, number]} */ ([0, Math.max(number("7.step"), 1)]),
        xTicks: roundTicks(number("7.step")),
        ...costScale(all),
      };
      put(
        curves,
        chart(
          frame,
          nets.map((l) => ({ ...compare[l.key].costs, dash: l.dash, width: l.key === "tanh" ? 2.4 : 1.6 })),
        ),
      );
      drawCollapse(compare.collapse);
    },
  });
}

/** The dash pattern of a curve, shown with its name. @param {string} dash @param {string} key */
const swatch = (dash, key) =>
  s(
    "svg",
    { width: 34, height: 8, "aria-hidden": "true" },
    line(0, 4, 34, 4, { class: "ink", "stroke-width": key === "tanh" ? 2.4 : 1.6, "stroke-dasharray": dash || null }),
  );
