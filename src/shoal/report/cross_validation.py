"""The section of a report about a cross-validation: every tool's scores over the folds, and predictions of rows not learned from."""

from collections.abc import Callable, Hashable
from typing import Any

import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from shoal.errors import DataError, InvalidParameterError
from shoal.inspection.figures import ClassCurvesDisplay, RegressionDisplay
from shoal.inspection.figures.displays import bare, ink
from shoal.report.contents import Contents, settings_of
from shoal.report.figures import Picture, picture, shown
from shoal.report.html import Best, number, paragraph, section, table
from shoal.report.scores import HEADLINE
from shoal.table.cells import listed
from shoal.table.frames import Table, frame_or_path
from shoal.table_models.cross_validation import CONFIDENCE, OURS, CrossValidation, cross_validate, p_in_words
from shoal.table_models.facts import facts_of
from shoal.table_models.monotone import wanted_directions
from shoal.table_models.splits import chosen_by, fingerprint, name_of

CHANCE = 1 - CONFIDENCE


def cross_validate_again(
    model: Pipeline, table_of_fit: Table, folds: int | str, progress: Callable[[str, int, int], None] | None = None
) -> CrossValidation:
    """Cross-validate with all that `shoal.fit` was given for this model.

    Raises
    ------
    InvalidParameterError
        For another table than the model was trained on; for a model whose threshold, or whose blocks on disk, the models of folds lack.
    """
    facts, estimator = facts_of(model), model["estimator"]
    source = frame_or_path(table_of_fit)
    if not facts.sha256 or fingerprint(source) != facts.sha256:
        raise InvalidParameterError(
            f"{name_of(source)} is not the table that the model was trained on, on which alone it can be cross-validated with the same "
            "settings. Pass that one, or cross-validate this one with `shoal fit --cv`."
        )
    refuse_other_fits(facts.threshold, facts.max_memory)
    own = settings_of(estimator) | ({} if estimator.random_state == facts.seed else {"random_state": estimator.random_state})
    settings = own | ({} if estimator.monotonic_cst is None else {"monotonic_cst": wanted_directions(model) or None})
    names = (chosen_by(facts.inputs), "task", "categories", "missing", "keep", "merge_case", "day_first", "target_means", "seed")
    given: dict[str, Any] = {name: getattr(facts, name) for name in names}
    given |= {name: getattr(facts, name) or None for name in ("groups", "time", "weights")}
    return cross_validate(source, facts.targets, folds=folds, settings=settings, progress=progress, **given)


def refuse_other_fits(threshold: str, max_memory: str) -> None:
    """Refuse a model that the models of folds would not resemble."""
    if threshold:
        raise InvalidParameterError(f"The model has a threshold ({threshold}), and cross-validation scores models without: leave --cv out.")
    if max_memory:
        raise InvalidParameterError(f"The model was trained within {max_memory} in blocks, and cross-validation in memory: leave --cv out.")


def checked(model: Any, found: Any) -> CrossValidation:
    """The cross-validation, if it is one of this model's targets.

    Raises
    ------
    InvalidParameterError
        For anything else.
    """
    if not isinstance(found, CrossValidation):
        raise InvalidParameterError(f"cross_validation is a {type(found).__name__}; pass what shoal.cross_validate returns.")
    facts = facts_of(model)
    if (found.task, found.targets) != (facts.task, facts.targets):
        raise InvalidParameterError(
            f"cross_validation is of {found.task} of {listed(found.targets)}, and the model of {facts.task} of {listed(facts.targets)}. "
            "Cross-validate the model's own targets."
        )
    return found


def crossed(contents: Contents) -> str:
    """The whole section; empty if there was no cross-validation."""
    found = contents.cross_validation
    if found is None:
        return ""
    summary, headline = found.summary(), HEADLINE[found.task]
    others = "".join(score_table(found, summary, score) for score in found.metrics if score != headline)
    explained = (
        "p: of no difference to this network. Intervals and p are those of the corrected resampled t-test (Nadeau and Bengio 2003), since "
        "training sets of different folds share rows; p is not adjusted for the number of tools."
    )
    return section(
        "crossed",
        "Cross-validation",
        paragraph(in_a_sentence(summary, headline), "verdict"),
        score_table(found, summary, headline),
        f"<details><summary>The other scores</summary>{others}</details>" if others else "",
        paragraph(explained, "muted"),
        shown(pictures(found, headline)),
        paragraph(f"To repeat it: {found.statement}.", "muted"),
        paragraph(about_the_table(contents, found), "muted"),
    )


def about_the_table(contents: Contents, found: CrossValidation) -> str:
    """A sentence if the rows may be others than those of the model."""
    if not found.sha256 or found.sha256 == contents.facts.sha256:
        return ""
    return "The model was trained on another table, or on these rows in another form: compare the SHA-256 below."


