// The first picture of the page: the example network learns the flower, from its first step to its last, by recorded steps.
import { ask, telling } from "./ask.js";
import { iconButton, showRunning } from "./controls.js";
import { find, h, line, picture, put, s, text } from "./dom.js";
import { A_SECOND, fieldsBetween, frames } from "./film.js";
import { isStill, over, whenSeen } from "./motion.js";
import { sig, whole } from "./numbers.js";
import { Plane } from "./plane.js";
import { tr } from "./words.js";

const SIZE = 292;
const CURVE = { width: 293, height: 58, top: 4, bottom: 54, most: 0.72 };
const PARTS = [122, 600]; // the film begins when its first part is there; the last part takes the server seconds if it has just started
const EVERY = 1000 / 30; // milliseconds between two pictures: exhibits on the screen need the processor too

/** @param {any} page */
export function startOpening(page) {
  const plane = new Plane({ size: SIZE, limit: page.limit, label: tr("The boundary of the example network takes shape while it learns the flower"), axes: false });
  const curve = picture(CURVE.width, CURVE.height, tr("The cost falls"));
  const says = h("span", { class: "cap" });
  const button = iconButton("play", tr("play"), () => (stop ? pause() : play()), { class: "icon moves" });
  /** @type {import("./film.js").Frame[]} */ const film = [];
  /** @type {any} */ let sizes;
  /** @type {(() => void) | null} */ let stop = null;
  let at = 0; // in recorded steps
  let begin = (/** @type {any} */ _) => {};

  /** Show a moment of the film. @param {number} now */
  function show(now) {
    at = Math.min(now, film.length - 1);
    const i = Math.floor(at);
    const frame = film[i];
    if (!frame) return;
    const { heat, cut } = fieldsBetween(frame, film[i + 1] ?? frame, at - i, sizes.k);
    plane.heat(heat);
    plane.boundary(cut);
    const x = (/** @type {number} */ n) => 2 + (n / (page.film - 1)) * (CURVE.width - 8);
    const y = (/** @type {number} */ J) => CURVE.bottom - (Math.min(J, CURVE.most) / CURVE.most) * (CURVE.bottom - CURVE.top);
    const passed = film.slice(0, i + 1);
    put(
      curve,
      line(0, CURVE.bottom, CURVE.width, CURVE.bottom, { class: "grid" }),
      s("polyline", { class: "ink", "stroke-width": 1.8, points: passed.map((f, n) => `${x(n).toFixed(1)},${y(f.J).toFixed(1)}`).join(" ") }),
      s("circle", { cx: x(i).toFixed(1), cy: y(frame.J).toFixed(1), r: 3.2, fill: "var(--ink)" }),
      text(CURVE.width, 12, `${tr("cost")} ${sig(frame.J, 3)}`, { class: "strong", "text-anchor": "end" }),
    );
    put(says, tr`step ${whole(frame.step)}`, ": ", tr`${frame.right} of ${page.Y.length} right`);
  }

  function pause() {
    stop?.();
    stop = null;
    showRunning(button, false);
  }

  /** From where it was paused; from the beginning after its end. */
  function play() {
    const last = page.film - 1;
    const from = at >= last ? 0 : at;
    let drawn = -Infinity;
    stop = over(
      last / A_SECOND,
      (part) => {
        const now = performance.now();
        if (part < 1 && now - drawn < EVERY) return;
        drawn = now;
        show(part * last);
      },
      pause,
      from / last,
    );
    showRunning(button, true);
  }

  /** The parts, one after the other; a copy has all of them in one answer. */
  async function load() {
    let after = -1;
    for (const step of [...PARTS, page.last]) {
      const asked = { after, step };
      const answer = await telling(ask("learning", asked), [["learning", asked]], (words) => words && !film.length && put(says, words));
      sizes = answer;
      film.push(...frames(answer).filter((f) => f.step > after));
      after = film[film.length - 1]?.step ?? step;
      if (isStill() || !stop) show(isStill() ? film.length - 1 : at);
      begin(film.length);
      if (film.length >= page.film) break;
    }
  }

  plane.examples(page.X, page.Y, 0.8);
  put(find("#first-picture"), plane.element, curve, h("figcaption", {}, button, says));
  const first = new Promise((ready) => (begin = ready));
  load().catch((wrong) => put(says, `✕ ${wrong instanceof Error ? wrong.message : wrong}`));
  whenSeen(find("#first-picture"), () => void first.then(play, () => {}));
}
