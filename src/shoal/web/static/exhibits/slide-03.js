// 3. One example forward: every product, sum, bias and activation, written out.
import { isRecorded } from "../lib/ask.js";
import { choice, stepper } from "../lib/controls.js";
import { find, h, letter, line, picture, put, s, text } from "../lib/dom.js";
import { exhibit } from "../lib/exhibit.js";
import { edge, edgeKeys, named, tone, unit, widest } from "../lib/network.js";
import { bracketed, full, MINUS, nameOfWritten, num, readNumber, sig } from "../lib/numbers.js";
import { opens, reachable } from "../lib/reach.js";
import { declare, get, number, set } from "../lib/store.js";
import { mark } from "../lib/strip.js";
import { decimal, MARK, tr } from "../lib/words.js";

/** The steps of the computation, as the reader walks through them. @type {[string, string][]} */
const STAGES = [
  ["1", tr("products")],
  ["2", tr("sum")],
  ["3", tr("bias")],
  ["4", "tanh"],
  ["5", tr("output")],
];
const YS = [44, 132, 220, 308];
const SMALL = ["₁", "₂", "₃", "₄"];

/** Bars laid end to end: their end is the sum. @param {number[]} terms @param {number} limit @param {number} width @param {number} shown how many terms are drawn so far */
function bars(terms, limit, width, shown) {
  const x = (/** @type {number} */ v) => width / 2 + (Math.max(-limit, Math.min(limit, v)) / limit) * (width / 2);
  const each = 10.5;
  const height = terms.length * each;
  const out = picture(width, height + 8, tr("the terms laid end to end"), line(x(0), -2, x(0), height + 2, { "stroke-width": 1 }));
  let at = 0;
  terms.slice(0, shown).forEach((t, k) => {
    const [from, to] = [x(Math.min(at, at + t)), x(Math.max(at, at + t))];
    out.append(s("rect", { x: from.toFixed(1), y: k * each, width: Math.max(to - from, 1).toFixed(1), height: 9, class: `f${tone(t)}` }));
    at += t;
    out.append(line(x(at), k * each, x(at), k * each + (k < terms.length - 1 ? 19.5 : 10.5), { class: "ink", "stroke-width": 1 }));
  });
  if (shown >= terms.length) out.append(s("path", { d: `M${x(at).toFixed(1)} ${height}l-4.5 6.5h9z`, fill: "var(--ink)" }));
  return out;
}

