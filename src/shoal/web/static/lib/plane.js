// The plane of inputs: colour from a field of thousandths, the line where a field is zero, and the examples on top.
import { h, letter, line, put, s, text } from "./dom.js";
import { niceTicks, tickText } from "./ticks.js";
import { hues } from "./theme.js";

/** @typedef {{k: number, v: ArrayLike<number>}} Field */
/** @typedef {[number, number]} Span */
const LEVELS = [0.08, 0.22, 0.36, 0.5, 0.64, 0.78, 0.92];
const WASH = 0.088;

/** @type {Map<string, Uint32Array>} */ const shaded = new Map();

/** The colour of every thousandth from −1000 to 1000 as one number (alpha, blue, green, red). @param {number} wash */
function shades(wash) {
  const { pos, neg } = hues();
  const key = `${wash} ${pos} ${neg}`;
  const before = shaded.get(key);
  if (before) return before;
  const table = new Uint32Array(2001);
  for (let i = 0; i <= 2000; i += 1) {
    const size = Math.abs(i - 1000) / 1000;
    const passed = LEVELS.filter((level) => size >= level).length;
    const [red, green, blue] = i >= 1000 ? pos : neg;
    table[i] = (Math.round(255 * (1 - (1 - wash) ** passed)) << 24) | (blue << 16) | (green << 8) | red;
  }
  shaded.set(key, table);
  return table;
}

/** Colour a canvas: every level below a value adds one more layer of its hue. @param {HTMLCanvasElement} canvas @param {Field} field @param {number} pixels @param {number} [wash] */
export function paint(canvas, field, pixels, wash = WASH) {
  const { k, v } = field;
  if (canvas.width !== pixels || canvas.height !== pixels) canvas.width = canvas.height = pixels; // a new size is a new buffer
  const context = canvas.getContext("2d");
  if (!context) return;
  const image = context.createImageData(pixels, pixels);
  const out = new Uint32Array(image.data.buffer);
  const colours = shades(wash);
  const scale = (k - 1) / (pixels - 1);
  for (let row = 0, at = 0; row < pixels; row += 1) {
    const y = Math.min(row * scale, k - 1.001);
    const top = Math.floor(y) * k;
    const dy = y - Math.floor(y);
    for (let column = 0; column < pixels; column += 1, at += 1) {
      const x = Math.min(column * scale, k - 1.001);
      const left = Math.floor(x);
      const dx = x - left;
      const i = top + left;
      const value =
        ((v[i] ?? 0) * (1 - dx) + (v[i + 1] ?? 0) * dx) * (1 - dy) + ((v[i + k] ?? 0) * (1 - dx) + (v[i + k + 1] ?? 0) * dx) * dy;
      out[at] = colours[Math.round(value) + 1000] ?? 0;
    }
  }
  context.putImageData(image, 0, 0);
}

/** The line where a field crosses zero, as a path over a box. @param {Field} field @param {number} x0 @param {number} y0 @param {number} size */
export function zeroLine({ k, v }, x0, y0, size) {
  const cell = size / (k - 1);
  let path = "";
  for (let r = 0; r < k - 1; r += 1) {
    for (let c = 0; c < k - 1; c += 1) {
      const at = r * k + c;
      const above = (v[at] ?? 0) >= 0;
      if ((v[at + 1] ?? 0) >= 0 === above && (v[at + k] ?? 0) >= 0 === above && (v[at + k + 1] ?? 0) >= 0 === above) continue;
      const corners = [v[at] ?? 0, v[at + 1] ?? 0, v[at + k + 1] ?? 0, v[at + k] ?? 0];
      const places = [
        [c, r],
        [c + 1, r],
        [c + 1, r + 1],
        [c, r + 1],
      ];
      const hits = [];
      for (let i = 0; i < 4; i += 1) {
        const [a, b] = [corners[i] ?? 0, corners[(i + 1) % 4] ?? 0];
        if (a >= 0 === b >= 0) continue;
        const t = a / (a - b);
        const [from, to] = [places[i] ?? [0, 0], places[(i + 1) % 4] ?? [0, 0]];
        hits.push([from[0] + t * (to[0] - from[0]), from[1] + t * (to[1] - from[1])]);
      }
      for (let i = 0; i + 1 < hits.length; i += 2) {
        const [a, b] = [hits[i] ?? [0, 0], hits[i + 1] ?? [0, 0]];
        path += `M${(x0 + a[0] * cell).toFixed(1)} ${(y0 + a[1] * cell).toFixed(1)}L${(x0 + b[0] * cell).toFixed(1)} ${(y0 + b[1] * cell).toFixed(1)}`;
      }
    }
  }
  return path;
}

