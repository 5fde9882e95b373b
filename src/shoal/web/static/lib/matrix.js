// The grid for every array, and the long strip for those with 400 columns.
import { eq } from "./equation.js";
import { h, picture, s } from "./dom.js";
import { aligned, full, num } from "./numbers.js";

/** The keys that highlight an entry of a parameter or of its derivative. @param {string} name @param {number} row @param {number} column */
export function kin(name, row, column) {
  const of = name.replace(/^d/, "");
  const unit = of === "W1" || of === "b1" ? `u${row}` : of === "W2" ? `u${column}` : "";
  const input = of === "W1" ? `x${column}` : "";
  return `${of}-${row}-${column} ${unit} ${input}`.trim();
}

/** A place in a row of headers without one. @param {string} [content] */
export const corner = (content = "") => h("th", { role: "none" }, content);

/** @param {number[]} shape */
export const shapeText = (shape) => (shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`);

/**
 * A matrix: the symbol and its shape above, rows and columns named, size and sign as colour.
 * @param {{name: string, values: number[][], rows?: string[] | null, cols?: string[] | null, ref?: number, how?: boolean, shape?: any, caption?: any, class?: string, digits?: number}} options
 */
export function matrix({ name, values, rows = null, cols = null, ref, how = false, shape, caption, class: kind = "", digits = 4 }) {
  const all = values.flat();
  const size = ref ?? (Math.max(...all.map(Math.abs)) || 1);
  const texts = aligned(all, digits);
  const width = values[0]?.length ?? 0;
  const head = cols && h("thead", {}, h("tr", {}, rows && corner(), ...cols.map((c) => (c.trim() ? h("th", { scope: "col" }, c) : corner(c)))));
  const body = values.map((row, r) =>
    h(
      "tr",
      {},
      rows && h("th", { scope: "row" }, rows[r] ?? ""),
      ...row.map((v, c) => {
        const keys = kin(name, r + 1, c + 1);
        const sign = v > 0 ? "p" : v < 0 ? "m" : "z";
        const content = how ? num(v, { how: `${name}-${r + 1}-${c + 1}`, text: texts[r * width + c] }) : texts[r * width + c];
        return h(
          "td",
          {
            class: sign,
            style: `--v:${Math.min(Math.abs(v) / size, 1).toFixed(2)}`,
            title: full(v),
            "data-value": String(v),
            "data-cell": `${name}-${r + 1}-${c + 1}`,
            "data-h": keys.split(" ")[0],
            "data-l": keys,
          },
          content,
        );
      }),
    ),
  );
  const title = h("caption", {}, caption ?? eq(name), " ", h("span", { class: "shape" }, shape ?? shapeText([values.length, width])));
  return h("table", { class: `mx ${kind}`, "data-l": name, "data-matrix": name }, title, head, h("tbody", {}, ...body));
}

/** A grid of names instead of values, to show a shape. @param {string} name @param {number} rows @param {number} columns @param {string} letter */
export function emptyMatrix(name, rows, columns, letter) {
  const index = (/** @type {number} */ r, /** @type {number} */ c) => (letter === "b" ? `${r}` : `${r}${c}`);
  const row = (/** @type {number} */ r) =>
    h(
      "tr",
      {},
      ...Array.from({ length: columns }, (_, c) =>
        h("td", { "data-h": `${name}-${r}-${c + 1}`, "data-l": kin(name, r, c + 1) }, letter, h("sub", {}, index(r, c + 1))),
      ),
    );
  return h(
    "table",
    { class: "mx empty", "data-l": name, "data-matrix": name },
    h("caption", {}, eq(name), " ", h("span", { class: "shape" }, shapeText([rows, columns]))),
    h("tbody", {}, ...Array.from({ length: rows }, (_, r) => row(r + 1))),
  );
}

/**
 * A wide matrix as strips: each is a row of letters; `i` is zero, with eight steps of magnitude in both directions.
 * @param {{rows: string[]}} strip @param {{label: string, selected?: number[], height?: number, gap?: number, width?: number, choose?: (column: number) => void}} options
 */
export function wide(strip, { label, selected = [], height = 14, gap = 2, width = 330, choose }) {
  const columns = strip.rows[0]?.length ?? 1;
  const each = width / columns;
  const total = strip.rows.length * (height + gap) - gap;
  const out = picture(width, total, label);
  out.classList.add("strip400");
  strip.rows.forEach((row, r) => {
    const y = r * (height + gap);
    out.append(s("rect", { x: 0, y, width, height, class: "bed" }));
    out.append(...washes(row, each, y, height));
  });
  for (const column of selected)
    out.append(s("rect", { x: ((column + 0.5) * each - 2.6).toFixed(1), y: -2.5, width: 5.2, height: total + 5, class: "sel", rx: 1.5 }));
  if (choose) {
    out.classList.add("choosing");
    out.addEventListener("click", (e) => {
      const box = out.getBoundingClientRect();
      const { clientX } = /** @type {MouseEvent} */ (e);
      choose(Math.min(columns - 1, Math.max(0, Math.floor(((clientX - box.left) / box.width) * columns))));
    });
  }
  return out;
}

/** One path for each step of magnitude; adjacent equal columns are one rectangle. @param {string} row @param {number} each @param {number} y @param {number} height */
function washes(row, each, y, height) {
  /** @type {Map<number, string>} */ const paths = new Map();
  for (let c = 0; c < row.length;) {
    let end = c + 1;
    while (end < row.length && row[end] === row[c]) end += 1;
    const step = row.charCodeAt(c) - 105;
    if (step) paths.set(step, `${paths.get(step) ?? ""}M${c} 0h${end - c}v1h-${end - c}z`);
    c = end;
  }
  return [...paths].map(([step, d]) =>
    s("path", {
      class: step > 0 ? "fp" : "fn",
      "fill-opacity": (0.06 + (Math.abs(step) / 8) * 0.94).toFixed(2),
      transform: `matrix(${each.toFixed(4)} 0 0 ${height} 0 ${y})`,
      d,
    }),
  );
}
