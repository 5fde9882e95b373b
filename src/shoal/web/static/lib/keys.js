// Keys: arrows step the training, `[` and `]` the example, `?` shows the sheet.
import { beside } from "./ask.js";
import { find } from "./dom.js";
import { goTo } from "./rail.js";
import { number, reset, set } from "./store.js";
import { walk } from "./strip.js";
import { toggleTheme } from "./theme.js";

/** @param {EventTarget | null} target */
const typing = (target) => target instanceof HTMLElement && (target.matches("input, select, textarea") || target.isContentEditable);

/** @param {any} page */
export function startKeys(page) {
  const sheet = /** @type {HTMLDialogElement} */ (find("#keys"));
  const sections = [...document.querySelectorAll("main > section")];
  const turn = (/** @type {number} */ by) => {
    const at = sections.findIndex((e) => e.getBoundingClientRect().bottom > 140);
    goTo(/** @type {HTMLElement | undefined} */ (sections[Math.min(sections.length - 1, Math.max(0, at + by))]));
  };
  const example = (/** @type {number} */ by) => set({ ex: Math.min(page.Y.length, Math.max(1, beside("example.ex", number("ex"), by))) });
  /** @type {Record<string, (e: KeyboardEvent) => void>} */
  const does = {
    ArrowRight: (e) => walk(e.shiftKey ? 10 : 1, page.last),
    ArrowLeft: (e) => walk(e.shiftKey ? -10 : -1, page.last),
    Home: () => set({ step: 0 }),
    "]": () => example(1),
    "[": () => example(-1),
    j: () => turn(1),
    k: () => turn(-1),
    r: () => reset(["step", "ex", "edits", "3.x1", "3.x2"]),
    d: toggleTheme,
    "?": () => (sheet.open ? sheet.close() : sheet.showModal()),
  };
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || typing(e.target)) return;
    const action = does[e.key];
    if (!action || (sheet.open && e.key !== "?")) return;
    e.preventDefault();
    action(e);
  });
  find("#show-keys").addEventListener("click", () => sheet.showModal());
  find("button", sheet).addEventListener("click", () => sheet.close());
}
