// Left: the data. A set of the page's own, or the reader's table with its target and the columns to draw.
import { h, put, s } from "../lib/dom.js";
import { sig } from "../lib/numbers.js";
import { get, set } from "../lib/store.js";
import { tr } from "../lib/words.js";
import { shape } from "./points.js";
import { post } from "./run.js";
import { holdOut, ownSet, ownTable, rowsPanel } from "./settings.js";

/** Kinds of files that the page may read. */
const ENDINGS =
  ".csv,.tsv,.txt,.dat,.data,.gz,.bz2,.xz,.zst,.zip,.parquet,.feather,.xlsx,.xls,.ods,.arff,.json,.jsonl,.sav,.dta,.sas7bdat,.db,.sqlite";

const LARGEST = 50 * 1024 * 1024;
export const READING = tr("reading …");
/** @type {[string, string][]} */
const SETS = [
  ["flower", tr("flower")],
  ["moons", tr("moons")],
  ["circles", tr("circles")],
  ["spirals", tr("spirals")],
  ["xor", tr("exclusive or")],
  ["blobs", tr("five blobs")],
  ["curve", tr("curve")],
  ["surface", tr("surface")],
];

/** A sketch of each set; the server has the data. @type {Record<string, (i: number) => [number, number, number]>} */
const SKETCH = {
  flower: (i) => {
    const t = (i / 36) * Math.PI * 2;
    const r = 17 * Math.sin(4 * t);
    return [r * Math.sin(t), r * Math.cos(t), i < 18 ? 0 : 1];
  },
  moons: (i) => {
    const t = ((i % 18) / 17) * Math.PI;
    return i < 18 ? [11 * Math.cos(t) - 5, 3 - 11 * Math.sin(t), 0] : [5 - 11 * Math.cos(t), 11 * Math.sin(t) - 3, 1];
  },
  circles: (i) => {
    const t = (i / 18) * Math.PI * 2;
    const r = i < 18 ? 15 : 7;
    return [r * Math.cos(t), r * Math.sin(t), i < 18 ? 0 : 1];
  },
  spirals: (i) => {
    const t = 1 + (i % 18) / 3.2;
    const turn = t + (i < 18 ? 0 : Math.PI);
    return [2.7 * t * Math.cos(turn), 2.7 * t * Math.sin(turn), i < 18 ? 0 : 1];
  },
  xor: (i) => {
    const [x, y] = [((i % 6) - 2.5) * 5.6, (Math.floor(i / 6) - 2.5) * 5.6];
    return [x, y, x * y > 0 ? 0 : 1];
  },
  blobs: (i) => {
    const [c, j] = [i % 5, Math.floor(i / 5)];
    const t = (c / 5) * Math.PI * 2 - Math.PI / 2;
    return [12 * Math.cos(t) + 3.4 * Math.cos(j * 2.4), 12 * Math.sin(t) + 3.4 * Math.sin(j * 2.4), c];
  },
  curve: (i) => [i - 17.5, -9 * Math.sin(i / 4.2) * Math.exp(-i / 40), 1],
  surface: (i) => {
    const [x, y] = [((i % 6) - 2.5) * 5.6, (Math.floor(i / 6) - 2.5) * 5.6];
    return [x, y, x - y > 0 ? 1 : 0];
  },
};

/** @param {string} name */
function thumb(name) {
  const marks = Array.from({ length: 36 }, (_, i) => SKETCH[name]?.(i) ?? [0, 0, 0]).map(([x, y, c]) =>
    s("path", { d: `M${x.toFixed(1)} ${y.toFixed(1)}${shape(c, 1.3)}`, class: `fill-k${c}` }),
  );
  return s("svg", { viewBox: "-22 -20 44 40", width: 44, height: 38, "aria-hidden": "true" }, ...marks);
}

/** The panel; `say` shows an error. */
export class DataPanel {
  /** @param {(words: string) => void} say */
  constructor(say) {
    this.say = say;
    this.title = h("small", {});
    this.own = h("div", { class: "own-table" });
    this.rows = h("div", { class: "rows" }, ...rowsPanel());
    const buttons = SETS.map(([name, title]) =>
      h(
        "button",
        { type: "button", "data-set": name, onclick: () => set(ownSet(name)) },
        thumb(name),
        h("span", {}, title),
      ),
    );
    this.thumbs = h("div", { class: "thumbs" }, ...buttons);
    this.element = h(
      "div",
      { class: "pg-data" },
      h("h3", {}, tr("Data"), " ", this.title),
      this.thumbs,
      this.#drop(),
      this.rows,
      holdOut(),
      this.own,
    );
  }

