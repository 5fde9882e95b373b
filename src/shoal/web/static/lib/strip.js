// The strip at the top: the example network, in every section.
import { AGAIN, ask, beside, isRecorded, telling } from "./ask.js";
import { find, put, s } from "./dom.js";
import { iconButton, paced } from "./controls.js";
import { miniature } from "./network.js";
import { num, percent, whole } from "./numbers.js";
import { tr } from "./words.js";
import { relight } from "./link.js";
import { spark } from "./chart.js";
import { reachable } from "./reach.js";
import { get, listen, number, reset, set } from "./store.js";

/** @param {number} last @param {number} half */
const slider = (last, half) => {
  // Half of the slider is the first `half` steps, where most changes happen: a power scale.
  const power = Math.log(half / last) / Math.log(0.46);
  return {
    to: (/** @type {number} */ p) => Math.round(last * (p / 1000) ** power),
    from: (/** @type {number} */ v) => 1000 * (v / last) ** (1 / power),
  };
};

/** One step forward or back; in a static copy to the next recorded one. @param {number} by @param {number} last */
export function walk(by, last) {
  set({ step: Math.min(last, Math.max(0, beside("hand.step", number("step"), by))) });
}

/** The mark of a class: colour and shape. @param {number} y */
export const mark = (y) => {
  const out = s("svg", { width: 10, height: 10, class: "led", "aria-hidden": "true" });
  out.append(y ? s("circle", { cx: 5, cy: 5, r: 4.2, class: "fp" }) : s("rect", { x: 1, y: 1, width: 8, height: 8, class: "fn" }));
  return out;
};

/** @param {any} page */
export function startStrip(page) {
  const scale = slider(page.last, page.half);
  const input = /** @type {HTMLInputElement} */ (find("#step-slider"));
  find("#walk").prepend(iconButton("back", tr("one step back (←)"), () => walk(-1, page.last), { id: "step-back" }));
  find("#walk").append(iconButton("on", tr("one step forward (→)"), () => walk(1, page.last), { id: "step-on" }));
  input.addEventListener("input", () => move(scale.to(Number(input.value))));
  find("#reset").addEventListener("click", () => reset(["step", "ex", "edits", "3.x1", "3.x2"]));
  const move = paced((/** @type {number} */ step) => set({ step }));
  let stale = true;
  let working = false;

  /** One question at a time; the latest change is sent next, so that a long run shows its progress. */
  async function follow() {
    showStep();
    stale = true;
    if (working) return;
    working = true;
    while (stale) {
      stale = false;
      const parameters = { step: get("step"), edits: get("edits") };
      const hand = await telling(ask("hand", parameters), [["hand", parameters]], wait).catch((wrong) => {
        if (!("again" in wrong)) return null; // exhibits say what is wrong with the address
        wait(tr("the server does not respond"));
        window.setTimeout(follow, AGAIN);
        return null;
      });
      if (hand) {
        wait("");
        show(hand);
      }
    }
    working = false;
  }

  /** @param {string} words */
  function wait(words) {
    put(find("#hand-waiting"), words);
    find(".strip").toggleAttribute("data-waiting", Boolean(words));
  }

  function showStep() {
    const at = scale.from(number("step"));
    input.value = String(at);
    input.style.setProperty("--at", `${at / 10}%`);
    input.setAttribute("aria-valuetext", tr`step ${get("step")}`);
  }

  /** @param {any} hand */
  function show(hand) {
    put(find("#hand-net"), miniature(hand.W1, hand.W2));
    reachable(find(".strip .net"));
    put(find("#hand-step"), whole(hand.step));
    put(find("#hand-cost"), num(hand.J, { how: "J", name: "J" }));
    put(find("#hand-accuracy"), num(hand.accuracy, { how: "accuracy", name: "accuracy", text: percent(hand.accuracy / 100, 2) }));
    put(find("#hand-right"), tr`${hand.right} of ${page.Y.length}`);
    put(find("#hand-example"), get("ex"), " ", mark(page.Y[number("ex") - 1]));
    put(find("#hand-edited"), hand.edited.length ? tr`${hand.edited.length} set by hand` : tr`seed ${page.seed}`);
    spark(/** @type {SVGElement} */ (/** @type {unknown} */ (find("#hand-spark"))), hand.costs.at, hand.costs.v);
    document.documentElement.dataset.step = String(hand.step);
    relight();
  }

  listen(["step", "edits", "ex"], () => void follow());
  if (isRecorded()) find("#copy-note").hidden = false;
  void follow();
}
