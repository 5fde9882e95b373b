// "Click a number to see its computation": one card for the page, filled with the terms from the server.
import { ask, isRecorded } from "./ask.js";
import { find, h, put } from "./dom.js";
import { bracketed, full, num, readNumber, sig } from "./numbers.js";
import { get, listen, number, set } from "./store.js";
import { decimal, tr } from "./words.js";

/** @typedef {(key: string) => Promise<any>} Asker who knows how a number came */

const card = () => find("#how");
/** Functions for keys that begin with `name:`; all others are numbers of the example network. @type {Map<string, Asker>} */
const askers = new Map();
let open = "";
/** @type {Element | null} */ let opener = null;

/** @param {any} term */
const termRow = (term) =>
  "gap" in term
    ? [h("span", { class: "gap" }, tr`… ${term.gap} more, together ${sig(term.value)}`), h("span", {})]
    : [
        h("span", { title: term.factors.map(full).join(" · ") }, term.factors.map(bracketed).join(" · ")),
        h("span", { class: "cap" }, term.note),
      ];

/** Use `asker` for numbers whose key begins with `name:`. @param {string} name @param {Asker} asker */
export const answerFor = (name, asker) => void askers.set(name, asker);

/** @param {string} key @returns {Promise<any>} */
function explained(key) {
  const [name = "", own] = key.split(":");
  const asker = own === undefined ? undefined : askers.get(name);
  return asker ? asker(own ?? "") : ask("how", { key, step: get("step"), edits: get("edits"), ex: get("ex") });
}

/** Title, terms and totals. @param {any} answer */
export function summed(answer) {
  const last = answer.totals[answer.totals.length - 1];
  const places = h("div", { class: "tot" });
  for (const t of answer.totals) places.append(h("span", {}, t.label), num(t.value, { class: "strong" }));
  return [
    h("h3", {}, h("span", {}, answer.title), h("span", { class: "n" }, sig(last.value))),
    h("p", { class: "formula" }, answer.formula),
    answer.terms.length ? h("div", { class: "sum" }, ...answer.terms.flatMap(termRow)) : null,
    places,
    answer.says && h("p", { class: "cap" }, answer.says),
  ];
}

/** @param {any} answer */
function filled(answer) {
  const last = answer.totals[answer.totals.length - 1];
  const copy = h("button", { type: "button", class: "small", onclick: () => copyText(String(last.value), copy) }, tr("Copy"));
  return [
    ...summed(answer),
    answer.because ? h("div", { class: "because" }, ...summed(answer.because)) : null,
    "edit" in answer && !isRecorded() ? editor(answer.edit) : null,
    h("p", { class: "cap all" }, h("code", { "data-value": String(last.value) }, full(last.value)), copy),
  ];
}

/** Set the parameter by hand: the change applies to the whole chapter. @param {number} value */
function editor(value) {
  const input = /** @type {HTMLInputElement} */ (
    h("input", { type: "text", inputmode: "decimal", autocomplete: "off", value: decimal(String(Number(value.toPrecision(6)))), "aria-label": tr("set to") })
  );
  const apply = () => {
    const given = readNumber(input.value);
    if (Number.isFinite(given)) set({ edits: withEdit(open, given) });
  };
  input.addEventListener("keydown", (e) => {
    e.stopPropagation();
    if (e.key === "Enter") apply();
  });
  return h(
    "p",
    { class: "edit" },
    h("label", {}, tr("set to"), " ", input),
    h("button", { type: "button", class: "small", onclick: apply }, tr("Set")),
  );
}

/** The edits with one more: later ones are dropped, because they belong to another training. @param {string} place @param {number} value */
function withEdit(place, value) {
  const step = number("step");
  const before = get("edits")
    .split(",")
    .filter((e) => e && Number(e.split(":")[0]) <= step && !e.startsWith(`${step}:${place}=`));
  return [...before, `${step}:${place}=${value}`].slice(-32).join(",");
}

/** @param {string} content @param {HTMLElement} button */
async function copyText(content, button) {
  try {
    await navigator.clipboard.writeText(content);
    put(button, tr("Copied"));
  } catch {
    put(button, tr("Not allowed"));
  }
}

async function fill() {
  if (!open) return;
  const key = open;
  try {
    const answer = await explained(key);
    if (key === open) put(card(), ...filled(answer));
  } catch (wrong) {
    put(card(), h("p", { class: "cap" }, wrong instanceof Error ? wrong.message : String(wrong)));
  }
  place();
}

/** Below the number if there is space, else above it. */
function place() {
  if (!opener?.isConnected) opener = document.querySelector(`.num[data-how="${CSS.escape(open)}"]`);
  const box = opener?.getBoundingClientRect() ?? new DOMRect(innerWidth / 2, innerHeight / 2, 0, 0);
  const size = card().getBoundingClientRect();
  const left = Math.min(Math.max(12, box.left - 14), innerWidth - size.width - 12);
  const below = box.bottom + 8 + size.height < innerHeight;
  const zoom = size.width / card().offsetWidth; // in lecturer mode the card is enlarged, and its place with it
  card().style.left = `${left / zoom}px`;
  card().style.top = `${Math.max(12, below ? box.bottom + 8 : box.top - size.height - 8) / zoom}px`;
}

export function startCards() {
  // Drawn buttons, which are no `button` elements, open their card by keys too.
  document.addEventListener("keydown", (e) => {
    const drawn = e.target instanceof SVGElement && e.target.getAttribute("role") === "button";
    if (!drawn || (e.key !== "Enter" && e.key !== " ")) return;
    e.preventDefault();
    e.target.dispatchEvent(new MouseEvent("click", { bubbles: true }));
  });
  document.addEventListener("click", (e) => {
    const target = e.target instanceof Element ? e.target : null;
    const asked = target?.closest("[data-how]");
    if (asked) {
      open = asked.getAttribute("data-how") ?? "";
      opener = asked;
      put(card(), h("p", { class: "cap" }, "…"));
      card().showPopover();
      fill();
      return;
    }
    const number_ = target?.closest(".n.copy[data-value]");
    if (number_)
      navigator.clipboard?.writeText(number_.getAttribute("data-value") ?? "").then(
        () => {
          number_.classList.add("copied");
          setTimeout(() => number_.classList.remove("copied"), 700);
        },
        () => {},
      );
  });
  card().addEventListener("toggle", (e) => {
    if (/** @type {ToggleEvent} */ (e).newState === "closed") open = "";
  });
  listen(["step", "edits", "ex"], fill);
}
