// `?only=slide-10` shows this exhibit alone, without strip, contents and notes: for a frame in another page (`only.css`).
import { find, h } from "./dom.js";
import { arrive } from "./store.js";

const root = document.documentElement;

/** Whether one exhibit is shown alone. */
export const isOnly = () => Boolean(root.dataset.only);

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
