// 11. All zeros compared with small random weights: four units that are one, to the last bit.
import { defaultOf } from "../lib/ask.js";
import { ABOVE, BELOW, chart, costScale, roundTicks } from "../lib/chart.js";
import { choice, slider, toggle } from "../lib/controls.js";
import { find, h, put } from "../lib/dom.js";
import { exhibit } from "../lib/exhibit.js";
import { isStill } from "../lib/motion.js";
import { full, num, percent, sig, whole } from "../lib/numbers.js";
import { Plane, tile } from "../lib/plane.js";
import { declareAs, get, number, set } from "../lib/store.js";
import { tr } from "../lib/words.js";

/** @param {any} page */
export function slide11(page) {
  const end = Number(defaultOf("race.step"));
  declareAs("11.g1", "race.g1");
  declareAs("11.out", "race.leave_out");
  declareAs("11.step", "race.step");
  const nets = /** @type {const} */ (["zeros", "random"]).map((begin) => ({
    begin,
    plane: new Plane({
      size: 229,
      limit: page.limit,
      axes: false,
      label: begin === "zeros" ? tr("Boundary from all zeros") : tr("Boundary from small random weights"),
    }),
    box: h("div", { class: "race" }),
    tiles: h("div", { class: "tiles" }),
    title: h("h3", {}),
    bits: h("div", { class: "bits", "data-part": "bits" }),
    says: h("p", { class: "cap", style: "margin-top:6px", "data-part": "bits" }),
  }));
  const [desk, phone] = ["desk-chart", "phone-chart"].map((kind) => h("figure", { class: kind, "data-part": "race" }));
  const race = h("button", { type: "button" }, tr("▸ Race again"));
  let running = 0;

  /** Run both networks from step 0, a few steps per frame at first, then more. */
  function start() {
    cancelAnimationFrame(running);
    if (isStill()) return set({ "11.step": end });
    let step = 0;
    const turn = () => {
      if (find("#slide-11").dataset.busy !== "yes") {
        set({ "11.step": Math.min(end, step) });
        step = step < 20 ? step + 2 : Math.ceil(step * 1.06);
      }
      if (number("11.step") < end) running = requestAnimationFrame(turn);
    };
    set({ "11.step": 0 });
    running = requestAnimationFrame(turn);
  }

  /** @param {any} net @param {any} a @param {number} m */
  function draw(net, a, m) {
    const zeros = net.begin === "zeros";
    net.plane.heat(a.heat);
    net.plane.boundary(a.cut);
    put(
      net.title,
      zeros ? tr("All zeros") : tr`Small random, × ${page.scale}`,
      h(
        "span",
        { class: "lab" },
        tr`cost ${num(a.J, { name: `J-${net.begin}` })}, right ${num(a.right / m, { text: percent(a.right / m, 2) })}`,
      ),
    );
    put(
      net.tiles,
      ...a.tiles.map((/** @type {any} */ t, /** @type {number} */ i) =>
        h("figure", {}, tile(t, tr`what unit ${i + 1} answers over the plane`), h("figcaption", { class: "cap" }, tr`unit ${i + 1}`)),
      ),
    );
    const rows = a.digits.flatMap((/** @type {string[]} */ row, /** @type {number} */ i) => [
      h("span", {}, tr`unit ${i + 1}`),
      ...row.map((d, j) => h("div", { class: "r", "data-name": `${net.begin}-${i + 1}-${j + 1}`, "data-value": d }, full(Number(d)))),
    ]);
    put(net.bits, h("span", {}, "W1"), h("span", { class: "h" }, "x1"), h("span", { class: "h" }, "x2"), ...rows);
    put(net.says, ...verdict(net.begin, a));
    net.says.dataset.equal = String(a.equal);
  }

  /** @param {string} begin @param {any} a */
  function verdict(begin, a) {
    if (begin === "random") return a.equal ? [h("b", {}, tr("Equal."))] : [h("b", {}, tr("Four different rows,")), ` ${tr("four edges.")}`];
    if (!a.equal) return [h("b", {}, tr("No longer equal.")), ` ${tr("A library may round equal rows differently; here it does.")}`];
    const still = a.W1.flat().every((/** @type {number} */ v) => v === 0);
    return still && get("11.g1") !== "logistic"
      ? [h("b", {}, tr("Equal to the last bit, and zero.")), " ", tr`Only b2 has changed: ${num(a.b2, { name: "b2" })}.`].flat()
      : [h("b", {}, tr("Equal to the last bit.")), ` ${tr("Four units, one edge.")}`];
  }

  /** @param {any} answer @param {number} width @param {number} height */
  function curves(answer, width, height) {
    const last = Math.max(number("11.step"), 1);
    const all = [...answer.zeros.costs.v, ...answer.random.costs.v];
    const scale = costScale(all);
    // The curve of zeros is the upper one or both are one: its label stands below it, the other's above its own curve or below this label.
    const below = ((answer.zeros.J - answer.random.J) / (scale.y[1] - scale.y[0])) * (height - ABOVE - BELOW);
    return chart(
      { width, height, label: tr("Cost of both networks"), xName: tr("step"), yName: tr("cost"), x: [0, last], xTicks: roundTicks(last, width > 500 ? 5 : 2), ...scale },
      [
        { ...answer.zeros.costs, dash: "5 4", label: tr`all zeros ${sig(answer.zeros.J)}`, dy: 18 },
        { ...answer.random.costs, width: 2.4, label: tr`small random ${sig(answer.random.J)}`, dy: below > 45 ? -9 : Math.max(18, 40 - below) },
      ],
    );
  }

  exhibit({
    number: 11,
    predict: () => ["predict_11", {}],
    keys: ["11.g1", "11.out", "11.step"],
    themed: true,
    lecture: [
      { says: tr("the start"), state: { "11.step": 0 }, parts: ["race"] },
      { says: tr("run"), state: { "11.step": 0 }, parts: ["race"], act: start },
      { says: tr("to the last bit"), parts: ["bits"] },
    ],
    questions: () => ({ race: ["race", { g1: get("11.g1"), leave_out: get("11.out"), step: get("11.step") }] }),
    build(stage) {
      race.addEventListener("click", start);
      for (const net of nets)
        net.box.append(net.title, h("div", { class: "pair", "data-part": "race" }, net.tiles, net.plane.element), net.bits, net.says);
      stage.append(
        h(
          "div",
          { class: "bar" },
          choice({
            key: "11.g1",
            label: "g1",
            options: [
              ["logistic", tr("sigmoid")],
              ["tanh", "tanh"],
              ["relu", "ReLU"],
            ],
          }),
          toggle({ key: "11.out", label: tr`leave example ${page.example} out` }),
          slider({ key: "11.step", label: tr("step"), min: 0, max: end, step: 10, width: 130, show: whole }),
          race,
        ),
        h("div", { class: "two" }, ...nets.map((l) => l.box)),
        desk,
        phone,
      );
    },
    draw({ race: answer }) {
      const keep = page.Y.map((/** @type {number} */ _, /** @type {number} */ i) => i).filter(
        (/** @type {number} */ i) => get("11.out") === "no" || i !== page.example - 1,
      );
      const X = page.X.map((/** @type {number[]} */ row) => keep.map((/** @type {number} */ i) => row[i]));
      for (const net of nets) {
        net.plane.examples(
          X,
          keep.map((/** @type {number} */ i) => page.Y[i]),
          0.72,
        );
        draw(net, answer[net.begin], answer.m);
      }
      put(desk, curves(answer, 900, 172));
      put(phone, curves(answer, 358, 202));
      const first = answer.zeros.digits[0][0];
      put(
        find('[data-slot="bits"]'),
        answer.zeros.equal
          ? Number(first) === 0
            ? tr`After ${whole(number("11.step"))} steps the four rows on the left are the same 64 bits, those of 0. They are not close: they are equal.`
            : tr`After ${whole(number("11.step"))} steps the four rows on the left are the same 64 bits, ${full(Number(first)).slice(0, 7)}…, all of them. They are not close: they are equal.`
          : tr("The four rows on the left differ by a rounding."),
      );
    },
  });
}
