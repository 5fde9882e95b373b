// 12. How small? The scale of the first weights, and its effect.
import { ABOVE, axisNames, BELOW, chart, costScale } from "../lib/chart.js";
import { choice, slider } from "../lib/controls.js";
import { h, line, picture, put, s, text } from "../lib/dom.js";
import { exhibit } from "../lib/exhibit.js";
import { corner, matrix } from "../lib/matrix.js";
import { MINUS, num, percent, sig } from "../lib/numbers.js";
import { declareAs, get, number } from "../lib/store.js";
import { decimal, tr } from "../lib/words.js";

/** @type {[string, string, string][]} */
const RUNS = [
  ["normal", tr("yours"), ""],
  ["xavier", "Xavier", "7 3"],
  ["he", "He", "2 3"],
  ["lecun", "LeCun", ""],
  ["nguyen_widrow", "Nguyen-Widrow", "10 4 2 4"],
];

/** @param {any} page */
export function slide12(page) {
  declareAs("12.scale", "small.scale");
  declareAs("12.g1", "small.g1");
  const [bars, curves] = [h("figure", {}), h("figure", {})];
  const [says, weights, table] = [h("p", { class: "cap figcap" }), h("div", { class: "starts" }), h("div", {})];

  /** The range of z1 at the start, over the intervals where g′ < 0.01. @param {any} a @param {number[][]} flat */
  function histogram(a, flat) {
    const [w, hgt] = [430, 220];
    const most = Math.max(...a.counts);
    const reach = a.edges[a.edges.length - 1];
    const x = (/** @type {number} */ v) => 14 + ((v + reach) / (2 * reach)) * (w - 28);
    const boxes = a.counts.map((/** @type {number} */ n, /** @type {number} */ i) => {
      const middle = (a.edges[i] + a.edges[i + 1]) / 2;
      const tall = (n / most) * (hgt - ABOVE - BELOW);
      return s("rect", {
        x: (x(a.edges[i]) + 0.5).toFixed(1),
        width: Math.max(x(a.edges[i + 1]) - x(a.edges[i]) - 1, 0.5).toFixed(1),
        y: (hgt - BELOW - tall).toFixed(1),
        height: tall.toFixed(1),
        class: middle >= 0 ? "fp" : "fn",
        "fill-opacity": 0.8,
      });
    });
    const cut = (/** @type {number} */ v) => x(Math.max(-reach, Math.min(reach, v)));
    const hatch = s(
      "defs",
      {},
      s(
        "pattern",
        { id: "hatch12", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
        s("line", { x1: 0, y1: 0, x2: 0, y2: 6, stroke: "var(--rule)", "stroke-width": 2.4 }),
      ),
    );
    const still = flat.map(([from = 0, to = 0]) =>
      s("rect", {
        x: cut(from).toFixed(1),
        width: Math.max(0, cut(to) - cut(from)).toFixed(1),
        y: ABOVE,
        height: hgt - ABOVE - BELOW,
        fill: "url(#hatch12)",
      }),
    );
    put(
      bars,
      picture(
        w,
        hgt,
        tr("The range of z1 at the start"),
        hatch,
        ...still,
        ...boxes,
        line(14, hgt - BELOW, w - 14, hgt - BELOW),
        ...[-reach, 0, reach].map((v) => text(x(v), hgt - BELOW + 17, v === 0 ? "0" : sig(v, 2).replace("-", MINUS))),
        ...axisNames("z1", tr`number of values, at most ${most}`, w / 2, hgt),
      ),
    );
    put(
      says,
      tr`${h("b", {}, tr("z1 at the start"))} of 4 units on 400 points, standard deviation ${num(a.spread, { digits: 3 })}. Flat (g′ < 0.01, hatched): ${num(a.flat, { text: percent(a.flat / a.total), name: "flat", class: "strong" })} of the values.`,
      get("12.g1") === "relu" ? ` ${tr("With ReLU these are the negative ones, about half at any scale.")}` : "",
      " ",
      tr`Seed ${page.seed}, α = ${page.rate}; s = ${page.scale} is the network in hand.`,
    );
  }

  exhibit({
    number: 12,
    predict: () => ["predict_12", { scale: get("12.scale"), g1: get("12.g1") }],
    lecture: [
      { says: `s = ${decimal(String(page.scale))}`, state: { "12.scale": page.scale }, parts: ["start"] },
      { says: "s = 100", state: { "12.scale": 100 }, parts: ["start"] },
      { says: tr("how they learn"), parts: ["cost"] },
    ],
    keys: ["12.scale", "12.g1"],
    questions: () => ({ small: ["small", { scale: get("12.scale"), g1: get("12.g1") }] }),
    build(stage) {
      const scale = slider({
        key: "12.scale",
        label: tr("scale s"),
        min: -4,
        max: 2,
        step: 0.05,
        width: 300,
        to: (p) => Number((10 ** p).toPrecision(3)),
        from: (v) => Math.log10(v),
      });
      stage.append(
        h(
          "div",
          { class: "bar" },
          scale,
          choice({
            key: "12.g1",
            label: "g1",
            options: [
              ["tanh", "tanh"],
              ["logistic", tr("sigmoid")],
              ["relu", "ReLU"],
            ],
          }),
        ),
        h("div", { class: "beside" }, h("div", { "data-part": "start" }, bars, says, weights), h("div", { "data-part": "cost" }, curves, table)),
      );
    },
    draw({ small }) {
      histogram(small, small.flat_spans);
      put(
        weights,
        matrix({
          name: "start",
          values: small.W1,
          caption: tr("W1 at the start"),
          rows: [1, 2, 3, 4].map((i) => tr`unit ${i}`),
          cols: ["x1", "x2"],
        }),
        matrix({ name: "start2", values: small.W2, caption: tr("W2 at the start"), cols: ["a1", "a2", "a3", "a4"] }),
      );
      const all = RUNS.flatMap(([key]) => small.runs[key].costs.v);
      const series = RUNS.map(([key, , dash]) => ({
        ...small.runs[key].costs,
        dash,
        width: key === "normal" ? 2.8 : 1.3,
        class: key === "normal" ? "ink" : "hair strong-hair",
      }));
      put(
        curves,
        chart(
          {
            width: 430,
            height: 220,
            label: tr`Cost over ${small.last} steps from each start`,
            xName: tr("step"),
            yName: tr("cost"),
            x: [0, small.last],
            xTicks: [0, 200, 400, 600],
            ...costScale(all),
          },
          series,
        ),
      );
      const swatch = (/** @type {string} */ key, /** @type {string} */ dash) =>
        s(
          "svg",
          { width: 36, height: 8, "aria-hidden": "true" },
          line(0, 4, 36, 4, {
            class: key === "normal" ? "ink" : "hair strong-hair",
            "stroke-width": key === "normal" ? 2.8 : 1.3,
            "stroke-dasharray": dash || null,
          }),
        );
      const rows = RUNS.map(([key, name, dash]) =>
        h(
          "tr",
          {},
          h("td", {}, swatch(key, dash)),
          h("td", {}, key === "normal" ? `s = ${sig(number("12.scale"), 3)}` : name),
          h("td", {}, num(small.runs[key].J, { name: `J-${key}` })),
          h(
            "td",
            {},
            num(small.runs[key].right / page.Y.length, { text: percent(small.runs[key].right / page.Y.length, 2) }),
          ),
        ),
      );
      put(
        table,
        h(
          "table",
          { class: "tab" },
          h("thead", {}, h("tr", {}, ...["", tr("start"), tr`cost at ${small.last}`, tr("right")].map((t) => (t ? h("th", {}, t) : corner())))),
          h("tbody", {}, ...rows),
        ),
      );
    },
  });
}
