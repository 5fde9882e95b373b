// The contents list shows the reader's section, and the address follows.
import { arrive, place } from "./store.js";

export function startRail() {
  const links = new Map(
    [...document.querySelectorAll(".rail a")].map((a) => [a.getAttribute("href")?.slice(1) ?? "", /** @type {HTMLElement} */ (a)]),
  );
  const rail = /** @type {HTMLElement} */ (document.querySelector(".rail"));
  for (const [id, link] of links) {
    link.addEventListener("click", (e) => {
      e.preventDefault();
      document.getElementById(id)?.scrollIntoView();
      arrive(id);
    });
  }
  const show = (/** @type {string} */ id) => {
    const link = links.get(id);
    if (!link || link.hasAttribute("aria-current")) return;
    for (const other of links.values()) other.removeAttribute("aria-current");
    link.setAttribute("aria-current", "true");
    if (rail.scrollWidth > rail.clientWidth) rail.scrollTo({ left: link.offsetLeft - rail.clientWidth / 2 });
    arrive(id);
  };
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
  if (named) stayAt(named);
  requestAnimationFrame(watch);
}

/** Keep a section at the top of the screen while exhibits above it are still being drawn, until the reader acts. @param {HTMLElement} section */
function stayAt(section) {
  const here = () => section.scrollIntoView({ behavior: "instant" });
  here();
  const drawn = new ResizeObserver(here);
  for (const above of document.querySelectorAll("main > section")) if (above !== section) drawn.observe(above);
  for (const sign of ["wheel", "touchstart", "mousedown", "keydown"]) addEventListener(sign, () => drawn.disconnect(), { once: true, passive: true });
}
