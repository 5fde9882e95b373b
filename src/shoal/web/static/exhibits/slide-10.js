// 10. Six formulas: the error goes backwards, every weight gets its derivative, and each is compared with the measured one.
import { ask } from "../lib/ask.js";
import { choice, toggle } from "../lib/controls.js";
import { find, h, letter, line, picture, put, s, text } from "../lib/dom.js";
import { eq } from "../lib/equation.js";
import { exhibit } from "../lib/exhibit.js";
import { matrix, shapeText, wide } from "../lib/matrix.js";
import { column, edge, edgeKeys, named, tone, widest } from "../lib/network.js";
import { agreement, called, num, sig } from "../lib/numbers.js";
import { declare, get, number, set } from "../lib/store.js";

const UNITS = ["unit 1", "unit 2", "unit 3", "unit 4"];
const LINES = ["①", "②", "③", "④", "⑤", "⑥"];

/** @param {any} page */
export function slide10(page) {
  declare("10.line", "all");
  declare("10.keepdims", "yes");
  const path = h("figure", { class: "path", "data-part": "path" });
  const rows = h("div", { class: "sides" });
  const trapBox = h("div", { class: "trap" });
  const compared = h("span", { class: "cap", role: "status" });
  const button = h("button", { type: "button", class: "solid", id: "compare" }, "Compare all 17");
  let checkedAt = "";

  /** Which of the six lines are highlighted: those already passed. @param {number} k */
  const walked = (k) => get("10.line") === "all" || k <= Number(get("10.line"));
  const now = (/** @type {number} */ k) => get("10.line") === "all" || k === Number(get("10.line"));

  /** @param {any} hand @param {any} answer */
  function drawPath(hand, answer) {
    const { dZ1, dZ2, loss } = answer.column;
    const [X, H, Y, C] = [24, 200, 392, 546];
    const [hs, xs] = [column(4, 66, 33), column(2, 66, 48)];
    const reference = widest(hand.W1, hand.W2);
    const into = s("g", { class: walked(5) ? "" : "off" });
    const outOf = s("g", { class: walked(2) ? "" : "off" });
    hs.forEach((y, i) => {
      xs.forEach((x, j) =>
        into.append(edge([X + 16, x], [H - 62, y], hand.W1[i][j], reference, edgeKeys("W1", i + 1, j + 1), { most: 4.5 })),
      );
      outOf.append(edge([H + 62, y], [Y - 56, 66], hand.W2[0][i], reference, edgeKeys("W2", 1, i + 1), { most: 4.5 }));
    });
    const largest = Math.max(...dZ1.map(Math.abs), 1e-300);
    /** @param {number} x @param {number} y @param {number} w @param {string} name @param {any} index @param {number} v @param {number} ref @param {string} how @param {string} key */
    const box = (x, y, w, name, index, v, ref, how, key) => {
      const shape = { x: x - w / 2, y: y - 13, width: w, height: 26, rx: 13 };
      // The unit's letter lies on the button, not in it: the button's name is that of its number.
      return s(
        "g",
        {},
        s(
          "g",
          { class: "box", "data-how": how, "data-h": key, role: "button", tabindex: 0, "aria-label": `${called(how)} = ${sig(v)}` },
          s("rect", { ...shape, fill: "var(--paper)" }),
          s("rect", { ...shape, class: `f${tone(v)}`, "fill-opacity": (Math.min(Math.abs(v) / ref, 1) * 0.46).toFixed(2) }),
          s("rect", { ...shape, class: "node", style: "fill:none", "data-l": key }),
          text(x + w / 2 - 12, y + 4, sig(v), { class: "mono strong", "text-anchor": "end", "data-name": how, "data-value": String(v) }),
        ),
        letter(x - w / 2 + 12, y + 5, name, index, { "text-anchor": "start", style: "font-size:15px", class: "through" }),
      );
    };
    const back = (/** @type {number} */ x1, /** @type {number} */ x2, /** @type {string} */ label, /** @type {boolean} */ on) =>
      s(
        "g",
        { class: on ? "" : "off" },
        s("path", { class: "ink", "stroke-width": 1.6, d: `M${x1} 156H${x2 + 8}` }),
        s("path", { d: `M${x2} 156l10 -5v10z`, fill: "var(--ink)" }),
        text((x1 + x2) / 2, 150, label),
      );
    const at = (/** @type {number} */ x, /** @type {string} */ label, /** @type {boolean} */ on) =>
      text(x, 161, label, { class: `strong ${on ? "" : "off"}` });
    const drawing = picture(
        612,
        168,
        "The error of one example goes back from the loss through the network",
        into,
        outOf,
        line(Y + 56, 66, C - 66, 66, { "stroke-width": 1.2 }),
        ...xs.map((y, j) => named(X, y, 15, "x", j + 1, `x${j + 1}`)),
        s(
          "g",
          { class: walked(4) ? "" : "off" },
          ...hs.map((y, i) => box(H, y, 122, "a", i + 1, dZ1[i], largest, `dZ1-${i + 1}-1`, `u${i + 1}`)),
        ),
        s("g", { class: walked(1) ? "" : "off" }, box(Y, 66, 110, "ŷ", "", dZ2, Math.max(Math.abs(dZ2), 1e-300), "dZ2", "y1")),
        s("rect", { x: C - 66, y: 44, width: 132, height: 44, rx: 6, class: "node", "data-how": "loss" }),
        text(C, 62, `loss of example ${get("ex")}`, { class: "through" }),
        text(C, 79, sig(loss), { class: "mono strong through" }),
        text(612, 12, `in the boxes: dZ1 and dZ2 of example ${get("ex")}`, { "text-anchor": "end" }),
        back(C - 66, Y + 44, "begin", true),
        at(Y, "① dZ2", walked(1)),
        back(Y - 44, H + 44, "② dW2   ③ db2", walked(2)),
        at(H, "④ dZ1", walked(4)),
        back(H - 44, X + 10, "⑤ dW1   ⑥ db1", walked(5)),
    );
    drawing.setAttribute("role", "group"); // it has buttons
    put(path, drawing);
  }

  /** One of the six: the formula, its shapes, its meaning, and its live numbers. @param {number} k @param {any} formula @param {any} dims @param {string} say @param {...any} live */
  const lineOf = (k, formula, dims, say, ...live) =>
    h(
      "div",
      { class: `f ${now(k) ? "" : "off"}`, "data-line": k },
      h("div", { class: "k" }, k),
      h("div", {}, formula, h("div", { class: "dims" }, dims), h("p", { class: "say" }, say)),
      h("div", { class: "live" }, ...live),
    );

  const summed = (/** @type {string} */ name, /** @type {string} */ of) =>
    h(
      "div",
      { class: "mixed" },
      eq(`${name} = {1}/{m}`),
      h("code", {}, `np.sum(${of}, axis=1`, h("span", { class: "kd" }, ", keepdims=True"), ")"),
    );
  const either = (/** @type {string} */ good, /** @type {string} */ bad) =>
    h("span", {}, h("span", { class: "kd-good" }, good), h("span", { class: "kd-bad" }, `✕ ${bad}`));

  /** The formula over the measured value at the place where they differ most. @param {any} answer @param {string} name */
  function agree(answer, name) {
    const [r, c] = answer.widest[name];
    const [one, two] = agreement(answer.formula[name][r - 1][c - 1], answer.measured[name][r - 1][c - 1], 7);
    return h(
      "div",
      {},
      h("div", { class: "digits" }, h("span", {}, "formula"), one, h("span", {}, "measured"), two),
      h("div", { class: "cap" }, `${name}: ≤ `, num(answer.apart[name], { digits: 2, name: `apart-${name}` }), " apart"),
    );
  }

  /** @param {any} answer */
  function drawLines(answer) {
    const { formula: f, column: c } = answer;
    const chosen = { selected: [number("ex") - 1], choose: (/** @type {number} */ i) => set({ ex: i + 1 }) };
    const head = (/** @type {string} */ name, /** @type {string} */ shape, /** @type {string} */ words) =>
      h("div", { class: "cap mcap" }, h("span", {}, eq(name), " ", h("span", { class: "shape" }, shape)), h("span", {}, words));
    const size = (/** @type {string[]} */ names) => Math.max(...names.flatMap((n) => f[n].flat().map(Math.abs)), 1e-300);
    const [ref2, ref1] = [size(["dW2", "db2"]), size(["dW1", "db1"])];
    const side = (/** @type {string} */ title, /** @type {HTMLElement[]} */ ...lines) =>
      h("div", {}, h("h3", { class: "band" }, title), ...lines);
    const output = side(
      "At the output unit",
      lineOf(
        1,
        eq("dZ2 = A2 − Y"),
        "(1, 400) = (1, 400) − (1, 400)",
        "The error of each prediction.",
        h(
          "div",
          {},
          head("dZ2", "(1, 400)", "class 0, then class 1"),
          wide(answer.dZ2, { label: "dZ2, all 400 columns", height: 18, ...chosen }),
        ),
        h(
          "div",
          {},
          h("div", { class: "cap" }, `column ${get("ex")}`),
          h(
            "div",
            {},
            num(c.a2, { how: "a2" }),
            h("span", { class: "n" }, ` − ${c.y} = `),
            num(c.dZ2, { how: "dZ2", class: "strong", name: "dZ2" }),
          ),
        ),
      ),
      lineOf(
        2,
        eq("dW2 = {1}/{m} dZ2 A1^T"),
        "(1, 4) = (1, 400)(400, 4)",
        "Each weight's part in the error is proportional to its unit's output.",
        matrix({ name: "dW2", values: f.dW2, cols: UNITS, ref: ref2, how: true }),
        agree(answer, "dW2"),
      ),
      lineOf(
        3,
        summed("db2", "dZ2"),
        [either("(1, 1)", "(1,)"), " = sum over 400 columns"],
        "The bias's part is the mean error.",
        matrix({ name: "db2", values: f.db2, ref: ref2, how: true, shape: either("(1, 1)", "(1,)") }),
        agree(answer, "db2"),
      ),
    );
    const hidden = side(
      "At the four hidden units",
      lineOf(
        4,
        eq("dZ1 = W2^T dZ2 ∘ g1′(Z1)"),
        "(4, 400) = (4, 1)(1, 400) ∘ (4, 400)",
        "Back along each edge, times the unit's slope: a flat unit gets nothing.",
        h(
          "div",
          {},
          head("dZ1", "(4, 400)", "rows: units 1 to 4"),
          wide(answer.dZ1, { label: "dZ1, all 400 columns", height: 15, ...chosen }),
        ),
        h(
          "div",
          {},
          h("div", { class: "cap" }, `column ${get("ex")}`),
          ...c.dZ1.map((/** @type {number} */ v, /** @type {number} */ i) =>
            h(
              "div",
              { "data-l": `u${i + 1}`, "data-h": `u${i + 1}` },
              h("span", { class: "n" }, `unit ${i + 1}  `),
              num(v, { how: `dZ1-${i + 1}-1`, class: "strong", name: `dZ1-${i + 1}` }),
            ),
          ),
        ),
      ),
      lastTwo(answer, ref1),
    );
    output.append(trapBox);
    put(rows, output, hidden);
  }

  /** Lines 5 and 6 are in one row, because their matrices have the same rows. @param {any} answer @param {number} ref */
  function lastTwo(answer, ref) {
    const f = answer.formula;
    const of = (/** @type {number} */ k, /** @type {any[]} */ ...content) => h("div", { class: now(k) ? "" : "off" }, ...content);
    const described = (/** @type {number} */ k, /** @type {any} */ formula, /** @type {any} */ dims, /** @type {string} */ say) =>
      of(k, formula, h("div", { class: "dims" }, dims), h("p", { class: "say" }, say));
    return h(
      "div",
      { class: `f ${now(5) || now(6) ? "" : "off"}`, "data-line": "5 6" },
      h("div", { class: "k" }, of(5, "5"), of(6, "6")),
      h(
        "div",
        { class: "forms" },
        described(5, eq("dW1 = {1}/{m} dZ1 X^T"), "(4, 2) = (4, 400)(400, 2)", "Line 2 again, one layer down: error times input."),
        described(6, summed("db1", "dZ1"), [either("(4, 1)", "(4,)"), " = sum over 400 columns"], "Line 3 again."),
      ),
      h(
        "div",
        { class: "live" },
        h(
          "div",
          { class: "both" },
          of(5, matrix({ name: "dW1", values: f.dW1, rows: UNITS, cols: ["x1", "x2"], ref, how: true })),
          of(6, matrix({ name: "db1", values: f.db1, cols: ["\u00a0"], ref, how: true, shape: either("(4, 1)", "(4,)") })),
        ),
        h("div", { class: "pair" }, of(5, agree(answer, "dW1")), of(6, agree(answer, "db1"))),
      ),
    );
  }

  /** The result without keepdims, with NumPy's error message. @param {any} trap */
  function drawTrap(trap) {
    const block = (/** @type {number} */ r, /** @type {number} */ c) =>
      h("span", { class: "blk", style: `grid-template-columns:repeat(${c},9px)` }, ...Array.from({ length: r * c }, () => h("i", {})));
    const stage = (/** @type {Node} */ blocks, /** @type {string} */ name, /** @type {string} */ shape) =>
      h("div", { class: "st" }, blocks, h("span", {}, `${name} `, h("span", { class: "shape" }, shape)));
    const to = () => h("b", { class: "to" }, "→");
    const kept = get("10.keepdims") === "yes";
    find(".body", find("#slide-10")).classList.toggle("sprung", !kept);
    const chain = kept
      ? [
          stage(block(4, 1), "db1", "(4, 1)"),
          to(),
          stage(block(4, 1), "b1 − α db1", "(4, 1)"),
          to(),
          stage(block(4, 14), "W1 X + b1", "(4, 400)"),
          h("p", {}, "Switch it off to see why the slide writes ", h("i", {}, "reshape"), "."),
        ]
      : [
          stage(block(1, 4), "db1", shapeText(trap.db1)),
          to(),
          stage(block(4, 4), "b1 − α db1", shapeText(trap.b1)),
          to(),
          h("p", {}, h("b", {}, "✕ ValueError"), " in W1 @ X + b1: ", trap.error),
        ];
    put(find(".chain", trapBox), ...chain);
  }

  async function compare() {
    const at = `${get("step")} ${get("edits")}`;
    put(compared, "measuring …");
    const answer = await ask("compare_all", { step: get("step"), edits: get("edits") }).catch((wrong) => put(compared, wrong.message));
    if (!answer) return;
    checkedAt = at;
    put(
      compared,
      "with measured ones: at most ",
      num(answer.largest_difference, { digits: 2, class: "strong", name: "compared" }),
      " apart",
    );
  }

  exhibit({
    number: 10,
    predict: () => ["predict_10", { step: get("step"), edits: get("edits"), ex: get("ex") }],
    lecture: [
      ...LINES.map((says, i) => ({ says, state: { "10.line": i + 1 }, parts: ["path"] })),
      { says: "without keepdims", state: { "10.line": LINES.length, "10.keepdims": "no" }, parts: [] },
    ],
    keys: ["step", "edits", "ex", "10.line", "10.keepdims"],
    questions: () => ({
      hand: ["hand", { step: get("step"), edits: get("edits") }],
      f: ["formulas", { step: get("step"), edits: get("edits"), ex: get("ex") }],
    }),
    build(stage) {
      button.addEventListener("click", compare);
      const lines = LINES.map((name, i) => /** @type {[string, string]} */ ([String(i + 1), name]));
      trapBox.append(toggle({ key: "10.keepdims", label: h("code", {}, "keepdims=True") }), h("div", { class: "chain" }));
      stage.append(
        h(
          "div",
          { class: "bar between" },
          choice({ key: "10.line", label: "walk back", options: [...lines, ["all", "all"]] }),
          h("span", { class: "field" }, button, compared),
        ),
        path,
        rows,
      );
    },
    draw({ hand, f }) {
      drawPath(hand, f);
      drawLines(f);
      drawTrap(f.trap);
      if (checkedAt !== `${get("step")} ${get("edits")}`) put(compared, "with measured ones");
      const slot = (/** @type {string} */ name, /** @type {number} */ value, digits = 4) =>
        find(`[data-slot="${name}"]`, find("#slide-10")).replaceChildren(num(value, { digits }));
      slot("share", f.formula.dW1[3][1]);
      slot("before", f.nudge.before, 6);
      slot("after", f.nudge.after, 6);
      slot("slope", f.nudge.slope);
    },
  });
  void page;
}
