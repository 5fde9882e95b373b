// "Take it with you": the network as Python, as JSON, as an equation.
import { h, put } from "../lib/dom.js";
import { tr } from "../lib/words.js";

/** @type {[string, string, string][]} */
const FORMS = [
  ["python", "Python", "network.py"],
  ["json", tr("Weights as JSON"), "network.json"],
  ["equation", tr("Equation"), "network.txt"],
];

/** The button and its sheet. @param {() => Promise<any>} fetchIt */
export function takeAway(fetchIt) {
  const text = h("pre", { tabindex: 0, id: "taken" });
  const note = h("p", { class: "cap" });
  const tabs = h("span", { class: "seg", role: "group", "aria-label": tr("form") });
  const copy = h("button", { type: "button", class: "small" }, tr("Copy"));
  const save = h("a", { class: "small save" }, tr("Save"));
  const close = h("button", { type: "button", class: "small" }, tr("Close"));
  const sheet = /** @type {HTMLDialogElement} */ (
    h(
      "dialog",
      { class: "sheet take-sheet", "aria-label": tr("Take it with you") },
      h("h3", {}, tr("Take it with you")),
      h("div", { class: "bar" }, tabs, copy, save, close),
      note,
      text,
    )
  );
  /** @type {any} */ let taken = {};

  /** @param {string} form */
  function show(form) {
    const file = FORMS.find(([name]) => name === form)?.[2] ?? "network.txt";
    put(text, taken[form] || missing(form));
    text.dataset.form = form;
    put(note, says(form));
    for (const b of tabs.children) b.setAttribute("aria-pressed", String(b.getAttribute("data-form") === form));
    const link = /** @type {HTMLAnchorElement} */ (save);
    if (link.href) URL.revokeObjectURL(link.href);
    link.href = URL.createObjectURL(new Blob([taken[form]], { type: "text/plain" }));
    link.download = file;
  }

  const missing = (/** @type {string} */ form) =>
    taken.diverged
      ? tr("This training diverged, where fit raises an error and gives no network. Lower the rate and train again.")
      : form === "python"
      ? tr("Train for one whole epoch first: before that, fit has no network to give.")
      : tr("The weights of this network became infinite or NaN.");

  /** @param {string} form */
  function says(form) {
    if (taken.diverged) return "";
    if (form === "python" && taken.over)
      return tr`These lines give the network after epoch ${taken.epochs}; it is ${taken.over} updates into the next one. Press the double arrow to finish that epoch.`;
    if (form === "python")
      return tr`If shoal is installed, these lines give this network: the same weights, to the last digit, after ${taken.epochs} epochs.`;
    if (form === "json") return tr("The weights and the scaling of the inputs; every number with all its digits.");
    return tr("The whole network over your columns, with the scaling in the weights.");
  }

  put(tabs, ...FORMS.map(([form, title]) => h("button", { type: "button", "data-form": form, onclick: () => show(form) }, title)));
  copy.addEventListener("click", () => {
    navigator.clipboard.writeText(text.textContent ?? "").then(
      () => put(copy, tr("Copied")),
      () => put(copy, tr("Not allowed")),
    );
    setTimeout(() => put(copy, tr("Copy")), 900);
  });
  close.addEventListener("click", () => sheet.close());
  const open = async () => {
    try {
      taken = await fetchIt();
      show("python");
    } catch (wrong) {
      put(text, wrong instanceof Error ? wrong.message : String(wrong));
    }
    sheet.showModal();
  };
  const button = h("button", { type: "button", id: "take", onclick: () => void open() }, tr("Take it with you"));
  return h(
    "div",
    { class: "take" },
    button,
    h("span", { class: "cap" }, tr("the Python lines that give exactly this network, its weights as JSON, the network as an equation")),
    sheet,
  );
}
