// Hovering an element with `data-h="key"` highlights all elements whose `data-l` contains the key.

/** @type {Element[]} */ let lit = [];
let now = "";

/** Highlight a key again after elements were replaced. */
export function relight() {
  for (const element of lit) element.classList.remove("lit");
  lit = now ? [...document.querySelectorAll(`[data-l~="${CSS.escape(now)}"]`)] : [];
  for (const element of lit) element.classList.add("lit");
}

/** @param {string} key */
export function light(key) {
  if (key === now) return;
  now = key;
  relight();
}

/** @param {EventTarget | null} target */
const keyOf = (target) => (target instanceof Element && target.closest("[data-h]")?.getAttribute("data-h")) || "";

export function startLinking() {
  document.addEventListener("pointerover", (e) => light(keyOf(e.target)));
  document.addEventListener("focusin", (e) => light(keyOf(e.target)));
  document.addEventListener("keydown", (e) => {
    if (e.key === "Escape") light("");
  });
}
