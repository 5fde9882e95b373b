// The path of the error through the network (exhibit 10): drawn from the loss to the inputs, with a pulse that runs along it line by line.
import { letter, line, picture, s, text } from "./dom.js";
import { eased, isStill, over } from "./motion.js";
import { column, edge, edgeKeys, named, tone, widest } from "./network.js";
import { sig } from "./numbers.js";
import { opens, reachable } from "./reach.js";
import { tr } from "./words.js";

/** @typedef {[number, number]} Point */
/** What runs from one point to another: its value has a sign and a size, compared with the largest. @typedef {{from: Point, to: Point, v: number, ref: number}} Runner */

const SECONDS = 1.3; // of a pulse
const narrow = matchMedia("(max-width: 640px)");

/** Where everything is: inputs, hidden units, output, loss, the arrows under them. On a phone the loss is under the output. */
const WIDE = { width: 640, height: 168, X: 24, H: 200, hw: 122, Y: 392, yw: 110, loss: [486, 44, 152], arrows: 156, long: true };
const PHONE = { width: 358, height: 226, X: 17, H: 134, hw: 104, Y: 297, yw: 112, loss: [229, 132, 128], arrows: 208, long: false };
const MIDDLE = 66; // the height of the output

const [hidden, inputs] = [column(4, MIDDLE, 33), column(2, MIDDLE, 48)];

/** @param {Point} from @param {Point} to @param {string} label @param {boolean} on */
const arrow = (from, to, label, on) =>
  s(
    "g",
    { class: on ? "" : "off" },
    s("path", { class: "ink", "stroke-width": 1.6, d: `M${from[0]} ${from[1]}L${to[0]} ${to[1]}` }),
    s("path", { d: from[1] === to[1] ? `M${to[0] - 8} ${to[1]}l10 -5v10z` : `M${to[0]} ${to[1] - 8}l-5 10h10z`, fill: "var(--ink)" }),
    text((from[0] + to[0]) / 2 + (from[1] === to[1] ? 0 : 8), (from[1] + to[1]) / 2 - (from[1] === to[1] ? 6 : -4), label, {
      "text-anchor": from[1] === to[1] ? "middle" : "start",
    }),
  );

/** A unit as a button with its derivative. @param {number} x @param {number} y @param {number} w @param {string} name @param {any} index @param {number} v @param {number} ref @param {string} how @param {string} key */
function box(x, y, w, name, index, v, ref, how, key) {
  const shape = { x: x - w / 2, y: y - 13, width: w, height: 26, rx: 13 };
  // The unit's letter lies on the button, not in it: the button's name is that of its number.
  return s(
    "g",
    {},
    s(
      "g",
      { class: "box", "data-h": key, ...opens(how, sig(v)) },
      s("rect", { ...shape, fill: "var(--paper)" }),
      s("rect", { ...shape, class: `f${tone(v)}`, "fill-opacity": (Math.min(Math.abs(v) / ref, 1) * 0.46).toFixed(2) }),
      s("rect", { ...shape, class: "node", style: "fill:none", "data-l": key }),
      text(x + w / 2 - 12, y + 4, sig(v), { class: "mono strong", "text-anchor": "end", "data-name": how, "data-value": String(v) }),
    ),
    letter(x - w / 2 + 12, y + 5, name, index, { "text-anchor": "start", style: "font-size:15px", class: "through" }),
  );
}

/**
 * The path, with what has not been reached yet in pale.
 * @param {any} hand @param {any} answer of the question `formulas` @param {string} example @param {(line: number) => boolean} walked
 */
export function backward(hand, answer, example, walked) {
  const at = narrow.matches ? PHONE : WIDE;
  const { dZ1, dZ2, loss } = answer.column;
  const reference = widest(hand.W1, hand.W2);
  const pale = (/** @type {number} */ line) => ({ class: walked(line) ? "" : "off" });
  const [into, outOf] = [s("g", pale(5)), s("g", pale(2))];
  hidden.forEach((y, i) => {
    inputs.forEach((x, j) =>
      into.append(edge([at.X + 16, x], [at.H - at.hw / 2, y], hand.W1[i][j], reference, edgeKeys("W1", i + 1, j + 1), { most: 4.5 })),
    );
    outOf.append(edge([at.H + at.hw / 2, y], [at.Y - at.yw / 2, MIDDLE], hand.W2[0][i], reference, edgeKeys("W2", 1, i + 1), { most: 4.5 }));
  });
  const largest = Math.max(...dZ1.map(Math.abs), 1e-300);
  const [lx = 0, ly = 0, lw = 0] = at.loss;
  const name = (/** @type {number} */ x, /** @type {string} */ label, /** @type {boolean} */ on) =>
    text(x, at.arrows + 5, label, { class: `strong ${on ? "" : "off"}` });
  const out = picture(
    at.width,
    at.height,
    tr("The error of one example goes back from the loss through the network"),
    into,
    outOf,
    at.long ? line(at.Y + at.yw / 2, MIDDLE, lx, MIDDLE, { "stroke-width": 1.2 }) : line(at.Y, MIDDLE + 13, at.Y, ly, { "stroke-width": 1.2 }),
    ...inputs.map((y, j) => named(at.X, y, 15, "x", j + 1, `x${j + 1}`)),
    s("g", pale(4), ...hidden.map((y, i) => box(at.H, y, at.hw, "a", i + 1, dZ1[i], largest, `dZ1-${i + 1}-1`, `u${i + 1}`))),
    s("g", pale(1), box(at.Y, MIDDLE, at.yw, "ŷ", "", dZ2, Math.max(Math.abs(dZ2), 1e-300), "dZ2", "y1")),
    s("rect", { x: lx, y: ly, width: lw, height: 44, rx: 6, class: "node", ...opens("loss", sig(loss)) }),
    text(lx + lw / 2, ly + 18, at.long ? tr`loss of example ${example}` : tr`loss, ex. ${example}`, { class: "through" }),
    text(lx + lw / 2, ly + 35, sig(loss), { class: "mono strong through" }),
    at.long && text(at.width, 12, tr`in the boxes: dZ1 and dZ2 of example ${example}`, { "text-anchor": "end" }),
    at.long
      ? arrow([lx, at.arrows], [at.Y + 52, at.arrows], tr("begin"), true)
      : arrow([at.Y + 20, ly], [at.Y + 20, MIDDLE + 24], tr("begin"), true),
    name(at.Y, at.long ? "① dZ2" : "①", walked(1)),
    arrow([at.Y - 44, at.arrows], [at.H + 52, at.arrows], at.long ? "② dW2   ③ db2" : "② ③", walked(2)),
    name(at.H, at.long ? "④ dZ1" : "④", walked(4)),
    arrow([at.H - 44, at.arrows], [at.X + 18, at.arrows], at.long ? "⑤ dW1   ⑥ db1" : "⑤ ⑥", walked(5)),
  );
  reachable(out);
  return out;
}

