// A surface over the plane, drawn from back to front.
import { letter, line, put, s, text } from "./dom.js";
import { sig } from "./numbers.js";
import { tone } from "./network.js";

/** @typedef {[number, number]} Point */

/**
 * @param {SVGElement} svg @param {any} answer surface, colour and levels from the server
 * @param {number} limit @param {number} turn in degrees @param {{w: number[], b: number}} unit
 */
export function drawSurface(svg, answer, limit, turn, unit) {
  const { k, a, low, high } = answer.surface;
  const angle = ((turn + 31) * Math.PI) / 180;
  const [cos, sin] = [Math.cos(angle), Math.sin(angle)];
  const tall = 182;
  const place = (/** @type {number} */ u, /** @type {number} */ v, /** @type {number} */ z) => {
    const [across, deep] = [u * cos - v * sin, u * sin + v * cos];
    return /** @type {Point} */ ([222 + across * 30, 272 - deep * 14 - ((z - low) / (high - low)) * tall]);
  };
  const deepness = (/** @type {number} */ u, /** @type {number} */ v) => u * sin + v * cos;
  const tick = (/** @type {number} */ i) => -limit + (2 * limit * i) / (k - 1);
  const value = (/** @type {number} */ i, /** @type {number} */ j) => a[(k - 1 - j) * k + i];
  const shade = (/** @type {number} */ i, /** @type {number} */ j) => answer.colour[(k - 1 - j) * k + i];
  const quads = [];
  for (let i = 0; i < k - 1; i += 1) {
    for (let j = 0; j < k - 1; j += 1) {
      const corners = [
        [i, j],
        [i + 1, j],
        [i + 1, j + 1],
        [i, j + 1],
      ].map(([c = 0, r = 0]) => place(tick(c), tick(r), value(c, r)));
      const colour = (shade(i, j) + shade(i + 1, j + 1)) / 2;
      const d = `M${corners.map(([x, y]) => `${x.toFixed(1)} ${y.toFixed(1)}`).join("L")}Z`;
      quads.push({
        deep: deepness(tick(i) + 0.2, tick(j) + 0.2),
        path: s("path", { d, class: `q${tone(colour)}`, style: `--v:${Math.abs(colour).toFixed(2)}` }),
      });
    }
  }
  quads.sort((p, q) => q.deep - p.deep);
  const floor = [
    [-limit, -limit],
    [limit, -limit],
    [limit, limit],
    [-limit, limit],
  ].map(([u = 0, v = 0]) => place(u, v, low));
  put(
    svg,
    s("polygon", { class: "frame-r", points: floor.map((p) => p.map((c) => c.toFixed(1)).join(",")).join(" ") }),
    ...shadow(answer, limit, unit, place, low),
    ...quads.map((q) => q.path),
    ...cutLine(answer, limit, unit, place),
    ...scale(place, limit, low, high, deepness),
  );
}

/** The two ends of the cut inside the plane, if it passes through. @param {any} answer @param {number} limit @param {{w: number[], b: number}} unit @returns {Point[]} */
function ends(answer, limit, { w: [w1 = 0, w2 = 0], b }) {
  const z = answer.levels[0].z;
  const found = [];
  for (const edge of [-limit, limit]) {
    const v = (z - b - w1 * edge) / w2;
    const u = (z - b - w2 * edge) / w1;
    if (Math.abs(v) <= limit) found.push(/** @type {Point} */ ([edge, v]));
    if (Math.abs(u) < limit) found.push(/** @type {Point} */ ([u, edge]));
  }
  return found.slice(0, 2);
}

/** @param {any} answer @param {number} limit @param {any} unit @param {(u: number, v: number, z: number) => Point} place @param {number} low */
function shadow(answer, limit, unit, place, low) {
  const [p, q] = ends(answer, limit, unit);
  if (!p || !q) return [];
  const [a, b] = [place(p[0], p[1], low), place(q[0], q[1], low)];
  return [line(a[0], a[1], b[0], b[1], { class: "ink", "stroke-width": 1.2, "stroke-dasharray": "3 4" })];
}

/** @param {any} answer @param {number} limit @param {any} unit @param {(u: number, v: number, z: number) => Point} place */
function cutLine(answer, limit, unit, place) {
  const [p, q] = ends(answer, limit, unit);
  if (!p || !q) return [];
  const level = answer.levels[0].a;
  const [a, b] = [place(p[0], p[1], level), place(q[0], q[1], level)];
  return [line(a[0], a[1], b[0], b[1], { class: "cut", "stroke-width": 2.6 })];
}

/** The upright scale at the left-most corner, and the names of the axes. @param {(u: number, v: number, z: number) => Point} place @param {number} limit @param {number} low @param {number} high @param {(u: number, v: number) => number} deepness */
function scale(place, limit, low, high, deepness) {
  const corners = /** @type {Point[]} */ ([
    [-limit, -limit],
    [limit, -limit],
    [limit, limit],
    [-limit, limit],
  ]);
  const left = corners.reduce((p, q) => (place(q[0], q[1], low)[0] < place(p[0], p[1], low)[0] ? q : p));
  const out = [];
  for (const v of [low, (low + high) / 2, high]) {
    const [x, y] = place(left[0], left[1], v);
    out.push(line(x - 5, y, x, y), text(x - 9, y + 4, v === 0 ? "0" : v === 1 ? "1" : sig(v, 2), { "text-anchor": "end" }));
  }
  const [bottom, top] = [place(left[0], left[1], low), place(left[0], left[1], high)];
  out.push(line(...bottom, ...top), letter(top[0] - 2, top[1] - 14, "a"));
  const far = limit * 1.16;
  const nearer = (/** @type {Point} */ p, /** @type {Point} */ q) => (deepness(p[0], p[1]) < deepness(q[0], q[1]) ? p : q);
  const one = nearer([0, -far], [0, far]);
  const two = nearer([-far, 0], [far, 0]);
  const [p, q] = [place(one[0], one[1], low), place(two[0], two[1], low)];
  out.push(letter(p[0], p[1] + 8, "x", 1, { class: "halo" }), letter(q[0], q[1] + 8, "x", 2, { class: "halo" }));
  return out;
}
