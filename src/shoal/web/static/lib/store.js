// The state of the whole page, kept in its address: `#slide-3&step=700&ex=12`. Only values other than the defaults are written.
// `lecture=2` after the section says that the page is in lecturer mode, at the second step of this exhibit (`lecture.js`).
import { beside, defaultOf, isRecorded, near } from "./ask.js";

/** @type {Map<string, string>} */ const defaults = new Map();
/** The values that the present step of a lecture begins with; they stand in place of the defaults. @type {Map<string, string>} */ let assumed = new Map();
/** @type {Map<string, string>} */ const values = new Map();
/** @type {{keys: Set<string> | null, tell: () => void}[]} */ const listeners = [];
/** @type {((named: boolean) => void)[]} */ const moves = [];
/** @type {Set<string>} */ const changed = new Set();
/** @type {Map<string, string>} */ const recordedAs = new Map();

let section = "";
let scene = "";
let waiting = false;

/** Read the address; missing values keep their defaults. */
function read() {
  const [first = "", ...pairs] = location.hash.slice(1).split("&");
  const found = new Map();
  for (const pair of pairs) {
    const at = pair.indexOf("=");
    if (at > 0) found.set(decodeURIComponent(pair.slice(0, at)), decodeURIComponent(pair.slice(at + 1)));
  }
  const lecture = found.get("lecture") ?? "";
  found.delete("lecture");
  return { section: first, scene: lecture, found };
}

{
  const start = read();
  section = start.section;
  scene = start.scene;
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

/** @param {string} key */
const base = (key) => assumed.get(key) ?? defaults.get(key) ?? "";

/** @param {string} key @returns {string} */
export const get = (key) => values.get(key) ?? base(key);

/** @param {string} key @returns {number} */
export const number = (key) => Number(get(key));

/** The section that the address names. */
export const place = () => section;

/** The step of the lecture that the address names, counted from 1; empty outside lecturer mode. */
export const lectureStep = () => scene;

function write() {
  if (location.protocol === "about:") return; // a frame in a notebook has no address of its own
  const pairs = [...values]
    .filter(([k, v]) => v !== base(k))
    .map(
      ([k, v]) => `${encodeURIComponent(k)}=${encodeURIComponent(v).replaceAll("%3A", ":").replaceAll("%2C", ",").replaceAll("%3D", "=")}`,
    );
  const hash = [section, ...(scene ? [`lecture=${scene}`] : []), ...pairs].join("&");
  history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
}

function tell() {
  waiting = false;
  write();
  const now = new Set(changed);
  changed.clear();
  for (const listener of listeners) if (!listener.keys || [...listener.keys].some((k) => now.has(k))) listener.tell();
}

/** The value as this page can show it: in a static copy the nearest recorded one. @param {string} key @param {string | number} value */
function offered(key, value) {
  const parameter = recordedAs.get(key);
  return parameter ? near(parameter, String(value)) : String(value);
}

/** Change state; listeners are called once, before the next frame is drawn. @param {Record<string, string | number>} changes */
export function set(changes) {
  for (const [key, value] of Object.entries(changes)) {
    const next = offered(key, value);
    if (get(key) === next) continue;
    values.set(key, next);
    changed.add(key);
  }
  later();
}

/** In a static copy, the address's values become recorded ones; returns whether any had to change. */
export function settle() {
  const before = [...values];
  for (const [key, value] of before) values.set(key, offered(key, value));
  write();
  return before.some(([key, value]) => get(key) !== value);
}

/** The recorded value before or after the present one in a static copy; undefined for values that are not looked up. @param {string} key @param {number} by */
export function nextRecorded(key, by) {
  const parameter = recordedAs.get(key);
  return parameter && isRecorded() ? beside(parameter, number(key), by) : undefined;
}

function later() {
  if (!changed.size || waiting) return;
  waiting = true;
  queueMicrotask(tell);
}

/** Back to the defaults. @param {string[]} keys */
export const reset = (keys) => set(Object.fromEntries(keys.map((k) => [k, base(k)])));

/**
 * Begin a step of a lecture: its values stand in place of the defaults until the next step, or until none (`{}`).
 * @param {Record<string, string | number>} state @param {boolean} [keep] whether values that an address gave to these keys, or to those of the step before, stay
 */
export function assume(state, keep = false) {
  const next = new Map(Object.entries(state).map(([k, v]) => [k, offered(k, v)]));
  const keys = [...new Set([...assumed.keys(), ...next.keys()])];
  const before = keys.map(get);
  assumed = next;
  if (!keep) for (const key of keys) values.delete(key);
  keys.forEach((key, i) => get(key) !== before[i] && changed.add(key));
  if (changed.size) later();
  else write();
}

/** What `look` finds in a step of a lecture that is still to come. @template T @param {Record<string, string | number>} state @param {() => T} look @returns {T} */
export function supposing(state, look) {
  const [before, own] = [assumed, [...assumed.keys(), ...Object.keys(state)].map((k) => /** @type {const} */ ([k, values.get(k)]))];
  assumed = new Map(Object.entries(state).map(([k, v]) => [k, offered(k, v)]));
  for (const [key] of own) values.delete(key);
  try {
    return look();
  } finally {
    assumed = before;
    for (const [key, value] of own) if (value !== undefined) values.set(key, value);
  }
}

/** Call `heard` when one of these keys changes (any, if null). @param {string[] | null} keys @param {() => void} heard */
export function listen(keys, heard) {
  listeners.push({ keys: keys && new Set(keys), tell: heard });
}

/** Call `go` when an address was typed or pasted, a link to a section followed, or Back pressed; it hears whether the address names values. @param {(named: boolean) => void} go */
export const moved = (go) => void moves.push(go);

/** Set the reader's section. @param {string} id */
export function arrive(id) {
  if (id === section) return;
  section = id;
  write();
}

/** Follow a link to a section, or to a step of a lecture: the place that the reader leaves stays in the browser's history, so that Back returns to it. @param {string} id @param {string} [step] */
export function visit(id, step = "") {
  if (id === section && step === scene) return;
  history.pushState(null, "", location.href);
  section = id;
  scene = step;
  write();
}

// An address typed or pasted into an open page, plain links to sections, and Back.
addEventListener("hashchange", () => {
  const { section: named, scene: step, found } = read();
  section = named;
  scene = step;
  if (found.size) {
    for (const key of new Set([...values.keys(), ...found.keys()])) {
      const before = get(key);
      if (found.has(key)) values.set(key, offered(key, found.get(key)));
      else values.delete(key);
      if (get(key) !== before) changed.add(key);
    }
    later();
  } else write();
  for (const go of moves) go(found.size > 0);
});
