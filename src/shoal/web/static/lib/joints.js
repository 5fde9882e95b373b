// One input, drawn: the target, each unit's clipped line, their sum, joints and ends as handles, and below which units are active where.
import { letter, line, put, s, text } from "./dom.js";
import { MINUS, sig } from "./numbers.js";
import { tone } from "./network.js";
import { tr } from "./words.js";

const [W, LEFT, RIGHT, TOP, HIGH] = [586, 34, 14, 8, 262];
const Y = 1.5; // the heights drawn: −1.5 to 1.5
const BAND = 300; // where the rows of active units begin
const ROWS = 92; // and how much height they have
const DRAWN = 41; // places of a curve drawn by hand, as in `slide_00.py`

/** @typedef {{w: number, b: number, v: number, joint: number | null, line: number[][]}} Unit */
/** @typedef {"joint" | "end"} Part what of a unit is held */
/**
 * @typedef {object} Doings what the picture does when it is moved
 * @property {(i: number, part: Part, value: number) => void} move a joint to x, or the end of a line to y
 * @property {(i: number) => void} choose a unit
 * @property {(heights: number[]) => void} draw a curve, in thousandths
 */

/** @param {number} x */
const sx = (x) => LEFT + ((x + 1) / 2) * (W - LEFT - RIGHT);
/** @param {number} y */
const sy = (y) => TOP + ((Y - y) / (2 * Y)) * HIGH;
/** @param {number} v @param {number} most */
const within = (v, most) => Math.max(-most, Math.min(most, v));
/** @param {number[][]} points */
const path = (points) => points.map(([x = 0, y = 0]) => `${sx(x).toFixed(1)},${sy(within(y, 40)).toFixed(1)}`).join(" ");

/** Where the line of a unit leaves the picture: on the side to which it is active. @param {Unit} unit */
export const endOf = (unit) => (unit.w >= 0 ? unit.line[unit.line.length - 1] : unit.line[0]) ?? [1, 0];

export class JointPicture {
  /** @param {Doings | null} doings none in a static copy, whose units stay where they are */
  constructor(doings) {
    this.doings = doings;
    const clip = `joints-${Math.random().toString(36).slice(2)}`;
    this.lines = s("g", { "clip-path": `url(#${clip})` });
    this.stroke = s("polyline", { class: "ink", "stroke-width": 2, "stroke-dasharray": "1 3" });
    this.free = s("g", {});
    this.svg = s(
      "svg",
      { viewBox: `0 0 ${W} ${BAND + ROWS + 24}`, width: W, height: BAND + ROWS + 24, role: doings ? "group" : "img", class: doings ? "drag joints" : "joints" },
      s("defs", {}, s("clipPath", { id: clip }, s("rect", { x: LEFT, y: TOP, width: W - LEFT - RIGHT, height: HIGH }))),
      this.#frame(),
      this.lines,
      this.stroke,
      this.free,
    );
    this.svg.setAttribute("aria-label", tr("The units’ clipped lines, their sum, the curve, and which units are active on each segment"));
    /** @type {Unit[]} */ this.units = [];
    /** @type {number[]} */ this.target = [];
    if (doings) this.#listen(doings);
  }

