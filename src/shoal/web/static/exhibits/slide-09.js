// 9. Descent: one step forward or back, the effect of the learning rate, and the path over a slice of the cost.
import { recordedOf } from "../lib/ask.js";
import { chart, costScale, roundTicks } from "../lib/chart.js";
import { iconButton, pick, showRunning, slider } from "../lib/controls.js";
import { h, line, put, s } from "../lib/dom.js";
import { exhibit } from "../lib/exhibit.js";
import { matrix } from "../lib/matrix.js";
import { called, num, sig, whole } from "../lib/numbers.js";
import { Plane } from "../lib/plane.js";
import { declareAs, get, listen, number, set } from "../lib/store.js";
import { walk } from "../lib/strip.js";
import { tr } from "../lib/words.js";

const UNITS = [1, 2, 3, 4].map((i) => tr`unit ${i}`);
/** @type {Record<string, string>} */
const WORDS = {
  starts: tr("It is just starting."),
  crawls: tr("It crawls: the cost has hardly decreased."),
  falls: tr("It falls."),
  rattles: tr("It rattles: the steps are too long, the cost goes up as often as down."),
  leaves: tr("It leaves: every step ends higher than the last."),
};

/** The numbers of the example network, by the keys of their cards. */
const WEIGHTS = [
  ...[1, 2, 3, 4].flatMap((i) => [`W1-${i}-1`, `W1-${i}-2`]),
  ...[1, 2, 3, 4].map((i) => `b1-${i}-1`),
  ...[1, 2, 3, 4].map((i) => `W2-1-${i}`),
  "b2-1-1",
];

/** Two lists of weights; who chooses the other's one gives it theirs. */
function twoWeights() {
  let before = { across: get("9.across"), up: get("9.up") };
  listen(["9.across", "9.up"], () => {
    const now = { across: get("9.across"), up: get("9.up") };
    if (now.across === now.up) set(now.across === before.across ? { "9.across": before.up } : { "9.up": before.across });
    before = { across: get("9.across"), up: get("9.up") };
  });
  const offered = (/** @type {string} */ parameter) =>
    WEIGHTS.filter((key) => recordedOf(parameter)?.includes(key) ?? true).map((key) => /** @type {[string, string]} */ ([key, called(key)]));
  return [
    pick({ key: "9.across", label: tr("across"), options: offered("slice.across"), name: tr("weight across") }),
    pick({ key: "9.up", label: tr("up"), options: offered("slice.up"), name: tr("weight up") }),
  ];
}

/** The cost over two weights: more than now in one hue, less in the other, the path of descent on it. @param {any} a @param {string} across @param {string} up */
function slicePlane(a, across, up) {
  const plane = new Plane({
    size: 251,
    x: a.x,
    y: a.y,
    names: [called(across), called(up)],
    label: tr`The cost over ${called(across)} and ${called(up)}, with the path of descent`,
  });
  plane.heat(a.above);
  plane.boundary(a.above);
  const [xs, ys] = a.path.map((/** @type {(number | null)[]} */ all) => all.filter((v) => v !== null));
  const places = xs.map((/** @type {number} */ x, /** @type {number} */ i) => [plane.sx(x).toFixed(1), plane.sy(ys[i]).toFixed(1)]);
  const way = { points: places.map((/** @type {string[]} */ p) => p.join(",")).join(" "), "stroke-linejoin": "round", fill: "none" };
  const [cx, cy] = places[places.length - 1] ?? ["0", "0"];
  const origin = { x: plane.sx(0), y: plane.sy(0) };
  plane.over.append(
    line(origin.x - 6, origin.y, origin.x + 6, origin.y, { class: "ink", "stroke-width": 1.2 }),
    line(origin.x, origin.y - 6, origin.x, origin.y + 6, { class: "ink", "stroke-width": 1.2 }),
    s("polyline", { ...way, class: "under-way" }),
    s("polyline", { ...way, class: "ink", "stroke-width": 1.6 }),
  );
  if (a.next.every((/** @type {number | null} */ v) => v !== null))
    plane.over.append(line(Number(cx), Number(cy), plane.sx(a.next[0]), plane.sy(a.next[1]), { class: "ink", "stroke-width": 3 }));
  plane.over.append(s("circle", { cx, cy, r: 4.5, class: "here" }));
  return plane.element;
}

