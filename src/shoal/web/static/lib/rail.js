// The contents list shows the reader's section, and the address follows.
import { arrive, place, visit } from "./store.js";

export function startRail() {
  const links = new Map(
    [...document.querySelectorAll(".rail a")].map((a) => [a.getAttribute("href")?.slice(1) ?? "", /** @type {HTMLElement} */ (a)]),
  );
  const rail = /** @type {HTMLElement} */ (document.querySelector(".rail"));
  for (const [id, link] of links) {
    link.addEventListener("click", (e) => {
      e.preventDefault();
      visit(id);
      goTo(document.getElementById(id));
    });
  }
  // The state of the new address is set before this is called.
  addEventListener("hashchange", () => (place() ? goTo(document.getElementById(place())) : scrollTo({ top: 0, behavior: "instant" })));
  const show = (/** @type {string} */ id) => {
    const link = links.get(id);
    if (!link || link.hasAttribute("aria-current")) return;
    for (const other of links.values()) other.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    if (rail.scrollWidth > rail.clientWidth) rail.scrollTo({ left: link.offsetLeft - rail.clientWidth / 2 });
    arrive(id);
  };
  history.scrollRestoration = "manual"; // the address names the section; the height above it may have changed since
  const start = place();
  // A strip below the middle of the screen's upper half; if two sections meet in it, the later one counts.
  // Sections that leave the strip count as well as those that enter it: the remaining section is then the only one in it.
  const watch = () => {
    const sections = [...document.querySelectorAll("main > section")];
    const inStrip = new Set();
    const seen = new IntersectionObserver(
      (entries) => {
        for (const e of entries) inStrip[e.isIntersecting ? "add" : "delete"](e.target);
        const here = sections.filter((section) => inStrip.has(section)).pop();
        if (here) show(here.id);
      },
      { rootMargin: "-30% 0px -65% 0px" },
    );
    for (const section of sections) seen.observe(section);
  };
  // The reader's position is restored before the observer may write another one into the address.
  const named = start ? document.getElementById(start) : null;
  if (named) goTo(named);
  requestAnimationFrame(watch);
}

let leave = () => {};

/** Show a section, and keep it at the top of the screen while exhibits above it are still being drawn, until the reader acts. @param {HTMLElement | null | undefined} section */
export function goTo(section) {
  leave();
  if (!section) return;
  const here = () => section.scrollIntoView({ behavior: "instant" });
  here();
  const drawn = new ResizeObserver(here);
  for (const above of document.querySelectorAll("main > section")) if (above !== section) drawn.observe(above);
  const acts = new AbortController();
  leave = () => {
    drawn.disconnect();
    acts.abort();
  };
  // The key or click that led here is still on its way.
  setTimeout(() => {
    for (const sign of ["wheel", "touchstart", "mousedown", "keydown"])
      addEventListener(sign, () => leave(), { once: true, passive: true, signal: acts.signal });
  });
}