/** @param {any} page */
export function slide3(page) {
  declare("3.stage", 5);
  declare("3.x1", "", "example.x1");
  declare("3.x2", "", "example.x2");
  const curve = { z: /** @type {number[]} */ ([]), g: /** @type {number[]} */ ([]) };
  const head = h("span", { class: "own" });
  let shown = ""; // the point that the head shows
  const left = h("div", {});
  const right = h("div", {});
  const rows = h("div", { class: "rows" });
  const out = h("div", { class: "out" });

  /** A small tanh with a mark at z; the curve itself came from the server. @param {number} z @param {number} a */
  function small(z, a) {
    const [w, hgt, limit] = [56, 46, 4];
    const x = (/** @type {number} */ v) => ((v + limit) / (2 * limit)) * w;
    const y = (/** @type {number} */ v) => hgt / 2 - v * (hgt / 2 - 4);
    const at = Math.max(-limit, Math.min(limit, z));
    const points = curve.z
      .flatMap((v, i) => (Math.abs(v) <= limit ? [`${x(v).toFixed(1)},${y(curve.g[i] ?? 0).toFixed(1)}`] : []))
      .join(" ");
    return picture(
      w,
      hgt,
      tr("tanh at z"),
      line(0, hgt / 2, w, hgt / 2),
      line(w / 2, 2, w / 2, hgt - 2),
      s("polyline", { class: "ink", "stroke-width": 1.4, points }),
      line(x(at), hgt / 2, x(at), y(a), { class: `s${tone(z)}`, "stroke-width": 2 }),
      s("circle", { cx: x(at), cy: y(a), r: 4, class: `f${tone(z)}`, stroke: "var(--paper)", "stroke-width": 1.2 }),
    );
  }

  /** @param {number} value @param {string} how */
  const inBrackets = (value, how) => (value < 0 ? ["(", num(value, { how }), ")"] : [num(value, { how })]);
  const copied = (/** @type {number} */ v) => h("span", { title: full(v) }, bracketed(v));

  /** @param {any} e @param {any} hand @param {number} i @param {number} stage @param {number} limit */
  function row(e, hand, i, stage, limit) {
    const terms = [...e.products1[i], e.b1[i]];
    const key = (/** @type {number} */ j) => edgeKeys("W1", i + 1, j + 1);
    const product = (/** @type {number} */ j) =>
      h(
        "span",
        { class: "t", "data-h": `W1-${i + 1}-${j + 1}`, "data-l": key(j), "data-term": String(e.products1[i][j]) },
        h("span", { class: j && stage < 2 ? "unseen" : "" }, j ? " + " : ""),
        ...inBrackets(hand.W1[i][j], `W1-${i + 1}-${j + 1}`),
        "·",
        copied(e.x[j]),
      );
    const bias = h(
      "span",
      { class: `t ${stage < 3 ? "unseen" : ""}`, "data-h": `b1-${i + 1}-1`, "data-l": `b1-${i + 1}-1 b1 u${i + 1}` },
      e.b1[i] < 0 ? ` ${MINUS} ` : " + ",
      num(e.b1[i], { how: `b1-${i + 1}-1`, text: sig(Math.abs(e.b1[i])) }),
    );
    const result =
      stage === 2
        ? h("span", { class: "res" }, " = ", num(e.sums1[i]))
        : h(
            "span",
            { class: `res ${stage < 2 ? "unseen" : ""}` },
            " = ",
            num(e.z1[i], { how: `z1-${i + 1}-1`, class: "strong", name: `z1-${i + 1}` }),
          );
    return h(
      "div",
      { class: "row", "data-l": `u${i + 1}` },
      h(
        "div",
        {},
        h("div", { class: "calc" }, h("span", { class: "lhs" }, h("em", {}, "z"), SMALL[i], " ="), product(0), product(1), bias, result),
        bars(terms, limit, 476, stage < 3 ? 2 : 3),
      ),
      h(
        "div",
        { class: `act ${stage < 4 ? "unseen" : ""}` },
        small(e.z1[i], e.a1[i]),
        h("div", {}, h("em", {}, "a"), SMALL[i], " =", h("br", {}), num(e.a1[i], { how: `a1-${i + 1}-1`, name: `a1-${i + 1}` })),
      ),
    );
  }

  /** @param {any} e @param {any} hand @param {number} stage */
  function output(e, hand, stage) {
    const terms = [...e.products2, e.b2];
    const limit = Math.max(1, ...running(terms)) * 1.05;
    const pieces = e.products2.map((/** @type {number} */ t, /** @type {number} */ i) =>
      h(
        "span",
        { class: "t", "data-h": `W2-1-${i + 1}`, "data-l": edgeKeys("W2", 1, i + 1), "data-term": String(t) },
        i ? " + " : " ",
        ...inBrackets(hand.W2[0][i], `W2-1-${i + 1}`),
        "·",
        copied(e.a1[i]),
      ),
    );
    const own = e.y ? e.a2 : 1 - e.a2;
    const says = e.a2 > 0.5 ? 1 : 0;
    const calc = h(
      "div",
      { class: "calc" },
      h("span", { class: "lhs" }, h("em", {}, "z2"), " ="),
      ...pieces,
      h(
        "span",
        { class: "t", "data-h": "b2-1-1", "data-l": "b2-1-1 b2" },
        e.b2 < 0 ? ` ${MINUS} ` : " + ",
        num(e.b2, { how: "b2-1-1", text: sig(Math.abs(e.b2)) }),
      ),
      h("span", { class: "res" }, " = ", num(e.z2, { how: "z2", class: "strong", name: "z2" })),
      h(
        "span",
        { class: "res" },
        "    ",
        h("em", {}, "a2"),
        " = σ(",
        num(e.z2),
        ") = ",
        num(e.a2, { how: "a2", class: "strong", name: "a2" }),
      ),
    );
    const verdict = h(
      "div",
      { class: "verdict" },
      h("span", { class: `big ${says ? "pos" : "neg"}` }, num(e.a2, { how: "a2" })),
      ...judged(e, says, h("span", {}, `${e.y ? "" : `−ln(1 − ${sig(e.a2)}) = `}−ln ${sig(own)} = `, num(e.loss, { how: "loss", name: "loss" }))),
    );
    out.classList.toggle("unseen", stage < 5);
    put(out, h("div", {}, calc, bars(terms, limit, 590, 5)), verdict);
  }

  /** Class and loss in words. @param {any} e @param {number} says the predicted class @param {HTMLElement} loss */
  function judged(e, says, loss) {
    if (e.own)
      return says === e.y
        ? tr`The network predicts class ${says}. Were your point of class ${e.y}: right, at a loss of ${loss}.`
        : tr`The network predicts class ${says}. Were your point of class ${e.y}: wrong, at a loss of ${loss}.`;
    return says === e.y
      ? tr`The network predicts class ${says}. Example ${e.ex} is of class ${e.y}: right, at a loss of ${loss}.`
      : tr`The network predicts class ${says}. Example ${e.ex} is of class ${e.y}: wrong, at a loss of ${loss}.`;
  }

  /** The position of each partial sum. @param {number[]} terms */
  const running = (terms) => {
    let at = 0;
    return terms.map((t) => Math.abs((at += t)));
  };

  /** @param {any} e @param {any} hand @param {number} stage the answer appears with the last step */
  function sides(e, hand, stage) {
    const reference = widest(hand.W1, hand.W2);
    const inputs = [110, 242];
    const l = picture(104, 352, tr("two inputs"));
    const r = picture(138, 352, tr("the output unit"));
    YS.forEach((y, i) => {
      inputs.forEach((x, j) => l.append(edge([48, x], [104, y], hand.W1[i][j], reference, edgeKeys("W1", i + 1, j + 1))));
      r.append(edge([0, y], [90, 176], hand.W2[0][i], reference, edgeKeys("W2", 1, i + 1), { card: false })); // its number does
    });
    inputs.forEach((y, j) =>
      l.append(named(28, y, 20, "x", j + 1, `x${j + 1}`, e.x[j]), text(28, y + 38, sig(e.x[j]), { class: "mono strong" })),
    );
    YS.forEach((y, i) => {
      const [px, py] = [34, y + (176 - y) * 0.38];
      const value = sig(hand.W2[0][i]);
      r.append(
        s(
          "g",
          { "data-h": `W2-1-${i + 1}`, ...opens(`W2-1-${i + 1}`, value) },
          s("rect", { x: px - 29, y: py - 9, width: 58, height: 18, rx: 3, fill: "var(--paper)", "data-l": edgeKeys("W2", 1, i + 1) }),
          text(px, py + 4, value, { class: "mono" }),
        ),
      );
    });
    r.append(
      unit(112, 176, 22, stage < 5 ? { keys: "y1" } : { value: 2 * e.a2 - 1, keys: "y1", card: opens("a2", sig(e.a2)) }),
      letter(112, 182, "ŷ", "", { class: "through" }),
      text(112, 216, stage < 5 ? "?" : sig(e.a2), { class: "mono strong" }),
      s("g", opens("b2-1-1", sig(e.b2), nameOfWritten("b2-1-1", `b2 ${sig(e.b2)}`)), text(138, 236, `b2 ${sig(e.b2)}`, { class: "mono", "text-anchor": "end" })),
    );
    [l, r].forEach(reachable);
    put(left, l);
    put(right, r);
  }

  /** The example, or a point of the reader in its place. @param {any} e */
  function drawHead(e) {
    const field = (/** @type {number} */ j) => {
      const input = /** @type {HTMLInputElement} */ (
        h("input", {
          type: "text",
          inputmode: "decimal",
          autocomplete: "off",
          value: decimal(String(Number(e.x[j].toPrecision(6)))),
          "aria-label": `x${j + 1}`,
          "data-key": `3.x${j + 1}`,
          title: full(e.x[j]),
        })
      );
      if (isRecorded()) Object.assign(input, { disabled: true, title: tr("not recorded in this copy: your own point needs the live page, which `shoal chapter` opens") });
      input.addEventListener("change", () => {
        const value = input.value.trim() ? readNumber(input.value) : "";
        input.setCustomValidity(value === "" || Math.abs(value) <= 100 ? "" : tr("a number from −100 to 100"));
        if (!input.reportValidity()) return;
        shown = ""; // the head is drawn again, with the way back
        set({ [`3.x${j + 1}`]: value });
      });
      return input;
    };
    const back = e.own
      ? h("button", { type: "button", class: "small", onclick: () => set({ "3.x1": "", "3.x2": "" }) }, tr`back to example ${e.ex}`)
      : null;
    const now = `${e.ex} ${e.x} ${e.own}`;
    if (now === shown) return;
    shown = now;
    const focused = head.contains(document.activeElement) ? document.activeElement?.getAttribute("data-key") : null;
    put(head, "x = (", field(0), MARK === "," ? ";" : ",", field(1), "), ", tr`class ${e.y}`, mark(e.y), back);
    if (focused) /** @type {HTMLElement | null} */ (head.querySelector(`[data-key="${focused}"]`))?.focus();
  }

  exhibit({
    number: 3,
    predict: () => ["predict_3", { step: get("step"), edits: get("edits"), ex: get("ex") }],
    lecture: STAGES.map(([at, says]) => ({ says, state: { "3.stage": at } })),
    keys: ["step", "edits", "ex", "3.stage", "3.x1", "3.x2"],
    questions: () => ({
      hand: ["hand", { step: get("step"), edits: get("edits") }],
      e: ["example", { step: get("step"), edits: get("edits"), ex: get("ex"), x1: get("3.x1"), x2: get("3.x2") }],
      curves: ["curves", {}],
    }),
    build(stage) {
      const steps = choice({
        key: "3.stage",
        label: tr("step through"),
        options: STAGES.map(([at, name]) => [at, `${at} ${name}`]),
      });
      stage.append(
        h(
          "div",
          { class: "bar" },
          steps,
          stepper({ key: "ex", label: tr("example"), min: 1, max: page.Y.length, recorded: "example.ex", wide: true }),
          head,
        ),
        h("div", { class: "fw" }, left, rows, right),
        out,
      );
    },
    draw({ hand, e, curves }) {
      curve.z = curves.z;
      curve.g = curves.tanh.g;
      const stage = number("3.stage");
      const limit =
        Math.max(1, ...e.products1.flatMap((/** @type {number[]} */ p, /** @type {number} */ i) => running([...p, e.b1[i]]))) * 1.05;
      drawHead(e);
      put(rows, ...YS.map((_, i) => row(e, hand, i, stage, limit)));
      sides(e, hand, stage);
      output(e, hand, stage);
      find('[data-slot="miss"]').replaceChildren(num(e.dZ2, e.own ? {} : { how: "dZ2" }));
      put(
        find('[data-slot="sent"]'),
        e.own
          ? tr`is that of your own point; exhibit 10 propagates that of example ${e.ex} backwards.`
          : tr("is the number that exhibit 10 propagates backwards."),
      );
    },
  });
}
