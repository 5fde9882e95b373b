// The cost so far: of the training rows, of the held-out rows, and of every network alone.
import { chart, tick } from "../lib/chart.js";
import { h, put } from "../lib/dom.js";
import { niceTicks } from "../lib/ticks.js";
import { tr } from "../lib/words.js";

const MOST = 900;

/** @typedef {[number, number | null, number | null, (number | null)[]]} Kept update, cost, held-out cost, each network's */

/** The curve of one run. */
export class Cost {
  constructor() {
    this.element = h("figure", { class: "cost" });
    /** @type {Kept[]} */ this.kept = [];
    this.drawn = 0;
  }

  /** @param {any} frame */
  add(frame) {
    if (frame.fresh) this.kept = [];
    const from = frame.records[0]?.[0] ?? Infinity;
    while ((this.kept[this.kept.length - 1]?.[0] ?? -1) >= from) this.kept.pop();
    this.kept.push(...frame.records);
    if (this.kept.length > MOST) this.kept = this.kept.filter((_, i) => i % 2 === 0 || i === this.kept.length - 1);
  }

  /** @param {any} scene @param {boolean} playing */
  draw(scene, playing) {
    const now = performance.now();
    if (playing && now - this.drawn < 120) return;
    this.drawn = now;
    const { kept } = this;
    const thin = kept.filter((_, i) => i === kept.length - 1 || i % Math.ceil(kept.length / 220) === 0);
    const at = thin.map((k) => k[0]);
    const column = (/** @type {(k: Kept) => number | null | undefined} */ of) => thin.map((k) => of(k) ?? null);
    const [train, test] = [column((k) => k[1]), column((k) => k[2])];
    const members = (thin[0]?.[3] ?? []).map((_, i) => ({ at, v: column((k) => k[3][i]), class: "ink faint", width: 0.8 }));
    const end = Math.max(at[at.length - 1] ?? 1, 1);
    const [low, high] = range([...train, ...test]);
    const yTicks = niceTicks(low, high, 3);
    const frame = {
      width: 348,
      height: 138,
      left: Math.max(38, 14 + 7 * Math.max(...yTicks.map((t) => tick(t).length))),
      label: tr`${scene.loss} so far`,
      xName: tr("update"),
      yName: scene.loss,
      x: /** @type {[number, number]} */ ([0, end]),
      xTicks: niceTicks(0, end, 4),
      y: /** @type {[number, number]} */ ([low, high]),
      yTicks,
    };
    const held = scene.m_test ? [{ at, v: test, width: 1.4, dash: "4 3" }] : [];
    put(this.element, chart(frame, [...members, ...held, { at, v: train, width: 2.2 }]));
  }
}

/** @param {(number | null)[]} values @returns {number[]} */
const finite = (values) => /** @type {number[]} */ (values.filter((v) => v !== null && Number.isFinite(v)));

/** From the lowest cost to the first, or to the highest if it is not extreme. @param {(number | null)[]} values @returns {[number, number]} */
function range(values) {
  const known = finite(values);
  if (!known.length) return [0, 1];
  const low = Math.min(...known);
  const first = known[0] ?? 1;
  const high = Math.min(Math.max(...known), low + 3 * Math.max(first - low, 1e-9));
  const margin = 0.06 * (high - low || 1);
  return [low >= 0 ? Math.max(0, low - margin) : low - margin, high + margin];
}
