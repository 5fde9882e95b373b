// The playground: the reader's data and network, trained by the library while the page shows the progress.
import { isRecorded, telling } from "../lib/ask.js";
import { answerFor } from "../lib/card.js";
import { iconButton, showRunning } from "../lib/controls.js";
import { find, h, put } from "../lib/dom.js";
import { whole } from "../lib/numbers.js";
import { get, listen, number, set } from "../lib/store.js";
import { tr } from "../lib/words.js";
import { Cost } from "./cost.js";
import { DataPanel, READING } from "./data.js";
import { NetworkDrawing } from "./network.js";
import { numbers, scores, unitLine, warn } from "./numbers.js";
import { Outcome } from "./outcome.js";
import { disable, Moments, RecordedRun, WHY } from "./recorded.js";
import { Run, seen } from "./run.js";
import { declareSettings, learningBar, lossChoice, networkBar, networkKeys, pictureKeys, settings } from "./settings.js";
import { takeAway } from "./take.js";

const READ = 110; // milliseconds between two updates of the numbers during training
const KEPT = 1000; // and of the address, from which a page that is reloaded in mid-run goes on; browsers limit how often it may change
const PATIENCE = 180; // milliseconds that a slider may still move

/** @param {import("./settings.js").Served} served */
export function playground(served) {
  declareSettings(served);
  const section = find("#playground");
  const stage = find(".stage", section);
  let begun = false;
  const begin = () => {
    if (begun) return;
    begun = true;
    new Playground(section, stage).begin();
  };
  section.previousElementSibling?.addEventListener("focusin", begin);
  new IntersectionObserver((entries) => entries.some((e) => e.isIntersecting) && begin(), { rootMargin: "300px 0px" }).observe(section);
}

class Playground {
  /** @param {HTMLElement} section @param {HTMLElement} stage */
  constructor(section, stage) {
    this.section = section;
    const kind = isRecorded() ? RecordedRun : Run;
    this.run = new kind(
      (/** @type {any} */ frame) => this.seen(frame),
      (/** @type {Error | undefined} */ wrong) => this.ended(wrong),
    );
    this.moments = isRecorded() ? new Moments((at) => void this.command("moment", { at })) : null;
    answerFor("p", (key) => this.explained(key));
    this.failed = h("p", { class: "failed", role: "status", hidden: true });
    this.data = new DataPanel((words) => this.say(words));
    this.cost = new Cost();
    this.play = iconButton("play", tr("play"), () => void this.toggle(), { id: "p-play" });
    this.where = h("span", { class: "where" });
    this.loss = h("span", { hidden: true }, lossChoice());
    this.waits = h("p", { class: "waiting", role: "status", hidden: true });
    this.netTitle = h("small", {});
    this.net = h("div", {});
    this.unit = h("p", { class: "cap unit-line" });
    this.warnings = h("ul", { class: "warnings", "aria-live": "polite" });
    this.outTitle = h("small", {});
    this.out = h("div", {});
    this.costTitle = h("small", {});
    this.members = h("span", { class: "members" });
    this.now = h("dl", { class: "now" });
    /** @type {any} */ this.frame = null;
    /** @type {any} */ this.scene = null;
    /** @type {NetworkDrawing | null} */ this.drawing = null;
    /** @type {Outcome | null} */ this.outcome = null;
    this.shown = 0;
    this.read = 0; // when the numbers were last written
    this.kept = 0; // when the address was
    this.written = get("p.t"); // the update last written to the address; another one comes from the reader
    this.waiting = 0;
    this.going = false; // whether the reader wants the training to go on, whatever run is live
    this.drawn = true;
    this.turn = Promise.resolve();
    this.#layout(stage);
  }

