// The contents rail shows where the reader is, and the address follows.
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
  const watch = () => {
    const seen = new IntersectionObserver(
      (entries) => {
        for (const e of entries) if (e.isIntersecting && links.has(e.target.id)) show(e.target.id);
      },
      { rootMargin: "-30% 0px -65% 0px" },
    );
    for (const section of document.querySelectorAll("main > section")) seen.observe(section);
  };
  // The reader's place is restored before the observer may write another one into the address.
  if (start) document.getElementById(start)?.scrollIntoView({ behavior: "instant" });
  requestAnimationFrame(watch);
}
