// The state of the whole page, kept in its address: `#slide-3&step=700&ex=12`. Only values other than the defaults are written.
import { defaultOf, near } from "./ask.js";

/** @type {Map<string, string>} */ const defaults = new Map();
/** @type {Map<string, string>} */ const values = new Map();
/** @type {{keys: Set<string> | null, tell: () => void}[]} */ const listeners = [];
/** @type {Set<string>} */ const changed = new Set();
/** @type {Map<string, string>} */ const recordedAs = new Map();

let section = "";
let waiting = false;

/** Read the address; missing values keep their defaults. */
function read() {
  const [first = "", ...pairs] = location.hash.slice(1).split("&");
  const found = new Map();
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    if (at > 0) found.set(decodeURIComponent(pair.slice(0, at)), decodeURIComponent(pair.slice(at + 1)));
  }
  return { section: first, found };
}

{
  const start = read();
  section = start.section;
  for (const [key, value] of start.found) values.set(key, value);
}

/** Declare a state key, its default, and the question's parameter (`hand.step`) whose recorded values it may take in a static copy. @param {string} key @param {string | number} value @param {string} [parameter] */
export function declare(key, value, parameter) {
  defaults.set(key, String(value));
  if (parameter) recordedAs.set(key, parameter);
}

/** Declare a state key that is a question's parameter: both have the same default. @param {string} key @param {string} parameter */
export function declareAs(key, parameter) {
  declare(key, defaultOf(parameter), parameter);
}

/** @param {string} key @returns {string} */
export const get = (key) => values.get(key) ?? defaults.get(key) ?? "";

/** @param {string} key @returns {number} */
export const number = (key) => Number(get(key));

/** The section that the address names. */
export const place = () => section;

function write() {
  const pairs = [...values]
    .filter(([k, v]) => v !== defaults.get(k))
    .map(
      ([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(v).replaceAll("%3A", ":").replaceAll("%2C", ",").replaceAll("%3D", "=")}`,
    );
  const hash = [section, ...pairs].join("&");
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
}

function tell() {
  waiting = false;
  write();
  const now = new Set(changed);
  changed.clear();
  for (const listener of listeners) if (!listener.keys || [...listener.keys].some((k) => now.has(k))) listener.tell();
}

/** Change state; listeners are called once, before the next frame is drawn. @param {Record<string, string | number>} changes */
export function set(changes) {
  for (const [key, value] of Object.entries(changes)) {
    const parameter = recordedAs.get(key);
    const next = parameter ? near(parameter, String(value)) : String(value);
    if (get(key) === next) continue;
    values.set(key, next);
    changed.add(key);
  }
  if (changed.size && !waiting) {
    waiting = true;
    queueMicrotask(tell);
  }
}

/** Back to the defaults. @param {string[]} keys */
export const reset = (keys) => set(Object.fromEntries(keys.map((k) => [k, defaults.get(k) ?? ""])));

/** Call `heard` when one of these keys changes (any, if null). @param {string[] | null} keys @param {() => void} heard */
export function listen(keys, heard) {
  listeners.push({ keys: keys && new Set(keys), tell: heard });
}

/** Set the reader's section. @param {string} id */
export function arrive(id) {
  if (id === section) return;
  section = id;
  write();
}

/** Follow a link to a section: the place that the reader leaves stays in the browser's history, so that Back returns to it. @param {string} id */
export function visit(id) {
  if (id === section) return;
  history.pushState(null, "", location.href);
  section = id;
  write();
}

// An address typed or pasted into an open page, plain links to sections, and Back.
addEventListener("hashchange", () => {
  const { section: named, found } = read();
  const plain = !location.hash.includes("&");
  section = named;
  if (plain) write();
  else set(Object.fromEntries([...new Set([...defaults.keys(), ...found.keys()])].map((k) => [k, found.get(k) ?? defaults.get(k) ?? ""])));
});
