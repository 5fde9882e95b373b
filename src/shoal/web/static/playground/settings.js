// The reader's settings. Each is one word of the address, `p.units=16`, and one of the server's settings.
import { pick, slider, stepper, toggle } from "../lib/controls.js";
import { h } from "../lib/dom.js";
import { fixed, percent, sig } from "../lib/numbers.js";
import { declare, get } from "../lib/store.js";
import { decimal, tr } from "../lib/words.js";

/** The server's settings by name, with their defaults. A change of `network` starts a new run; `picture` chooses what is drawn. `starts` are the settings with which each of the page's sets starts to learn, `choices` the words of a setting with their titles. @typedef {{network: Record<string, string>, picture: Record<string, string>, starts: Record<string, Record<string, string>>, choices: Record<string, [string, string][]>}} Served */

const OWN = { solver: "adam", rate: 0.01, batch: 32, init: "auto", units: 16, standardize: "yes" };

/** @type {Served} */ const served = { network: {}, picture: {}, starts: {}, choices: {} };
/** Filled by `declareSettings`. @type {string[]} */
export const networkKeys = [];
/** As `networkKeys`. @type {string[]} */
export const pictureKeys = [];

/** @param {Served} settings */
export function declareSettings(settings) {
  Object.assign(served, settings);
  networkKeys.push(...Object.keys(served.network).map((k) => `p.${k}`));
  pictureKeys.push(...[...Object.keys(served.picture), "member"].map((k) => `p.${k}`));
  for (const [name, value] of Object.entries({ ...served.network, ...served.picture, member: 0, t: 0 })) declare(`p.${name}`, value);
}

/** The settings in the server's form. @returns {Record<string, string>} */
export const settings = () =>
  Object.fromEntries([...Object.keys(served.network), ...Object.keys(served.picture)].map((name) => [name, get(`p.${name}`)]));

/** The defaults for the reader's own table: inputs standardised, and a rule that suits most tables. @param {string} table @param {string} target */
export const ownTable = (table, target) =>
  Object.fromEntries(
    Object.entries({ ...OWN, ...served.picture, data: "own", table, target, member: 0, t: 0 }).map(([name, value]) => [`p.${name}`, value]),
  );

/** One of the page's own sets, with a rule that works for it. @param {string} name */
export const ownSet = (name) =>
  Object.fromEntries(
    Object.entries({ ...served.starts[name], ...served.picture, data: name, t: 0 }).map(([key, value]) => [`p.${key}`, value]),
  );

const logarithmic = { to: (/** @type {number} */ p) => Number((10 ** p).toPrecision(2)), from: (/** @type {number} */ v) => Math.log10(v) };

/** The controls of learning. */
export const learningBar = () => [
  slider({
    key: "p.rate",
    label: tr("rate α"),
    name: tr("learning rate"),
    min: -4,
    max: 1,
    step: 0.02,
    width: 84,
    show: (v) => sig(v, 2),
    ...logarithmic,
  }),
  pick({
    key: "p.solver",
    label: tr("rule"),
    options: [
      ["descent", tr("descent")],
      ["momentum", tr("momentum")],
      ["nesterov", "Nesterov"],
      ["rmsprop", "RMSprop"],
      ["adam", "Adam"],
      ["adamw", "AdamW"],
    ],
  }),
  pick({
    key: "p.batch",
    label: tr("batch"),
    options: [["0", tr("all rows")], ...["1", "8", "16", "32", "64", "128", "256"].map((n) => /** @type {[string, string]} */ ([n, n]))],
  }),
  pick({
    key: "p.l2",
    label: "L2",
    options: ["0", "0.001", "0.01", "0.1", "1", "3", "10", "30", "100"].map((n) => /** @type {[string, string]} */ ([n, decimal(n)])),
  }),
];

/** The controls of the network and its start. */
export const networkBar = () => [
  stepper({ key: "p.units", label: tr("hidden units"), name: tr("hidden units"), min: 1, max: 64 }),
  pick({
    key: "p.activation",
    options: served.choices.activation,
    name: tr("hidden activation"),
  }),
  pick({
    key: "p.init",
    label: tr("begin"),
    options: [
      ["normal", tr("small random")],
      ["auto", tr("unit variance")],
      ["zeros", tr("zeros")],
      ["xavier", "Xavier"],
      ["he", "He"],
      ["lecun", "LeCun"],
      ["nguyen_widrow", "Nguyen-Widrow"],
    ],
  }),
  h(
    "span",
    { class: "only-normal" },
    slider({
      key: "p.scale",
      label: "×",
      name: tr("initial scale"),
      min: -4,
      max: 1,
      step: 0.05,
      width: 56,
      show: (v) => sig(v, 2),
      ...logarithmic,
    }),
  ),
  stepper({ key: "p.seed", label: tr("seed"), min: 0, max: 9999 }),
  stepper({ key: "p.networks", label: tr("networks"), min: 1, max: 32 }),
  toggle({ key: "p.standardize", label: tr("standardize") }),
];

/** The control of a regression's loss. */
export const lossChoice = () =>
  pick({
    key: "p.loss",
    label: tr("loss"),
    options: served.choices.loss,
  });

/** Rows of the page's own sets. */
export const rowsPanel = () => [
  slider({ key: "p.points", label: tr("points"), min: 20, max: 2000, step: 20, width: 72, show: String }),
  slider({ key: "p.noise", label: tr("noise"), min: 0, max: 1, step: 0.02, width: 72, show: (v) => fixed(v, 2) }),
];

export const holdOut = () =>
  slider({ key: "p.hold_out", label: tr("hold out"), min: 0, max: 0.5, step: 0.05, width: 72, show: (v) => percent(v, 0) });
