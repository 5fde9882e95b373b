// "Predict, then see": one question for each exhibit about what it shows now, answered before it moves. Questions, answers and how they come
// about are the library's (`predict_N`); the score stays in this browser.
import { ask } from "./ask.js";
import { summed } from "./card.js";
import { find, h, put } from "./dom.js";
import { exhibits } from "./exhibit.js";
import { readNumber, sig } from "./numbers.js";
import { listen, place } from "./store.js";
import { memory } from "./theme.js";
import { tr } from "./words.js";

const KEPT = "predictions";
const sheet = () => find("#predict");
let open = ""; // the section whose question is shown
let turn = 0; // a question that was asked for earlier and comes later is not shown

/** Which exhibits were answered, and whether right at the first try. @returns {Record<string, boolean>} */
function score() {
  try {
    return JSON.parse(memory()?.getItem(KEPT) ?? "{}");
  } catch {
    return {};
  }
}

/** @param {boolean} right */
function keep(right) {
  const kept = score();
  if (!(open in kept)) memory()?.setItem(KEPT, JSON.stringify({ ...kept, [open]: right }));
}

/** @param {any} question */
function filled(question) {
  const says = h("p", { class: "cap", role: "status" });
  const reason = h("div", {});
  const line = h("p", { class: "cap score" });
  const count = () => {
    const all = Object.values(score());
    put(line, all.length ? tr`${all.filter(Boolean).length} of ${all.length} right at the first try` : "");
  };
  const see = () => {
    put(reason, ...(question.card ? [h("div", { class: "because" }, ...summed(question.card))] : [h("p", { class: "because cap" }, question.because)]));
    count();
  };
  const judge = (/** @type {boolean} */ right) => {
    keep(right);
    put(says, h("b", {}, right ? tr("✓ Right.") : tr("✕ Not yet.")), right ? "" : ` ${tr("Try again, or look at the hint.")}`);
    says.dataset.right = String(right);
    if (right) see();
    count();
  };
  const hint = h("button", { type: "button", class: "small", onclick: () => put(says, question.hint) }, tr("Hint"));
  const answer = h(
    "button",
    {
      type: "button",
      class: "small",
      onclick: () => {
        keep(false);
        put(says, tr`Answer: ${h("b", {}, question.choices ? question.choices[question.right] : sig((question.low + question.high) / 2))}`);
        see();
      },
    },
    tr("See"),
  );
  const skip = h("button", { type: "button", class: "small", onclick: () => sheet().hidePopover() }, tr("Skip"));
  count();
  return [
    h("h3", {}, tr("Predict, then see")),
    h("p", { class: "asks" }, question.asks),
    question.choices ? choices(question, judge) : field(question, judge, says),
    says,
    reason,
    h("p", { class: "all" }, h("span", {}, hint, " ", answer, " ", skip), line),
  ];
}

/** @param {any} question @param {(right: boolean) => void} judge */
const choices = (question, judge) =>
  h(
    "p",
    { class: "answers", role: "group", "aria-label": tr("answers") },
    ...question.choices.map((/** @type {string} */ words, /** @type {number} */ i) =>
      h("button", { type: "button", class: "small", "data-answer": i, onclick: () => judge(i === question.right) }, words),
    ),
  );

/** @param {any} question @param {(right: boolean) => void} judge @param {HTMLElement} says */
function field(question, judge, says) {
  const input = /** @type {HTMLInputElement} */ (
    h("input", { type: "text", inputmode: "decimal", "aria-label": tr`your answer, ${question.wanted}`, autocomplete: "off" })
  );
  const check = () => {
    const given = readNumber(input.value);
    if (Number.isNaN(given)) put(says, tr("A number, please."));
    else judge(given >= question.low && given <= question.high);
  };
  input.addEventListener("keydown", (e) => {
    if (e.key === "Enter") check();
  });
  return h("p", { class: "edit" }, input, h("button", { type: "button", class: "small", onclick: check }, tr("Check")), h("span", { class: "cap" }, question.wanted));
}

/** Show the question of a section, about what the exhibit shows now. @param {string} id */
async function show(id) {
  const wanted = exhibits.get(id)?.predict?.();
  if (!wanted) return;
  open = id;
  turn += 1;
  const mine = turn;
  put(sheet(), h("p", { class: "cap" }, "…"));
  sheet().showPopover();
  try {
    const question = await ask(...wanted);
    if (mine === turn && open === id) put(sheet(), ...filled(question));
  } catch (wrong) {
    put(sheet(), h("p", { class: "cap" }, wrong instanceof Error ? wrong.message : String(wrong)));
  }
  const first = sheet().querySelector("input, [data-answer]");
  if (first instanceof HTMLElement) first.focus();
}

/** The question of the exhibit that the reader has before them. */
export const predictHere = () => void show(place());

export function startPredicting() {
  for (const [id, { section, predict }] of exhibits)
    if (predict) find("h2", section).after(h("button", { type: "button", class: "small predict", onclick: () => void show(id) }, tr("Predict first")));
  sheet().addEventListener("toggle", (e) => {
    if (/** @type {ToggleEvent} */ (e).newState === "closed") open = "";
  });
  // Another network, another question.
  listen(["step", "edits", "ex"], () => void (open && show(open)));
}
