// 5. Why that is allowed: three columns one by one, and as a block.
import { stepper } from "../lib/controls.js";
import { h, put } from "../lib/dom.js";
import { eq } from "../lib/equation.js";
import { exhibit } from "../lib/exhibit.js";
import { matrix } from "../lib/matrix.js";
import { num } from "../lib/numbers.js";
import { declareAs, get } from "../lib/store.js";
import { tr } from "../lib/words.js";

const UNITS = [1, 2, 3, 4].map((i) => tr`unit ${i}`);

/** @param {any} page */
export function slide5(page) {
  declareAs("5.i", "three_columns.i");
  declareAs("5.j", "three_columns.j");
  const equals = (/** @type {string} */ part) => h("div", { class: "equals", "data-part": part });
  const [apart, together, biased] = [equals("apart"), equals("together"), equals("biased")];
  const claim = h("p", { class: "claim", role: "status", "data-part": "together" });
  const op = (/** @type {string} */ sign) => h("span", { class: "op" }, sign);

  exhibit({
    number: 5,
    predict: () => ["predict_5", {}],
    lecture: [
      { says: tr("one by one"), parts: ["apart"] },
      { says: tr("the block"), parts: ["together"] },
      { says: tr("the bias"), parts: ["biased"] },
    ],
    keys: ["step", "edits", "ex", "5.i", "5.j"],
    questions: () => ({ t: ["three_columns", { step: get("step"), edits: get("edits"), i: get("5.i"), j: get("5.j"), k: get("ex") }] }),
    build(stage) {
      const pick = (/** @type {string} */ key, /** @type {string} */ label, /** @type {string} */ recorded, /** @type {string} */ name) =>
        stepper({ key, label, name, min: 1, max: page.Y.length, recorded, wide: true });
      stage.append(
        h(
          "div",
          { class: "bar" },
          pick("5.i", tr("columns"), "three_columns.i", tr("first column")),
          pick("5.j", tr("and"), "three_columns.j", tr("second column")),
          pick("ex", tr("and the selected example"), "three_columns.k", tr("selected example")),
        ),
        h("h3", { class: "band", "data-part": "apart" }, tr("One column at a time")),
        apart,
        h("h3", { class: "band", "data-part": "together" }, tr("The block")),
        together,
        claim,
        h("h3", { class: "band", style: "margin-top:24px", "data-part": "biased" }, tr("The bias, one column, repeated")),
        biased,
      );
    },
    draw({ t }) {
      const ref = Math.max(...t.Z1.flat().map(Math.abs), ...t.apart.flat().map(Math.abs), 1e-12);
      const names = t.columns.map((/** @type {number} */ c) => `x(${c})`);
      const column = (/** @type {number[][]} */ M, /** @type {number} */ c) => M.map((row) => [row[c] ?? 0]);
      const W1 = () => matrix({ name: "W1", values: t.W1, rows: UNITS, cols: ["x1", "x2"], how: true });
      put(
        apart,
        W1(),
        op("·"),
        ...names.flatMap((/** @type {string} */ n, /** @type {number} */ c) => [
          c ? op("│") : "",
          h(
            "div",
            { class: "both" },
            matrix({ name: `x${c}`, values: column(t.block, c), caption: n, class: "plain" }),
            matrix({ name: `apart${c}`, values: column(t.apart, c), ref, caption: `W1 ${n}`, class: "product" }),
          ),
        ]),
      );
      put(
        together,
        W1(),
        op("·"),
        matrix({ name: "X", values: t.block, rows: ["x1", "x2"], cols: names, caption: tr("the three") }),
        op("="),
        matrix({ name: "together", values: t.together, ref, cols: names, rows: UNITS, caption: tr("W1 times the three") }),
      );
      put(
        claim,
        t.same_bits === 12
          ? tr("All 12 numbers are equal to the last bit.")
          : tr`${t.same_bits} of 12 numbers are equal to the last bit; the largest difference is ${num(t.difference, { digits: 2 })}, the rounding of sums added in another order.`,
      );
      claim.dataset.bits = String(t.same_bits);
      put(
        biased,
        matrix({ name: "b1", values: t.b1, how: true, rows: UNITS }),
        op("→"),
        matrix({ name: "repeated", values: t.repeated, cols: names, caption: tr("b1, as NumPy reads it"), class: "ghosts" }),
        op(tr("so")),
        matrix({ name: "Z1", values: t.Z1, ref, cols: names, caption: eq("Z1 = W1 X + b1") }),
      );
    },
  });
}
