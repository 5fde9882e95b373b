"""Every figure of the docs that is a constant of the code is compared with it, and every file and name that they mention exists."""

import importlib
import re
import tomllib
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import shoal
from shoal.dask.survey import MOST_RAMPED
from shoal.dask.workers import ATTEMPTS
from shoal.encoding import BINS, HEAVY_SHARE
from shoal.engine.kernels.dispatch import MANY
from shoal.engine.layout import MOST_UNITS, SMALL_PRODUCT, SPLIT_FROM, WORTH_SPLITTING, WORTH_SPLITTING_512
from shoal.engine.ramps import TILE, WORTH_LOOKING_UP
from shoal.engine.sums import JACOBIAN_NUMBERS
from shoal.export.json_text import FORMAT
from shoal.export.onnx_graph.model import MOST_SINGLE, OPSET
from shoal.fitting import checkpoint, folds, importances, step_costs, summary, train
from shoal.fitting import plan as p
from shoal.fitting import train as t
from shoal.fitting.settings import settings_of
from shoal.input_limits import FAR, FEW_VALUES, INNER
from shoal.inspection import diagnosis, importance
from shoal.inspection.curves import ABOVE, ENOUGH, FALLING, LEARNING, RATTLES, STRAIGHT
from shoal.inspection.figures import diagram
from shoal.inspection.findings import (
    COUNTABLE,
    FEW_ROWS,
    FLAT,
    LEAKS,
    MEMORIZED,
    MISSED,
    MOSTLY,
    OFFSET,
    RARE,
    RISE,
    SIZES,
    TWIN,
)
from shoal.left_overs import OLD
from shoal.persistence import schema
from shoal.recipe import WARM_UP_STEPS
from shoal.report import contents, scores
from shoal.table import delimited, layout
from shoal.table.tally import MOST_TEXTS
from shoal.table_models import memory
from shoal.table_models.fit_in_pieces import JUDGED_ROWS
from shoal.table_models.scores import ROC_ROWS
from shoal.textbook.activations import ACTIVATIONS
from shoal.textbook.gradient_check import STEP
from shoal.textbook.losses import LOSSES
from shoal.textbook.output_units import exp_limits, log_variance_limits
from shoal.training import longer, minibatch, two_stage
from shoal.training.solvers.bayes import LARGEST_BETA
from shoal.training.solvers.levenberg_marquardt import FACTOR, MOST_PARAMETERS
from shoal.training.solvers.solver import LEAST_DECREASE
from shoal.uncertainty import calibration, noise, predictive
from shoal.web import server
from shoal.web.chapter import SCALE
from shoal.web.playground.recording import MOMENTS

