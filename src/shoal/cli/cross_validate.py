"""What `shoal fit --cv` adds: cross-validation beside other tools."""

from typing import TYPE_CHECKING, Any

from shoal.cli.output import number, print_table, rows_bar

if TYPE_CHECKING:
    from shoal.cli.fit import FitTables
    from shoal.table_models.cross_validation import CrossValidation

TAKEN = (
    "task",
    "groups",
    "time",
    "weights",
    "categories",
    "drop",
    "inputs",
    "missing",
    "keep",
    "merge_case",
    "day_first",
    "target_means",
    "seed",
)


def checked_folds(folds: str, elsewhere: str | None, threshold: str | None) -> str:
    """The folds as they were given, before anything is trained.

    Raises
    ------
    InvalidParameterError
        For what is no number of folds, and with options that the models of folds would not follow.
    """
    from shoal.errors import InvalidParameterError
    from shoal.table_models.cross_validation import folds_of

    folds_of(folds)
    if elsewhere is not None:
        raise InvalidParameterError("--cv trains on rows in memory: leave --max-memory and --dask out, or --cv.")
    if threshold is not None:
        raise InvalidParameterError("--cv scores models that predict the most likely class: leave --threshold out, or --cv.")
    return folds


def cross_validated(tables: "FitTables", target: list[str], folds: str, chosen: dict[str, Any]) -> "CrossValidation":
    """Cross-validate with what `shoal fit` was given, with a progress bar."""
    from shoal.table_models.cross_validation import cross_validate
    from shoal.table_models.fit import with_skip
    from shoal.table_models.monotone import with_directions

    settings = with_directions(with_skip(chosen["settings"], chosen["skip"]), chosen["monotonic_cst"])
    with rows_bar(unit="folds") as progress:
        return cross_validate(
            tables.learned, target, folds=folds, settings=settings, progress=progress, **{name: chosen[name] for name in TAKEN}
        )


def print_cross_validation(found: "CrossValidation") -> None:
    """Print every score of every tool for a person."""
    from shoal.table_models.cross_validation import p_in_words

    print(f"cross-validated: {found.how}")
    lines = found.summary().reset_index().to_dict("records")
    for score in found.metrics:
        rows = [
            [
                line["tool"],
                number(line["mean"]),
                number(line["sd"]),
                f"{number(line['low'])} to {number(line['high'])}",
                p_in_words(line["p"]),
            ]
            for line in lines
            if line["score"] == score
        ]
        print_table([score, "mean", "sd of folds", "95 % of the mean", "p"], rows, numbers=(1, 2, 4))
    print("p: of no difference to shoal; intervals and p by the corrected resampled t-test, as folds share rows.")
    print(found.statement)


def cross_validation_record(found: "CrossValidation") -> dict[str, Any]:
    """What `--json` prints."""
    lines = found.summary().reset_index().to_dict("records")
    known = [{name: value for name, value in line.items() if value == value} for line in lines]  # no NaN, which is no JSON
    return {"cross_validation": {"how": found.how, "statement": found.statement, "summary": known}}
