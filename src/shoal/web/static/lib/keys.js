// Keys: arrows step the training, `[` and `]` the example, `?` shows the sheet; in lecturer mode a clicker's keys go through the exhibits.
import { beside } from "./ask.js";
import { find } from "./dom.js";
import { blank, isLecture, leave, toggleLecture, turn as turnStep, turnExhibit, unfold } from "./lecture.js";
import { isFolded, isOnly } from "./only.js";
import { predictHere } from "./predict.js";
import { goTo } from "./rail.js";
import { number, reset, set } from "./store.js";
import { walk } from "./strip.js";
import { toggleTheme } from "./theme.js";

/** @param {EventTarget | null} target */
const typing = (target) => target instanceof HTMLElement && (target.matches("input, select, textarea") || target.isContentEditable);

/** Whether a card or a sheet is open, which Escape closes. */
const opened = () => Boolean(document.querySelector(":popover-open, dialog[open]"));

/** Whether Space operates the element. @param {EventTarget | null} target */
const operated = (target) => target instanceof Element && target.closest("button, summary, [role=button]") !== null;

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
    p: toggleLecture,
    q: predictHere,
    "?": () => (sheet.open ? sheet.close() : sheet.showModal()),
  };
  const next = () => turnStep(1);
  const before = () => turnStep(-1);
  const dark = () => void blank();
  /** @type {Record<string, (e: KeyboardEvent) => void>} */
  const teaches = {
    PageDown: next,
    ArrowRight: next,
    ArrowDown: next,
    " ": (e) => turnStep(e.shiftKey ? -1 : 1),
    PageUp: before,
    ArrowLeft: before,
    ArrowUp: before,
    j: () => turnExhibit(1),
    k: () => turnExhibit(-1),
    b: dark,
    ".": dark, // some clickers send it to blank the screen
    Escape: leave,
  };
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || typing(e.target)) return;
    if (isOnly() && "jkp".includes(e.key.toLowerCase())) return; // there is no other exhibit here
    if (isFolded() && !opened()) {
      if (e.key === "Escape") unfold();
      if ("jk".includes(e.key.toLowerCase())) return;
    }
    if (isLecture() && (opened() || (e.key === " " && operated(e.target)))) return;
    const key = e.key.length === 1 ? e.key.toLowerCase() : e.key;
    const action = (isLecture() && teaches[key]) || does[key];
    if (!action || (sheet.open && key !== "?")) return;
    e.preventDefault();
    action(e);
  });
  find("#show-keys").addEventListener("click", () => sheet.showModal());
  find("button", sheet).addEventListener("click", () => sheet.close());
}