/** @param {any} page */
export function slide9(page) {
  declareAs("9.rate", "descent.rate");
  declareAs("9.across", "slice.across");
  declareAs("9.up", "slice.up");
  const weights = twoWeights(); // before the exhibit, which must hear of two weights that differ
  const plane = new Plane({ size: 251, limit: page.limit, label: tr("The boundary at this step") });
  const [curve, slice, sliceWords, word, update, arithmetic] = [
    h("figure", { "data-part": "run" }),
    h("figure", { "data-part": "slice" }),
    h("p", { class: "cap" }),
    h("p", { class: "word", "data-part": "run" }),
    h("div", { class: "update", "data-part": "update" }),
    h("p", { class: "cap arithmetic", "data-part": "update" }),
  ];
  const play = iconButton("play", tr("let it run"), toggle);
  const { last } = page;
  let running = 0;

  /** @param {boolean} on */
  function run(on) {
    cancelAnimationFrame(running);
    running = on ? requestAnimationFrame(turn) : 0;
    showRunning(play, on, tr("let it run"));
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
      matrix({ name: "W1", values: d.before.W1, rows: UNITS, cols: ["x1", "x2"], ref, how: own, caption: tr("W1 before") }),
      op("+"),
      matrix({ name: "change", values: d.change.W1, cols: ["x1", "x2"], ref: small, caption: "− α dW1" }),
      op("="),
      matrix({ name: "after", values: d.after.W1, cols: ["x1", "x2"], ref, caption: tr("W1 after") }),
    );
    const [w, g, a] = [d.before.W1[0][0], d.slopes.W1[0][0], d.after.W1[0][0]];
    put(
      arithmetic,
      tr("Unit 1, x1:"),
      " ",
      num(w),
      " − ",
      num(d.rate),
      " · ",
      num(g, { how: own ? "dW1-1-1" : undefined }),
      " = ",
      num(a, { class: "strong", name: "after-1-1" }),
      `. ${tr("The other 16 change in the same way, at the same time.")}`,
    );
  }

  /** @param {any} a */
  function drawSlice(a) {
    const [across, up] = [get("9.across"), get("9.up")];
    put(slice, slicePlane(a, across, up));
    put(
      sliceWords,
      tr`At the dot J is ${num(a.J, { name: "slice-J" })}, and the line runs where it is the same.`,
      " ",
      tr`The lowest of the costs that are drawn is ${num(a.lowest.J, { name: "lowest" })}, at ${called(across)} = ${sig(a.lowest.x, 3)} and ${called(up)} = ${sig(a.lowest.y, 3)}; the highest is ${num(a.highest, { name: "highest" })};`,
      " ",
      tr`with both weights 0, at the cross, J is ${num(a.zero, { name: "zero" })}.`,
    );
  }

  exhibit({
    number: 9,
    predict: () => ["predict_9", { step: Math.min(number("step"), last), edits: get("edits"), rate: get("9.rate") }],
    keys: ["step", "edits", "9.rate", "9.across", "9.up"],
    themed: true,
    lecture: [
      { says: tr("boundary"), parts: ["run"] },
      { says: tr("a slice of the cost"), parts: ["slice"] },
      { says: tr("one step"), parts: ["update"] },
    ],
    questions: () => {
      const at = { step: get("step"), edits: get("edits"), rate: get("9.rate") };
      return { d: ["descent", at], a: ["slice", { ...at, across: get("9.across"), up: get("9.up") }] };
    },
    build(stage) {
      plane.examples(page.X, page.Y, 0.85);
      const rate = slider({
        key: "9.rate",
        label: "α",
        name: tr("learning rate"),
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
        tr`the exercise’s ${page.rate}`,
      );
      stage.append(
        h(
          "div",
          { class: "bar" },
          h(
            "span",
            { class: "field" },
            iconButton("reset", tr("to step 0"), () => set({ step: 0 })),
            iconButton("back", tr("one step back"), () => walk(-1, last)),
            play,
            iconButton("on", tr("one step forward"), () => walk(1, last)),
          ),
          rate,
          exercise,
        ),
        word,
        h(
          "div",
          { class: "e9" },
          h("figure", { "data-part": "run" }, plane.element),
          curve,
          slice,
          h("div", { class: "slice-words", "data-part": "slice" }, h("div", { class: "bar" }, h("b", {}, tr("A slice of the cost")), ...weights), sliceWords),
        ),
        update,
        arithmetic,
      );
    },
    draw({ d, a }) {
      drawSlice(a);
      plane.heat(d.heat);
      plane.boundary(d.cut);
      const end = Math.max(d.step, 1);
      put(
        word,
        WORDS[d.verdict] ?? "",
        h(
          "span",
          { class: "lab" },
          " ",
          tr`step ${whole(d.step)}: cost ${num(d.J, { name: "J", digits: 6 })}, after the next ${num(d.J_after, { name: "J-after", digits: 6 })}, correct ${d.right} of ${page.Y.length}`,
        ),
      );
      word.dataset.verdict = d.verdict;
      put(
        curve,
        chart(
          {
            width: 284,
            height: 270,
            label: tr`Cost at learning rate ${d.rate}`,
            xName: tr("step"),
            yName: tr("cost"),
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
