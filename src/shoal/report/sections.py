"""The sections of a report, in the order of the page."""

from typing import Any

import numpy as np

from shoal.metrics import METRICS
from shoal.report import figures
from shoal.report.contents import COVERAGE, MOST_WEIGHTS, Contents, call_of, command, settings_of
from shoal.report.cross_validation import crossed
from shoal.report.figures import shown
from shoal.report.html import Best, number, paragraph, section, table, text
from shoal.report.look import columns_table
from shoal.report.scores import HEADLINE, NAMES, RESAMPLES, verdict
from shoal.table_models.facts import made_with
from shoal.table_models.group_scores import lines_of
from shoal.table_models.inspect import limited_inputs, limits_in_words
from shoal.table_models.monotone import in_words, monotone_columns
from shoal.table_models.scores import Metrics
from shoal.table_models.thresholds import decisions

MOST_COLUMNS = 200  # lines of the data card
MOST_CLASSES = 30


def scores(contents: Contents) -> str:
    """The scores with their uncertainty, the baselines, and the best model."""
    facts, found = contents.facts, contents.scores
    n, metric = len(contents.held.y), HEADLINE[contents.facts.task]
    if contents.train is not None and facts.refit:
        about = f"After scoring, the model was trained again on all rows, these {n} too; these scores are too good. The scores before:"
        before = ", ".join(f"{name} {number(value)}" for name, value in facts.metrics.items())
        rows = [paragraph(f"{about} {before}.", "verdict")]
    elif contents.train is not None:
        rows = [paragraph(verdict(found, metric), "verdict")]
    elif contents.alone:
        why = "Other models would need the rows that this one learned from, train=(X, y)."
        rows = [paragraph(f"There are no other models to compare with. {why} On its training rows the model's scores are too good.")]
    else:
        why = f"{contents.table} is not the table that the model was trained on, and other models would need its training rows."
        rows = [paragraph(f"There are no other models to compare with: {why} On its training rows the model's scores are too good.")]
    held = f"{facts.held_out}" if contents.train is not None or contents.alone else f"all rows of {contents.table} with a target"
    drawn = "these rows" if contents.held.roles.get("groups") is None else "their groups"
    caption = f"{n} rows: {held}. In brackets: the central 95 % of {RESAMPLES} resamples of {drawn}."
    rows.append(table(["", *(NAMES[name] for name in found)], [score_line(contents, m) for m in found["shoal"].scores], caption=caption))
    rows.append(shown(figures.answers(contents)))
    return section("scores", "How good it is", *rows)


def score_line(contents: Contents, metric: str) -> list[object]:
    """One metric of every model, the best in bold."""
    models = contents.scores.values()
    known = [m.scores[metric] for m in models if np.isfinite(m.scores.get(metric, np.nan))]
    best = METRICS[metric].best(known)
    line: list[object] = [metric]
    for model in models:
        if metric not in model.scores:
            line.append("–")
            continue
        low, high = model.interval(metric)
        sentence = f"{number(model.scores[metric])} ({number(low)} to {number(high)})"
        line.append(Best(sentence) if model.scores[metric] == best else sentence)
    return line


def sure(contents: Contents) -> str:
    """Intervals and their coverage."""
    found = contents.intervals
    if contents.facts.task == "classification":
        sentence = "A classifier's probabilities state its uncertainty; log_loss and, for two classes, the calibration curve measure them."
        return section("sure", "How sure it is", paragraph(f"{sentence} {scored_sureness(contents.sureness)}"), *groups(contents))
    if found.lower is None:
        return section("sure", "How sure it is", paragraph(found.note), *groups(contents))
    pictures, coverage, width = figures.intervals(contents)
    few = np.sqrt(COVERAGE * (1 - COVERAGE) / len(contents.held.y))
    target = contents.facts.targets[0]
    sentence = (
        f"{COVERAGE:.0%} intervals of {target} contain {coverage:.1%} of the {len(contents.held.y)} rows (by chance alone ±{2 * few:.1%}), "
        f"and are {number(width)} wide on average. {found.note}{scored_sureness(contents.sureness)}"
    )
    return section("sure", "How sure it is", paragraph(sentence), shown(pictures), *groups(contents))


