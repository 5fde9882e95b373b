// 13. Loop compared with product, on the machine that serves the page.
import { ask, isRecorded } from "../lib/ask.js";
import { h, line, picture, put, s, text } from "../lib/dom.js";
import { exhibit } from "../lib/exhibit.js";
import { corner } from "../lib/matrix.js";
import { fixed, full, num, sig, whole } from "../lib/numbers.js";
import { declareAs, get, set } from "../lib/store.js";
import { decimal, tr } from "../lib/words.js";

const narrow = matchMedia("(max-width: 640px)");

/** @param {any} page */
export function slide13(page) {
  declareAs("13.length", "dot.length");
  const buttons = /** @type {[string, string][]} */ ([
    ["1e5", "100 000"],
    ["1e6", tr`${"1 000 000"}, as listed`],
    ["1e7", tr`${"10 000 000"}, as printed`],
  ])
    .filter(([key]) => !isRecorded() || key !== "1e7")
    .map(([key, name]) => h("button", { type: "button", "data-length": key, onclick: () => run(key) }, `▸ ${name}`));
  const [bars, verdict, table] = [
    h("figure", { class: "bars", "data-part": "times" }),
    h("p", { class: "verdict13", role: "status", "data-part": "times" }),
    h("div", { "data-part": "sums" }),
  ];
  let busy = false;
  /** @type {any} */ let answer;

  /** @param {string} length */
  async function run(length) {
    if (busy) return;
    busy = true;
    for (const b of buttons) b.setAttribute("disabled", "");
    put(verdict, length === "1e7" ? tr("Running; the loop takes a few seconds …") : tr("Running …"));
    try {
      answer = await ask("dot", { length });
      set({ "13.length": length });
      show();
    } catch (wrong) {
      put(verdict, `✕ ${wrong instanceof Error ? wrong.message : wrong}`);
    }
    for (const b of buttons) b.removeAttribute("disabled");
    busy = false;
  }

  /** @param {HTMLElement} ratio @param {string} n @param {number} printed @param {string} length the slide's */
  const measured = (ratio, n, printed, length) =>
    isRecorded()
      ? tr`On the machine that wrote this copy the loop takes ${ratio} times as long, with vectors of ${n}; on the slide ${printed} times, with ${length}.`
      : tr`On this machine the loop takes ${ratio} times as long, with vectors of ${n}; on the slide ${printed} times, with ${length}.`;

  /** Four bars on a logarithmic axis of milliseconds. */
  function show() {
    const rows = /** @type {[string, number, string][]} */ ([
      [tr`${tr("loop")}, here`, answer.loop_ms, "fn"],
      [tr`${"np.dot"}, here`, answer.product_ms, "fp"],
      [tr`${tr("loop")}, slide`, answer.slide.loop_ms, "bed"],
      [tr`${"np.dot"}, slide`, answer.slide.product_ms, "bed"],
    ]);
    const [low, high] = [-3, 4.2];
    const [width, begin, most, every] = narrow.matches ? [360, 98, 184, 2] : [880, 120, 660, 1]; // a phone has room for half the ticks
    const x = (/** @type {number} */ ms) => begin + ((Math.log10(Math.max(ms, 1e-3)) - low) / (high - low)) * most;
    const ticks = [
      [-3, "1 µs"],
      [-2, "10 µs"],
      [-1, `${decimal("0.1")} ms`],
      [0, "1 ms"],
      [1, "10 ms"],
      [2, `${decimal("0.1")} s`],
      [3, "1 s"],
      [4, "10 s"],
    ].filter((_, i) => i % every === 0);
    const out = picture(
      width,
      210,
      tr("Times on a logarithmic axis"),
      ...ticks.flatMap(([e, name]) => [
        line(x(10 ** Number(e)), 4, x(10 ** Number(e)), 180, { class: "grid" }),
        text(x(10 ** Number(e)), 200, name),
      ]),
    );
    rows.forEach(([name, ms, kind], i) =>
      out.append(
        text(begin - 8, 30 + i * 44, name, { "text-anchor": "end" }),
        s("rect", {
          x: begin,
          y: 12 + i * 44,
          width: Math.max(x(ms) - begin, 1).toFixed(1),
          height: 26,
          class: kind,
          stroke: kind === "bed" ? "var(--rule-2)" : "none",
        }),
        text(x(ms) + 8, 30 + i * 44, `${sig(ms)} ms`, { class: "mono", "text-anchor": "start" }),
      ),
    );
    put(bars, out);
    put(
      verdict,
      ...measured(num(answer.ratio, { digits: 3, class: "strong", name: "ratio" }), whole(answer.n), answer.slide.ratio, whole(1e7)),
    );
    const cell = (/** @type {string} */ name, /** @type {number} */ v) =>
      h("td", {}, h("span", { class: "n copy", title: full(v), "data-name": name, "data-value": String(v) }, fixed(v, 6)));
    put(
      table,
      h(
        "table",
        { class: "tab" },
        h("thead", {}, h("tr", {}, ...["", tr("sum"), tr("time, ms")].map((t) => (t ? h("th", {}, t) : corner())))),
        h(
          "tbody",
          {},
          h("tr", {}, h("td", {}, "np.dot(a, b)"), cell("product", answer.product), h("td", {}, num(answer.product_ms))),
          h("tr", {}, h("td", {}, tr("for-loop")), cell("loop", answer.loop), h("td", {}, num(answer.loop_ms))),
          h(
            "tr",
            {},
            h("td", {}, tr`n / 4, what ${whole(answer.n)} uniform numbers lead to`),
            h("td", {}, whole(answer.expected)),
            h("td", {}, ""),
          ),
        ),
      ),
      h(
        "p",
        { class: "cap figcap" },
        tr`The two sums differ by ${num(answer.relative, { digits: 2, name: "relative" })} of their size: the loop adds one number at a time, np.dot adds in blocks. The slide’s sum, ${fixed(answer.slide.sum, 6)}, is a quarter of ${whole(1e7)}, which was its length.`,
      ),
    );
  }

  narrow.addEventListener("change", () => answer && show());
  exhibit({
    number: 13,
    predict: () => ["predict_13", { length: get("13.length") }],
    lecture: [
      { says: tr("the times"), parts: ["times"] },
      { says: tr("the sums"), parts: ["sums"] },
    ],
    keys: [],
    questions: () => {
      /** @type {Record<string, [string, Record<string, string>]>} */ const first = {
        dot: ["dot", { length: get("13.length") === "1e7" ? "1e6" : get("13.length") }],
      };
      return answer ? {} : first;
    },
    build(stage) {
      stage.append(h("div", { class: "runs" }, h("span", { class: "lab" }, tr("run with vectors of")), ...buttons), verdict, bars, table);
    },
    draw(answers) {
      answer = answers.dot ?? answer;
      show();
    },
  });
  void page;
}
