// Light and dark, and the two hues as numbers for canvases.
import { h } from "./dom.js";

const root = document.documentElement;
const system = matchMedia("(prefers-color-scheme: dark)");
/** @type {Record<string, [number, number, number]> | null} */ let known = null;

function changed() {
  known = null;
  document.dispatchEvent(new Event("themechange"));
}

/** Whether the page is dark now. */
export const isDark = () => (root.dataset.theme ? root.dataset.theme === "dark" : system.matches);

/** The browser's memory of this page; null where it has none, as for files in some browsers. */
export function memory() {
  try {
    return localStorage;
  } catch {
    return null;
  }
}

/** Put on another theme, which is not remembered; returns the one before. @param {string} theme empty for the system's */
export function wear(theme) {
  const before = root.dataset.theme ?? "";
  if (theme) root.dataset.theme = theme;
  else delete root.dataset.theme;
  changed();
  return before;
}

export function toggleTheme() {
  root.dataset.theme = isDark() ? "light" : "dark";
  memory()?.setItem("theme", root.dataset.theme);
  changed();
}

export function startTheme() {
  const asked = new URLSearchParams(location.search).get("theme") ?? memory()?.getItem("theme");
  if (asked === "dark" || asked === "light") root.dataset.theme = asked;
  system.addEventListener("change", changed);
}

/** The theme's colours as red, green, blue. @returns {Record<string, [number, number, number]>} */
export function hues() {
  if (known) return known;
  const probe = h("i", { hidden: true });
  document.body.append(probe);
  const read = (/** @type {string} */ name) => {
    probe.style.color = `var(--${name})`;
    const parts = getComputedStyle(probe).color.match(/[\d.]+/g) ?? ["0", "0", "0"];
    return /** @type {[number, number, number]} */ (parts.slice(0, 3).map(Number));
  };
  const classes = Object.fromEntries(Array.from({ length: 8 }, (_, c) => [`k${c}`, read(`k${c}`)]));
  const found = { ...classes, pos: read("pos"), neg: read("neg"), paper: read("paper"), ink: read("ink"), rule: read("rule-2") };
  probe.remove();
  known = found;
  return found;
}
