// Numbers in drawings open their card by a click, and by keys: a drawing is one stop of Tab, and arrows go from number to number.
import { nameOf } from "./numbers.js";

const NUMBERS = '[role="button"][data-how]';

/** The attributes of a drawn number that opens its card. @param {string} how the key of the card @param {string} value as it is written @param {string} [name] if there are words beside it */
export const opens = (how, value, name = nameOf(how, value)) => ({ "data-how": how, role: "button", tabindex: -1, "aria-label": name });

/** Let Tab stop at a drawing that has such numbers. An image would hide them from screen readers: it becomes a group. @param {Element} drawing */
export function reachable(drawing) {
  const first = drawing.querySelector(NUMBERS);
  if (!first) return;
  drawing.setAttribute("role", "group");
  first.setAttribute("tabindex", "0");
}

/** The numbers of the drawing around one of them. @param {EventTarget | null} target @returns {SVGElement[]} */
const beside = (target) =>
  target instanceof SVGElement && target.matches(NUMBERS) ? [.../** @type {NodeListOf<SVGElement>} */ (target.ownerSVGElement?.querySelectorAll(NUMBERS) ?? [])] : [];

/** @type {Record<string, (at: number, last: number) => number>} */
const GOES = {
  ArrowRight: (at) => at + 1,
  ArrowDown: (at) => at + 1,
  ArrowLeft: (at) => at - 1,
  ArrowUp: (at) => at - 1,
  Home: () => 0,
  End: (_, last) => last,
};

export function startReach() {
  document.addEventListener("focusin", (e) => {
    const all = beside(e.target);
    for (const number of all) number.setAttribute("tabindex", number === e.target ? "0" : "-1");
  });
  // In the capturing phase: the page's own arrows, which step the training, come after it.
  document.addEventListener(
    "keydown",
    (e) => {
      if (e.ctrlKey || e.metaKey || e.altKey) return;
      const all = beside(e.target);
      const last = all.length - 1;
      const next = all[Math.min(Math.max(GOES[e.key]?.(all.indexOf(/** @type {SVGElement} */ (e.target)), last) ?? -1, 0), last)];
      if (!GOES[e.key] || !next) return;
      e.preventDefault();
      e.stopPropagation();
      next.focus({ preventScroll: true });
    },
    { capture: true },
  );
}