def groups(contents: Contents) -> list[str]:
    """The table of the groups of the rows that are scored, if a column of groups was given, here or to `fit`."""
    if not contents.by:
        return []
    header, rows, few = lines_of(contents.by, number)
    apart = contents.grouped_by == contents.facts.groups and contents.train is not None and not contents.facts.refit
    new = ", groups that the model has not learned from" if apart else ""
    sentence = f"By {contents.grouped_by}{new}. {few}"
    return [paragraph(sentence, "muted"), table(header, rows, numbers=range(1, len(header)))]


def scored_sureness(found: Metrics) -> str:
    """The proper scores of probabilities or intervals in a sentence; none of intervals that nothing calibrates."""
    if "brier_score_loss" in found:
        brier, gap = number(found["brier_score_loss"]), found["calibration_error"]
        return f"Brier score {brier}, expected calibration error {gap:.1%}; smaller is better."
    if "interval_score_90" in found:
        crps = f", CRPS {number(found['crps'])}" if "crps" in found else ""
        return f"Interval score {number(found['interval_score_90'])}{crps}, in the target's unit; smaller is better."
    return ""


def diagnosis(contents: Contents) -> str:
    """The findings."""
    found = contents.diagnosis
    if not found:
        sentence = f"No findings on {found.n_rows} rows: units, gradients, learning rate, fit, inputs, classes, members."
        return section("diagnosis", "Diagnosis", paragraph(sentence))
    blocks = [
        f'<div class="finding"><strong>{text(f.title)}</strong><br>{text(f.evidence)}<br><em>{text(f.advice)}</em></div>' for f in found
    ]
    return section("diagnosis", "Diagnosis", *blocks)


def uses(contents: Contents) -> str:
    """Importance by three measures, and effects."""
    found, used = contents.importance, contents.uses
    places = {name: j for j, name in enumerate(used.names)}
    rows = []
    for name, mean, sd in found.ranked()[:MOST_COLUMNS]:
        j = places[name]
        weights = [f"{used.olden[j].mean():+.3g}" if used.olden.shape[1] == 1 else "–", f"{used.garson[j].mean():.1%}"]
        rows.append([name, f"{mean:.3g} ± {sd:.2g}", number(float(used.sensitivity[j].mean())), *weights])
    caption = (
        f"Permutation: rise of {found.metric} when the column is shuffled, on {found.n_rows} rows, ± its standard deviation over "
        f"{found.falls.shape[1]} shuffles. Sensitivity: mean |dy/dx| for a standard deviation of the column, exact. Olden, Garson: what "
        "the weights alone say, for those who know them."
    )
    header = ["column", "permutation", "sensitivity", "Olden", "Garson"]
    sentence = "Effects: the mean prediction as one column changes and all others stay as they are; a faint line or dot for each member."
    return section(
        "uses",
        "What it uses",
        shown(figures.uses(contents)),
        paragraph(sentence, "muted"),
        table(header, rows, caption=caption, numbers=(1, 2, 3, 4)),
    )


def recipe(contents: Contents) -> str:
    """Shapes, solver and settings; the curves."""
    estimator, facts = contents.estimator, contents.facts
    network = estimator.network_
    widths = ", ".join(map(str, sorted(set(network.population.widths.tolist()))))
    ramps = f" and {network.encoding.n_ramps} ramps beside them" if network.encoding.n_ramps else ""
    limits, proven = limits_in_words(limited_inputs(contents.model)), in_words(monotone_columns(contents.model))
    given = ", ".join(f"{name}={value!r}" for name, value in settings_of(estimator).items())
    minutes = ("" if np.isnan(facts.seconds) else f", {facts.seconds:.1f} s") + (
        ", interrupted: the best weights until then" if facts.interrupted else ""
    )
    rows = [
        ["networks", f"{network.population.K}, each with one hidden layer of {widths} units"],
        ["inputs", f"{network.encoding.n_inputs} prepared columns{ramps}"],
        *([["limits", f"of cells far from all others: {limits}"]] if limits else []),
        *([["monotone", f"{proven}, for every row: the signs of its weights prove it"]] if proven else []),
        ["units", f"{network.activation} hidden, {network.output} output"],
        ["parameters", f"{sum(w.size for w in network.merged):,} of the shoal as one network"],
        ["solver", f"{estimator.solver_}, {estimator.n_iter_} epochs{minutes}"],
        ["settings", given or "all as by default"],
        *([["calibrated", f"after the fit: {facts.calibrated}"]] if facts.calibrated else []),
        ["seed", str(estimator.seed_)],
    ]
    return section("recipe", "How it was trained", shown(figures.curves(contents)), table(["", ""], rows))