def lines_of(summary: pd.DataFrame, score: str) -> dict[str, dict[Hashable, Any]]:
    """Of every tool what the summary has of a score, the best first."""
    found = summary.reset_index().to_dict("records")
    return {str(line["tool"]): line for line in found if line["score"] == score}


def in_a_sentence(summary: pd.DataFrame, score: str) -> str:
    """The network's mean with its interval, and how it compares with the best of the other tools."""
    lines = lines_of(summary, score)
    own = lines[OURS]
    interval = f" ({CONFIDENCE:.0%} interval {number(own['low'])} to {number(own['high'])})" if np.isfinite(own["low"]) else ""
    about = f"Trained again without each fold, this network has a mean {score} of {number(own['mean'])}{interval}."
    rivals = [tool for tool in lines if tool != OURS]
    if not rivals:
        return about
    best = lines[rivals[0]]
    other = f"the best of the other tools, {rivals[0]}, with {number(best['mean'])}"
    if not np.isfinite(best["p"]):
        return f"{about} Compare {other}."
    p = p_in_words(best["p"])
    sure = f"p {p}" if p.startswith("<") else f"p = {p}"
    if best["p"] >= CHANCE:
        return f"{about} The difference to {other}, may be chance ({sure})."
    return f"{about} It is {'better' if next(iter(lines)) == OURS else 'worse'} than {other} ({sure})."


def score_table(found: CrossValidation, summary: pd.DataFrame, score: str) -> str:
    """One score of every tool, the best first and in bold."""
    rows = []
    for place, (tool, line) in enumerate(lines_of(summary, score).items()):
        name, mean = "this network" if tool == OURS else tool, number(line["mean"])
        interval = f"{number(line['low'])} to {number(line['high'])}" if np.isfinite(line["low"]) else "–"
        difference = "" if tool == OURS else f"{line['difference']:+.3g}"
        rows.append([name, mean if place else Best(mean), number(line["sd"]), interval, difference, p_in_words(line["p"])])
    header = [score, "mean", "sd of folds", f"{CONFIDENCE:.0%} of the mean", "network − tool", "p"]
    return table(header, rows, caption=f"{score}, {found.how_often}, {found.how}", numbers=(1, 2, 4, 5))


def pictures(found: CrossValidation, score: str) -> list[Picture]:
    """The scores of the folds, and predictions of rows that no network that gave them had learned from."""
    wide = found.scores.pivot_table(index=["repeat", "fold"], columns="tool", values=score, sort=False)
    order = list(found.summary().loc[score].index)
    names = ["this network" if tool == OURS else tool for tool in order]
    size = (4.4, 1.1 + 0.33 * len(order))
    drawn = [picture(f"{score} of every fold", lambda ax: draw_folds(ax, wide[order].to_numpy(), names, score), size)]
    return drawn + (measured(found) if found.task == "regression" else curves(found))


def draw_folds(ax: Any, values: np.ndarray, names: list[str], score: str) -> None:
    """A faint dot for each fold, a line at the mean; `values (folds, tools)`, the first tool on top."""
    for place, column in enumerate(values.T):
        ax.plot(column, np.full(len(column), place), "o", color="C0" if names[place] == "this network" else ink(), alpha=0.35, markersize=5)
        ax.plot([np.nanmean(column)] * 2, [place - 0.3, place + 0.3], color=ink(), linewidth=2)
    ax.set_yticks(range(len(names)), names)
    ax.set(xlabel=score, ylim=(len(names) - 0.5, -0.5))
    bare(ax)


def measured(found: CrossValidation) -> list[Picture]:
    """True against predicted values of the first target."""
    once = found.predictions[found.predictions["repeat"] == 0]
    truth, predicted = (next(name for name in once.columns if name.startswith(word)) for word in ("truth", "prediction"))
    y, answers = once[truth].to_numpy(), once[predicted].to_numpy()
    caption = "True against predicted values, held-out rows of all folds"
    return [picture(caption, lambda ax: RegressionDisplay.from_predictions(y, answers, ax=ax))]


def curves(found: CrossValidation) -> list[Picture]:
    """The ROC curve of the second of two classes, of each of more, or of each label."""
    once = found.predictions[found.predictions["repeat"] == 0]
    labels = [name[2:-1] for name in once.columns if name.startswith("p(")]
    p = once[[f"p({label})" for label in labels]].to_numpy()
    truths = [name for name in once.columns if name.startswith("truth")]
    positive = once[truths].to_numpy() == 1 if len(truths) > 1 else once[truths].astype(str).to_numpy() == np.array(labels)[None]
    if len(truths) == 1 and len(labels) == 2:
        labels, p, positive = labels[1:], p[:, 1:], positive[:, 1:]
    caption = "ROC curve, held-out rows of all folds"
    try:
        return [picture(caption, lambda ax: ClassCurvesDisplay.from_predictions(positive, p, labels, kind="roc", ax=ax))]
    except DataError:  # rows of one class alone have no curve
        return []
