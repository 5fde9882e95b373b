// The trained network: inputs, every unit's picture, edges by weight, weights and biases as numbers.
import { h, put, s, text } from "../lib/dom.js";
import { tone } from "../lib/network.js";
import { full, nameOf, nameOfWritten, sig } from "../lib/numbers.js";
import { opens, reachable } from "../lib/reach.js";
import { paint, unpacked } from "../lib/plane.js";
import { tr } from "../lib/words.js";

const TILE = 20;
const SIZES = { desk: { width: 580, height: 440, node: 26 }, phone: { width: 372, height: 424, node: 22 } };
const ROWS = 16; // tiles in a column; more stand in further columns close beside it, as one block: they are one layer

/** @typedef {{path: SVGElement, label: SVGElement | null, tip: SVGElement}} Edge */

/** The drawing of one run; `choose` gets the unit that the reader points at. */
export class NetworkDrawing {
  /** @param {any} scene @param {(unit: number) => void} choose @param {boolean} open whether its numbers open their cards */
  constructor(scene, choose, open) {
    this.scene = scene;
    this.open = open;
    this.size = matchMedia("(max-width: 920px)").matches ? SIZES.phone : SIZES.desk;
    const { width, height, node } = this.size;
    const { n_h, inputs, outputs } = scene;
    this.columns = Math.ceil(n_h / ROWS);
    this.rows = Math.ceil(n_h / this.columns);
    const gap = height / this.rows;
    this.numbers = n_h <= 8 && inputs.length <= 3 && outputs.length <= 3;
    this.tile = Math.min(this.numbers ? 58 : 50, gap - (this.numbers ? 15 : 3));
    this.tiles = Array.from({ length: n_h }, (_, i) => this.#place(i, gap));
    this.ins = spread(inputs.length, 34, height);
    this.outs = spread(outputs.length, 34, height);
    /** @type {Edge[][]} */ this.first = [];
    /** @type {Edge[][]} */ this.second = [];
    this.canvases = this.tiles.map((_, i) => this.#canvas(i, choose));
    this.biases = this.tiles.map(([x, y], i) => text(x, y + this.tile / 2 + 11, "", { class: "mono small", ...this.#opens("b1", i, 0) }));
    this.outBiases = this.outs.map((y, o) => text(width - node - 14, y + 30, "", { class: "mono small", ...this.#opens("b2", o, 0) }));
    this.svg = s("svg", { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": this.#label() });
    this.element = h("div", { class: "plane net", style: `max-width:${width}px` }, this.svg, ...this.canvases);
    this.#build();
  }

  /** A click on the number opens its card. @param {string} name @param {number} row @param {number} column counted from 0 */
  #opens(name, row, column) {
    return this.open ? opens(`p:${name}-${row + 1}-${column + 1}`, "") : {};
  }

  #label() {
    const { scene } = this;
    return tr`${scene.n_x} inputs, ${scene.n_h} hidden units (${scene.activation}), ${scene.n_z} outputs (${scene.output})`;
  }

  /** The centre of unit i. @param {number} i @param {number} gap @returns {[number, number]} */
  #place(i, gap) {
    const column = Math.floor(i / this.rows);
    const middle = this.size.width * 0.52;
    return [middle + (column - (this.columns - 1) / 2) * (this.tile + 3), (i % this.rows) * gap + (gap - (this.numbers ? 12 : 0)) / 2];
  }

  /** @param {number} i @param {(unit: number) => void} choose */
  #canvas(i, choose) {
    const [x, y] = this.tiles[i] ?? [0, 0];
    const half = this.tile / 2;
    const { width, height } = this.size;
    const at = (/** @type {number} */ v, /** @type {number} */ of) => `${((100 * v) / of).toFixed(3)}%`;
    const canvas = h("canvas", { class: "unit-tile", tabindex: 0, role: "img", "aria-label": tr`unit ${i + 1}`, "data-unit": i + 1 });
    canvas.style.cssText = `left:${at(x - half, width)};top:${at(y - half, height)};width:${at(this.tile, width)};height:${at(this.tile, height)}`;
    for (const event of ["pointerenter", "focus", "click"]) canvas.addEventListener(event, () => choose(i));
    return /** @type {HTMLCanvasElement} */ (canvas);
  }

  #build() {
    const { inputs, outputs, n_x, places } = this.scene;
    const { width, height, node: r } = this.size;
    const [left, right] = [2 * r + 14, width - 2 * r - 14];
    const half = this.tile / 2;
    const lines = s("g", {});
    const labels = s("g", {});
    const make = (/** @type {number[]} */ from, /** @type {number[]} */ to, /** @type {number[] | null} */ at, /** @type {any} */ opens) => {
      const [x1 = 0, y1 = 0, x2 = 0, y2 = 0] = [...from, ...to];
      const middle = (x1 + x2) / 2;
      const tip = s("title", {});
      const path = s("path", { class: "edge", d: `M${x1} ${y1}C${middle} ${y1} ${middle} ${y2} ${x2} ${y2}` }, tip);
      const label = at && text(at[0] ?? 0, at[1] ?? 0, "", { class: "mono small halo", ...opens });
      lines.append(path);
      if (label) labels.append(label);
      return { path, label, tip };
    };
    const port = (/** @type {number} */ y, /** @type {number} */ j, /** @type {number} */ n) =>
      y + (j - (n - 1) / 2) * Math.min(17, this.tile / n);
    this.first = this.tiles.map(([x, y], i) =>
      this.ins.map((from, j) => {
        const to = port(y, j, inputs.length);
        return make([left, from], [x - half, to], this.numbers ? [x - half - 34, to + 4] : null, this.#opens("W1", i, places[j] - 1));
      }),
    );
    this.second = this.outs.map((to, j) =>
      this.tiles.map(([x, y], i) => {
        const from = port(y, j, outputs.length);
        return make([x + half, from], [right, to], this.numbers ? [x + half + 34, from + 4] : null, this.#opens("W2", j, i));
      }),
    );
    const nodes = [
      ...this.ins.map((y, j) => node(r + 14, y, (inputs[j] ?? "").replace(/^missingindicator_(.*)$/, (/** @type {string} */ _, /** @type {string} */ column) => tr`no ${column}`), r)),
      ...this.outs.map((y, j) => node(width - r - 14, y, outputs[j] ?? "", r)),
    ];
    const more = n_x > inputs.length ? text(r + 14, height - 4, tr`and ${n_x - inputs.length} more`, {}) : null;
    put(this.svg, lines, ...nodes, more, labels, ...(this.numbers ? this.biases : []), ...this.outBiases);
    reachable(this.svg);
  }

  /** @param {any} frame @param {boolean} playing */
  draw(frame, playing) {
    const reference = Math.max(...frame.W1.flat().map(Math.abs), ...frame.W2.flat().map(Math.abs), 1e-12);
    this.first.forEach((edges, i) => edges.forEach((e, j) => weigh(e, frame.W1[i][j], reference, playing)));
    this.second.forEach((edges, o) => edges.forEach((e, i) => weigh(e, frame.W2[o][i], reference, playing)));
    const pixels = Math.round(Math.min(this.tile * (playing ? 1 : devicePixelRatio * 1.5), 96));
    this.canvases.forEach((canvas, i) => paint(canvas, unpacked(frame.tiles[i], TILE), pixels, 0.105));
    if (this.numbers) this.biases.forEach((label, i) => say(label, `b ${sig(frame.b1[i])}`, frame.b1[i], playing));
    this.outBiases.forEach((label, i) => say(label, `b ${sig(frame.b2[i])}`, frame.b2[i], playing));
  }
}

/** Positions along the height. @param {number} n @param {number} margin @param {number} height */
const spread = (n, margin, height) =>
  Array.from({ length: n }, (_, i) =>
    n === 1 ? height / 2 : margin + ((height - 2 * margin) * (i + (n < 4 ? 0.5 : 0))) / (n < 4 ? n : n - 1),
  );

/** @param {number} x @param {number} y @param {string} name @param {number} r */
function node(x, y, name, r) {
  const short = name.length > 9 ? `${name.slice(0, 8)}…` : name;
  return s(
    "g",
    {},
    s("title", {}, name),
    s("rect", { x: x - r, y: y - 15, width: 2 * r, height: 30, rx: 15, class: "node" }),
    text(x, y + 4, short, { class: name.length > 5 ? "tiny" : "strong" }),
  );
}

/** Set an attribute only if it changes visibly, because each one costs the browser a style lookup. @param {Element} element @param {string} name @param {string} value */
function show(element, name, value) {
  if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}

/** @param {Edge} edge @param {number} weight @param {number} reference @param {boolean} playing */
function weigh({ path, label, tip }, weight, reference, playing) {
  const width = 0.6 + 4.4 * Math.min(Math.abs(weight) / reference, 1);
  show(path, "class", weight === 0 ? "axis" : `edge s${tone(weight)}`);
  show(path, "stroke-width", Number.isFinite(width) ? width.toFixed(1) : "1");
  if (!playing) tip.textContent = full(weight);
  if (label) say(label, sig(weight), weight, playing);
}

/** @param {Element} label @param {string} words @param {number} value @param {boolean} playing */
function say(label, words, value, playing) {
  const how = label.getAttribute("data-how");
  if (how && !playing) show(label, "aria-label", words.startsWith("b") ? nameOfWritten(how, words) : nameOf(how, words));
  if (label.textContent === words) return;
  label.textContent = words;
  label.setAttribute("data-value", String(value));
}
