// The numbers of the playground that open a card: costs, scores, the rate, and one unit's weights.
import { h, put } from "../lib/dom.js";
import { num, percent, sig, whole } from "../lib/numbers.js";
import { tr } from "../lib/words.js";

/** A number that opens its card, if it has one. @param {any} run @param {string} key @param {number | null} value @param {any} [more] */
export const opening = (run, key, value, more = {}) => num(value ?? NaN, { ...more, how: run.explains(key) ? `p:${key}` : undefined });

/** Cost, rate and the last epoch's loss. @param {any} run @param {any} frame @param {any} scene @param {any[]} latest */
export function numbers(run, frame, scene, [, train, test]) {
  const pair = (/** @type {string} */ name, /** @type {any} */ value, /** @type {string} */ title = "") =>
    h("div", { title }, h("dt", {}, name), h("dd", {}, value));
  return [
    pair(tr("train"), opening(run, "train", train, { name: "p-train" })),
    scene.m_test ? pair(tr("held out"), opening(run, "test", test, { name: "p-test" })) : null,
    frame.event
      ? pair(tr("last epoch"), opening(run, "loss", frame.event.loss, { name: "p-loss" }), tr("before its updates, penalty included"))
      : null,
    pair("α", opening(run, "rate", scene.rate, { digits: 3, name: "p-alpha" }), tr("the learning rate")),
  ];
}

/** Accuracy, or R², of the training rows and of the held-out rows. @param {any} run @param {any} frame @param {any} scene */
export function scores(run, frame, scene) {
  const classes = scene.task === "classification";
  const one = (/** @type {string} */ key, /** @type {number} */ v) =>
    opening(run, key, v, classes ? { text: percent(v), name: `p-${key}` } : { digits: 3, name: `p-${key}` });
  const named = classes ? "" : "R² ";
  return [
    scene.networks > 1 ? `${tr`mean of ${scene.networks}:`} ` : "",
    named,
    one("score", frame.score),
    frame.score_test === null ? null : [`, ${tr("held out")} ${named}`, one("score_test", frame.score_test)],
  ].flat();
}

/** One unit in a line: its weights, its bias, and its output weight. @param {any} run @param {any} frame @param {any} scene @param {number} i @param {boolean} standardized */
export function unitLine(run, frame, scene, i, standardized) {
  const place = (/** @type {number} */ j) => scene.places[j];
  const terms = frame.W1[i].flatMap((/** @type {number} */ w, /** @type {number} */ j) => [
    j ? " + (" : "(",
    opening(run, `W1-${i + 1}-${place(j)}`, w),
    `) ${scene.inputs[j]}`,
  ]);
  const out = frame.W2.flatMap((/** @type {number[]} */ row, /** @type {number} */ o) => [
    o ? ", " : "",
    opening(run, `W2-${o + 1}-${i + 1}`, row[i] ?? 0),
  ]);
  return [
    h("b", {}, tr`unit ${i + 1}:`, " "),
    `${scene.activation}( `,
    ...terms,
    scene.n_x > scene.inputs.length ? " + …" : "",
    " + (",
    opening(run, `b1-${i + 1}-1`, frame.b1[i]),
    `) ), ${tr("sent on ×")} `,
    ...out,
    standardized ? ` ${tr("(inputs standardized)")}` : "",
  ];
}

/** The library's findings; with none, what was looked at. @param {HTMLElement} list @param {any} frame @param {any} scene @param {number | null} held the cost of the held-out rows now */
export function warn(list, { warnings, lowest }, scene, held) {
  const lines = warnings.map((/** @type {any} */ w) => h("li", { "data-kind": w.kind, title: w.advice }, h("b", {}, w.evidence), " ", w.advice));
  if (!lines.length)
    lines.push(h("li", { class: "none" }, tr("No warnings: no unit is flat, dead or identical to another."), scene.m_test ? course(lowest, held) : ""));
  put(list, ...lines);
}

/** Where the held-out cost was lowest: a fact, which the reader may judge. @param {[number, number] | null} lowest @param {number | null} now */
function course(lowest, now) {
  if (!lowest || now === null) return "";
  const [t, cost] = lowest;
  const words = now <= cost ? tr("The held-out cost is the lowest so far.") : tr`The held-out cost was lowest at update ${whole(t)}: ${sig(cost)}, now ${sig(now)}.`;
  return ` ${words}`;
}