  /** @param {HTMLElement} stage */
  #layout(stage) {
    const does = (/** @type {string} */ name) => () => void this.command(name);
    const controls = h(
      "span",
      { class: "field" },
      iconButton("reset", tr("to the beginning"), does("reset"), { id: "p-reset" }),
      iconButton("back", tr("back"), does("back"), { id: "p-back" }),
      this.play,
      iconButton("on", tr("one step: one update"), does("step"), { id: "p-step" }),
      iconButton("epoch", tr("one epoch: all rows once"), does("epoch"), { id: "p-epoch" }),
    );
    const learning = h("div", { class: "run" }, controls, this.where, ...learningBar());
    const network = h("div", { class: "run" }, ...networkBar(), this.loss);
    put(
      stage,
      learning,
      network,
      this.moments?.element,
      this.failed,
      this.waits,
      h(
        "div",
        { class: "pg" },
        this.data.element,
        h("div", { class: "pg-net" }, h("h3", {}, tr("Network"), " ", this.netTitle), this.net, this.unit, this.warnings, key()),
        h(
          "div",
          { class: "pg-out" },
          h("h3", {}, tr("Outcome"), " ", this.outTitle),
          this.out,
          h("h3", { class: "second" }, tr("Cost"), " ", this.costTitle),
          this.cost.element,
          this.now,
        ),
      ),
      takeAway(() => this.taken()),
    );
    if (this.moments)
      disable([...[...learning.children].slice(2), network, find("#p-epoch", stage), ...this.data.element.querySelectorAll(".drop, .field")]);
  }

  begin() {
    void this.restart(number("p.t"));
    document.addEventListener("themechange", () => this.redraw());
    if (this.moments) return listen(["p.data", "p.t"], () => this.#recordedElsewhere());
    listen(networkKeys, () => this.#later());
    listen(["p.t"], () => {
      if (!this.waiting && get("p.t") !== this.written && !this.run.playing) this.#later();
    });
    listen(pictureKeys, () => !this.waiting && void this.look());
  }

  /** The copy's address names another set, or another moment. */
  #recordedElsewhere() {
    const goal = get("p.t") === this.written ? 0 : number("p.t");
    const shown = this.run instanceof RecordedRun ? this.run.own?.settings["data"] : "";
    if (get("p.data") !== shown) void this.restart(goal);
    else if (goal && !this.run.playing) void this.#next(() => this.start(goal));
  }

  /** A new run when the reader stops moving controls; an opened address names the update to go to. */
  #later() {
    const goal = get("p.t") === this.written ? 0 : number("p.t");
    clearTimeout(this.waiting);
    this.section.dataset.busy = "yes";
    this.waiting = window.setTimeout(() => {
      this.waiting = 0;
      void this.restart(goal);
    }, PATIENCE);
  }

  /** Run tasks one after another. @param {() => Promise<void>} work */
  #next(work) {
    this.section.dataset.busy = "yes";
    this.turn = telling(
      this.turn.then(work).catch((wrong) => this.trouble(wrong)),
      [["runs", {}]],
      (words) => this.wait(words),
    );
    return this.turn.then(() => {
      this.section.dataset.busy = "no";
    });
  }

  /** @param {string} words */
  wait(words) {
    this.waits.hidden = !words;
    put(this.waits, words);
    this.section.toggleAttribute("data-waiting", Boolean(words));
  }

  /** @param {number} goal */
  restart(goal) {
    return this.#next(async () => {
      const answer = await this.run.start(settings());
      this.say(answer.says ?? "");
      this.setting(answer);
      if (goal || this.going) await this.start(goal);
      else this.ended();
    });
  }

  /** A command, and the run's state after it. A run that the server has dropped starts again from its state. @param {string} name @param {any} [given] */
  command(name, given) {
    this.going = false;
    return this.#next(async () => {
      await this.alive();
      this.seen(await this.run.command(name, given));
      this.say("");
      this.ended();
    });
  }

  toggle() {
    if (this.going) return this.command("pause");
    this.going = true;
    return this.#next(async () => {
      await this.alive();
      await this.start(0);
    });
  }

  /** A run for commands: a failed start is repeated. */
  async alive() {
    if (!this.run.id) this.setting(await this.run.start(settings()));
  }

  /** @param {number} until */
  async start(until) {
    this.going = true;
    await this.run.play(until);
    this.say("");
    this.playing(true);
  }

  /** Other columns, other held values, another member; a playing run continues. */
  look() {
    return this.#next(async () => {
      const playing = this.going;
      const given = { x: get("p.x"), y: get("p.y"), held: JSON.parse(get("p.held") || "{}"), member: number("p.member") };
      this.setting(await this.run.command("view", given));
      this.say("");
      if (playing) await this.start(0);
      else this.ended();
    });
  }

  async taken() {
    if (this.run.playing) await this.command("pause");
    return this.run.take();
  }

  /** Pause the run while a number's card is open. @param {string} key */
  async explained(key) {
    if (this.run.playing) await this.command("pause");
    return this.run.how(key);
  }

  /** @param {any} wrong */
  async trouble(wrong) {
    this.going = false;
    this.playing(false);
    if (wrong?.status === 404 && this.run.id) {
      this.run.id = "";
      const goal = number("p.t");
      const answer = await this.run.start(settings());
      this.setting(answer);
      if (goal) await this.start(goal);
      return;
    }
    this.say(wrong instanceof Error ? wrong.message : String(wrong));
    if (get("p.data") === "own" && !this.run.id) await this.refused();
  }

  /** A table whose target is refused: its columns are shown, and nothing of what was drawn before. */
  async refused() {
    const table = await seen(`api/tables/${encodeURIComponent(get("p.table"))}`).catch(() => null);
    if (!table) return;
    this.section.dataset.refused = "yes";
    this.data.refused(table);
  }

  /** @param {string} words */
  say(words) {
    this.failed.hidden = !words;
    put(this.failed, words === READING ? words : `✕ ${words}`);
  }

  // --- what is shown -------------------------------------------------------------------------------------------------

  /** @param {any} answer */
  setting({ scene, frame }) {
    this.scene = scene;
    this.section.dataset.refused = "no";
    this.drawing = new NetworkDrawing(scene, (unit) => this.point(unit), !this.moments);
    this.outcome = new Outcome(scene);
    put(this.net, this.drawing.element);
    put(this.out, this.outcome.element, this.outcome.legend);
    put(
      this.netTitle,
      tr`${scene.n_x} → ${scene.n_h} ${scene.activation} → ${scene.n_z} ${scene.output}, ${scene.parameters} parameters`,
      this.members,
    );
    this.#memberChoice();
    this.loss.hidden = scene.task !== "regression";
    find(".only-normal", this.section).hidden = get("p.init") !== "normal";
    this.data.show(scene);
    this.seen(frame);
  }

  #memberChoice() {
    const { networks } = this.scene;
    const move = (/** @type {number} */ by) => () => set({ "p.member": (number("p.member") + by + networks) % networks });
    const fixed = this.moments ? { disabled: true, title: WHY } : {};
    put(
      this.members,
      ...(networks > 1
        ? [
            h("button", { type: "button", class: "small", onclick: move(-1), "aria-label": tr("the network before"), ...fixed }, "‹"),
            ` ${tr`network ${Math.min(number("p.member"), networks - 1) + 1} of ${networks}`} `,
            h("button", { type: "button", class: "small", onclick: move(1), "aria-label": tr("the next network"), ...fixed }, "›"),
          ]
        : []),
    );
  }

  /** @param {any} frame */
  seen(frame) {
    this.frame = frame;
    this.cost.add(frame);
    if (!this.drawn) return;
    this.drawn = false;
    requestAnimationFrame(() => {
      this.drawn = true;
      this.redraw();
    });
  }

  redraw() {
    const { frame, scene } = this;
    if (!frame || !scene) return;
    const playing = this.run.playing;
    this.drawing?.draw(frame, playing);
    this.outcome?.draw(frame, playing);
    this.cost.draw(scene, playing);
    const now = performance.now();
    if (!playing || now - this.read > READ) {
      this.read = now;
      this.#numbers(frame, scene);
      if (playing && now - this.kept > KEPT) {
        this.kept = now;
        this.#address();
      }
    }
    if (frame.warnings) warn(this.warnings, frame, scene, this.cost.kept[this.cost.kept.length - 1]?.[2] ?? null);
    if (this.run instanceof RecordedRun) this.moments?.show(this.run);
    Object.assign(this.section.dataset, { t: String(frame.t), playing: playing ? "yes" : "no" });
  }

  /** The numbers: during training they are updated as often as an eye can follow. @param {any} frame @param {any} scene */
  #numbers(frame, scene) {
    put(
      this.where,
      h("span", { class: "lab" }, tr("epoch")),
      h("output", { id: "p-epochs" }, whole(frame.epoch)),
      h("span", { class: "lab" }, tr("update")),
      h("output", { id: "p-t" }, whole(frame.t)),
    );
    put(this.outTitle, ...scores(this.run, frame, scene));
    put(this.costTitle, scene.scaled ? tr`${scene.loss} of the scaled target` : scene.loss);
    put(this.now, ...numbers(this.run, frame, scene, this.cost.kept[this.cost.kept.length - 1] ?? [0, null, null]));
    this.point(this.shown);
  }

  /** The numbers of one unit, in a line under the drawing. @param {number} unit */
  point(unit) {
    const { frame, scene } = this;
    if (!frame || !scene) return;
    this.shown = Math.min(unit, scene.n_h - 1);
    put(this.unit, ...unitLine(this.run, frame, scene, this.shown, get("p.standardize") === "yes"));
  }

  /** @param {boolean} on */
  playing(on) {
    showRunning(this.play, on);
    this.section.dataset.playing = on ? "yes" : "no";
  }

  /** @param {Error} [wrong] */
  ended(wrong) {
    this.going = false;
    this.playing(false);
    if (wrong) this.say(wrong.message);
    this.arrive();
  }

  /** The address follows the shown state. */
  arrive() {
    if (this.frame) this.#address();
    this.redraw();
  }

  #address() {
    this.written = String(this.frame.t);
    set({ "p.t": this.written });
  }
}

/** The legend of the drawing. */
const key = () =>
  h(
    "p",
    { class: "cap key" },
    h("i", { class: "below" }),
    ` ${tr("weight below 0")}  `,
    h("i", { class: "above" }),
    ` ${tr("above 0;")}  ${tr("a square shows its unit's output over the picture")}`,
  );