  #frame() {
    const out = s("g", {}, s("rect", { x: LEFT, y: TOP, width: W - LEFT - RIGHT, height: HIGH, class: "frame-r" }));
    for (const v of [-1, 0, 1])
      out.append(
        line(LEFT, sy(v), W - RIGHT, sy(v), { class: v ? "grid" : "axis" }),
        text(LEFT - 7, sy(v) + 4, String(v).replace("-", MINUS), { "text-anchor": "end" }),
      );
    for (const v of [-1, -0.5, 0, 0.5, 1]) out.append(text(sx(v), TOP + HIGH + 16, String(v).replace("-", MINUS), { "text-anchor": v === 1 ? "end" : "middle" }));
    out.append(letter(sx(0.75), TOP + HIGH + 17, "x", "", { class: "axis-name x-name" }), letter(LEFT - 7, sy(0.5) + 5, "ŷ", "", { "text-anchor": "end", class: "axis-name y-name" }));
    return out;
  }

  /** @param {any} sum the answer of `relu_sum` @param {any} fit of `relu_fit`, or null @param {number} chosen the unit whose numbers are shown, from 0 */
  draw(sum, fit, chosen) {
    this.units = sum.units;
    this.target = sum.y;
    const held = this.svg.contains(document.activeElement) ? document.activeElement?.getAttribute("data-handle") : null;
    const shapes = sum.shapes.length
      ? sum.shapes.map((/** @type {number[][]} */ p) => s("polyline", { points: path(p), class: `thin s${tone(Math.max(...p.map(([, y = 0]) => y)) > 0 ? 1 : -1)}` }))
      : sum.units.map((/** @type {Unit} */ u, /** @type {number} */ i) =>
          s("polyline", { points: path(u.line), class: `thin s${tone(u.v)} ${i === chosen ? "chosen" : ""}`, "data-l": `joint-${i + 1}` }),
        );
    put(
      this.lines,
      s("polyline", { class: "target", points: path(sum.y.map((/** @type {number} */ y, /** @type {number} */ k) => [(2 * k) / (sum.y.length - 1) - 1, y])) }),
      ...shapes,
      fit && s("polyline", { class: "ink fit", points: path(fit.sum) }),
      s("polyline", { class: "ink", "stroke-width": 3, "stroke-linejoin": "round", points: path(sum.sum) }),
    );
    put(this.stroke);
    this.stroke.removeAttribute("points");
    put(this.free, ...this.#rows(sum, chosen), ...this.#fits(fit), ...this.#handles(sum.units, chosen));
    if (held) /** @type {SVGElement | null} */ (this.svg.querySelector(`[data-handle="${held}"]`))?.focus({ preventScroll: true });
  }

  /** The joints of the library's fit, on the lower edge. @param {any} fit */
  #fits(fit) {
    const y = TOP + HIGH;
    return (fit?.joints ?? []).map((/** @type {number} */ at) => s("path", { class: "fit-joint", d: `M${sx(at).toFixed(1)} ${y - 8}l5.5 8l-5.5 8l-5.5 -8z` }, s("title", {}, tr`a joint of shoal’s fit: ${sig(at)}`)));
  }

  /** A row for each unit, filled where it is active, and under them the pattern of each segment. @param {any} sum @param {number} chosen */
  #rows(sum, chosen) {
    const n = sum.units.length;
    const high = Math.min(ROWS / n, 20);
    const top = BAND + 6;
    /** @type {SVGElement[]} */ const out = [];
    for (let p = 0; p + 1 < sum.ends.length; p += 1) {
      const [a, b] = [sx(sum.ends[p]), sx(sum.ends[p + 1])];
      sum.active[p].forEach((/** @type {number} */ on, /** @type {number} */ i) => {
        const place = { x: a.toFixed(1), y: (top + i * high + 1).toFixed(1), width: Math.max(b - a, 0.1).toFixed(1), height: Math.max(high - 2, 1.5).toFixed(1) };
        if (on) out.push(s("rect", { ...place, class: `on ${i === chosen ? "chosen" : ""}`, "data-l": `joint-${i + 1}`, "data-h": `joint-${i + 1}` }));
      });
      if (p) out.push(line(a, TOP + HIGH, a, top + n * high + 3, { class: "axis", "stroke-dasharray": "2 3" }));
      const pattern = sum.active[p].join("");
      if (b - a > 8 + 11.4 * n) out.push(text((a + b) / 2, top + n * high + 15, pattern, { class: "mono" }));
    }
    if (high >= 18) sum.units.forEach((/** @type {Unit} */ _, /** @type {number} */ i) => out.push(text(LEFT - 7, top + i * high + high / 2 + 4, i + 1, { "text-anchor": "end" })));
    return out;
  }

  /** @param {Unit[]} units @param {number} chosen */
  #handles(units, chosen) {
    const now = (/** @type {number} */ v) => Number(v.toPrecision(4));
    return units.flatMap((u, i) => {
      const key = `joint-${i + 1}`;
      /** @param {string} name @param {number} value @param {number} most */
      const moved = (name, value, most) =>
        this.doings
          ? { role: "slider", tabindex: 0, "aria-label": tr`${name} of unit ${i + 1}`, "aria-valuemin": -most, "aria-valuemax": most, "aria-valuenow": now(within(value, most)), "aria-valuetext": sig(value) }
          : {};
      const out = [];
      if (i === chosen || units.length <= 6) {
        const [x = 1, y = 0] = endOf(u);
        const [cx, cy] = [sx(x), sy(within(y, Y))];
        out.push(s("rect", { x: (cx - 5).toFixed(1), y: (cy - 5).toFixed(1), width: 10, height: 10, class: `handle end s${tone(u.v)}`, "data-handle": `end-${i}`, "data-h": key, ...moved(tr("end of the line"), y, Y) }));
      }
      if (u.joint !== null && Math.abs(u.joint) <= 1)
        out.push(s("circle", { cx: sx(u.joint).toFixed(1), cy: sy(0).toFixed(1), r: i === chosen ? 8 : 6, class: `handle ${i === chosen ? "chosen" : ""}`, "data-handle": `joint-${i}`, "data-h": key, ...moved(tr("joint"), u.joint, 1) }));
      return out;
    });
  }

  /** Pointer and keys. @param {Doings} doings */
  #listen(doings) {
    /** @type {{i: number, part: Part} | null} */ let held = null;
    /** @type {number[] | null} */ let heights = null;
    let last = [0, 0];
    const place = (/** @type {PointerEvent} */ e) => {
      const box = this.svg.getBoundingClientRect();
      const scale = W / box.width;
      const [px, py] = [(e.clientX - box.left) * scale, (e.clientY - box.top) * scale];
      return { px, py, reach: (e.pointerType === "touch" ? 24 : 16) * scale, x: ((px - LEFT) / (W - LEFT - RIGHT)) * 2 - 1, y: Y - ((py - TOP) / HIGH) * 2 * Y };
    };
    this.svg.addEventListener("pointerdown", (e) => {
      const at = place(e);
      if (at.py > TOP + HIGH + 12) return;
      held = this.#nearest(at.px, at.py, at.reach);
      if (held) doings.choose(held.i);
      else heights = Array.from({ length: DRAWN }, (_, k) => this.target[Math.round((k * (this.target.length - 1)) / (DRAWN - 1))] ?? 0);
      last = [at.x, at.y];
      this.svg.setPointerCapture(e.pointerId);
      e.preventDefault();
    });
    this.svg.addEventListener("pointermove", (e) => {
      const at = place(e);
      if (held) doings.move(held.i, held.part, held.part === "joint" ? within(at.x, 1) : within(at.y, Y));
      if (!heights) return;
      const [x0 = 0, y0 = 0] = last;
      for (let k = 0; k < DRAWN; k += 1) {
        const x = (2 * k) / (DRAWN - 1) - 1;
        const [from, to] = [Math.min(x0, at.x), Math.max(x0, at.x)];
        if (x >= from && x <= to) heights[k] = within(to === from ? at.y : y0 + ((x - x0) / (at.x - x0)) * (at.y - y0), Y);
      }
      last = [at.x, at.y];
      this.stroke.setAttribute("points", path(heights.map((y, k) => [(2 * k) / (DRAWN - 1) - 1, y])));
    });
    const over = (/** @type {boolean} */ done) => () => {
      const all = heights;
      held = heights = null;
      if (done && all && this.stroke.getAttribute("points")) doings.draw(all.map((y) => Math.round(1000 * y)));
      else this.stroke.removeAttribute("points");
    };
    this.svg.addEventListener("pointerup", over(true));
    this.svg.addEventListener("pointercancel", over(false));
    this.svg.addEventListener("keydown", (e) => this.#key(e, doings));
  }

  /** @param {KeyboardEvent} e @param {Doings} doings */
  #key(e, doings) {
    const [part = "", number = ""] = (e.target instanceof Element && e.target.getAttribute("data-handle")?.split("-")) || [];
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1 }[e.key];
    const unit = this.units[Number(number)];
    if (!by || !part || !unit || e.ctrlKey || e.metaKey || e.altKey) return;
    e.preventDefault();
    e.stopPropagation(); // elsewhere the arrows step the training
    const [now, most] = part === "joint" ? [unit.joint ?? 0, 1] : [endOf(unit)[1] ?? 0, Y];
    doings.choose(Number(number));
    doings.move(Number(number), part === "joint" ? "joint" : "end", within(now + by * (e.shiftKey ? 0.1 : 0.02), most));
  }

  /** The handle under the pointer, joints first. @param {number} px @param {number} py @param {number} reach how far from it @returns {{i: number, part: Part} | null} */
  #nearest(px, py, reach) {
    /** @type {{i: number, part: Part} | null} */ let found = null;
    let best = reach;
    for (const handle of this.svg.querySelectorAll("[data-handle]")) {
      const [part, i] = (handle.getAttribute("data-handle") ?? "").split("-");
      const at = (/** @type {string} */ name) => Number(handle.getAttribute(name));
      const [x, y] = part === "joint" ? [at("cx"), at("cy")] : [at("x") + 5, at("y") + 5];
      const away = Math.hypot(px - x, py - y);
      if (away < best) [best, found] = [away, { i: Number(i), part: part === "joint" ? "joint" : "end" }];
    }
    return found;
  }
}
