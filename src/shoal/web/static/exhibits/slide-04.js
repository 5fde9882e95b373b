// 4. All examples at once: a loop over columns compared with one product, each with its time.
import { ask, isRecorded } from "../lib/ask.js";
import { choice } from "../lib/controls.js";
import { h, put } from "../lib/dom.js";
import { exhibit } from "../lib/exhibit.js";
import { wide } from "../lib/matrix.js";
import { num, sig, whole } from "../lib/numbers.js";
import { declareAs, get, number, set } from "../lib/store.js";

const SECONDS = 4; // how long the loop takes in the animation

/** @param {number} s */
const time = (s) => (s < 1e-3 ? `${sig(s * 1e6, 3)} µs` : `${sig(s * 1e3, 3)} ms`);

/** @param {any} page */
export function slide4(page) {
  declareAs("4.layer", "loop.layer");
  const tracks = { loop: h("div", { class: "track", "data-part": "run" }), product: h("div", { class: "track", "data-part": "run" }) };
  const column = h("div", { class: "claim", "data-part": "numbers" });
  const claim = h("p", { class: "claim", role: "status", "data-part": "numbers" });
  const run = h("button", { type: "button", class: "solid", id: "run-loop" }, isRecorded() ? "▸ Play again" : "▸ Run both again");
  /** @type {any} */ let answer;
  let frame = 0;

  /** @param {number} done columns that the loop has filled */
  function drawLanes(done) {
    const selected = [number("ex") - 1];
    const choose = (/** @type {number} */ i) => set({ ex: i + 1 });
    const product = done > 0 ? answer.m : 0;
    const code = get("4.layer");
    const head = (/** @type {string} */ title, /** @type {string} */ clock, /** @type {string} */ name, /** @type {number} */ value) =>
      h(
        "h3",
        {},
        h("span", {}, title),
        h("span", { class: "lab" }, "took ", h("span", { class: "n", "data-name": name, "data-value": String(value) }, clock)),
      );
    const strip = (/** @type {string} */ label, /** @type {number} */ upTo) =>
      wide(answer.strip, { label, selected, width: 900, height: 26, gap: 3, upTo, choose });
    put(
      tracks.loop,
      head("The loop: both layers, for i in range(400)", time(answer.loop), "loop", answer.loop),
      strip(`${code} column by column`, done),
      h("p", { class: "cap figcap" }, done < answer.m ? `column ${whole(done)} of ${answer.m}` : "all 400 columns, one after the other"),
    );
    put(
      tracks.product,
      head("The product: both layers, all of X at once", time(answer.product), "product", answer.product),
      strip(`${code} at once`, product),
      h("p", { class: "cap figcap" }, "rows: units; columns: examples. Click a column to select that example."),
    );
  }

  function animate() {
    cancelAnimationFrame(frame);
    if (matchMedia("(prefers-reduced-motion: reduce)").matches) return drawLanes(answer.m);
    const begin = performance.now();
    const turn = (/** @type {number} */ t) => {
      const done = Math.min(answer.m, Math.ceil(((t - begin) / 1000 / SECONDS) * answer.m));
      drawLanes(done);
      if (done < answer.m) frame = requestAnimationFrame(turn);
    };
    frame = requestAnimationFrame(turn);
  }

  function drawClaim() {
    const slow = SECONDS / answer.loop;
    put(
      claim,
      "Z1, A1, Z2 and A2 together: the loop took ",
      num(answer.ratio, { digits: 3, name: "ratio", class: "strong" }),
      ` times as long (the shortest of ${answer.runs[0]} loops and of ${answer.runs[1]} products). Slowed down ${whole(Math.round(slow))} times, it takes ${SECONDS} seconds here; the product needs ${sig(answer.product * slow, 2)} seconds. `,
      answer.same_bits === answer.total
        ? `All ${whole(answer.total)} numbers are equal to the last bit.`
        : h(
            "span",
            {},
            `${whole(answer.same_bits)} of ${whole(answer.total)} numbers are equal to the last bit; the largest difference is `,
            num(answer.difference, { digits: 2, name: "difference" }),
            ".",
          ),
    );
    const i = number("ex") - 1;
    put(
      column,
      `Column ${get("ex")} of ${get("4.layer")}: `,
      ...answer.Z.flatMap((/** @type {number[]} */ row, /** @type {number} */ k) => [
        k ? ",  " : "",
        num(row[i] ?? 0, { name: `column-${k + 1}`, class: "strong" }),
      ]),
      ". It is example ",
      get("ex"),
      ", whichever way it was computed.",
    );
  }

  async function again() {
    run.setAttribute("disabled", "");
    try {
      answer = await ask("loop", { step: get("step"), edits: get("edits"), layer: get("4.layer") });
      drawClaim();
      animate();
    } catch (wrong) {
      put(claim, `✕ ${wrong instanceof Error ? wrong.message : wrong}`);
    }
    run.removeAttribute("disabled");
  }

  let known = "";
  exhibit({
    number: 4,
    predict: () => ["predict_4", {}],
    lecture: [
      { says: "run", parts: ["run"], act: animate },
      { says: "same numbers", parts: ["numbers"] },
    ],
    keys: ["step", "edits", "ex", "4.layer"],
    questions: () => {
      const now = `${get("step")} ${get("edits")} ${get("4.layer")}`;
      /** @type {Record<string, [string, Record<string, string>]>} */ const none = {};
      if (now === known) return none;
      return { loop: ["loop", { step: get("step"), edits: get("edits"), layer: get("4.layer") }] };
    },
    build(stage) {
      run.addEventListener("click", again);
      stage.append(
        h(
          "div",
          { class: "bar" },
          choice({
            key: "4.layer",
            label: "watch",
            options: [
              ["Z1", "Z1"],
              ["A1", "A1"],
              ["Z2", "Z2"],
              ["A2", "A2"],
            ],
          }),
          run,
        ),
        h("div", { class: "tracks" }, tracks.loop, tracks.product, claim, column),
      );
    },
    draw(answers) {
      if (answers.loop) {
        answer = answers.loop;
        known = `${get("step")} ${get("edits")} ${get("4.layer")}`;
      }
      drawLanes(answer.m);
      drawClaim();
    },
  });
  void page;
}