ROOT = Path(__file__).parents[2]
HOME = Path(shoal.__file__).parent
PAGES = [*sorted((ROOT / "docs").glob("*.md")), *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY", "CHANGELOG"))]
OF_THE_SITE = ("index.md", "how-to.md", "explanations.md", "textbook.md", "changes.md", "cheat-sheet.md")  # lists of pages, of calls
FRACTIONS = {1 / 2: "half", 1 / 3: "a third", 1 / 4: "a quarter", 1 / 5: "a fifth", 1 / 8: "an eighth", 1 / 10: "a tenth"}
ORDINALS = {5: "fifth", 8: "eighth"}
NUMBERS = {2: "two", 3: "three", 4: "four", 5: "five", 7: "seven", 8: "eight", 10: "ten"}
POWERS = {10**6: "10⁶", 4 * 10**6: "4·10⁶", 400_000: "4·10⁵", 500_000: "5·10⁵", 1e12: "10¹²", 1e-6: "10⁻⁶"}
LM = p.FULL_BATCH["lm"]


def percent(fraction: float) -> str:
    return f"{100 * fraction:g} %"


def row_of(what: str, of_kind) -> str:
    """A line of the table of defaults: classification with ramps and without, regression with ramps and without."""
    kinds = [p.KINDS[task, ramps] for task in ("classification", "regression") for ramps in (True, False)]
    return f"| {what} | {' | '.join(of_kind(kind) for kind in kinds)} |"


def dash_or(value: float) -> str:
    return f"{value:g}" if value else "–"


RATES = {task: [p.KINDS[task, ramps].learning_rate for ramps in (True, False)] for task in ("classification", "regression")}
ADAM = p.rule(settings_of(shoal.ShoalClassifier()), "adamw")
FLOAT64, FLOAT32 = np.zeros(1), np.zeros(1, np.float32)
LEAST = predictive.LEAST_ROWS["held-out rows"]
RATES_OF_CLASSES = f"{RATES['classification'][0]:g}; {2 * RATES['classification'][0]:g} from {p.FASTER_FROM:,} rows on"


def lowest_versions() -> list[str]:
    """The cells of each dependency and its lowest version, as a table has them."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lists = [project["dependencies"], *project["optional-dependencies"].values()]
    needed = (re.fullmatch(r"([\w.-]+)(?:\[.*\])?>=(.+)", each) for some in lists for each in some)
    return [f"| {found[1]} | {found[2]} |" for found in needed if found]


def slides_of_the_textbook() -> list[str]:
    """The page of the handout, the formula and the first function of every slide, as the textbook's table has the last two."""
    table = (ROOT / "src/shoal/textbook/README.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| \*\*(\d+)\*\* [^|]*\| (.*?) \| (`[^`]+`)", table, flags=re.MULTILINE)
    return [f"| page {slide} | {formula} | {function} |" for slide, formula, function in rows]


PHRASES = {
    "defaults.md": [
        f"| learning rate of AdamW (betas {ADAM.beta_1}, {ADAM.beta_2}) | {RATES_OF_CLASSES} | same | ",
        f"| same | {' | '.join(map(str, RATES['regression']))} |",
        row_of("decay (decoupled, not on biases)", lambda kind: f"{kind.decay:g}"),
        row_of("dropout of hidden units", lambda kind: f"{kind.dropout:g}"),
        row_of("moving average of the weights", lambda kind: dash_or(kind.weight_average)),
        f"| ramps are multiplied by | {p.RAMP_SCALE['classification']:g} | | {p.RAMP_SCALE['regression']:g} | |",
        f"after {WARM_UP_STEPS} rising steps",
        f"| updates | {p.STEPS['classification']} √n | same | {p.STEPS['regression']} √n | same |",
        f"64 hidden units, from {p.WIDE_FROM:,} rows on 128",
        f"number of epochs is within {p.EPOCHS_WITHIN[0]}..{p.EPOCHS_WITHIN[1]}",
        f"up to {FEW_VALUES} distinct values",
        f"farther beyond the {percent(INNER[0])} or the {percent(INNER[1])} quantile than {FAR:g} times the distance between both",
        f"more than {FEW_VALUES} distinct values",
        f"fills over 1/{1 / HEAVY_SHARE:g} of the rows",
        f"cut at quantiles into {BINS} bins",
        f"the rows are split into {ORDINALS[p.PARTS]}s, with the classes",
        f"the k-th {ORDINALS[p.PARTS]}",
        f"held-out cross-entropy is below {POWERS[minibatch.PERFECT]}",
        f"exp(−(v/v_min − 1)/{train.SHARPNESS})",
        f"From {p.SMALL} rows on, and below {p.WIDE_FROM:,}, where",
        f"lower by {longer.SURE:g} standard errors and, in classification, {longer.SURE_OF_CLASSES:g} standard errors",
        f"the loss is lower by {longer.SURE_ALONE:g} standard errors",
        f"With fewer than {p.DROPOUT_FROM} hidden units there is no dropout",
        f"({p.DROPOUT_FROM}/h), up to {NUMBERS[p.MOST_FASTER]} times",
        "with four times the epochs" if (longer.TIMES, p.LONGER, longer.LATE) == (4, 2, 0.5) else "longer: ?",
        f"**Refit on all rows (regression below {p.WIDE_FROM:,} rows):**",
        f"**Below {p.SMALL} rows:**",
        f"up to {p.EPOCHS_OF_SMALL['classification']} epochs, {p.EPOCHS_OF_SMALL['regression']:,} for regression",
        f"From {p.FEW} different rows on",
        f"From {p.FASTER_FROM:,} rows on, classification uses twice the learning rate. With {RATES['classification'][0]} there",
    ],
    "diagnosis.md": [
        f"At most {diagnosis.MOST_ROWS} rows are examined",
        f"flat (g′ < {FLAT}) on {percent(MOSTLY)} of the rows: {FRACTIONS[diagnosis.MANY]} of the units if fewer than",
        f"fewer than {diagnosis.WIDE} per member remain, else {FRACTIONS[diagnosis.HALF]}",
        f"g′ < {FLAT} on every row",
        f"equal to {TWIN:g}",
        "half of the units each move the logits by less than a thousandth"
        if (diagnosis.HALF, diagnosis.IDLE) == (0.5, 1e-3)
        else "idle: ?",
        f"passes less than {percent(diagnosis.PASSED)} of the error",
        f"gives a W1 gradient over {diagnosis.EXPLODES:g}",
        f"the loss rose to {RISE} times the first",
        f"of fewer than {ENOUGH} epochs the median one), and fell by over {percent(LEARNING)} in the second half",
        f"jumps up and down by over {percent(RATTLES)} of itself, remains {ABOVE} times above its lowest value",
        f"by {percent(FALLING)} in the last tenth of the epochs, or over {percent(STRAIGHT)} of its decrease",
        f"the explained fraction of the target is {MEMORIZED} lower",
        f"spreads differ {SIZES:g} times, or a column is {OFFSET:g} spreads away from 0",
        f"constant on {FEW_ROWS} rows or more",
        f"removes {percent(LEAKS)} of the error",
        f"fewer than {FRACTIONS[MISSED]} of the rows of a class are predicted correctly",
        f"under {percent(RARE)} of all rows and at least {NUMBERS[COUNTABLE]} rows",
        f"the members' variance is {NUMBERS[diagnosis.SPREAD]} times the error of their mean",
        f"predict different classes on {percent(diagnosis.APART)} of the rows",
        f"one member has {NUMBERS[diagnosis.STRAY]} times the median loss",
    ],
    "engine.md": [
        f"for one logit and at most {MOST_PARAMETERS} parameters",
        f"a single network of {SPLIT_FROM} units or more",
        f"when batches of {WORTH_LOOKING_UP} rows or more first meet ramps",
        f"a network with {MANY} outputs or more",
        f"keeps H·b·n1 ≤ {POWERS[SMALL_PRODUCT]}",
        f"and H ≤ {MOST_UNITS}",
        f"A single network with {SPLIT_FROM} units or more, and a product of at least {POWERS[WORTH_SPLITTING]} multiplications"
        f" ({POWERS[WORTH_SPLITTING_512]} with AVX-512)",
        f"(4 from {6 * MOST_UNITS} units on)",
        f"reads the tables {TILE} units at a time",
        f"batches of fewer than {WORTH_LOOKING_UP} rows, units that are not a multiple of {TILE}",
        f"{NUMBERS[len(ACTIVATIONS)]} activations, {NUMBERS[len(LOSSES)]} losses",
        f"{({10**9: 'some 10 ms with AVX-512'})[minibatch.AT_ONCE]} in one call",
    ],
    "solvers.md": [
        f'`early_stopping="auto"` below {p.WIDE_FROM:,} rows',
        f"below `tol` (default {p.FLAT:g})".replace("1e-05", "1e-5"),
        f"no step lowers J by {LEAST_DECREASE:g} of its value",
        f"from {p.SMALL} rows on, if you set none",
        f"After {two_stage.TRIAL} steps the held-out loss decides",
        f"if it has risen by more than {FRACTIONS[round(two_stage.MAY_RISE - 1, 9)]}",
        f"L-BFGS continues to {two_stage.STEPS} steps",
        f"on all rows for {two_stage.STEPS} more steps",
        f"classification below {p.SMALL} rows",
        f"computed {8 * JACOBIAN_NUMBERS >> 20} MB at a time",
        f"repeated with {FACTOR:g} times the damping; a step that does divides the damping by {FACTOR:g}",
        f"more than {({60.0: 'a minute'})[step_costs.LONGEST_STEP]}, or JᵀJ more than {step_costs.MOST_BYTES >> 30} GiB",
        f"may take more than {({120.0: 'two minutes'})[step_costs.WORTH_SAYING]}",
        f"Defaults: {LM.width} hidden units, λ = {LM.lam['regression']:g} (classification {LM.lam['classification']:g}), {LM.steps} steps",
        f"A perfect fit ends at β = {POWERS[LARGEST_BETA]}",
        f"tries {', '.join(map(str, p.WIDTHS[:3]))}, … {p.WIDTHS[-1]} units",
        f"until the mean log evidence has decreased {({2: 'twice'})[t.UNCHANGED]}",
        f"decreased by more than {percent(t.STILL_FALLING)} in the last tenth of the epochs",
    ],
    "how-sure.md": [
        f"(from {p.SMALL} rows on)",
        f"and {noise.ROWS_OF_PAIRS} rows that two networks hold out",
        f"two networks hold out {FRACTIONS[1 / folds.PAIR_SHARE]} of the rows",
        f"refused below {LEAST} held-out rows",
        f"in up to {noise.PIECES} bins",
        f"counts as {noise.PRIOR_ROWS} rows. From {noise.ROWS_OF_A_SPREAD} rows on",
        f"the most likely of {noise.SHARES[0]:g}, {100 * noise.SHARES[1]:g}, …, {percent(noise.SHARES[-1])}",
        f"{FRACTIONS[1 / folds.SPLIT_SHARE]} is held out from all networks",
        f"every {ORDINALS[folds.PAIR_SHARE]} from two",
        f"- held-out rows: {LEAST}, which",
        f'the evidence (`solver="bayes"`): {predictive.LEAST_ROWS["evidence"]} rows.',
        f"{predictive.ROWS_PER_WEIGHT} for each weight of the largest network",
        f"at N = {predictive.ROWS_PER_WEIGHT}p",
        f"({calibration.BINS} bins of equal width)",
    ],
    "tables.md": [
        f"up to {layout.MOST_SKIPPED}, have fewer cells",
        f"the first {delimited.HEAD // 1000 * 1000:,} characters",
    ],
    "scale.md": [
        f"more than {MOST_TEXTS:,} different texts (fewer if they do not fit into {FRACTIONS[memory.SAMPLE_SHARE]} of the memory)",
        f"by rows / {MOST_TEXTS:,}",
        f"sample of {memory.SAMPLE_ROWS:,} rows, fewer if they take more than {FRACTIONS[memory.SAMPLE_SHARE]} of the memory",
        f"sample of {ROC_ROWS:,} rows",
        f"fit into {percent(memory.JUDGED_SHARE)} of the memory (at most {JUDGED_ROWS:,} for each part",
        f"{memory.OVERHEAD // 10**6} MB are reserved",
        f"{percent(memory.PIECE_SHARE)} is for the chunk that is being read",
        f"up to {percent(memory.JUDGED_SHARE)} for held-out rows, and {percent(memory.BLOCK_SHARE)} of what these",
        f"up to {MOST_RAMPED // 10**6} million rows",
        f"sample of at most {memory.SAMPLE_ROWS:,} rows",
        f"up to {NUMBERS[ATTEMPTS]} times",
        f"every {checkpoint.EVERY:g} seconds and when training ends",
    ],
    "export.md": [f"The operator set is {OPSET}.", f"z-scores beyond ±{MOST_SINGLE:g} are clipped".replace("e+36", "e36"), f'"{FORMAT}"'],
    "report.md": [
        f"the central 95 % of {scores.RESAMPLES} bootstrap resamples" if scores.SURE == 0.975 else "?",
        f"a regressor's {percent(contents.COVERAGE)} intervals",
        f"the {diagram.MOST_INPUTS} inputs and units of the largest weights" if diagram.MOST_INPUTS == diagram.MOST_UNITS else "?",
        f"up to {contents.MOST_WEIGHTS} weights",
        f"({importance.N_REPEATS} shuffles, at most {contents.MOST_ROWS} rows)",
    ],
    "model-files.md": [f'`format` ("{schema.FORMAT}"), `version` ({schema.VERSION})'],
    "from-matlab.md": [f"divided or multiplied by {FACTOR:g}"],
    "from-r.md": [f"shoal has {NUMBERS[len(ACTIVATIONS) - 1]} more activations"],
    "from-sklearn.md": [
        f'`"auto"`: 64, from {p.WIDE_FROM:,} rows on 128',
        f"over at most {importances.MOST_ROWS} of the training rows",
        f'`"auto"`: {p.STEPS["classification"]} to {p.STEPS["regression"]} √n updates',
        f"from {p.SMALL} rows on | the best weights are kept",
        f'| `"auto"`: {FRACTIONS[1 / p.PARTS]}, a different one for each network',
        f"| `beta_2` | 0.999 | {ADAM.beta_2} |",
        f"more than {FRACTIONS[summary.FAR]} of the rows of `X_val`",
        f"covers {({0.01: 'a hundredth'})[summary.NARROW]} of that range",
        f"decreased by {({0.01: 'a hundredth'})[t.STILL_FALLING]} in the last tenth",
    ],
    "support.md": lowest_versions(),
    "chapter.md": [f"s = {SCALE}; s = 100; how they learn", *slides_of_the_textbook()],
    "own-functions.md": [{1e-5: "with h = 1e-5"}[STEP]],
    "architecture.md": [
        f"beyond z = {exp_limits(FLOAT64):g} (float64) and {exp_limits(FLOAT32):g} (float32)",
        f"beyond {log_variance_limits(FLOAT64):g} and {log_variance_limits(FLOAT32):g}",
        f"float64 below {p.FLOAT32_FROM} rows",
        f"Below {p.SMALL} rows training uses full batches",
        f"older than {({3600.0: 'an hour'})[OLD]}",
        f"at most {MOMENTS} frames per run",
        "ends the server in less than two seconds" if server.CLOSING < 2 else "?",
        f"below {p.SMALL} rows and for calibration",
    ],
}


@cache
def text_of(page: str) -> str:
    """The page with every run of white space as one space."""
    return " ".join((ROOT / "docs" / page).read_text(encoding="utf-8").split())


@pytest.mark.parametrize(("page", "phrase"), [(page, phrase) for page, phrases in PHRASES.items() for phrase in phrases])
def test_a_figure_of_the_docs_is_the_constant_of_the_code(page, phrase):
    assert phrase.lower() in text_of(page).lower(), f"{page} does not say: {phrase}"


def test_every_constant_of_the_code_has_a_page_that_states_it():
    without = {
        "serving.md",
        "compared.md",
        "cross-validation.md",
        "when-not.md",
        "monotone.md",
        *OF_THE_SITE,
    }  # no figure of the code is there
    assert {path.name for path in (ROOT / "docs").glob("*.md")} - set(PHRASES) == without


PLACES = [ROOT / at for at in (".", "docs", "tests/unit", "tests/house")]
PLACES += [HOME / at for at in (".", "engine", "engine/kernels", "textbook", "web")]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_file_that_a_page_names_exists(page):
    text = re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    code = re.findall(r"`([^`\n]+)`", text)
    files = {word for span in code for word in re.findall(r"^(?:python )?([\w/]+\.py)\b", span)}
    files |= {span for span in code if re.fullmatch(r"(?:docs|benchmarks|tests|web|engine)/[\w/.-]+\.(?:md|csv|js)", span)}
    missing = [file for file in sorted(file for file in files if "NN" not in file) if not any((place / file).exists() for place in PLACES)]
    assert missing == []


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_dotted_name_of_the_package_exists(page):
    for name in set(re.findall(r"`(shoal(?:\.\w+)+)", page.read_text(encoding="utf-8"))):
        module, rest = shoal, name.split(".")[1:]
        for i, part in enumerate(rest):
            module = getattr(module, part, None) or importlib.import_module("shoal." + ".".join(rest[: i + 1]))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_no_figure_of_a_page_is_still_to_come(page):
    """Capitals joined by a line, outside code, hold the place of a figure or a table that nobody has filled in."""
    text = re.sub(r"```.*?```|`[^`\n]+`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert re.findall(r"\b[A-Z]{2,}(?:_[A-Z]+)+\b|\bTODO\b", text) == []
