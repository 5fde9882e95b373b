// 4. All examples at once: a loop over columns compared with one product, each with its time.
import { ask, isRecorded } from "../lib/ask.js";
import { choice } from "../lib/controls.js";
import { h, put, s } from "../lib/dom.js";
import { eq } from "../lib/equation.js";
import { exhibit } from "../lib/exhibit.js";
import { wide } from "../lib/matrix.js";
import { isStill, over, whenSeen } from "../lib/motion.js";
import { num, sig, whole } from "../lib/numbers.js";
import { declareAs, get, number, set } from "../lib/store.js";
import { MARK, tr } from "../lib/words.js";

const SECONDS = 4; // how long the loop takes in the animation
const WIDE = 900; // pixels for all columns
const SIZES = { X: { height: 13, gap: 2 }, Z: { height: 26, gap: 3 } };

/** @param {number} s */
const time = (s) => (s < 1e-3 ? `${sig(s * 1e6, 3)} µs` : `${sig(s * 1e3, 3)} ms`);

/** @param {any} page */
export function slide4(page) {
  declareAs("4.layer", "loop.layer");
  const tracks = { loop: h("div", { class: "track", "data-part": "run" }), product: h("div", { class: "track", "data-part": "run" }) };
  const column = h("div", { class: "claim", "data-part": "numbers" });
  const claim = h("p", { class: "claim", role: "status", "data-part": "numbers" });
  const run = h("button", { type: "button", class: "solid", id: "run-loop" }, isRecorded() ? tr("▸ Play again") : tr("▸ Run both again"));
  const reached = h("p", { class: "cap figcap" });
  /** @type {any} */ let answer;
  /** What is shown of each track: its columns up to a number. @type {Record<string, (done: number) => void>} */ let reveal = {};
  const idle = () => {};
  let stop = idle; // of the animation

  /** A strip of all columns, those from `done` on covered, and the columns that are read or written now framed. @param {any} strip @param {string} label @param {"X" | "Z"} kind */
  function oneStrip(strip, label, kind) {
    const { height, gap } = SIZES[kind];
    const out = wide(strip, { label, selected: [number("ex") - 1], width: WIDE, height, gap, choose: (i) => set({ ex: i + 1 }) });
    const all = strip.rows.length * (height + gap) - gap;
    const covers = kind === "X" ? [] : strip.rows.map((/** @type {string} */ _, /** @type {number} */ r) => s("rect", { y: r * (height + gap), height, class: "bed" }));
    const now = s("rect", { y: -1.5, height: all + 3, class: "sel", rx: 1 });
    out.querySelector(".sel")?.before(...covers, now);
    const each = WIDE / answer.m;
    const show = (/** @type {number} */ from, /** @type {number} */ done, /** @type {boolean} */ busy) => {
      for (const cover of covers) {
        cover.setAttribute("x", String(done * each));
        cover.setAttribute("width", String(WIDE - done * each));
      }
      now.setAttribute("x", String(from * each - 1));
      now.setAttribute("width", String((done - from) * each + 2));
      now.style.display = busy ? "" : "none";
    };
    return { row: [h("span", { class: "of" }, eq(kind === "X" ? "X" : get("4.layer"))), out], show };
  }

  /** @param {"loop" | "product"} name @param {string} title @param {Node} under */
  function drawTrack(name, title, under) {
    const took = h("span", { class: "n", "data-name": name, "data-value": String(answer[name]) }, time(answer[name]));
    const both = [oneStrip(answer.X, name === "loop" ? tr`${"X"}, read by the loop` : tr`${"X"}, read by the product`, "X"), oneStrip(answer.strip, name === "loop" ? tr`${get("4.layer")}, written by the loop` : tr`${get("4.layer")}, written by the product`, "Z")];
    put(
      tracks[name],
      h("h3", {}, h("span", {}, title), h("span", { class: "lab" }, tr`took ${took}`)),
      h("div", { class: "arrays" }, ...both.flatMap((l) => l.row)),
      under,
    );
    return both.map((l) => l.show);
  }

  function drawTracks() {
    const loop = drawTrack("loop", tr`The loop: both layers, for i in range(${page.Y.length})`, reached);
    const rule = h("p", { class: "cap figcap" }, tr("rows: units; columns: examples. Click a column to select that example."));
    const product = drawTrack("product", tr("The product: both layers, all of X at once"), rule);
    reveal = {
      loop: (done) => {
        for (const show of loop) show(Math.max(done - 1, 0), done, done > 0 && done < answer.m);
        put(reached, done < answer.m ? tr`i = ${whole(done)}: column ${whole(done)} of ${answer.m}` : tr`all ${answer.m} columns, one after the other`);
      },
      product: (done) => {
        for (const show of product) show(0, done, done > 0 && stop !== idle);
      },
    };
  }

  /** Both at the end of their work. */
  function rest() {
    stop();
    stop = idle;
    reveal.loop?.(answer.m);
    reveal.product?.(answer.m);
  }

  /** The loop takes its columns one by one; the product has all of them after the first frame, which is still too long for it. */
  function animate() {
    if (!answer) return;
    rest();
    if (isStill()) return;
    let before = -1;
    stop = over(
      SECONDS,
      (part) => {
        const done = Math.ceil(part * answer.m);
        if (done === before) return;
        before = done;
        reveal.loop?.(done);
        reveal.product?.(done > 0 ? answer.m : 0);
      },
      rest,
    );
  }

  function drawClaim() {
    const slow = SECONDS / answer.loop;
    put(
      claim,
      tr`Z1, A1, Z2 and A2 together: the loop took ${num(answer.ratio, { digits: 3, name: "ratio", class: "strong" })} times as long (the shortest of ${answer.runs[0]} loops and of ${answer.runs[1]} products).`,
      ` ${tr`Slowed down ${whole(Math.round(slow))} times, it takes ${SECONDS} seconds here; the product needs ${sig(answer.product * slow, 2)} seconds.`} `,
      answer.same_bits === answer.total
        ? tr`All ${whole(answer.total)} numbers are equal to the last bit.`
        : tr`${whole(answer.same_bits)} of ${whole(answer.total)} numbers are equal to the last bit; the largest difference is ${num(answer.difference, { digits: 2, name: "difference" })}.`,
    );
    const i = number("ex") - 1;
    put(
      column,
      tr`Column ${get("ex")} of ${get("4.layer")}:`,
      " ",
      ...answer.Z.flatMap((/** @type {number[]} */ row, /** @type {number} */ k) => [
        k ? (MARK === "," ? ";  " : ",  ") : "",
        num(row[i] ?? 0, { name: `column-${k + 1}`, class: "strong" }),
      ]),
      `. ${tr`It is example ${get("ex")}, whichever way it was computed.`}`,
    );
  }

  async function again() {
    run.setAttribute("disabled", "");
    try {
      answer = await ask("loop", { step: get("step"), edits: get("edits"), layer: get("4.layer") });
      drawTracks();
      drawClaim();
      animate();
    } catch (wrong) {
      put(claim, `✕ ${wrong instanceof Error ? wrong.message : wrong}`);
    }
    run.removeAttribute("disabled");
  }

  let known = "";
  let played = false;
  exhibit({
    number: 4,
    predict: () => ["predict_4", {}],
    lecture: [
      { says: tr("run"), parts: ["run"], act: animate },
      { says: tr("same numbers"), parts: ["numbers"] },
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
            label: tr("watch"),
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
      drawTracks();
      rest();
      drawClaim();
      if (!played) whenSeen(tracks.loop, animate);
      played = true;
    },
  });
}
