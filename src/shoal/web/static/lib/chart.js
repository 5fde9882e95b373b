// Line charts: a few series over one axis, ink on paper, labels at their ends.
import { line, picture, put, s, text } from "./dom.js";
import { MINUS, sig } from "./numbers.js";
import { decimal, tr } from "./words.js";

/** @typedef {{at: number[], v: (number | null)[], class?: string, label?: string, width?: number, dash?: string, dy?: number}} Series */
/**
 * Both axes have a name, with its unit if it has one: that of y above its axis, that of x below its ticks.
 * @typedef {object} Frame
 * @property {number} width
 * @property {number} height
 * @property {string} label
 * @property {string} xName
 * @property {string} yName
 * @property {[number, number]} x
 * @property {[number, number]} y
 * @property {number[]} xTicks
 * @property {number[]} yTicks
 * @property {boolean} [logX]
 * @property {boolean} [logY]
 * @property {number} [left]
 */

/** @param {number} v */
export const tick = (v) =>
  decimal(Math.abs(v) >= 1e6 || (v !== 0 && Math.abs(v) < 1e-3) ? v.toExponential().replace("e+", "e") : Math.abs(v) >= 1000 ? String(v).replace(/\B(?=(\d{3})+$)/g, "\u202f") : String(v)).replace("-", MINUS);

const narrow = matchMedia("(max-width: 920px)");
const PHONE = 358;
/** The rows above and below a chart for the names of its axes; between the axis and the name of x are the ticks. */
export const ABOVE = 22;
export const BELOW = 37;

/** On a phone a chart is drawn at its displayed width, so that its labels keep their size. @param {Frame} frame */
const fitted = (frame) => (narrow.matches && frame.width > PHONE ? { ...frame, width: PHONE } : frame);

/** A chart with its two scales. @param {Frame} asked @param {Series[]} series @param {...any} more drawn on top */
export function chart(asked, series, ...more) {
  const frame = fitted(asked);
  const { sx, sy, bottom } = scales(frame);
  const { width, height, left = 34 } = frame;
  const out = picture(width, height, frame.label);
  out.classList.add("chart");
  for (const t of frame.yTicks)
    out.append(line(left, sy(t), width - 8, sy(t), { class: "grid" }), text(left - 7, sy(t) + 4, tick(t), { "text-anchor": "end" }));
  frame.xTicks.forEach((t, i) =>
    out.append(
      text(sx(t), bottom + 17, tick(t), { "text-anchor": i === frame.xTicks.length - 1 && frame.xTicks.length > 1 ? "end" : "middle" }),
    ),
  );
  out.append(...axisNames(frame.xName, frame.yName, (left + width - 8) / 2, height));
  for (const one of series) out.append(...drawn(one, frame, sx, sy));
  // Values above the chart are drawn at its upper edge; the mark says how far they go.
  const highest = Math.max(...series.flatMap((one) => one.v.filter((v) => v !== null && Number.isFinite(v))).map(Number));
  if (highest > frame.y[1] * (1 + 1e-9)) out.append(text(left + 6, ABOVE + 16, tr`↑ to ${sig(highest, 3)}`, { "text-anchor": "start", class: "halo strong" }));
  out.append(...more.filter(Boolean));
  return out;
}

/** The names of both axes of a picture, that of x in the middle of its axis. @param {string} x @param {string} y @param {number} middle @param {number} height */
export const axisNames = (x, y, middle, height) => [
  text(middle, height - 5, x, { class: "axis-name x-name" }),
  text(1, 11, y, { "text-anchor": "start", class: "axis-name y-name" }),
];

/** @param {Series} one @param {Frame} frame @param {(v: number) => number} sx @param {(v: number) => number} sy @returns {Element[]} */
function drawn(one, frame, sx, sy) {
  const [low, high] = frame.y;
  const places = one.at.flatMap((x, i) => {
    const v = one.v[i];
    return v === null || v === undefined ? [] : [[sx(x), sy(Math.min(Math.max(v, low), high))]];
  });
  const points = places.map(([a, b]) => `${a?.toFixed(1)},${b?.toFixed(1)}`).join(" ");
  const path = s("polyline", {
    points,
    class: one.class ?? "ink",
    "stroke-width": one.width ?? 1.8,
    "stroke-dasharray": one.dash,
    "stroke-linejoin": "round",
  });
  const last = places[places.length - 1];
  if (!one.label || !last) return [path];
  return [path, text(frame.width - 10, (last[1] ?? 0) + (one.dy ?? -8), one.label, { "text-anchor": "end", class: "halo strong" })];
}

/** Where values are drawn, between the upper edge (`ABOVE`) and `bottom`. @param {Frame} frame */
export function scales(frame) {
  const { width, height, x, y, left = 34, logX = false, logY = false } = fitted(frame);
  const bottom = height - BELOW;
  const scaled = (/** @type {boolean} */ log) => (log ? Math.log10 : (/** @type {number} */ v) => v);
  const [across, up] = [scaled(logX), scaled(logY)];
  return {
    bottom,
    sx: (/** @type {number} */ v) => left + ((across(v) - across(x[0])) / (across(x[1]) - across(x[0]) || 1)) * (width - 8 - left),
    sy: (/** @type {number} */ v) => ABOVE + ((up(y[1]) - up(v)) / (up(y[1]) - up(y[0]) || 1)) * (bottom - ABOVE),
  };
}

/** Round tick values from 0 to `last`. @param {number} last @param {number} [about] @returns {number[]} */
export function roundTicks(last, about = 5) {
  if (last <= 0) return [0];
  const rough = last / about;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, ([1, 2, 5, 10].find((m) => m * power >= rough) ?? 10) * power);
  const ticks = [];
  for (let t = 0; t <= last; t += step) ticks.push(Math.round(t));
  return ticks;
}

/** The range and ticks of cost curves. @param {(number | null)[]} values @returns {{y: [number, number], yTicks: number[]}} */
export function costScale(values) {
  const finite = values.filter((v) => v !== null);
  const high = Math.min(Math.max(0.72, ...finite), 4);
  const low = Math.min(0.25, ...finite);
  const [floor, roof] = [Math.max(0, Math.floor(low * 10 - 0.5) / 10), high];
  const step = roof - floor > 1.2 ? 1 : 0.2;
  const ticks = [];
  for (let t = Math.ceil(floor / step + 0.2) * step; t <= roof; t += step) ticks.push(Number(t.toFixed(1)));
  return { y: [floor, roof], yTicks: ticks };
}

/** The strip's small curve. @param {SVGElement} into @param {number[]} at @param {number[]} v */
export function spark(into, at, v) {
  const [w, hgt, last] = [74, 22, at[at.length - 1] || 1];
  const y = (/** @type {number} */ c) => hgt - 2 - ((Math.min(c, 0.72) - 0.2) / 0.52) * (hgt - 4);
  const x = (/** @type {number} */ t) => 2 + (t / last) * (w - 6);
  const end = v[v.length - 1] ?? 0;
  put(
    into,
    s("polyline", {
      class: "ink",
      "stroke-width": 1.3,
      points: at.map((t, i) => `${x(t).toFixed(1)},${y(v[i] ?? 0).toFixed(1)}`).join(" "),
    }),
    s("circle", { cx: x(last), cy: y(end), r: 2.6, fill: "var(--ink)" }),
  );
  into.setAttribute("aria-label", tr`cost so far, ${sig(end)} now`);
}
