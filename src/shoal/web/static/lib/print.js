// Printing: every exhibit on a page of its own (`print.css`), drawn before the print begins, in hues that differ in grey too.
import { h, put } from "./dom.js";
import { exhibits } from "./exhibit.js";
import { get } from "./store.js";
import { wear } from "./theme.js";
import { tr } from "./words.js";

const root = document.documentElement;

/** Draw every exhibit, one after the other, because some measure times. @param {(done: number, of: number) => void} tell */
async function drawAll(tell) {
  let done = 0;
  for (const { ready } of exhibits.values()) {
    tell(done, exhibits.size);
    await ready();
    done += 1;
  }
  root.dataset.whole = "yes";
}

/** The colours of the print, and the state of the example network, which stands under each page. */
function dress() {
  root.style.setProperty(
    "--printed",
    JSON.stringify(
      get("edits")
        ? tr`The example network at step ${get("step")}, with numbers set by hand, example ${get("ex")}.`
        : tr`The example network at step ${get("step")}, example ${get("ex")}.`,
    ),
  );
  return wear("print");
}

/** Draw all, then print. */
async function print() {
  const line = h("p", { class: "printing", role: "status" });
  document.body.append(line);
  const before = dress();
  await drawAll((done, of) => put(line, tr`Drawing the exhibits for the print: ${done} of ${of}`));
  line.remove();
  window.print();
  wear(before);
}

export function startPrint() {
  document.addEventListener("keydown", (e) => {
    if (!(e.ctrlKey || e.metaKey) || e.altKey || e.shiftKey || e.key.toLowerCase() !== "p") return;
    e.preventDefault();
    void print();
  });
  if (new URLSearchParams(location.search).has("handout")) {
    dress();
    void drawAll(() => {});
    return;
  }
  // From the browser's own menu, the print cannot wait: what was drawn before is there, and for the rest the page says so.
  let before = "";
  addEventListener("beforeprint", () => {
    if (root.dataset.theme === "print") return;
    before = dress();
    for (const { ready } of exhibits.values()) void ready();
    addEventListener("afterprint", () => wear(before), { once: true });
  });
}