/** Class 1 as discs, class 0 as squares: strokes of length 0, so that 400 points are two short paths. @param {number[]} xs @param {number[]} ys @param {number[]} classes @param {number} [scale] */
export function dots(xs, ys, classes, scale = 1) {
  const out = s("g", { class: "dots" });
  for (const c of [0, 1]) {
    let d = "";
    xs.forEach((x, i) => {
      if (classes[i] === c) d += `M${x.toFixed(1)} ${(ys[i] ?? 0).toFixed(1)}h0`;
    });
    const width = (c ? 4.6 : 4) * scale;
    out.append(
      s("path", { d, class: `pts halo-p c${c}`, style: `stroke-width:${width + 1.7}px` }),
      s("path", { d, class: `pts c${c}`, style: `stroke-width:${width}px` }),
    );
  }
  return out;
}

/** The server's packed thousandths (`pictures.packed`). @param {string} text */
export function shorts(text) {
  const plain = atob(text);
  const bytes = new Uint8Array(plain.length);
  for (let i = 0; i < plain.length; i += 1) bytes[i] = plain.charCodeAt(i); // ten times as fast as Uint8Array.from with a function
  return new Int16Array(bytes.buffer);
}

/** The same as a field. @param {string} text @param {number} k @returns {Field} */
export const unpacked = (text, k) => ({ k, v: shorts(text) });

/** A plane that can be drawn again and again. */
export class Plane {
  /** The square from −limit to limit, or another one with `x` and `y`. @param {{size?: number, limit?: number, x?: Span, y?: Span, names?: [string, string], label: string, axes?: boolean, class?: string}} options */
  constructor({ size = 356, limit = 1, x = [-limit, limit], y = [-limit, limit], names, label, axes = true, class: kind = "" }) {
    this.size = size;
    this.x = x;
    this.y = y;
    this.left = axes ? 34 : 0.5;
    this.top = axes ? 8 : 0.5;
    const width = size + this.left + (axes ? 10 : 0.5);
    const height = size + this.top + (axes ? 36 : 0.5);
    this.canvas = /** @type {HTMLCanvasElement} */ (h("canvas", { "aria-hidden": "true" }));
    this.canvas.style.cssText = `left:${(100 * this.left) / width}%;top:${(100 * this.top) / height}%;width:${(100 * size) / width}%;height:${(100 * size) / height}%`;
    const clip = `clip-${Math.random().toString(36).slice(2)}`;
    this.under = s("g", {});
    this.points = s("g", {});
    this.cut = s("path", { class: "cut" });
    this.over = s("g", {});
    this.free = s("g", {});
    this.svg = s(
      "svg",
      { viewBox: `0 0 ${width} ${height}`, width, height, role: "img", "aria-label": label },
      s("defs", {}, s("clipPath", { id: clip }, s("rect", { x: this.left, y: this.top, width: size, height: size }))),
      s("g", { "clip-path": `url(#${clip})` }, this.under, this.points, this.cut, this.over),
      axes ? this.#axes(names) : s("rect", { x: this.left, y: this.top, width: size, height: size, class: "frame-r" }),
      this.free,
    );
    this.element = h("div", { class: `plane ${kind}`, style: `max-width:${width}px` }, this.canvas, this.svg);
  }

  /** @param {number} v */
  sx(v) {
    return this.left + ((v - this.x[0]) / (this.x[1] - this.x[0])) * this.size;
  }

