// The page begins here: it requests the constant facts once, then starts strip, contents and exhibits.
import { ask, isRecorded, learn, loadRecorded, telling } from "./lib/ask.js";
import { startCards } from "./lib/card.js";
import { find, h, put, s } from "./lib/dom.js";
import { defineEquation } from "./lib/equation.js";
import { startKeys } from "./lib/keys.js";
import { startLecture } from "./lib/lecture.js";
import { startLinking } from "./lib/link.js";
import { isOnly, startOnly } from "./lib/only.js";
import { startOpening } from "./lib/opening.js";
import { startPredicting } from "./lib/predict.js";
import { startPrint } from "./lib/print.js";
import { startRail } from "./lib/rail.js";
import { startReach } from "./lib/reach.js";
import { startSaving } from "./lib/save.js";
import { declare, settle } from "./lib/store.js";
import { startStrip } from "./lib/strip.js";
import { startTheme, toggleTheme } from "./lib/theme.js";
import { startLanguages, tr, translatePage, withoutWords } from "./lib/words.js";
import { playground } from "./playground/playground.js";
import { slide0 } from "./exhibits/slide-00.js";
import { slide1 } from "./exhibits/slide-01.js";
import { slide2 } from "./exhibits/slide-02.js";
import { slide3 } from "./exhibits/slide-03.js";
import { slide4 } from "./exhibits/slide-04.js";
import { slide5 } from "./exhibits/slide-05.js";
import { slide6 } from "./exhibits/slide-06.js";
import { slide7 } from "./exhibits/slide-07.js";
import { slide8 } from "./exhibits/slide-08.js";
import { slide9 } from "./exhibits/slide-09.js";
import { slide10 } from "./exhibits/slide-10.js";
import { slide11 } from "./exhibits/slide-11.js";
import { slide12 } from "./exhibits/slide-12.js";
import { slide13 } from "./exhibits/slide-13.js";
import { slide14 } from "./exhibits/slide-14.js";

const SLIDES = [slide0, slide1, slide2, slide3, slide4, slide5, slide6, slide7, slide8, slide9, slide10, slide11, slide12, slide13, slide14];
const FISH = [
  [4, 4.5],
  [15, 3.5],
  [9.5, 10],
  [3, 15.5],
  [16, 15.5],
];

/** The lines of `textbook/` that compute an exhibit, from the installed file. @param {Record<string, {file: string, function: string, code: string}[]>} code */
function showCode(code) {
  for (const block of document.querySelectorAll("[data-code]")) {
    const lines = code[block.getAttribute("data-code") ?? ""] ?? [];
    put(block, ...lines.flatMap((l, i) => [h("span", {}, l.file === lines[i - 1]?.file ? "" : `${l.file} `, h("i", {}, l.function)), h("code", {}, l.code)]));
  }
}

/** The exhibits' titles, in their heads and in the contents. @param {{number: number, title: string}[]} slides */
function showTitles(slides) {
  for (const { number, title } of slides) {
    find(`#title-${number}`).append(title);
    put(find(`.rail a[href="#slide-${number}"] span + span`), title);
  }
}

async function start() {
  translatePage();
  startTheme();
  defineEquation();
  put(
    find("#fish"),
    ...FISH.map(([x = 0, y = 0], i) =>
      s("path", { class: i === 2 ? "near" : "far", d: `M${x} ${y}q4.2 -3.1 7.6 0q-3.4 3.1 -7.6 0zM${x + 0.6} ${y}l-2.2 -1.9v3.8z` }),
    ),
  );
  find("#theme").addEventListener("click", toggleTheme);
  startLanguages(find("#language"));
  await loadRecorded();
  const opening = find("#opening");
  const page = await telling(ask("page"), [], (words) => {
    opening.hidden = !words;
  });
  learn(page.manifest.questions);
  showTitles(page.manifest.slides);
  declare("step", page.start, "hand.step");
  declare("ex", page.example, "example.ex");
  declare("edits", "", "hand.edits");
  showCode(page.code);
  startLinking();
  startCards();
  startReach();
  startStrip(page);
  startKeys(page);
  for (const slide of SLIDES) slide(page);
  playground(page.manifest.settings);
  if (isRecorded()) {
    put(find('[data-slot="trainer"]'), tr("Runs of the library, recorded where this copy was written."));
    find("#copy-nearest").hidden = !settle();
  }
  startOnly(page);
  if (isOnly() || page.own) find("#first-picture").hidden = true; // the film is of the chapter's network
  else startOpening(page);
  startRail();
  startLecture();
  startPrint();
  startPredicting();
  startSaving();
  if (withoutWords()) document.body.prepend(h("p", { class: "failed", role: "status" }, withoutWords()));
  document.documentElement.dataset.ready = "yes";
}

start().catch((wrong) => {
  console.error(wrong);
  document.body.prepend(h("p", { class: "failed" }, tr`✕ The page could not start: ${wrong instanceof Error ? wrong.message : String(wrong)}`));
});
