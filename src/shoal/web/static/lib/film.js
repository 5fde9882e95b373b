// The training as a film (`learning` in `slide_02.py`): recorded steps. Between two of them the pictures are blended so that the eye can
// follow; every number shown is that of a recorded step.
import { shorts } from "./plane.js";

export const A_SECOND = 8; // recorded steps

/** @typedef {{step: number, J: number, right: number, heat: ArrayLike<number>, cut: ArrayLike<number>, points: ArrayLike<number>, lines: ArrayLike<number>, axes: number[][], largest: number[]}} Frame */
/**
 * What is drawn at one moment, in the form of the question `warped`.
 * @typedef {{step: number, J: number, right: number, heat: import("./plane.js").Field, cut: import("./plane.js").Field, points: number[][], lines: number[][][], axes: number[][], largest: number[]}} Moment
 */

/** The recorded steps of an answer. @param {any} answer @returns {Frame[]} */
export const frames = (answer) =>
  answer.steps.map((/** @type {number} */ step, /** @type {number} */ i) => ({
    step,
    J: answer.J[i],
    right: answer.right[i],
    heat: shorts(answer.heat[i]),
    cut: shorts(answer.cut[i]),
    points: shorts(answer.points[i]),
    lines: shorts(answer.lines[i]),
    axes: answer.axes[i],
    largest: answer.largest[i],
  }));

/** @param {ArrayLike<number>} a @param {ArrayLike<number>} b @param {number} t */
const mixed = (a, b, t) => Array.from(a, (v, i) => v + t * ((b[i] ?? v) - v));

/** The two fields of the plane between two recorded steps. @param {Frame} one @param {Frame} two @param {number} t @param {number} k */
export const fieldsBetween = (one, two, t, k) => ({
  heat: { k, v: mixed(one.heat, two.heat, t) },
  cut: { k, v: mixed(one.cut, two.cut, t) },
});

/** A moment of the film, `at` counted in recorded steps. @param {Frame[]} all @param {number} at @param {any} sizes those of the answer @returns {Moment} */
export function moment(all, at, { k, along }) {
  const i = Math.min(Math.floor(at), all.length - 1);
  const one = /** @type {Frame} */ (all[i]);
  const two = all[i + 1] ?? one;
  const t = at - i;
  const largest = mixed(one.largest, two.largest, t);
  /** Coordinates across, then up, as real ones. @param {number[]} packed @param {number} axis @param {number} from @param {number} to */
  const real = (packed, axis, from, to) => packed.slice(from, to).map((v) => (v / 500) * (largest[axis] ?? 1));
  const points = mixed(one.points, two.points, t);
  const lines = mixed(one.lines, two.lines, t);
  const m = points.length / 2;
  return {
    step: one.step,
    J: one.J,
    right: one.right,
    ...fieldsBetween(one, two, t, k),
    points: [real(points, 0, 0, m), real(points, 1, m, 2 * m)],
    lines: Array.from({ length: lines.length / (2 * along) }, (_, n) =>
      [0, 1].map((axis) => real(lines, axis, (2 * n + axis) * along, (2 * n + axis + 1) * along)),
    ),
    axes: one.axes.map((axis, j) => mixed(axis, two.axes[j] ?? axis, t)),
    largest,
  };
}
