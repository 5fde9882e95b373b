"""The arrays of a model file, version 1: each one's types, shape and range; `schema` says what the letters of shapes are.

Parts of a model that not every model has are there as a whole or not at all: `part_of`.
"""

from shoal.persistence.checks import Array

LARGEST_WEIGHT = 1e100  # a product of two such is finite: no training ends beyond, and inf − inf would be an answer of NaN
RAMPS_WITHIN = 1e-6  # of 0 and 1: the mean of a ramp is a sum over all rows

FLOAT, EITHER = ("<f8",), ("<f4", "<f8")
ARRAYS: dict[str, Array] = {
    "W1": Array(EITHER, ("K", "h", "x"), -LARGEST_WEIGHT, LARGEST_WEIGHT),
    "b1": Array(EITHER, ("K", "h", 1), -LARGEST_WEIGHT, LARGEST_WEIGHT),
    "W2": Array(EITHER, ("K", "z", "h"), -LARGEST_WEIGHT, LARGEST_WEIGHT),
    "b2": Array(EITHER, ("K", "z", 1)),
    "W3": Array(EITHER, ("K", "z", "x"), -LARGEST_WEIGHT, LARGEST_WEIGHT, part_of="skip"),
    "widths": Array(("<i8",), ("K",), low=1),
    "inputs": Array(("|b1",), ("K", "x")),
    "shares": Array(FLOAT, ("K",), 0.0, 1.0),
    "center": Array(FLOAT, ("n",)),
    "scale": Array(FLOAT, ("n",), 0.0, above=True),
    "edge_counts": Array(("<i8",), ("n",), low=0),
    "edges": Array(FLOAT, ("e",)),
    "ramp_center": Array(FLOAT, ("r",), -RAMPS_WITHIN, 1 + RAMPS_WITHIN),
    "limited_inputs": Array(("<i8",), ("l",), low=0, rising=True, part_of="limits"),
    "lower_limits": Array(FLOAT, ("l",), part_of="limits"),
    "upper_limits": Array(FLOAT, ("l",), part_of="limits"),
    "target_center": Array(FLOAT, ("y",), part_of="target"),
    "target_scale": Array(FLOAT, ("y",), 0.0, above=True, part_of="target"),
    "lowest": Array(FLOAT, ("n",), part_of="range"),
    "highest": Array(FLOAT, ("n",), part_of="range"),
    "noise_counts": Array(("<i8",), ("y",), low=1, part_of="noise"),
    "noise_at": Array(FLOAT, ("k",), part_of="noise"),
    "noise_variance": Array(FLOAT, ("k",), 0.0, above=True, part_of="noise"),
    "noise_share": Array(FLOAT, ("y",), 0.0, 1.0, part_of="noise"),
    "noise_typical": Array(FLOAT, ("y",), 0.0, above=True, part_of="noise"),
    "noise_typical_learned": Array(FLOAT, ("y",), 0.0, above=True, part_of="noise"),
    "noise_averaging": Array(FLOAT, ("y",), 0.0, 1.0, above=True, part_of="noise"),
    "calibration_scores": Array(FLOAT, ("s", "y"), sorted=True, part_of="calibration"),
    "label_scores": Array(FLOAT, ("q", "a"), 0.0, 1.0, sorted=True, part_of="label_calibration"),
    "label_places": Array(("<i8",), ("q", "a"), low=0, part_of="label_calibration"),
    "label_groups": Array(("<i8",), ("q", "a"), low=0, part_of="label_calibration"),
    "label_members": Array(("|b1",), ("o", "K"), part_of="label_calibration"),
    "history_loss": Array(EITHER, ("t", "K"), nan=True),
    "history_learning_rate": Array(EITHER, ("t", "K"), nan=True),
    "history_validation_loss": Array(EITHER, ("v", "K"), nan=True, part_of="validation"),
    "history_validation_score": Array(EITHER, ("v", "K"), nan=True, part_of="validation"),
    "final_losses": Array(EITHER, ("K",), nan=True, part_of="final_losses"),
    "importances": Array(FLOAT, ("n",), 0.0, 1.0, part_of="importances"),
    "evidence_alpha": Array(FLOAT, ("K", "g"), nan=True, part_of="evidence"),
    "evidence_beta": Array(FLOAT, ("K",), nan=True, part_of="evidence"),
    "evidence_gamma": Array(FLOAT, ("K",), nan=True, part_of="evidence"),
    "evidence_n_parameters": Array(("<i8",), ("K",), low=0, part_of="evidence"),
    "evidence_log_evidence": Array(FLOAT, ("K",), nan=True, part_of="evidence"),
    "evidence_table_hidden_units": Array(("<i8",), ("w",), low=1, part_of="evidence_table"),
    "evidence_table_log_evidence": Array(FLOAT, ("w",), nan=True, part_of="evidence_table"),
    "evidence_table_best_log_evidence": Array(FLOAT, ("w",), nan=True, part_of="evidence_table"),
    "evidence_table_gamma": Array(FLOAT, ("w",), nan=True, part_of="evidence_table"),
    "evidence_table_n_parameters": Array(FLOAT, ("w",), low=0, part_of="evidence_table"),
}
