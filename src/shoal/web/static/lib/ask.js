// Questions to the server, or to the table in a static copy. The page computes nothing.

import { whole } from "./numbers.js";
import { unpack } from "./packed.js";
import { language, tr } from "./words.js";

/** @typedef {Record<string, any>} Answer */
/** @typedef {{grid: Record<string, string[]>, answers: Record<string, Answer>}} Table */

/** @type {Record<string, Table> | undefined} */
let recorded;
/** @type {Map<string, Promise<Answer>>} */
const asked = new Map();
const KEPT = 400;
/** @typedef {{measured: boolean, defaults: Record<string, string>}} Known the server's facts about a question */
/** @type {Record<string, Known>} */ let known = {};

/** The facts about every question, from the page's manifest. @param {Record<string, Known>} questions */
export function learn(questions) {
  known = questions;
}

/** The default of `question.parameter`. @param {string} parameter */
export function defaultOf(parameter) {
  const [question = "", name = ""] = parameter.split(".");
  const value = known[question]?.defaults[name];
  if (value === undefined) throw new Error(`no question has the parameter ${parameter}`);
  return value;
}

/** A static copy looks answers up in its own table. */
export async function loadRecorded() {
  recorded = await unpack("recorded");
}

export const isRecorded = () => recorded !== undefined;

/** The recorded text nearest to the wanted one. @param {string[]} texts @param {string} wanted @returns {string} */
function nearest(texts, wanted) {
  if (texts.includes(wanted)) return wanted;
  const target = Number(wanted);
  if (wanted === "" || Number.isNaN(target)) return texts[0] ?? "";
  return texts.reduce((a, b) => (Math.abs(Number(b) - target) < Math.abs(Number(a) - target) ? b : a));
}

/** The values of `question.parameter` that a static copy has; undefined on the live page, which has all. @param {string} parameter */
export function recordedOf(parameter) {
  const [question = "", name = ""] = parameter.split(".");
  return recorded?.[question]?.grid[name];
}

/** The recorded value of `question.parameter` nearest to `wanted` in a static copy; else `wanted`. @param {string} parameter @param {string} wanted */
export function near(parameter, wanted) {
  const texts = recordedOf(parameter);
  return texts && wanted !== "" ? nearest(texts, wanted) : wanted; // an empty text leaves the choice to the exhibit
}

/** The previous or next value: a step of 1, or the next recorded one. @param {string} parameter @param {number} value @param {number} by */
export function beside(parameter, value, by) {
  const texts = recordedOf(parameter);
  if (!texts) return value + by;
  const sorted = texts.map(Number).sort((a, b) => a - b);
  const beyond = by > 0 ? sorted.find((v) => v > value) : sorted.reverse().find((v) => v < value);
  return beyond ?? value;
}

/** @param {string} name @param {Record<string, string | number>} parameters @returns {Promise<Answer>} */
export function ask(name, parameters = {}) {
  if (recorded) {
    const table = recorded[name];
    if (!table) return Promise.reject(new Error(tr("this copy has no recording of that; open the live chapter with `shoal chapter`")));
    const key = Object.entries(table.grid)
      .map(([k, texts]) => nearest(texts, String(parameters[k] ?? texts[0])))
      .join("&");
    const answer = table.answers[key];
    return answer ? Promise.resolve(answer) : Promise.reject(new Error(tr("this copy has no recording of that")));
  }
  const address = `api/ask/${query(name, parameters)}`;
  const before = asked.get(address);
  if (before) return before;
  const answer = fetched(address);
  if (!known[name]?.measured) {
    asked.set(address, answer);
    answer.catch(() => asked.delete(address));
    const oldest = asked.keys().next().value;
    if (asked.size > KEPT && oldest) asked.delete(oldest);
  }
  return answer;
}

const PATIENT = 200; // milliseconds without an answer, after which the page says what it waits for
const NEWS = 400; // milliseconds between two looks at how far it is

/** @param {string} name @param {Record<string, string | number>} parameters */
const query = (name, parameters) => {
  const text = new URLSearchParams(Object.entries(parameters).map(([k, v]) => [k, String(v)])).toString();
  return text ? `${name}?${text}` : name;
};

/**
 * While `work` takes long, `tell` gets words for it: that something is computed, then how far it is; empty words at its end.
 * @template T @param {Promise<T>} work @param {[string, Record<string, string | number>][]} questions what the work asks @param {(words: string) => void} tell @returns {Promise<T>}
 */
export async function telling(work, questions, tell) {
  let over = recorded !== undefined; // a copy has its answers
  let shown = false;
  const plain = questions.some(([name]) => known[name]?.measured) ? tr("measuring …") : tr("computing …");
  const say = (/** @type {string} */ words) => {
    if (over) return;
    shown = true;
    tell(words);
  };
  const look = async () => {
    say(plain);
    while (!over) {
      const all = await Promise.all(questions.map(([name, parameters]) => fetched(`api/progress/${query(name, parameters)}`).catch(() => null)));
      say(waitingFor(all.filter((p) => p !== null)) || plain);
      await new Promise((go) => setTimeout(go, NEWS));
    }
  };
  const timer = over ? 0 : window.setTimeout(look, PATIENT);
  try {
    return await work;
  } finally {
    over = true;
    clearTimeout(timer);
    if (shown) tell("");
  }
}

/** What the server is doing. @param {Answer[]} all its answers about each question */
function waitingFor(all) {
  if (all.some((p) => p.compiling) && !all.some((p) => p.of)) return tr("compiling the engine, once on this machine; this takes up to a minute …");
  const counted = all.find((p) => p.of);
  if (!counted) return "";
  const [of, done] = [whole(counted.of), whole(counted.done)];
  return counted.part > 1 ? tr`computing ${of} steps, network ${counted.part}: ${done}` : tr`computing ${of} steps: ${done}`;
}

/** What may be over soon, so that it is worth another try. @param {string} words */
const passing = (words) => Object.assign(new Error(words), { again: true });
export const AGAIN = 1500; // milliseconds until then

/** Answers are in the language of the page. */
export const SPOKEN = { headers: { "Accept-Language": language } };
export const SILENT = () => tr("the server does not respond; is `shoal chapter` still running?");

/** @param {string} address @returns {Promise<Answer>} */
async function fetched(address) {
  let response;
  try {
    response = await fetch(address, SPOKEN);
  } catch {
    throw passing(SILENT());
  }
  const answer = await response.json();
  if (response.status === 409) throw passing(answer.error); // another measurement is running
  if (!response.ok) throw new Error(answer.error ?? tr`the server answered ${response.status}`);
  return answer;
}