  #drop() {
    const input = /** @type {HTMLInputElement} */ (h("input", { type: "file", id: "own-file", accept: ENDINGS }));
    const zone = h(
      "label",
      { class: "drop", for: "own-file" },
      h("span", {}, tr("Drop a table here (CSV, Excel, …)"), h("br", {}), tr`or ${h("u", {}, tr("choose a file"))}`),
      input,
    );
    input.addEventListener("change", () => {
      const file = input.files?.[0];
      if (file) void this.send(file).then(() => (input.value = ""));
    });
    const over = (/** @type {boolean} */ on) => (/** @type {DragEvent} */ e) => {
      e.preventDefault();
      zone.classList.toggle("over", on);
    };
    zone.addEventListener("dragover", over(true));
    zone.addEventListener("dragleave", over(false));
    zone.addEventListener("drop", (e) => {
      over(false)(e);
      const file = e.dataTransfer?.files[0];
      if (file) void this.send(file);
    });
    return zone;
  }

  /** @param {File} file */
  async send(file) {
    if (file.size > LARGEST)
      return this.say(tr`${file.name} has ${Math.round(file.size / 1048576)} MB; the page takes tables of at most 50 MB.`);
    this.say(READING);
    try {
      const table = await post(`api/tables?name=${encodeURIComponent(file.name)}`, file);
      this.say("");
      set(ownTable(table.table, table.target));
    } catch (wrong) {
      this.say(wrong instanceof Error ? wrong.message : String(wrong));
    }
  }

  /** @param {any} scene */
  show(scene) {
    const own = get("p.data") === "own";
    this.#ownTitle(own, own ? scene.title : tr`${scene.m + scene.m_test} points`);
    for (const e of this.rows.querySelectorAll("input")) e.disabled = get("p.data") === "flower" && e.dataset.key === "p.noise";
    put(this.own, ...(own ? this.#columns(scene) : []));
  }

  /** The table of the address when its target is refused: another one can be chosen. @param {any} table as the server describes it */
  refused(table) {
    this.#ownTitle(true, table.name);
    put(
      this.own,
      h("p", { class: "lab" }, tr("choose another target")),
      chosen("p.target", tr("target"), named(table.columns.map((/** @type {any} */ c) => c.name)), get("p.target") || table.target),
    );
  }

  /** @param {boolean} own @param {string} title */
  #ownTitle(own, title) {
    put(this.title, title);
    for (const b of this.thumbs.children) b.setAttribute("aria-pressed", String(b.getAttribute("data-set") === get("p.data")));
    this.rows.hidden = own;
    this.thumbs.classList.toggle("compact", own);
  }

  /** @param {any} scene */
  #columns(scene) {
    // The address may leave the columns to the server; the lists show what it chose.
    return [
      chosen("p.target", tr("target"), named(scene.choices), scene.target),
      chosen("p.x", tr("draw →"), named(scene.axes), scene.x),
      chosen("p.y", tr("draw ↑"), [...named(scene.axes), ["none", tr("no second")]], scene.y || "none"),
      scene.holds.length ? h("p", { class: "lab" }, tr("the others held at")) : null,
      ...scene.holds.map(holder),
      columnsTable(scene.columns),
    ];
  }
}

/** @param {string[]} names @returns {[string, string][]} */
const named = (names) => names.map((n) => [n, n]);

/** A list of columns for one state key. @param {string} key @param {string} label @param {[string, string][]} options @param {string} value */
function chosen(key, label, options, value) {
  const select = /** @type {HTMLSelectElement} */ (
    h("select", { "data-key": key }, ...options.map(([value, content]) => h("option", { value }, content)))
  );
  select.value = value;
  select.addEventListener("change", () =>
    set(key === "p.target" ? { "p.target": select.value, "p.x": "", "p.y": "", "p.held": "{}", "p.t": 0 } : { [key]: select.value }),
  );
  return h("label", { class: "field" }, h("span", { class: "lab" }, label), select);
}

/** The columns as they are read, as `shoal look` prints them. @param {any} columns */
function columnsTable(columns) {
  const cells = (/** @type {string} */ tag, /** @type {any[]} */ row) => h("tr", {}, ...row.map((cell) => h(tag, {}, String(cell))));
  return h(
    "details",
    { class: "columns" },
    h("summary", {}, tr`${columns.rows.length} columns, as they are read`),
    ...columns.notes.map((/** @type {string} */ note) => h("p", { class: "cap" }, note)),
    h(
      "div",
      { class: "wide" },
      h("table", {}, h("thead", {}, cells("th", columns.header)), h("tbody", {}, ...columns.rows.map((/** @type {any[]} */ row) => cells("td", row)))),
    ),
  );
}

/** Hold one column at the reader's value. @param {string} name @param {any} value */
function hold(name, value) {
  const held = JSON.parse(get("p.held") || "{}");
  set({ "p.held": JSON.stringify({ ...held, [name]: value }) });
}

/** @param {any} column */
function holder(column) {
  const { name, kind, value, low, high, levels } = column;
  if (kind === "number" && low < high) {
    const input = /** @type {HTMLInputElement} */ (
      h("input", { type: "range", min: low, max: high, step: "any", value, "aria-label": name, "data-hold": name })
    );
    const out = h("output", {}, sig(value, 3));
    const follow = () => input.style.setProperty("--at", `${(100 * (Number(input.value) - low)) / (high - low)}%`);
    follow();
    input.addEventListener("input", () => {
      follow();
      put(out, sig(Number(input.value), 3));
    });
    input.addEventListener("change", () => hold(name, Number(input.value)));
    return h("label", { class: "field hold" }, h("span", { class: "lab", title: name }, name), input, out);
  }
  if (kind === "category" && levels.length) {
    const select = /** @type {HTMLSelectElement} */ (
      h(
        "select",
        { "aria-label": name, "data-hold": name },
        ...levels.map((/** @type {string} */ l) => h("option", { value: l }, l)),
      )
    );
    select.value = value;
    select.addEventListener("change", () => hold(name, select.value));
    return h("label", { class: "field hold" }, h("span", { class: "lab", title: name }, name), select);
  }
  return h(
    "p",
    { class: "field hold" },
    h("span", { class: "lab" }, name),
    h("output", {}, typeof value === "number" ? sig(value, 3) : value),
  );
}