  /** @param {number} v */
  sy(v) {
    return this.top + ((this.y[1] - v) / (this.y[1] - this.y[0])) * this.size;
  }

  /** The pointer's position on the plane. @param {PointerEvent} e @returns {[number, number]} */
  under_pointer(e) {
    const box = this.svg.getBoundingClientRect();
    const scale = this.svg.clientWidth ? Number(this.svg.getAttribute("width")) / box.width : 1;
    const [across, down] = [
      ((e.clientX - box.left) * scale - this.left) / this.size,
      ((e.clientY - box.top) * scale - this.top) / this.size,
    ];
    return [this.x[0] + across * (this.x[1] - this.x[0]), this.y[1] - down * (this.y[1] - this.y[0])];
  }

  /** @param {[string, string]} [names] columns of the reader's own instead of x1 and x2 */
  #axes(names) {
    const out = s("g", {}, s("rect", { x: this.left, y: this.top, width: this.size, height: this.size, class: "frame-r" }));
    const bottom = this.top + this.size;
    const about = this.size > 250 ? 5 : 3;
    for (const t of niceTicks(...this.x, about))
      out.append(line(this.sx(t), bottom, this.sx(t), bottom + 4), text(this.sx(t), bottom + 15, tickText(t)));
    for (const t of niceTicks(...this.y, about))
      out.append(
        line(this.left - 4, this.sy(t), this.left, this.sy(t)),
        text(this.left - 7, this.sy(t) + 4, tickText(t), { "text-anchor": "end" }),
      );
    if (names)
      out.append(
        text(this.left + this.size, bottom + 30, names[0], { "text-anchor": "end", class: "strong" }),
        text(this.left + 4, this.top + 13, names[1], { "text-anchor": "start", class: "strong halo" }),
      );
    else
      out.append(
        letter(this.left + this.size - 2, bottom + 30, "x", 1, { "text-anchor": "end" }),
        letter(this.left - 8, this.top + 4, "x", 2, { "text-anchor": "end" }),
      );
    return out;
  }

  /** @param {Field} field */
  heat(field) {
    paint(this.canvas, field, Math.min(Math.round(this.size * Math.min(devicePixelRatio, 1.5)), 480));
  }

  /** @param {Field} field */
  boundary(field) {
    this.cut.setAttribute("d", zeroLine(field, this.left, this.top, this.size));
  }

  /** @param {number[][]} X @param {number[]} Y @param {number} [scale] */
  examples(X, Y, scale = 1) {
    const [x1 = [], x2 = []] = X;
    put(
      this.points,
      dots(
        x1.map((v) => this.sx(v)),
        x2.map((v) => this.sy(v)),
        Y,
        scale,
      ),
    );
  }

  /** @param {number} x1 @param {number} x2 */
  ring(x1, x2) {
    return s("circle", { cx: this.sx(x1).toFixed(1), cy: this.sy(x2).toFixed(1), r: 6.5, class: "sel" });
  }

  /** A click selects the nearest example. @param {number[][]} X @param {(i: number) => void} chosen */
  choosing(X, chosen) {
    this.svg.classList.add("choosing");
    this.svg.addEventListener("click", (e) => {
      const [x, y] = this.under_pointer(/** @type {PointerEvent} */ (/** @type {unknown} */ (e)));
      const [x1 = [], x2 = []] = X;
      let best = 0;
      x1.forEach((v, i) => {
        if ((v - x) ** 2 + ((x2[i] ?? 0) - y) ** 2 < ((x1[best] ?? 0) - x) ** 2 + ((x2[best] ?? 0) - y) ** 2) best = i;
      });
      chosen(best);
    });
  }
}

/** A small coloured square: the output of one unit. @param {Field} field @param {string} label @param {number} [size] @returns {HTMLElement} */
export function tile(field, label, size = 76) {
  const canvas = /** @type {HTMLCanvasElement} */ (h("canvas", { class: "tile", role: "img", "aria-label": label }));
  paint(canvas, field, size * 2, 0.105);
  return canvas;
}
