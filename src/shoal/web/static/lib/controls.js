// Controls, each bound to a part of the state: moving the control sets the state, and the state moves the control.
import { beside, isRecorded } from "./ask.js";
import { h, put } from "./dom.js";
import { sig } from "./numbers.js";
import { get, listen, nextRecorded, number, set } from "./store.js";
import { tr } from "./words.js";

/**
 * A slider. For logarithmic ones `to` turns its position into the value, `from` the value into its position.
 * @param {{key: string, label: any, min: number, max: number, step?: number | "any", width?: number, show?: ((v: number) => string) | null, to?: (p: number) => number, from?: (v: number) => number, name?: string}} options
 */
export function slider({ key, label, min, max, step = "any", width = 140, show = sig, to = (p) => p, from = (v) => v, name }) {
  const input = /** @type {HTMLInputElement} */ (
    h("input", { type: "range", min, max, step, style: `width:${width}px`, "aria-label": name ?? label, "data-key": key })
  );
  const out = h("output", {});
  const follow = () => {
    const at = from(number(key));
    input.value = String(at);
    input.style.setProperty("--at", `${(100 * (at - min)) / (max - min)}%`);
    if (show) put(out, show(number(key)));
    input.setAttribute("aria-valuetext", (show ?? sig)(number(key)));
  };
  input.addEventListener("input", () => {
    set({ [key]: to(Number(input.value)) });
    if (isRecorded()) follow(); // to where the recorded value is
  });
  // In a static copy a key goes to the next recorded value: a step of the slider would be nearest to the one before.
  input.addEventListener("keydown", (e) => {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[e.key];
    const next = by ? nextRecorded(key, by) : undefined;
    if (next === undefined) return;
    e.preventDefault();
    set({ [key]: next });
  });
  listen([key], follow);
  follow();
  return h("label", { class: "field" }, h("span", { class: "lab" }, label), input, show && out);
}

/** In a group of buttons the arrows choose the next or the previous one; elsewhere they step the training. @param {KeyboardEvent} e */
function neighbour(e) {
  const by = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[e.key];
  if (!by || e.ctrlKey || e.metaKey || e.altKey) return;
  e.preventDefault();
  e.stopPropagation();
  const now = /** @type {Element} */ (e.target);
  const next = /** @type {HTMLElement | null} */ (by > 0 ? now.nextElementSibling : now.previousElementSibling);
  next?.focus();
  next?.click();
}

/** Choose one of a few. @param {{key: string, label?: any, options: [string, any][], name?: string}} options */
export function choice({ key, label = "", options, name }) {
  const buttons = options.map(([value, content]) =>
    h("button", { type: "button", "data-key": key, "data-value": value, onclick: () => set({ [key]: value }) }, content),
  );
  const follow = () => buttons.forEach((b) => b.setAttribute("aria-pressed", String(b.dataset.value === get(key))));
  listen([key], follow);
  follow();
  return h(
    "span",
    { class: "field" },
    label && h("span", { class: "lab" }, label),
    h("span", { class: "seg", role: "group", "aria-label": name ?? label, onkeydown: neighbour }, ...buttons),
  );
}

/** Choose one of many, in a drop-down list. @param {{key: string, label?: any, options: [string, any][], name?: string, width?: number}} options */
export function pick({ key, label = "", options, name, width }) {
  const select = /** @type {HTMLSelectElement} */ (
    h("select", { "data-key": key, "aria-label": name ?? label, style: width ? `width:${width}px` : "" })
  );
  const follow = () => {
    select.value = get(key);
  };
  select.append(...options.map(([value, content]) => h("option", { value }, content)));
  select.addEventListener("change", () => set({ [key]: select.value }));
  listen([key], follow);
  follow();
  return h("label", { class: "field" }, label && h("span", { class: "lab" }, label), select);
}

/** An integer with buttons for less and more. @param {{key: string, label: any, min: number, max: number, recorded?: string, wide?: boolean, name?: string}} options */
export function stepper({ key, label, min, max, recorded = "", wide = false, name }) {
  const out = h("output", { style: wide ? "width:4.4ch" : "" });
  const move = (/** @type {number} */ by) => () => set({ [key]: Math.min(max, Math.max(min, beside(recorded, number(key), by))) });
  const follow = () => put(out, get(key));
  listen([key], follow);
  follow();
  const button = (/** @type {string} */ sign, /** @type {number} */ by, /** @type {string} */ what) =>
    h("button", { type: "button", "aria-label": tr`${name ?? label}: ${what}`, "data-key": key, "data-by": by, onclick: move(by) }, sign);
  return h(
    "span",
    { class: "field" },
    h("span", { class: "lab" }, label),
    h("span", { class: "step-n" }, button("−", -1, tr("one less")), out, button("+", 1, tr("one more"))),
  );
}

/** On or off; the state is `yes` or `no`. @param {{key: string, label: any}} options */
export function toggle({ key, label }) {
  const input = /** @type {HTMLInputElement} */ (h("input", { type: "checkbox", "data-key": key }));
  const follow = () => {
    input.checked = get(key) === "yes";
  };
  input.addEventListener("change", () => set({ [key]: input.checked ? "yes" : "no" }));
  listen([key], follow);
  follow();
  return h("label", { class: "switch" }, input, h("i", {}), h("span", {}, label));
}

const ICONS = {
  back: "M10 3 5 8l5 5",
  on: "M6 3l5 5-5 5",
  play: "M5 3l8 5-8 5z",
  pause: "M5 3v10M11 3v10",
  epoch: "M3 3l5 5-5 5M9 3l5 5-5 5",
  save: "M8 2v8.5M4.5 7 8 10.5 11.5 7M2.5 13.5h11",
  reset: "M3 8a5 5 0 1 0 1.6-3.7M3 2.5V5h2.6",
};

/** @param {keyof typeof ICONS} icon @param {string} label @param {() => void} press @param {Record<string, any>} [more] */
export function iconButton(icon, label, press, more = {}) {
  const b = h("button", { type: "button", class: "icon", "aria-label": label, title: label, onclick: press, ...more });
  b.innerHTML = `<svg viewBox="0 0 16 16" aria-hidden="true"><path d="${ICONS[icon]}"/></svg>`;
  return b;
}

/** The button of a run shows whether it runs. @param {Element} button @param {boolean} on @param {string} [start] its name while nothing runs */
export function showRunning(button, on, start = tr("play")) {
  button.setAttribute("aria-pressed", String(on));
  button.setAttribute("aria-label", on ? tr("pause") : start);
  button.setAttribute("title", on ? tr("pause") : start);
  button.querySelector("path")?.setAttribute("d", on ? ICONS.pause : ICONS.play);
}

/** Call the function at most once per frame, with the arguments of the last call. @template T @param {(v: T) => void} run @returns {(v: T) => void} */
export function paced(run) {
  /** @type {T} */ let last;
  let waiting = false;
  return (v) => {
    last = v;
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => {
      waiting = false;
      run(last);
    });
  };
}
