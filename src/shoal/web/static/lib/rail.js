// The contents list shows the reader's section, and the address follows. Both change only because the reader moved:
// if the layout alone moved the section, because an exhibit above it changed its height, the page is scrolled after it.
import { arrive, place, visit } from "./store.js";

/** @type {Map<string, HTMLElement>} */ const links = new Map();
/** The reader's section, and where its top, the page and its end were when the reader last moved. @type {{section: Element, top: number, scrolled: number, end: number} | null} */
let kept = null;

export function startRail() {
  for (const a of document.querySelectorAll(".rail a")) links.set(a.getAttribute("href")?.slice(1) ?? "", /** @type {HTMLElement} */ (a));
  for (const [id, link] of links) {
    link.addEventListener("click", (e) => {
      e.preventDefault();
      visit(id);
      goTo(document.getElementById(id));
    });
  }
  // The state of the new address is set before this is called.
  addEventListener("hashchange", () => (place() ? goTo(document.getElementById(place())) : scrollTo({ top: 0, behavior: "instant" })));
  history.scrollRestoration = "manual"; // the address names the section; the height above it may have changed since
  const named = document.getElementById(place());
  if (named) goTo(named);
  else follow();
  addEventListener("scroll", () => look() && follow(arrive), { passive: true });
  const grown = new ResizeObserver(look);
  for (const part of document.querySelectorAll("main > *")) grown.observe(part);
}

/** Where the page ends, and where it is. */
const scroll = () => ({ scrolled: scrollY, end: document.documentElement.scrollHeight - innerHeight });

/** Whether the reader has moved since the last look. If only the layout has, the section is brought back to where it was. */
function look() {
  const { lecture, only } = document.documentElement.dataset;
  if (lecture || only) return false; // one exhibit fills the screen (`lecture.js`), or is alone (`only.js`)
  if (!kept) return true;
  const { scrolled, end } = scroll();
  const away = kept.section.getBoundingClientRect().top - kept.top;
  const shortened = end < kept.end && scrolled < kept.scrolled && scrolled >= end - 1; // the browser scrolls back from beyond the end
  const moved = Math.abs(away) >= 1 && Math.abs(scrolled - kept.scrolled) >= 1 && !shortened;
  if (moved) return true;
  if (Math.abs(away) >= 1) scrollBy({ top: away, behavior: "instant" });
  Object.assign(kept, scroll());
  return false;
}

/** Mark the section that meets a strip below the middle of the screen's upper half, the later one of two. @param {(id: string) => void} [arrived] */
function follow(arrived) {
  const met = [...document.querySelectorAll("main > section")].filter((section) => {
    const { top, bottom } = section.getBoundingClientRect();
    return top < 0.35 * innerHeight && bottom > 0.3 * innerHeight;
  });
  const section = met.pop();
  kept = section ? { section, top: section.getBoundingClientRect().top, ...scroll() } : null;
  if (!section) {
    if (scrollY < 0.3 * innerHeight) for (const link of links.values()) link.removeAttribute("aria-current"); // at the opening
    return;
  }
  mark(section.id);
  arrived?.(section.id);
}

/** @param {string} id */
function mark(id) {
  const link = links.get(id);
  if (!link || link.hasAttribute("aria-current")) return;
  for (const other of links.values()) other.removeAttribute("aria-current");
  link.setAttribute("aria-current", "true");
  const rail = /** @type {HTMLElement} */ (link.closest(".rail"));
  if (rail.scrollWidth > rail.clientWidth) rail.scrollTo({ left: link.offsetLeft - rail.clientWidth / 2 });
}

/** Show a section at the top of the screen; it stays there while exhibits above it are still being drawn. @param {HTMLElement | null | undefined} section */
export function goTo(section) {
  if (!section) return;
  section.scrollIntoView({ behavior: "instant" });
  // Where it belongs, even if what lies below it is still too short for that.
  kept = { section, top: parseFloat(getComputedStyle(document.documentElement).scrollPaddingTop), ...scroll() };
  mark(section.id);
  arrive(section.id);
}
