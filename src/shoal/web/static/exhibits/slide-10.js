// 10. Six formulas: the error goes backwards, every weight gets its derivative, and each is compared with the measured one.
import { ask } from "../lib/ask.js";
import { backward, pulse } from "../lib/backward.js";
import { choice, iconButton, showRunning, toggle } from "../lib/controls.js";
import { find, h, put } from "../lib/dom.js";
import { eq } from "../lib/equation.js";
import { exhibit } from "../lib/exhibit.js";
import { matrix, shapeText, wide } from "../lib/matrix.js";
import { agreement, num } from "../lib/numbers.js";
import { declare, get, number, set } from "../lib/store.js";
import { tr } from "../lib/words.js";

const UNITS = [1, 2, 3, 4].map((i) => tr`unit ${i}`);
const LINES = ["①", "②", "③", "④", "⑤", "⑥"];
const PLAY = tr("walk back line by line");
const PACE = 3200; // milliseconds a line, of which its pulse takes less than half

/** @param {any} page */
export function slide10(page) {
  const m = page.Y.length;
  declare("10.line", "all");
  declare("10.keepdims", "yes");
  const path = h("figure", { class: "path", "data-part": "path" });
  const rows = h("div", { class: "sides" });
  const trapBox = h("div", { class: "trap" });
  const compared = h("span", { class: "cap", role: "status" });
  const button = h("button", { type: "button", class: "solid", id: "compare" }, tr("Compare all 17"));
  let checkedAt = "";

  const large = h("div", { class: "large", "data-part": "path", hidden: true });
  const play = iconButton("play", PLAY, toggleWalk);
  let before = get("10.line");
  let walking = 0;
  let stop = () => {};

  /** Which of the six lines have been reached. @param {number} k */
  const walked = (k) => get("10.line") === "all" || k <= Number(get("10.line"));

  /** @param {any} hand @param {any} answer */
  function drawPath(hand, answer) {
    stop();
    const drawing = backward(hand, answer, get("ex"), walked);
    put(path, drawing);
    const line = get("10.line");
    if (line !== before && line !== "all") stop = pulse(drawing, Number(line), answer.column);
    before = line;
  }

  const summed = (/** @type {string} */ name, /** @type {string} */ of) =>
    h(
      "div",
      { class: "mixed" },
      eq(`${name} = {1}/{m}`),
      h("code", {}, `np.sum(${of}, axis=1`, h("span", { class: "kd" }, ", keepdims=True"), ")"),
    );
  const either = (/** @type {string} */ good, /** @type {string} */ bad) =>
    h("span", {}, h("span", { class: "kd-good" }, good), h("span", { class: "kd-bad" }, `✕ ${bad}`));

  /** The formula over the measured value, at the place where they differ most. @param {any} answer @param {string} name */
  function agree(answer, name) {
    const [r, c] = answer.widest[name];
    const [one, two] = agreement(answer.formula[name][r - 1][c - 1], answer.measured[name][r - 1][c - 1], 7);
    const where = { dW2: tr`unit ${c}`, dW1: `${tr`unit ${r}`}, x${c}`, db1: tr`unit ${r}` }[name] ?? "";
    return h(
      "div",
      { class: "agree" },
      h("div", { class: "digits" }, h("span", {}, tr("formula")), one, h("span", {}, tr("measured")), two),
      h("div", { class: "cap" }, where ? tr`most apart, ${where}:` : tr("apart:"), " ", num(answer.apart[name], { digits: 2, name: `apart-${name}` })),
    );
  }

  /** All columns, and the one of the example. @param {any} strip @param {string} name @param {string} shape @param {string} words @param {number} height @param {any[]} column */
  const columns = (strip, name, shape, words, height, ...column) => [
    h(
      "div",
      {},
      h("div", { class: "cap mcap" }, h("span", {}, eq(name), " ", h("span", { class: "shape" }, shape)), h("span", {}, words)),
      wide(strip, { label: tr`${name}, all ${m} columns`, height, selected: [number("ex") - 1], choose: (i) => set({ ex: i + 1 }) }),
    ),
    h("div", {}, h("div", { class: "cap" }, tr`column ${get("ex")}`), ...column),
  ];

  /** The six lines: formula, shapes, meaning, and live numbers. @param {any} answer */
  function six(answer) {
    const { formula: f, column: c } = answer;
    const size = (/** @type {string[]} */ names) => Math.max(...names.flatMap((n) => f[n].flat().map(Math.abs)), 1e-300);
    const [ref2, ref1] = [size(["dW2", "db2"]), size(["dW1", "db1"])];
    const error = h("div", {}, num(c.a2, { how: "a2" }), h("span", { class: "n" }, ` − ${c.y} = `), num(c.dZ2, { how: "dZ2", class: "strong", name: "dZ2" }));
    const errors = c.dZ1.map((/** @type {number} */ v, /** @type {number} */ i) =>
      h(
        "div",
        { "data-l": `u${i + 1}`, "data-h": `u${i + 1}` },
        h("span", { class: "n" }, `${tr`unit ${i + 1}`}  `),
        num(v, { how: `dZ1-${i + 1}-1`, class: "strong", name: `dZ1-${i + 1}` }),
      ),
    );
    /** @param {string} name @param {any} more */
    const grid = (name, more) => matrix({ name, values: f[name], how: true, ...more });
    return [
      {
        formula: eq("dZ2 = A2 − Y"),
        dims: `(1, ${m}) = (1, ${m}) − (1, ${m})`,
        say: tr("The error of each prediction."),
        live: columns(answer.dZ2, "dZ2", `(1, ${m})`, page.own ? tr("by example") : tr("class 0, then class 1"), 18, error),
      },
      {
        formula: eq("dW2 = {1}/{m} dZ2 A1^T"),
        dims: `(1, 4) = (1, ${m})(${m}, 4)`,
        say: tr("Each weight's part in the error is proportional to its unit's output."),
        live: [grid("dW2", { cols: UNITS, ref: ref2 }), agree(answer, "dW2")],
      },
      {
        formula: summed("db2", "dZ2"),
        dims: [either("(1, 1)", "(1,)"), ` = ${tr`sum over ${m} columns`}`],
        say: tr("The bias's part is the mean error."),
        live: [grid("db2", { ref: ref2, shape: either("(1, 1)", "(1,)") }), agree(answer, "db2")],
      },
      {
        formula: eq("dZ1 = W2^T dZ2 ∘ g1′(Z1)"),
        dims: `(4, ${m}) = (4, 1)(1, ${m}) ∘ (4, ${m})`,
        say: tr("Back along each edge, times the unit's slope: a flat unit gets nothing."),
        live: columns(answer.dZ1, "dZ1", `(4, ${m})`, tr("rows: units 1 to 4"), 15, ...errors),
      },
      {
        formula: eq("dW1 = {1}/{m} dZ1 X^T"),
        dims: `(4, 2) = (4, ${m})(${m}, 2)`,
        say: tr("Line 2 again, one layer down: error times input."),
        live: [grid("dW1", { rows: UNITS, cols: ["x1", "x2"], ref: ref1 }), agree(answer, "dW1")],
      },
      {
        formula: summed("db1", "dZ1"),
        dims: [either("(4, 1)", "(4,)"), ` = ${tr`sum over ${m} columns`}`],
        say: tr("Line 3 again."),
        live: [grid("db1", { cols: ["\u00a0"], ref: ref1, shape: either("(4, 1)", "(4,)") }), agree(answer, "db1")],
      },
    ];
  }

  /** What a line is, in words. @param {any} line */
  const described = ({ formula, dims, say }) => [formula, h("div", { class: "dims" }, dims), h("p", { class: "say" }, say)];

  /** @param {number} k @param {any} line */
  const lineOf = (k, line) =>
    h(
      "div",
      { class: `f ${walked(k) ? "" : "off"}`, "data-line": k },
      h("div", { class: "k" }, k),
      h("div", {}, ...described(line)),
      h("div", { class: "live" }, ...line.live),
    );

  /** Lines 5 and 6 are in one row, because their matrices have the same rows. @param {any} five @param {any} six */
  function lastTwo(five, six) {
    const of = (/** @type {number} */ k, /** @type {any[]} */ ...content) => h("div", { class: walked(k) ? "" : "off" }, ...content);
    return h(
      "div",
      { class: `f ${walked(5) ? "" : "off"}`, "data-line": "5 6" },
      h("div", { class: "k" }, of(5, "5"), of(6, "6")),
      h("div", { class: "forms" }, of(5, ...described(five)), of(6, ...described(six))),
      h(
        "div",
        { class: "live" },
        h("div", { class: "both" }, of(5, five.live[0]), of(6, six.live[0])),
        h("div", { class: "pair" }, of(5, five.live[1]), of(6, six.live[1])),
      ),
    );
  }

  /** The line that is walked now, large; under it all that were found, each in its place. @param {any} answer */
  function drawLines(answer) {
    const [l1, l2, l3, l4, l5, l6] = six(answer);
    const side = (/** @type {string} */ title, /** @type {HTMLElement[]} */ ...lines) => h("div", {}, h("h3", { class: "band" }, title), ...lines);
    put(
      rows,
      side(tr("At the output unit"), lineOf(1, l1), lineOf(2, l2), lineOf(3, l3)),
      side(tr("At the four hidden units"), lineOf(4, l4), lastTwo(l5, l6)),
      trapBox,
    );
    const k = Number(get("10.line"));
    put(large, k ? lineOf(k, six(answer)[k - 1]) : null);
    large.hidden = !k;
  }

  /** ① to ⑥, one after the other; then all of them. */
  function toggleWalk() {
    if (walking) return endWalk();
    showRunning(play, true, PLAY);
    const next = (/** @type {number} */ k) => {
      set({ "10.line": k > LINES.length ? "all" : k });
      walking = k > LINES.length ? 0 : window.setTimeout(() => next(k + 1), PACE);
      if (!walking) endWalk();
    };
    next(1);
  }

  function endWalk() {
    clearTimeout(walking);
    walking = 0;
    showRunning(play, false, PLAY);
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
          stage(block(4, 14), "W1 X + b1", `(4, ${m})`),
          h("p", {}, tr`Switch it off to see why the slide writes ${h("i", {}, "reshape")}.`),
        ]
      : [
          stage(block(1, 4), "db1", shapeText(trap.db1)),
          to(),
          stage(block(4, 4), "b1 − α db1", shapeText(trap.b1)),
          to(),
          h("p", {}, tr`${h("b", {}, "✕ ValueError")} in W1 @ X + b1:`, " ", h("span", { translate: "no" }, trap.error)),
        ];
    put(find(".chain", trapBox), ...chain);
  }

  async function compare() {
    const at = `${get("step")} ${get("edits")}`;
    put(compared, tr("measuring …"));
    const answer = await ask("compare_all", { step: get("step"), edits: get("edits") }).catch((wrong) => put(compared, wrong.message));
    if (!answer) return;
    checkedAt = at;
    put(
      compared,
      tr`with measured ones: at most ${num(answer.largest_difference, { digits: 2, class: "strong", name: "compared" })} apart`,
    );
  }

  exhibit({
    number: 10,
    predict: () => ["predict_10", { step: get("step"), edits: get("edits"), ex: get("ex") }],
    lecture: [
      ...LINES.map((says, i) => ({ says, state: { "10.line": i + 1 }, parts: ["path"] })),
      { says: tr("without keepdims"), state: { "10.line": LINES.length, "10.keepdims": "no" }, parts: [] },
    ],
    keys: ["step", "edits", "ex", "10.line", "10.keepdims"],
    questions: () => ({
      hand: ["hand", { step: get("step"), edits: get("edits") }],
      f: ["formulas", { step: get("step"), edits: get("edits"), ex: get("ex") }],
    }),
    build(stage) {
      button.addEventListener("click", compare);
      const lines = LINES.map((name, i) => /** @type {[string, string]} */ ([String(i + 1), name]));
      stage.addEventListener("click", (e) => e.isTrusted && walking && !play.contains(/** @type {Node} */ (e.target)) && endWalk());
      trapBox.append(toggle({ key: "10.keepdims", label: h("code", {}, "keepdims=True") }), h("div", { class: "chain" }));
      stage.append(
        h(
          "div",
          { class: "bar between" },
          h("span", { class: "field" }, h("span", { class: "field moves" }, play), choice({ key: "10.line", label: tr("walk back"), options: [...lines, ["all", tr("all")]] })),
          h("span", { class: "field" }, button, compared),
        ),
        path,
        large,
        rows,
      );
    },
    draw({ hand, f }) {
      drawPath(hand, f);
      drawLines(f);
      drawTrap(f.trap);
      if (checkedAt !== `${get("step")} ${get("edits")}`) put(compared, tr("with measured ones"));
      const slot = (/** @type {string} */ name, /** @type {number} */ value, digits = 4) =>
        find(`[data-slot="${name}"]`, find("#slide-10")).replaceChildren(num(value, { digits }));
      slot("share", f.formula.dW1[3][1]);
      slot("before", f.nudge.before, 6);
      slot("after", f.nudge.after, 6);
      slot("slope", f.nudge.slope);
    },
  });
}
