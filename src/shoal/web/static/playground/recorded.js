// Recorded runs in the copy: the data that a live run sent, frame by frame. The commands are those of a live run (`run.js`).
import { h, put } from "../lib/dom.js";
import { whole } from "../lib/numbers.js";
import { unpack } from "../lib/packed.js";
import { reset, set } from "../lib/store.js";
import { tr } from "../lib/words.js";
import { networkKeys } from "./settings.js";

const BETWEEN = 90; // milliseconds between frames while it plays
export const WHY = tr("not recorded in this copy: settings need the live page, which `shoal chapter` opens");

/** @typedef {{settings: Record<string, string>, scene: any, frames: any[], records: any[][], taken: any[], cards: Record<string, any>[]}} Recording */

/** One recorded run. `seen` is called with each frame, `ended` when it no longer plays. */
export class RecordedRun {
  /** @param {(frame: any) => void} seen @param {(wrong?: Error) => void} ended */
  constructor(seen, ended) {
    this.seen = seen;
    this.ended = ended;
    this.id = "";
    this.playing = false;
    this.at = 0;
    this.timer = 0;
    /** @type {Record<string, Recording>} */ this.all = {};
    /** @type {Recording | null} */ this.own = null;
  }

  /** The run of the requested set; the address then has the settings of the recording. @param {Record<string, string>} asked */
  async start(asked) {
    this.#rest();
    if (!Object.keys(this.all).length) this.all = /** @type {any} */ (await unpack("recorded-runs")) ?? {};
    const name = asked.data ?? "";
    const own = this.all[name] ?? this.all.flower;
    if (!own) throw new Error(tr("this copy carries no recorded runs"));
    this.own = own;
    this.id = "recorded";
    this.at = 0;
    reset(networkKeys);
    set(Object.fromEntries(Object.entries(own.settings).map(([key, value]) => [`p.${key}`, value])));
    const says = this.all[name] ? "" : tr("this copy has its own data sets only; your table needs the live page: `shoal chapter`");
    return { scene: own.scene, frame: this.#frame(), says };
  }

  /** @param {string} name @param {any} [given] */
  async command(name, given = {}) {
    this.#rest();
    const last = this.#recording().frames.length - 1;
    /** @type {Record<string, number>} */ const goes = { step: this.at + 1, back: this.at - 1, reset: 0, moment: given.at ?? 0 };
    this.at = Math.min(last, Math.max(0, goes[name] ?? this.at));
    return this.#frame();
  }

  /** Play frame by frame, or go at once to the one nearest to update `until`. @param {number} [until] */
  async play(until = 0) {
    this.#rest();
    const { frames } = this.#recording();
    if (until) {
      this.at = frames.reduce((best, f, i) => (Math.abs(f.t - until) < Math.abs(frames[best].t - until) ? i : best), 0);
      this.seen(this.#frame());
      setTimeout(() => this.ended());
      return;
    }
    if (this.at === frames.length - 1) this.at = 0;
    this.playing = true;
    this.timer = window.setInterval(() => {
      this.at += 1;
      const over = this.at >= frames.length - 1;
      if (over) this.#rest();
      this.seen(this.#frame());
      if (over) this.ended();
    }, BETWEEN);
  }

  async take() {
    return this.#recording().taken[this.at];
  }

  /** @param {string} key */
  explains(key) {
    return key in (this.own?.cards[this.at] ?? {});
  }

  /** @param {string} key */
  async how(key) {
    return this.#recording().cards[this.at]?.[key];
  }

  #recording() {
    if (!this.own) throw new Error(tr("this copy carries no recorded runs"));
    return this.own;
  }

  /** The frame as a live run would send it, with its curve up to there. */
  #frame() {
    const { frames, records } = this.#recording();
    const frame = frames[this.at];
    return { ...frame, playing: this.playing, fresh: true, records: records.filter(([t]) => t <= frame.t) };
  }

  #rest() {
    clearInterval(this.timer);
    this.playing = false;
  }
}

/** The bar of the copy: the current frame, and what the copy cannot do. `go` gets the frame's index. */
export class Moments {
  /** @param {(at: number) => void} go */
  constructor(go) {
    this.input = /** @type {HTMLInputElement} */ (
      h("input", { type: "range", id: "p-moment", min: 0, max: 1, step: 1, value: 0, "aria-label": tr("recorded moment"), style: "width:230px" })
    );
    this.input.addEventListener("input", () => go(Number(this.input.value)));
    this.words = h("span", { class: "cap recorded-note" });
    this.element = h("div", { class: "run" }, h("label", { class: "field" }, h("span", { class: "lab" }, tr("moment")), this.input), this.words);
  }

  /** @param {RecordedRun} run */
  show(run) {
    const frames = run.own?.frames ?? [];
    const last = Math.max(1, frames.length - 1);
    this.input.max = String(last);
    this.input.value = String(run.at);
    this.input.style.setProperty("--at", `${(100 * run.at) / last}%`);
    this.input.setAttribute("aria-valuetext", tr`update ${frames[run.at]?.t ?? 0}`);
    const end = frames[frames.length - 1]?.t ?? 0;
    put(
      this.words,
      tr`A recorded run: ${frames.length} frames of ${whole(end)} updates. Grey settings were not recorded; ${h("code", {}, "shoal chapter")} opens the page that trains.`,
    );
  }
}

/** Disable what needs the library, with the reason on each. @param {Element[]} parts */
export function disable(parts) {
  for (const part of parts) {
    part.classList.add("unrecorded");
    for (const control of [part, ...part.querySelectorAll("input, select, button")]) {
      /** @type {HTMLInputElement} */ (control).disabled = true;
      control.setAttribute("title", WHY);
    }
  }
}