/** What runs where in one of the six lines. @param {number} k @param {any} column of the answer to `formulas` @returns {Runner[]} */
function runners(k, { dZ2, dZ1, back, dW2, dW1 }) {
  const at = narrow.matches ? PHONE : WIDE;
  const of = (/** @type {any} */ all) => Math.max(...all.flat().map(Math.abs), 1e-300);
  const output = /** @type {Point} */ ([at.Y - at.yw / 2, MIDDLE]);
  const unit = (/** @type {number} */ i, side = 1) => /** @type {Point} */ ([at.H + (side * at.hw) / 2, hidden[i] ?? 0]);
  const each = (/** @type {number[]} */ all, /** @type {(i: number) => Point} */ from, /** @type {(i: number) => Point} */ to) =>
    all.map((v, i) => ({ from: from(i), to: to(i), v, ref: of(all) }));
  const half = (/** @type {Point} */ a, /** @type {Point} */ b) => /** @type {Point} */ ([(a[0] + b[0]) / 2, (a[1] + b[1]) / 2]);
  const input = (/** @type {number} */ j) => /** @type {Point} */ ([at.X + 16, inputs[j] ?? 0]);
  const [lx = 0, ly = 0] = at.loss;
  const begin = /** @type {Point} */ (at.long ? [lx, MIDDLE] : [at.Y, ly]);
  const arrive = /** @type {Point} */ (at.long ? [at.Y + at.yw / 2, MIDDLE] : [at.Y, MIDDLE + 13]);
  const ways = [
    [{ from: begin, to: arrive, v: dZ2, ref: Math.abs(dZ2) || 1 }],
    // the error from the right and the unit's output from the left meet on the edge: its weight's term is their product
    [...each(dW2, () => output, (i) => half(output, unit(i))), ...each(dW2, (i) => unit(i), (i) => half(output, unit(i)))],
    [{ from: /** @type {Point} */ ([at.Y, MIDDLE - 13]), to: /** @type {Point} */ ([at.Y, MIDDLE - 38]), v: dZ2, ref: Math.abs(dZ2) || 1 }],
    each(back, () => output, (i) => unit(i)),
    dW1.flatMap((/** @type {number[]} */ row, /** @type {number} */ i) =>
      row.flatMap((v, j) => {
        const [from, to] = [unit(i, -1), input(j)];
        return [from, to].map((end) => ({ from: end, to: half(from, to), v, ref: of(dW1) }));
      }),
    ),
    each(dZ1, (i) => unit(i, -1), (i) => [at.H - at.hw / 2 - 26, hidden[i] ?? 0]),
  ];
  return ways[k - 1] ?? [];
}

/** Let a pulse run along the path for one of the six lines; returns what stops it. @param {SVGElement} path @param {number} k @param {any} column */
export function pulse(path, k, column) {
  if (isStill()) return () => {};
  const marks = runners(k, column).map((run) => {
    const r = 2 + 5 * Math.sqrt(Math.min(Math.abs(run.v) / run.ref, 1));
    return { ...run, mark: s("circle", { r: r.toFixed(1), class: `pulse f${tone(run.v)}` }) };
  });
  path.append(...marks.map((m) => m.mark));
  return over(
    SECONDS,
    (part) => {
      const t = eased(part);
      for (const { from, to, mark } of marks) {
        mark.setAttribute("cx", (from[0] + t * (to[0] - from[0])).toFixed(1));
        mark.setAttribute("cy", (from[1] + t * (to[1] - from[1])).toFixed(1));
      }
    },
    () => marks.forEach((m) => m.mark.remove()),
  );
}
