// 9. Descent: one step forward or back, and the effect of the learning rate.
import { chart, costScale, roundTicks } from "../lib/chart.js";
import { iconButton, showRunning, slider } from "../lib/controls.js";
import { h, put } from "../lib/dom.js";
import { exhibit } from "../lib/exhibit.js";
import { matrix } from "../lib/matrix.js";
import { num, sig, whole } from "../lib/numbers.js";
import { Plane } from "../lib/plane.js";
import { declareAs, get, number, set } from "../lib/store.js";
import { walk } from "../lib/strip.js";

const UNITS = ["unit 1", "unit 2", "unit 3", "unit 4"];
/** @type {Record<string, string>} */
const WORDS = {
  starts: "It is just starting.",
  crawls: "It crawls: the cost has hardly decreased.",
  falls: "It falls.",
  rattles: "It rattles: the steps are too long, the cost goes up as often as down.",
  leaves: "It leaves: every step ends higher than the last.",
};

/** @param {any} page */
export function slide9(page) {
  declareAs("9.rate", "descent.rate");
  const plane = new Plane({ size: 330, limit: page.limit, label: "The boundary at this step" });
  const [curve, word, update, arithmetic] = [
    h("figure", {}),
    h("p", { class: "word" }),
    h("div", { class: "update", "data-part": "update" }),
    h("p", { class: "cap arithmetic", "data-part": "update" }),
  ];
  const play = iconButton("play", "let it run", toggle);
  const { last } = page;
  let running = 0;

  /** @param {boolean} on */
  function run(on) {
    cancelAnimationFrame(running);
    running = on ? requestAnimationFrame(turn) : 0;
    showRunning(play, on, "let it run");
  }

  function toggle() {
    run(!running && number("step") < last);
  }

  function turn() {
    const before = number("step");
    walk(Math.max(1, Math.floor(before / 50)), last);
    run(number("step") < last && number("step") > before);
  }

  /** @param {any} d */
  function drawUpdate(d) {
    const ref = Math.max(...d.before.W1.flat().map(Math.abs), 1e-12);
    const small = Math.max(...d.change.W1.flat().map(Math.abs), 1e-300);
    const op = (/** @type {string} */ sign) => h("span", { class: "op" }, sign);
    const own = d.rate === page.rate;
    put(
      update,
      matrix({ name: "W1", values: d.before.W1, rows: UNITS, cols: ["x1", "x2"], ref, how: own, caption: "W1 before" }),
      op("+"),
      matrix({ name: "change", values: d.change.W1, cols: ["x1", "x2"], ref: small, caption: "− α dW1" }),
      op("="),
      matrix({ name: "after", values: d.after.W1, cols: ["x1", "x2"], ref, caption: "W1 after" }),
    );
    const [w, g, a] = [d.before.W1[0][0], d.slopes.W1[0][0], d.after.W1[0][0]];
    put(
      arithmetic,
      "Unit 1, x1: ",
      num(w),
      " − ",
      num(d.rate),
      " · ",
      num(g, { how: own ? "dW1-1-1" : undefined }),
      " = ",
      num(a, { class: "strong", name: "after-1-1" }),
      ". The other 16 change in the same way, at the same time.",
    );
  }

  exhibit({
    number: 9,
    predict: () => ["predict_9", { step: Math.min(number("step"), last), edits: get("edits"), rate: get("9.rate") }],
    keys: ["step", "edits", "9.rate"],
    themed: true,
    lecture: [
      { says: "boundary", parts: ["run"] },
      { says: "one step", parts: ["update"] },
    ],
    questions: () => ({ d: ["descent", { step: get("step"), edits: get("edits"), rate: get("9.rate") }] }),
    build(stage) {
      plane.examples(page.X, page.Y, 0.85);
      const rate = slider({
        key: "9.rate",
        label: "α",
        name: "learning rate",
        min: -3,
        max: 1,
        step: 0.01,
        width: 200,
        to: (p) => Number((10 ** p).toPrecision(3)),
        from: (v) => Math.log10(v),
      });
      const exercise = h(
        "button",
        { type: "button", class: "small", onclick: () => set({ "9.rate": page.rate }) },
        `the exercise’s ${page.rate}`,
      );
      stage.append(
        h(
          "div",
          { class: "bar" },
          h(
            "span",
            { class: "field" },
            iconButton("reset", "to step 0", () => set({ step: 0 })),
            iconButton("back", "one step back", () => walk(-1, last)),
            play,
            iconButton("on", "one step forward", () => walk(1, last)),
          ),
          rate,
          exercise,
        ),
        h("div", { class: "e9", "data-part": "run" }, h("figure", {}, plane.element), h("div", {}, word, curve)),
        update,
        arithmetic,
      );
    },
    draw({ d }) {
      plane.heat(d.heat);
      plane.boundary(d.cut);
      const end = Math.max(d.step, 1);
      put(
        word,
        WORDS[d.verdict] ?? "",
        h(
          "span",
          { class: "lab" },
          ` step ${whole(d.step)}: cost `,
          num(d.J, { name: "J", digits: 6 }),
          ", after the next ",
          num(d.J_after, { name: "J-after", digits: 6 }),
          `, correct ${d.right} of ${page.Y.length}`,
        ),
      );
      word.dataset.verdict = d.verdict;
      put(
        curve,
        chart(
          {
            width: 470,
            height: 300,
            label: `Cost at learning rate ${d.rate}`,
            x: [0, end],
            xTicks: roundTicks(end, 4),
            ...costScale(d.costs.v),
          },
          [{ ...d.costs, width: 2.2, label: `α = ${sig(d.rate, 3)}`, dy: -12 }],
        ),
      );
      drawUpdate(d);
    },
  });
}
