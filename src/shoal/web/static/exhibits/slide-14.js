// 14. Enough and too much: 32 networks at once, judged on points that none of them sees; one of them, and the average of eight.
import { ask } from "../lib/ask.js";
import { answerFor } from "../lib/card.js";
import { ABOVE, chart, scales } from "../lib/chart.js";
import { choice, slider, stepper } from "../lib/controls.js";
import { h, line, put, s } from "../lib/dom.js";
import { exhibit } from "../lib/exhibit.js";
import { num, whole } from "../lib/numbers.js";
import { Plane } from "../lib/plane.js";
import { declareAs, get, number, set } from "../lib/store.js";
import { niceTicks } from "../lib/ticks.js";
import { tr } from "../lib/words.js";

const SIZES = [20, 50, 100, 200, 400];
const WIDTHS = [1, 2, 4, 8, 16];
const [LAST, EVERY] = [1000, 25];
const HELD = "7 4";
const STOPPED = "1.5 4";

/** A slider that goes from one of these values to the next. @param {number[]} values */
const along = (values) => ({ min: 0, max: values.length - 1, step: 1, to: (/** @type {number} */ p) => values[p] ?? 0, from: (/** @type {number} */ v) => values.indexOf(v), show: whole });

/** From 0 to a little above the medians; what is higher is drawn at the upper edge. @param {number[]} values */
function upTo(values) {
  const roof = Math.min(Math.max(0.8, 1.25 * Math.max(...values)), 6);
  return { y: /** @type {[number, number]} */ ([0, roof]), yTicks: niceTicks(0, roof, 4) };
}

