// Numbers as text: four significant digits, a true minus, the language's decimal mark, and the full double behind each.
import { h } from "./dom.js";
import { decimal, MARK, tr } from "./words.js";

export const MINUS = "\u2212";
const FIGURE = "\u2007";

/** Four significant digits; powers of ten below 1e-4 and from 1e5. @param {number | null} value @param {number} [digits] @returns {string} */
export function sig(value, digits = 4) {
  if (value === null || value === undefined || !Number.isFinite(value)) return tr("not finite");
  if (value === 0) return fixed(0, digits - 1);
  const [mantissa, power] = Math.abs(value)
    .toExponential(digits - 1)
    .split("e");
  const e = Number(power);
  const size = e > -4 && e < 5 ? Math.abs(value).toFixed(Math.max(digits - 1 - e, 0)) : `${mantissa}e${e < 0 ? MINUS : ""}${Math.abs(e)}`;
  return (value < 0 ? MINUS : "") + decimal(size);
}

/** Every digit of the double. @param {number | null} value */
export const full = (value) =>
  value === null || value === undefined ? tr("not finite") : Object.is(value, -0) ? "0" : decimal(String(value)).replaceAll("-", MINUS);

/** So many decimals. @param {number} value @param {number} decimals */
export const fixed = (value, decimals) => decimal(value.toFixed(decimals)).replace("-", MINUS);

/** A fraction in per cent. @param {number} fraction @param {number} [decimals] */
export const percent = (fraction, decimals = 1) => `${fixed(100 * fraction, decimals)}${MARK === "." ? " " : "\u202f"}%`;

/** A number as a reader writes it, with a point or a comma and either minus; NaN for other texts. @param {string} text */
export const readNumber = (text) => (text.trim() ? Number(text.trim().replace(",", ".").replace(MINUS, "-")) : NaN);

/** Whole numbers with thin gaps between thousands. @param {number} value */
export const whole = (value) => String(value).replace(/\B(?=(\d{3})+$)/g, "\u202f");

/** A factor: in brackets if negative. @param {number} value */
export const bracketed = (value) => (value < 0 ? `(${sig(value)})` : sig(value));

/** Numbers with aligned decimal points. @param {number[]} values @param {number} [digits] @returns {string[]} */
export function aligned(values, digits = 4) {
  const texts = values.map((v) => sig(v, digits));
  const after = texts.map((t) => t.split(MARK)[1]?.length ?? 0);
  const most = Math.max(...after);
  return texts.map((t, i) => t + FIGURE.repeat(most - (after[i] ?? 0)));
}

/** @param {string} content @param {number} width */
export const padded = (content, width) => content.padStart(width, FIGURE);

/** @type {Record<string, string>} */
const WORDS = {
  J: tr("cost"),
  train: tr("cost of the training rows"),
  test: tr("cost of the held-out rows"),
  rate: tr("learning rate"),
  score: tr("score of the training rows"),
  score_test: tr("score of the held-out rows"),
  accuracy: tr("accuracy"),
  loss: tr("loss"),
};

/** The name of a number, from the key of its card: `W1-2-1` is W1[2, 1], as on the card. @param {string} how */
export function called(how) {
  const [name = "", ...at] = how.replace(/^.*:/, "").split("-");
  const places = /^d?[Wb]\d/.test(name) ? at : at.slice(0, 1); // the others are of one example
  return (WORDS[name] ?? name) + (places.length ? `[${places.join(", ")}]` : "");
}

/** The name of a number that opens its card. @param {string} how the key of the card @param {string} value as it is written */
export const nameOf = (how, value) => `${called(how)} = ${value}`;

/** The same where its letter is written beside it, as in "b 0.1": a name has the words that are seen. @param {string} how @param {string} words */
export const nameOfWritten = (how, words) => `${words} = ${called(how)}`;

/**
 * A number on the page: full precision on hover. With `how` it opens its card, without it a click copies it.
 * @param {number} value @param {{how?: string, digits?: number, text?: string, class?: string, name?: string, lit?: string}} [options] @returns {HTMLElement}
 */
export function num(value, { how, digits = 4, text, class: kind = "", name, lit } = {}) {
  const content = text ?? sig(value, digits);
  const shared = {
    title: full(value),
    "data-value": String(value),
    "data-name": name,
    "data-l": lit,
    "data-h": lit ? lit.split(" ")[0] : undefined,
  };
  if (how) return h("button", { type: "button", class: `n num ${kind}`, "data-how": how, "aria-label": nameOf(how, content), ...shared }, content);
  return h("span", { class: `n copy ${kind}`, ...shared }, content);
}

/** Two numbers, one above the other: the digits in which they agree, and the rest of each. @param {number} a @param {number} b @param {number} [places] @returns {[HTMLElement, HTMLElement]} */
export function agreement(a, b, places = 10) {
  const e = a === 0 ? 0 : Math.floor(Math.log10(Math.abs(a)));
  const decimals = Math.min(Math.max(places - e, 0), 20);
  const write = (/** @type {number} */ v) => decimal(e > -7 && e < 6 ? v.toFixed(decimals) : v.toExponential(places)).replaceAll("-", MINUS);
  const [one, two] = [write(a), write(b)];
  let same = 0;
  while (same < Math.min(one.length, two.length) && one[same] === two[same]) same += 1;
  const split = (/** @type {string} */ t, /** @type {number} */ v) =>
    h(
      "span",
      { class: "n copy", title: full(v), "data-value": String(v) },
      h("span", { class: "same" }, t.slice(0, same)),
      h("span", { class: "tail" }, t.slice(same)),
    );
  return [split(one, a), split(two, b)];
}
