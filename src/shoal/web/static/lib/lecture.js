// Lecturer mode: one exhibit fills the screen, and a clicker takes it from step to step. What the steps are, each exhibit declares
// (`Step` in `exhibit.js`); the address has the section and the step, `#slide-10&lecture=3`, so that a lecture is a list of links.
import { exhibits } from "./exhibit.js";
import { find, h, put } from "./dom.js";
import { fold, isFolded } from "./only.js";
import { goTo } from "./rail.js";
import { assume, lectureStep, moved, place, visit } from "./store.js";
import { tr } from "./words.js";

/** The screen in lecturer mode is as many of the page's pixels wide and high, however large it is: everything is enlarged to fill it. */
const [WIDE, HIGH] = [624, 439]; // 11 px, the smallest type, is then 18 px at 1024 × 768 and at 1280 × 720

const root = document.documentElement;
/** The exhibit and the step that are shown. @type {{id: string, step: number} | null} */ let here = null;

export const isLecture = () => here !== null;

const order = () => [...exhibits.keys()];

/** The steps of all exhibits in a row. */
const all = () => order().flatMap((id) => (exhibits.get(id)?.steps ?? []).map((_, i) => ({ id, step: i + 1 })));

/** The step so many places on. @param {number} by */
function beside(by) {
  const steps = all();
  return steps[steps.findIndex((s) => s.id === here?.id && s.step === here.step) + by];
}

/** Enter at the exhibit that the reader has before them. */
export function enter() {
  if (place() === "playground") return fold(find("#playground"), true); // it has no steps: it fills the screen
  go(exhibits.has(place()) ? place() : (order()[0] ?? ""), 1);
}

export function leave() {
  if (blank(false)) return;
  const id = here?.id ?? "";
  visit(id);
  follow(false);
}

export function toggleLecture() {
  if (isFolded()) unfold();
  else if (here) leave();
  else enter();
}

/** The page around the playground again. */
export const unfold = () => fold(find("#playground"), false);

/** The next step, or the one before. @param {number} by */
export function turn(by) {
  if (!here || blank(false)) return;
  const next = beside(by);
  if (next) go(next.id, next.step);
}

/** The first step of the next exhibit, or of the one before. @param {number} by */
export function turnExhibit(by) {
  const next = here && order()[order().indexOf(here.id) + by];
  if (next && !blank(false)) go(next, 1);
}

/** Make the screen black, or show it again; returns whether it was black. @param {boolean} [dark] the opposite of what it is, if not given */
export function blank(dark) {
  const was = root.hasAttribute("data-blank");
  root.toggleAttribute("data-blank", dark ?? !was);
  return was;
}

/** @param {string} id @param {number} step */
function go(id, step) {
  visit(id, String(step));
  follow(false);
}

/** Show what the address names. @param {boolean} named whether it also names values, which then stay */
function follow(named) {
  const exhibit = exhibits.get(place());
  const wanted = Math.round(Number(lectureStep()));
  const was = here;
  here = exhibit && wanted ? { id: place(), step: Math.min(Math.max(wanted, 1), exhibit.steps.length) } : null;
  if (!here && !was) return;
  if (was && was.id !== here?.id) {
    const old = exhibits.get(was.id)?.section;
    redrawn.disconnect();
    delete old?.dataset.lectured;
    for (const part of old?.querySelectorAll("[data-folded]") ?? []) part.removeAttribute("data-folded");
  }
  blank(false);
  if (exhibit && here) show(exhibit, here.step, named);
  else {
    assume({});
    delete root.dataset.lecture;
    goTo(document.getElementById(place() || was?.id || ""));
  }
}

/** @param {import("./exhibit.js").Exhibit} exhibit @param {number} step @param {boolean} named */
async function show({ section, steps, ready }, step, named) {
  const { state = {}, parts, act } = steps[step - 1] ?? { says: "" };
  root.dataset.lecture = section.id;
  section.dataset.lectured = String(step);
  redrawn.observe(find(".stage", section), { childList: true, subtree: true });
  tellPlace(steps, step);
  scrollTo({ top: 0, behavior: "instant" });
  assume(state, named);
  await Promise.resolve(); // the exhibit hears of its new state first
  const drawn = ready();
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (section.querySelectorAll("[data-part]")))
    part.toggleAttribute("data-folded", Boolean(parts && !parts.includes(part.dataset.part ?? "")));
  fit();
  await drawn;
  if (here?.id !== section.id || here.step !== step) return;
  act?.();
  await expect();
}

/** Have the next step and the next exhibit ready, so that they are there at once. */
async function expect() {
  const next = beside(1);
  const now = here;
  if (!next || !now) return;
  const ask = () => exhibits.get(next.id)?.expect(exhibits.get(next.id)?.steps[next.step - 1] ?? { says: "" });
  if (next.id === now.id) ask();
  await exhibits.get(order()[order().indexOf(now.id) + 1] ?? "")?.ready();
  if (next.id !== now.id) ask();
}

/** @param {{says: string}[]} steps @param {number} step */
function tellPlace(steps, step) {
  const ids = order();
  const at = here ? ids.indexOf(here.id) : 0;
  const says = steps[step - 1]?.says;
  put(find("#lecture-at"), steps.length > 1 && h("i", {}, `${says} · `), steps.length > 1 && tr`${step} of ${steps.length}`);
  find("#lecture-back").toggleAttribute("disabled", at === 0 && step === 1);
  find("#lecture-next").toggleAttribute("disabled", at === ids.length - 1 && step === steps.length);
}

function fit() {
  root.style.setProperty("--lecture", String(Math.min(innerWidth / WIDE, innerHeight / HIGH)));
  fitText();
}

/** Tell every drawing how much it is reduced, so that its letters are not (`lecture.css`). */
function fitText() {
  const section = here && exhibits.get(here.id)?.section;
  const drawings = /** @type {SVGSVGElement[]} */ ([...(section?.querySelectorAll(".stage svg[viewBox]") ?? [])]);
  const scales = drawings.map((svg) => {
    const [shown, drawn] = [svg.getBoundingClientRect(), svg.viewBox.baseVal];
    return Math.min(shown.width / drawn.width, shown.height / drawn.height) / Number(root.style.getPropertyValue("--lecture"));
  });
  drawings.forEach((svg, i) => scales[i] && svg.style.setProperty("--reduced", scales[i].toFixed(4)));
}
const redrawn = new MutationObserver(fitText);

/** A control that the mouse has moved gives the keys back: the clicker's belong to the lecture. @param {Event} e */
function giveBack(e) {
  const control = e.target instanceof Element ? e.target.closest("button, input[type=range], input[type=checkbox]") : null;
  if (here && control instanceof HTMLElement) control.blur();
}

export function startLecture() {
  find("#lecture").addEventListener("click", enter);
  find("#lecture-back").addEventListener("click", () => turn(-1));
  find("#lecture-next").addEventListener("click", () => turn(1));
  find("#lecture-leave").addEventListener("click", leave);
  addEventListener("resize", () => here && fit());
  addEventListener("pointerup", giveBack);
  addEventListener("click", (e) => e.detail && giveBack(e));
  moved(follow);
  follow(true);
}