/** @param {any} page */
export function slide14(page) {
  for (const name of ["m", "n_h", "labels"]) declareAs(`14.${name}`, `many.${name}`);
  declareAs("14.step", "many_at.step");
  declareAs("14.seed", "many_at.seed");
  const of = () => ({ m: get("14.m"), n_h: get("14.n_h"), labels: get("14.labels") });
  const at = () => ({ ...of(), step: get("14.step"), seed: get("14.seed") });
  answerFor("many", (key) => ask("how_many", { key, ...at() }));
  const planes = [tr("The boundary of one network"), tr("The boundary of the average of eight")].map(
    (label) => new Plane({ size: 200, limit: page.limit, axes: false, label }),
  );
  const [costs, overWidths, overSizes] = [h("figure", { "data-part": "steps" }), h("figure", {}), h("figure", {})];
  const [table, ofOne, ofEight] = [h("div", { "data-part": "numbers" }), h("p", { class: "cap figcap" }), h("p", { class: "cap figcap" })];
  const early = h("button", { type: "button", class: "small" }, tr("stop early"));
  const field = stepper({ key: "14.seed", label: tr("network"), min: 1, max: 32, recorded: "many_at.seed" });

  /** Every network's costs, the medians, where each would stop, and the step that is looked at. @param {any} many */
  function drawCosts(many) {
    const { median, stops } = many;
    const frame = {
      width: 560,
      height: 270,
      label: tr("Cost of 32 networks over the steps: of the points that they learn from, and held out"),
      xName: tr("step"),
      yName: tr("cost"),
      x: /** @type {[number, number]} */ ([0, LAST]),
      xTicks: [0, 200, 400, 600, 800, LAST],
      ...upTo([...median.train, ...median.held]),
    };
    const { sx, sy, bottom } = scales(frame);
    const thin = (/** @type {number[][]} */ rows, /** @type {string} */ dash) => rows.map((v) => ({ at: many.at, v, class: "hair seed", width: 0.7, dash }));
    const own = number("14.seed") - 1;
    const [low = 0, high = 0] = [median.train, median.held].map((v) => v[v.length - 1]);
    const near = Math.abs(high - low) < 0.14 * frame.y[1]; // the names would lie on each other
    const marks = stops.map((/** @type {number} */ t, /** @type {number} */ k) =>
      s("circle", {
        cx: sx(t).toFixed(1),
        cy: sy(Math.min(many.held[k][t / EVERY], frame.y[1])).toFixed(1),
        r: k === own ? 4 : 2.2,
        class: "node",
      }),
    );
    const now = line(sx(number("14.step")), ABOVE, sx(number("14.step")), bottom, { class: "ink", "stroke-width": 1 });
    put(
      costs,
      chart(
        frame,
        [
          ...thin(many.train, ""),
          ...thin(many.held, "3 3"),
          { at: many.at, v: many.held[own], width: 1.1, dash: "3 3" },
          { at: many.at, v: median.train, width: 2.6, label: tr("training"), dy: near ? 16 : -8 },
          { at: many.at, v: median.held, width: 2.6, dash: HELD, label: tr("held out") },
        ],
        ...marks,
        now,
      ),
    );
    early.onclick = () => set({ "14.step": many.stop });
  }

  /** @param {any} a */
  function drawTable(a) {
    const rows = /** @type {[string, string][]} */ ([
      ["train", tr("training, median")],
      ["held", tr("held out, median")],
      ["low", tr("held out, lowest")],
      ["high", tr("held out, highest")],
      ["mean_of_eight", tr("held out, mean of eight")],
      ["eight", tr("held out, average of eight")],
    ]);
    const heads = [tr("cost"), tr`at step ${whole(number("14.step"))}`, tr("each at its stop")];
    const cell = (/** @type {string} */ when, /** @type {string} */ key) => h("td", {}, num(a[when][key], { name: `${when}-${key}`, class: key === "eight" ? "strong" : "" }));
    put(
      table,
      h(
        "table",
        { class: "tab" },
        h("thead", {}, h("tr", {}, ...heads.map((words) => h("th", { scope: "col" }, words)))),
        h("tbody", {}, ...rows.map(([key, words]) => h("tr", {}, h("th", { scope: "row" }, words), cell("now", key), cell("stopped", key)))),
      ),
    );
  }

  /** @param {any} a */
  function drawPlanes(a) {
    [a.one, a.eight].forEach((seen, i) => {
      planes[i]?.examples(a.X, a.Y, 0.8);
      planes[i]?.heat(seen.heat);
      planes[i]?.boundary(seen.cut);
    });
    const { seed } = at();
    put(
      ofOne,
      ...[
        tr`Network ${seed}: training ${num(a.one.train, { how: "many:train", name: "one-train" })}, held out ${num(a.one.held, { how: "many:held", name: "one-held" })}.`,
      ].flat(),
    );
    put(ofEight, ...[tr`Average of networks 1 to 8: held out ${num(a.now.eight, { how: "many:eight", name: "eight" })}.`].flat());
  }

  /** The last costs over widths or numbers of points. @param {HTMLElement} into @param {any} over @param {string} label @param {string} xName @param {string} key */
  function drawOver(into, over, label, xName, key) {
    const frame = {
      width: 220,
      height: 200,
      label,
      xName,
      yName: tr("cost"),
      logX: true,
      x: /** @type {[number, number]} */ ([over.at[0], over.at[over.at.length - 1]]),
      xTicks: over.at,
      ...upTo([...over.train, ...over.held]),
    };
    const { sx, sy } = scales(frame);
    const place = over.at.indexOf(number(key));
    const here = ["train", "held", "stopped"].map((name) => s("circle", { cx: sx(over.at[place]).toFixed(1), cy: sy(Math.min(over[name][place], frame.y[1])).toFixed(1), r: 2.8, class: "node" }));
    put(
      into,
      chart(
        frame,
        [
          { at: over.at, v: over.train, width: 2 },
          { at: over.at, v: over.held, width: 2, dash: HELD },
          { at: over.at, v: over.stopped, width: 2, dash: STOPPED },
        ],
        ...here,
      ),
    );
  }

  exhibit({
    number: 14,
    predict: () => ["predict_14", { ...of(), step: get("14.step") }],
    keys: ["14.m", "14.n_h", "14.labels", "14.step", "14.seed"],
    themed: true,
    lecture: [
      { says: tr("too few units"), state: { "14.m": 50, "14.n_h": 1 }, parts: ["steps"] },
      { says: tr("enough"), state: { "14.m": 50, "14.n_h": 8 }, parts: ["steps"] },
      { says: tr("memorised"), state: { "14.m": 20, "14.n_h": 16, "14.labels": "shuffled" }, parts: ["steps"] },
      { says: tr("one and eight"), state: { "14.m": 50, "14.n_h": 8 }, parts: ["look", "planes"] },
      { says: tr("over units and points"), state: { "14.m": 50, "14.n_h": 8 }, parts: ["over"] },
    ],
    questions: () => ({ many: ["many", of()], a: ["many_at", at()], over: ["many_over", of()] }),
    build(stage) {
      const labels = choice({
        key: "14.labels",
        label: tr("labels"),
        options: [
          ["own", tr("their own")],
          ["shuffled", tr("shuffled")],
        ],
      });
      const step = slider({ key: "14.step", label: tr("step"), min: 0, max: LAST, step: EVERY, width: 170, show: whole });
      stage.append(
        h(
          "div",
          { class: "bar" },
          slider({ key: "14.m", label: tr("points m"), width: 96, ...along(SIZES) }),
          slider({ key: "14.n_h", label: tr("units n_h"), width: 96, ...along(WIDTHS) }),
          labels,
        ),
        h("div", { class: "bar", "data-part": "look" }, step, early, field),
        h("div", { class: "e14" }, costs, table),
        h(
          "div",
          { class: "e14b" },
          ...planes.map((plane, i) => h("figure", { "data-part": "planes" }, plane.element, [ofOne, ofEight][i])),
          h("figure", { "data-part": "over" }, h("h3", {}, tr("over the units")), overWidths),
          h("figure", { "data-part": "over" }, h("h3", {}, tr("over the points")), overSizes),
          h("p", { class: "cap", "data-part": "over" }, key14("", tr("training")), key14(HELD, tr("held out, after the last step")), key14(STOPPED, tr("held out, each at its stop"))),
        ),
      );
    },
    draw({ many, a, over }) {
      drawCosts(many);
      drawTable(a);
      drawPlanes(a);
      drawOver(overWidths, over.widths, tr("Cost over the number of hidden units, medians of eight networks"), tr("units n_h"), "14.n_h");
      drawOver(overSizes, over.sizes, tr("Cost over the number of points, medians of eight networks"), tr("points m"), "14.m");
    },
  });
}

/** A kind of line with its name. @param {string} dash @param {string} words */
const key14 = (dash, words) =>
  h("span", { class: "key14" }, s("svg", { width: 34, height: 8, "aria-hidden": "true" }, line(0, 4, 34, 4, { class: "ink", "stroke-width": 2, "stroke-dasharray": dash || null })), " ", words);
