// The prediction over the drawn columns: a coloured plane with its boundary, or a curve.
import { h, line, put, s } from "../lib/dom.js";
import { Plane, paint, zeroLine, unpacked } from "../lib/plane.js";
import { hues } from "../lib/theme.js";
import { tr } from "../lib/words.js";
import { classMarks, HUES, legendMark, valueMarks } from "./points.js";

const [SIZE, GRID] = [288, 56];

/** The picture of one scene. */
export class Outcome {
  /** @param {any} scene */
  constructor(scene) {
    this.scene = scene;
    this.flat = Boolean(scene.y);
    const up = this.flat ? scene.spans[scene.y] : heights(scene);
    const names = /** @type {[string, string]} */ ([scene.x, scene.y || (scene.task === "regression" ? scene.target : tr("probability"))]);
    this.plane = new Plane({
      size: SIZE,
      x: scene.spans[scene.x],
      y: up,
      names,
      label: tr`The network's prediction over ${scene.x} and ${names[1]}`,
    });
    this.fog = /** @type {HTMLCanvasElement} */ (h("canvas", { class: "fog", "aria-hidden": "true" }));
    this.fog.style.cssText = this.plane.canvas.style.cssText;
    this.plane.canvas.after(this.fog);
    this.element = this.plane.element;
    this.legend = h("p", { class: "cap legend" }, ...legend(scene));
    this.#points();
  }

  #points() {
    const { points, task, center, reference } = this.scene;
    const { plane } = this;
    const xs = points.x.map((/** @type {number} */ v) => plane.sx(v));
    const low = (/** @type {number} */ c) => (this.scene.classes.length === 2 ? c : -0.1);
    const ys = (this.flat ? points.y : task === "regression" ? points.v : points.v.map(low)).map((/** @type {number} */ v) => plane.sy(v));
    put(
      plane.points,
      task === "regression" ? valueMarks(xs, ys, points.v, points.test, center, reference) : classMarks(xs, ys, points.v, points.test),
    );
  }

  /** @param {any} frame @param {boolean} playing */
  draw(frame, playing) {
    if (this.flat) this.#heat(frame, playing);
    else this.#curves(frame);
  }

  /** @param {any} frame @param {boolean} playing */
  #heat(frame, playing) {
    const { plane } = this;
    if (frame.best) many(plane.canvas, frame.best, unpacked(frame.heat, GRID));
    else paint(plane.canvas, unpacked(frame.heat, GRID), playing ? 160 : 320);
    if (frame.cut) plane.boundary(unpacked(frame.cut, GRID));
    const paths = (frame.cuts ?? []).map((/** @type {string} */ cut) => zeroLine(unpacked(cut, GRID), plane.left, plane.top, plane.size));
    put(plane.under, ...paths.map((/** @type {string} */ d) => s("path", { d, class: "hair" })));
    mist(this.fog, frame.spread && unpacked(frame.spread, GRID));
  }

  /** @param {any} frame */
  #curves(frame) {
    const { plane, scene } = this;
    const [x0, x1] = scene.spans[scene.x];
    const place = (/** @type {number[]} */ v) =>
      v.map((y, i) => `${plane.sx(x0 + ((x1 - x0) * i) / (v.length - 1)).toFixed(1)},${plane.sy(y).toFixed(1)}`);
    const classes = scene.task === "classification" && scene.classes.length > 2;
    const bands = (frame.low ?? []).map((/** @type {number[]} */ low, /** @type {number} */ i) =>
      s("polygon", { points: [...place(low), ...place(frame.high[i]).reverse()].join(" "), class: "band" }),
    );
    const curves = frame.curves.map((/** @type {number[]} */ v, /** @type {number} */ i) =>
      s("polyline", { points: place(v).join(" "), class: classes ? `stroke-k${i % HUES}` : "cut", fill: "none" }),
    );
    put(
      plane.under,
      ...bands,
      scene.task === "classification" ? line(plane.sx(x0), plane.sy(0.5), plane.sx(x1), plane.sy(0.5), { class: "grid" }) : null,
    );
    put(plane.over, ...curves);
  }
}

/** The range of a curve's values in the picture. @param {any} scene @returns {[number, number]} */
function heights(scene) {
  if (scene.task === "classification") return [-0.2, 1.2];
  const [low, high] = [Math.min(...scene.points.v), Math.max(...scene.points.v)];
  const margin = 0.15 * (high - low || 1);
  return [low - margin, high + margin];
}

/** Several classes: the hue of the most likely one, stronger with a larger lead. @param {HTMLCanvasElement} canvas @param {number[]} best @param {{k: number, v: ArrayLike<number>}} lead */
function many(canvas, best, { k, v }) {
  canvas.width = canvas.height = k;
  const context = canvas.getContext("2d");
  if (!context) return;
  const image = context.createImageData(k, k);
  const colours = hues();
  best.forEach((c, i) => {
    const [r, g, b] = colours[`k${c % HUES}`] ?? [0, 0, 0];
    image.data.set([r, g, b, 36 + 74 * ((v[i] ?? 0) / 1000)], 4 * i);
  });
  context.putImageData(image, 0, 0);
}

/** Where the members disagree: darker means more. @param {HTMLCanvasElement} canvas @param {{k: number, v: ArrayLike<number>} | undefined} spread */
function mist(canvas, spread) {
  canvas.hidden = !spread;
  const context = spread && canvas.getContext("2d");
  if (!spread || !context) return;
  canvas.width = canvas.height = spread.k;
  const image = context.createImageData(spread.k, spread.k);
  const [r, g, b] = hues().ink ?? [0, 0, 0];
  for (let i = 0; i < spread.v.length; i += 1) image.data.set([r, g, b, 150 * Math.min(1, (spread.v[i] ?? 0) / 700)], 4 * i);
  context.putImageData(image, 0, 0);
}

/** @param {any} scene @returns {any[]} */
function legend(scene) {
  const item = (/** @type {any} */ mark, /** @type {string} */ words) => h("span", {}, mark, ` ${words}`);
  const marks =
    scene.task === "regression"
      ? [item(legendMark(1), tr`${scene.target} above its mean`), item(legendMark(0), tr("below"))]
      : scene.classes
          .slice(0, 6)
          .map((/** @type {string} */ name, /** @type {number} */ c) => item(legendMark(c), `${scene.target} = ${name}`));
  const held = scene.m_test ? [item(legendMark(1, true), tr("hollow: held out"))] : [];
  const shade = scene.networks > 1 ? [item(h("i", { class: "shade" }), tr`where the ${scene.networks} disagree`)] : [];
  return [...marks, ...held, ...shade];
}
