// Drawing networks: edges as wide as their weights and coloured by sign, units as circles.
import { letter, s } from "./dom.js";
import { sig } from "./numbers.js";
import { opens } from "./reach.js";

/** @param {number} v */
export const tone = (v) => (v >= 0 ? "p" : "n");

/** The largest weight, which has the greatest width. @param {number[][]} W1 @param {number[][]} W2 */
export const widest = (W1, W2) => Math.max(...W1.flat().map(Math.abs), ...W2.flat().map(Math.abs), 1e-12);

/** The keys of an edge. @param {string} name @param {number} row @param {number} column */
export const edgeKeys = (name, row, column) =>
  name === "W1" ? `W1-${row}-${column} W1 u${row} x${column}` : `W2-${row}-${column} W2 u${column} y${row}`;

/**
 * One edge; a weight of exactly zero is dotted and grey.
 * @param {number[]} from @param {number[]} to @param {number} weight @param {number} reference @param {string} keys @param {{most?: number, curve?: boolean, card?: boolean}} [options] `card`: it opens the card of its weight
 */
export function edge([x1 = 0, y1 = 0], [x2 = 0, y2 = 0], weight, reference, keys, { most = 5.5, curve = false, card = true } = {}) {
  const width = 0.7 + (most - 0.7) * Math.min(Math.abs(weight) / reference, 1);
  const middle = (x1 + x2) / 2;
  const d = curve ? `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}` : `M${x1} ${y1}L${x2} ${y2}`;
  const key = keys.split(" ")[0] ?? "";
  const stroke = weight === 0 ? { class: "axis", "stroke-dasharray": "2 4" } : { class: `edge s${tone(weight)}`, "stroke-width": width.toFixed(2) };
  const drawn = s("path", { ...stroke, d, "data-l": keys, "data-h": key, ...(card ? opens(key, sig(weight)) : {}) });
  return s("g", {}, s("path", { class: "edge-halo", "stroke-width": (width + 7).toFixed(1), d, "data-l": keys }), drawn);
}

/** A unit, tinted by a value in −1 … 1. @param {number} x @param {number} y @param {number} radius @param {{value?: number, keys?: string, card?: Record<string, any>}} [options] `card`: what `opens` returned */
export function unit(x, y, radius, { value, keys = "", card = {} } = {}) {
  const key = keys.split(" ")[0];
  return s(
    "g",
    {},
    s("circle", { cx: x, cy: y, r: radius, fill: "var(--paper)" }),
    value === undefined
      ? null
      : s("circle", { cx: x, cy: y, r: radius, class: `f${tone(value)}`, "fill-opacity": (Math.min(Math.abs(value), 1) * 0.5).toFixed(2) }),
    s("circle", { cx: x, cy: y, r: radius, class: "node", style: "fill:transparent", "data-l": keys, "data-h": key, ...card }),
  );
}

/** The small drawing in the strip. @param {number[][]} W1 @param {number[][]} W2 */
export function miniature(W1, W2) {
  const reference = widest(W1, W2);
  const out = s("g", {});
  const hidden = W1.map((_, i) => 8 + i * 13.3);
  hidden.forEach((y, i) => {
    [18, 38].forEach((x, j) => out.append(edge([6, x], [50, y], W1[i]?.[j] ?? 0, reference, edgeKeys("W1", i + 1, j + 1), { most: 3.2 })));
    out.append(edge([50, y], [96, 28], W2[0]?.[i] ?? 0, reference, edgeKeys("W2", 1, i + 1), { most: 3.2 }));
  });
  out.append(unit(6, 18, 4), unit(6, 38, 4), ...hidden.map((y, i) => unit(50, y, 4, { keys: `u${i + 1}` })), unit(96, 28, 4));
  return out;
}

/** Positions of n units, evenly around a centre. @param {number} n @param {number} middle @param {number} gap @returns {number[]} */
export const column = (n, middle, gap) => Array.from({ length: n }, (_, i) => middle + (i - (n - 1) / 2) * gap);

/** A unit with its letter. @param {number} x @param {number} y @param {number} radius @param {string} name @param {number | string} index @param {string} keys @param {number} [value] */
export const named = (x, y, radius, name, index, keys, value) =>
  s(
    "g",
    {},
    unit(x, y, radius, { keys, ...(value === undefined ? {} : { value }) }),
    letter(x - 1, y + 5, name, index, { class: "through" }),
  );
