// An exhibit is built when the reader comes near, and updated when its state changes while it is near.
import { AGAIN, ask, telling } from "./ask.js";
import { find, h } from "./dom.js";
import { relight } from "./link.js";
import { listen, supposing } from "./store.js";

const narrow = matchMedia("(max-width: 920px)");
const QUIET = 200; // milliseconds without a change, after which exhibits near the screen are updated

/** @typedef {Record<string, any>} Answers */
/**
 * @typedef {object} Plan
 * @property {number} number the slide
 * @property {string[]} keys the state that it depends on
 * @property {() => Record<string, [string, Record<string, string | number>]>} questions its questions, by the name under which `draw` gets the answer
 * @property {(stage: HTMLElement) => void} build creates its elements, once
 * @property {(answers: Answers) => void} draw puts the answers into them
 * @property {boolean} [themed] whether another theme needs a redraw
 * @property {() => [string, Record<string, string | number>]} [predict] the question that a reader may answer before it moves
 * @property {Step[]} [lecture] its steps in lecturer mode; without them it has one, which shows everything
 */
/**
 * One step of an exhibit in a lecture.
 * @typedef {object} Step
 * @property {string} says its name, a word or two
 * @property {Record<string, string | number>} [state] what it begins with, in place of the defaults
 * @property {string[]} [parts] which of the elements with `data-part` are shown; all, if not given
 * @property {() => void} [act] what runs when it is reached
 */
/**
 * @typedef {object} Exhibit
 * @property {HTMLElement} section
 * @property {Step[]} steps
 * @property {(() => [string, Record<string, string | number>]) | undefined} predict
 * @property {() => Promise<void>} ready draws it, though it may not be on the screen
 * @property {(step: Step) => void} expect asks for what this step will need
 */

/** Every exhibit by the id of its section. @type {Map<string, Exhibit>} */
export const exhibits = new Map();

/** Parts that are wider than a phone can be scrolled by keys. @param {HTMLElement} section */
function reachable(section) {
  if (!narrow.matches) return;
  for (const part of section.querySelectorAll(".eq, .incode, .shapes, .bars, .equals, .path")) {
    if (part.scrollWidth > part.clientWidth) part.setAttribute("tabindex", "0");
    else part.removeAttribute("tabindex");
  }
}

/** @param {Plan} plan */
export function exhibit(plan) {
  const section = find(`#slide-${plan.number}`);
  const stage = find(".stage", section);
  let built = false;
  let isNear = false;
  let isSeen = false;
  let later = 0;
  let stale = true;
  let working = false;
  /** @type {Promise<void>} */ let drawn = Promise.resolve();

  function refresh() {
    if (!working && (isNear || isSeen) && stale) drawn = draw();
    return drawn;
  }

  async function draw() {
    working = true;
    section.dataset.busy = "yes";
    while (stale) {
      stale = false;
      try {
        if (!built) plan.build(stage);
        built = true;
        const wanted = Object.entries(plan.questions());
        const asked = wanted.map(([, question]) => question);
        const answers = await telling(Promise.all(asked.map(([name, parameters]) => ask(name, parameters))), asked, wait);
        plan.draw(Object.fromEntries(wanted.map(([key], i) => [key, answers[i]])));
        find(".failed", section).hidden = true;
        relight();
        reachable(section);
      } catch (wrong) {
        const line = find(".failed", section);
        line.hidden = false;
        line.textContent = `✕ ${wrong instanceof Error ? wrong.message : wrong}`;
        if (!(wrong instanceof Error) || wrong.name !== "Error") console.error(wrong);
        if (wrong instanceof Error && "again" in wrong) later = window.setTimeout(outdated, AGAIN);
      }
    }
    working = false;
    section.dataset.busy = "no";
  }

  /** What the reader waits for; what is drawn meanwhile is of before. @param {string} words */
  function wait(words) {
    waiting.textContent = words;
    waiting.hidden = !words;
    section.toggleAttribute("data-waiting", Boolean(words));
  }

  function outdated() {
    stale = true;
    if (isNear) section.dataset.busy = "yes";
    clearTimeout(later);
    if (isSeen) refresh();
    else if (isNear) later = window.setTimeout(refresh, QUIET); // while a run plays, only exhibits on the screen are drawn
  }

  exhibits.set(section.id, {
    section,
    steps: plan.lecture ?? [{ says: "" }],
    predict: plan.predict,
    ready: () => {
      isNear = true;
      return refresh();
    },
    expect: ({ state }) => {
      if (!state) return; // the answers are those that it has
      for (const [name, parameters] of Object.values(supposing(state, plan.questions))) ask(name, parameters).catch(() => {});
    },
  });
  const waiting = h("p", { class: "waiting", role: "status", hidden: true });
  stage.before(waiting);
  section.append(h("p", { class: "failed", role: "status", hidden: true }));
  listen(plan.keys, outdated);
  if (plan.themed) document.addEventListener("themechange", outdated);
  // A reader who goes on by Tab finds the next exhibit's controls, though it is still below the screen.
  section.previousElementSibling?.addEventListener("focusin", () => {
    isNear = true;
    refresh();
  });
  new IntersectionObserver((entries) => {
    isSeen = entries[entries.length - 1]?.isIntersecting ?? false;
    if (isSeen) refresh();
  }).observe(section);
  new IntersectionObserver(
    (entries) => {
      isNear = entries[entries.length - 1]?.isIntersecting ?? false;
      refresh();
    },
    { rootMargin: "300px 0px" },
  ).observe(section);
}
