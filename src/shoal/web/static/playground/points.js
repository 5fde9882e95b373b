// Rows as marks: colour and shape give the class; hollow marks are held-out rows.
import { s } from "../lib/dom.js";

const SHAPES = [
  (/** @type {number} */ r) => `m${-r} ${-r}h${2 * r}v${2 * r}h${-2 * r}z`,
  (/** @type {number} */ r) => `m${-r} 0a${r} ${r} 0 1 0 ${2 * r} 0a${r} ${r} 0 1 0 ${-2 * r} 0z`,
  (/** @type {number} */ r) => `m0 ${-1.2 * r}l${1.15 * r} ${2.1 * r}h${-2.3 * r}z`,
  (/** @type {number} */ r) => `m0 ${-1.35 * r}l${1.35 * r} ${1.35 * r}l${-1.35 * r} ${1.35 * r}l${-1.35 * r} ${-1.35 * r}z`,
  (/** @type {number} */ r) => `m0 ${1.2 * r}l${1.15 * r} ${-2.1 * r}h${-2.3 * r}z`,
];
export const HUES = 8;

/** The shape of a class, around its centre. @param {number} c @param {number} r */
export const shape = (c, r) => (SHAPES[c % SHAPES.length] ?? SHAPES[0])?.(r) ?? "";

/** Marks of one class. @param {number[]} xs @param {number[]} ys @param {number} c @param {boolean} held */
function path(xs, ys, c, held) {
  const form = shape(c, held ? 2.5 : 2.3);
  const d = xs.map((x, i) => `M${x.toFixed(1)} ${(ys[i] ?? 0).toFixed(1)}${form}`).join("");
  return s("path", { d, class: `mark k${c % HUES} ${held ? "held" : ""}` });
}

/** Rows of several classes. @param {number[]} xs @param {number[]} ys @param {number[]} classes @param {number[]} test */
export function classMarks(xs, ys, classes, test) {
  const out = s("g", {});
  const kinds = [...new Set(classes)].sort((a, b) => a - b);
  for (const held of [0, 1])
    for (const c of kinds) {
      const chosen = xs.map((_, i) => i).filter((i) => classes[i] === c && test[i] === held);
      if (chosen.length)
        out.append(
          path(
            chosen.map((i) => xs[i] ?? 0),
            chosen.map((i) => ys[i] ?? 0),
            c,
            Boolean(held),
          ),
        );
    }
  return out;
}

/** Rows with a value: blue above the middle, orange below, stronger with distance. @param {number[]} xs @param {number[]} ys @param {number[]} values @param {number[]} test @param {number} middle @param {number} reference */
export function valueMarks(xs, ys, values, test, middle, reference) {
  const out = s("g", {});
  /** @type {Map<string, string>} */ const paths = new Map();
  values.forEach((v, i) => {
    const away = (v - middle) / reference;
    const key = `${away >= 0 ? 1 : 0} ${Math.min(4, Math.ceil(Math.abs(away) * 4)) / 4} ${test[i]}`;
    const at = `M${(xs[i] ?? 0).toFixed(1)} ${(ys[i] ?? 0).toFixed(1)}`;
    paths.set(key, `${paths.get(key) ?? ""}${at}${shape(1, 2.7)}`);
  });
  for (const [key, d] of paths) {
    const [above, size, held] = key.split(" ");
    out.append(s("path", { d, class: `mark value k${above} ${held === "1" ? "held" : ""}`, style: `--v:${size}` }));
  }
  return out;
}

/** A legend's mark. @param {number} c @param {boolean} [held] */
export const legendMark = (c, held = false) =>
  s(
    "svg",
    { width: 12, height: 12, viewBox: "-6 -6 12 12", class: "led", "aria-hidden": "true" },
    s("path", { d: `M0 0${shape(c, 3.6)}`, class: `mark k${c % HUES} ${held ? "held" : ""}` }),
  );
