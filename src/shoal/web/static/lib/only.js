// `?only=slide-10` shows this exhibit alone, without strip, contents and notes: for a frame in another page (`only.css`).
import { find, h } from "./dom.js";
import { arrive } from "./store.js";

const root = document.documentElement;

/** Whether one exhibit is shown alone, by its address. */
export const isOnly = () => Boolean(root.dataset.only) && !folded;

let folded = false; // whether the reader folded the page around a section, and can unfold it

/** Whether the page is folded around a section. */
export const isFolded = () => folded;

/** Fold the page around a section, which then fills the screen, or unfold it again. @param {HTMLElement} section @param {boolean} on */
export function fold(section, on) {
  folded = on;
  section.toggleAttribute("data-alone", on);
  if (on) root.dataset.only = section.id;
  else delete root.dataset.only;
  section.scrollIntoView({ behavior: "instant" });
}

/** @param {any} page */
export function startOnly(page) {
  root.toggleAttribute("data-own", page.own); // the texts beside the exhibits are about the chapter's network
  const named = root.dataset.only ?? new URLSearchParams(location.search).get("only"); // a copy of one exhibit names it itself
  if (!named && named !== "") return;
  const ids = [...document.querySelectorAll("main > section.ex")].map((section) => section.id);
  if (!ids.includes(named)) {
    const words = `✕ There is no exhibit “${named.slice(0, 40)}” to show alone; write ?only= with one of ${ids.join(", ")}.`;
    find("main").prepend(h("p", { class: "failed", role: "status" }, words));
    return;
  }
  root.dataset.only = named;
  find(`#${named}`).dataset.alone = "";
  arrive(named);
}