def drawn(contents: Contents) -> str:
    """The network and its equation."""
    if contents.equation:
        body = f"<details><summary>The equation</summary><pre>{text_lines(contents.equation)}</pre></details>"
    else:
        body = paragraph(
            f"The equation has over {MOST_WEIGHTS} weights and is not printed here; `shoal export MODEL --to equation -o FILE` writes it."
        )
    return section("network", "The network", shown(figures.network(contents)), body)


def text_lines(lines: str) -> str:
    """Text of several lines."""
    return "\n".join(text(line) for line in lines.splitlines())


def data(contents: Contents) -> str:
    """The data card: rows, target, columns."""
    facts = contents.facts
    rows: list[list[object]]
    if contents.alone:
        n_train = "" if contents.train is None else f", {facts.n_train} learned from"
        rows, of_rows = [["rows", f"{facts.n_test} scored{n_train}"]], "rows scored"
    else:
        split = f"{facts.n_train} learned from, {facts.n_test} held out ({facts.held_out}), {facts.n_left_out} without a target left out"
        rows, of_rows = [["table", contents.table], ["SHA-256", contents.sha256 or "–"], ["rows", split]], "rows learned from"
    rows += target_lines(contents)
    if facts.threshold:
        rows.append(["threshold", "; ".join(decisions(contents.model))])
    columns = contents.look.columns
    many = f", the first {MOST_COLUMNS} of them" if len(columns) > MOST_COLUMNS else ""
    caption = f"{len(columns)} columns{many}, as shoal look and shoal fit print them; what was seen is of the {of_rows}"
    return section("data", "The data", table(["", ""], rows), columns_table(contents.look, caption=caption, most=MOST_COLUMNS))


def target_lines(contents: Contents) -> list[list[object]]:
    """What is predicted, and how it is spread on the held-out rows."""
    facts, y = contents.facts, contents.held.y
    if facts.task == "regression":
        Y = y.reshape(len(y), -1)
        return [
            [f"target {name}", f"{number(v.min())} to {number(v.max())}, mean {number(v.mean())}, standard deviation {number(v.std())}"]
            for name, v in zip(facts.targets, Y.T, strict=True)
        ]
    if y.ndim == 2:
        return [
            [f"target {name}", f"{labels[1]}: {v.mean():.1%} of the rows"]
            for name, labels, v in zip(facts.targets, facts.classes, y.T, strict=True)
        ]
    shares = [f"{label} {np.mean(y == label):.1%}" for label in contents.estimator.classes_[:MOST_CLASSES]]
    more = f" and {len(facts.classes[0]) - MOST_CLASSES} more" if len(facts.classes[0]) > MOST_CLASSES else ""
    return [[f"target {facts.targets[0]}", ", ".join(shares) + more]]


def again(contents: Contents) -> str:
    """The command that makes the model again, and the versions."""
    facts = contents.facts
    made = f"<pre>{text(call_of(contents.estimator) if contents.alone else command(facts, contents.estimator))}</pre>"
    of = (
        f"Of {facts.table or 'a frame'} with the SHA-256 {facts.sha256 or '–'}."
        if not contents.alone and contents.sha256 != facts.sha256
        else ""
    )
    after = f" The calibration came after it: {facts.calibrated}." if facts.calibrated else ""
    sentence = f"The same seed gives the same network on the same versions and kind of processor. {of}{after}"
    return section("again", "To make it again", made, paragraph(sentence), paragraph(made_with(), "muted"))


SECTIONS: tuple[tuple[str, str, Any], ...] = (
    ("scores", "how good", scores),
    ("crossed", "cross-validation", crossed),
    ("sure", "how sure", sure),
    ("diagnosis", "diagnosis", diagnosis),
    ("uses", "what it uses", uses),
    ("recipe", "training", recipe),
    ("network", "the network", drawn),
    ("data", "the data", data),
    ("again", "make it again", again),
)
