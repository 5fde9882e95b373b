// The page's words in the reader's language, as gettext has it: the English words are the keys of one table for each other language,
// `words/fr.json`, which the server reads too (`web/languages.py`). Words without an entry stay English.
import { isCopy, unpack } from "./packed.js";
import { memory } from "./theme.js";

/** The languages that the page has, by their own names. @type {Record<string, string>} */
export const LANGUAGES = { en: "English", fr: "Français" };
const KEPT = "language";
const root = document.documentElement;

/** A table's entry without a key holds what is no word: the decimal mark, and the direction of the script. @typedef {{decimal: string, dir: string}} Header */

/** The language that the address names. */
const asked = new URLSearchParams(location.search).get("lang");
const base = (/** @type {string} */ name) => name.toLowerCase().split(/[-_]/)[0] ?? "";

/** The address decides, then the reader's own choice, then the browser; a copy has one language. */
function candidates() {
  if (isCopy) return [root.lang];
  const kept = asked ?? memory()?.getItem(KEPT);
  return kept ? [base(kept)] : navigator.languages.map(base).filter((name) => name in LANGUAGES);
}

/** The table of a language; null if the page has none. @param {string} name @returns {Promise<Record<string, any> | null>} */
async function tableOf(name) {
  if (isCopy) return unpack("words");
  if (!/^[a-z]{2,3}$/.test(name)) return null;
  const response = await fetch(`words/${name}.json`);
  return response.ok ? response.json() : null;
}

/** @returns {Promise<[string, Record<string, any>]>} */
async function load() {
  const [first = "en"] = candidates();
  const table = first === "en" ? {} : await tableOf(first);
  return table ? [first, table] : ["en", {}];
}

const [name, table] = await load();
const header = /** @type {Header} */ (table[""] ?? { decimal: ".", dir: "ltr" });

export const language = name;
/** The sign between whole and fraction. */
export const MARK = header.decimal;
root.lang = language;
root.dir = header.dir;

/** A number's text with the language's mark. @param {string} text */
export const decimal = (text) => (MARK === "." ? text : text.replace(".", MARK));

/**
 * The words in the reader's language: a template, tr`step ${n}`, whose key is `step {0}`, or a text that is the key itself.
 * Elements may be among the values; the result is then a list of children, else a text.
 * @param {TemplateStringsArray | string} words @param {...any} values @returns {any}
 */
export function tr(words, ...values) {
  const key = typeof words === "string" ? words : words.reduce((all, part, i) => `${all}{${i - 1}}${part}`);
  const parts = String(table[key] ?? key)
    .split(/\{(\d)\}/)
    .map((part, i) => (i % 2 ? written(values[Number(part)]) : part));
  return parts.some((part) => typeof part !== "string") ? parts.flat() : parts.join("");
}

/** @param {any} value */
const written = (value) => (typeof value === "number" ? decimal(String(value)) : typeof value === "string" ? value : [value].flat());

const ALONE = "script, style, code, c-eq, svg, noscript, [translate=no]"; // what has no words, or none of a language
const WORD = /\p{L}{2}/u;
const plain = (/** @type {string} */ html) => html.replace(/\s+/g, " ").trim();

/** Translate the outermost elements that have words of their own, with what is in them. @param {Element} element */
function translate(element) {
  if (element.matches(ALONE)) return;
  const worded = [...element.childNodes].some((node) => node instanceof Text && WORD.test(node.data));
  if (worded) element.innerHTML = tr(plain(element.innerHTML));
  else for (const child of element.children) translate(child);
}

/** The words of `index.html`; to be called before anything is added to it. */
export function translatePage() {
  if (language === "en") return;
  document.title = tr(document.title);
  for (const name of ["aria-label", "title", "content"])
    for (const element of document.querySelectorAll(`[${name}]:not([name=viewport])`)) {
      const words = element.getAttribute(name) ?? "";
      if (WORD.test(words)) element.setAttribute(name, tr(words));
    }
  translate(document.body);
}

/** Show the page in another language, and remember it. @param {string} name */
function choose(name) {
  memory()?.setItem(KEPT, name);
  const address = new URL(location.href);
  if (memory()) address.searchParams.delete("lang");
  else address.searchParams.set("lang", name);
  if (address.href === location.href) location.reload();
  else location.href = address.href;
}

/** The button shows the language that it leads to. @param {HTMLElement} button */
export function startLanguages(button) {
  const names = Object.keys(LANGUAGES);
  const next = names[(names.indexOf(language) + 1) % names.length] ?? "en";
  button.textContent = next.toUpperCase();
  button.lang = next;
  button.title = LANGUAGES[next] ?? next;
  button.setAttribute("aria-label", `${next.toUpperCase()}: ${button.title}`); // begins with what is seen, for those who speak it
  button.hidden = isCopy;
  button.addEventListener("click", () => choose(next));
}

/** What to say where the address names a language that the page has not. */
export const withoutWords = () =>
  asked && base(asked) !== language && !isCopy
    ? `✕ The page has no words in “${asked.slice(0, 20)}” and is shown in English; it has ${Object.values(LANGUAGES).join(", ")}.`
    : "";
