"""Calibration of a raw table's model on a table that came after the fit."""

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from shoal.errors import InvalidParameterError
from shoal.network import keep_facts
from shoal.table import prepared_rows
from shoal.table.frames import Table, frame_or_path
from shoal.table_models.facts import facts_of
from shoal.table_models.inspect import rows_of_other
from shoal.table_models.splits import fingerprint, name_of
from shoal.uncertainty.outside import outside_named

if TYPE_CHECKING:
    from shoal.table_models.model import TableModel

CHANGED_BY_TEMPERATURE = ("log_loss",)  # of the held-out rows' scores: they were of other probabilities


@outside_named(False)
def calibrate(model: "TableModel", table: Table, calibration: str | None = None) -> "TableModel":
    """`TableModel.calibrate`. The facts keep the scores of the fit that are still those of the model."""
    facts, table = facts_of(model), frame_or_path(table)
    given: dict[str, Any] = {} if calibration is None else {"calibration": calibration}
    if given and facts.task == "regression":
        raise InvalidParameterError(
            f"calibration is {calibration!r}, and a regression's intervals have one kind of calibration by new rows; leave it out"
        )
    if facts.sha256 and fingerprint(table) == facts.sha256:
        raise InvalidParameterError(
            f"{name_of(table)} is the table that the model was trained on: rows that it learned from cannot show how far it is wrong; give "
            "rows that came later, or fit with 'calibration' among the settings"
        )
    held = rows_of_other(model, table).held
    estimator = model["estimator"]
    estimator.calibrate(prepared_rows(model["prepare"], held.inputs), held.y, held.weight, **given)
    kind = "split" if estimator.network_.calibration is not None else "temperature"
    kept = {name: value for name, value in facts.metrics.items() if kind == "split" or name not in CHANGED_BY_TEMPERATURE}
    words = f"{kind}, on {len(held.y)} rows of {name_of(table)}"
    keep_facts(model, replace(facts, metrics=kept, sureness=None, calibrated=words))
    return model
