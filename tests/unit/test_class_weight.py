"""`class_weight`: keys are the labels as they stand in y, whatever their type."""

import numpy as np
import pytest
from sklearn.utils.class_weight import compute_sample_weight

from shoal import ShoalClassifier
from shoal.errors import InvalidParameterError
from shoal.fitting.weights import row_weights

SMALL = {"max_iter": 1, "n_networks": 1, "hidden_layer_sizes": 2, "ramps": False, "random_state": 0}
X = np.random.default_rng(0).standard_normal((12, 2))
FIRST = np.arange(12) % 3 == 0


@pytest.mark.parametrize(
    ("labels", "keys"),
    [
        (("2", "1"), ("2", "1")),
        (("007", "7"), ("007", "7")),
        (("1.0", "1"), (np.str_("1.0"), "1")),
        (("True", "False"), ("True", "False")),
        ((True, False), (True, False)),
        ((True, False), (np.True_, np.False_)),
        ((True, False), (1, 0)),
        ((7, 3), (np.int64(7), np.int8(3))),
        ((7, 3), (7.0, 3.0)),
        ((2.5, -1.0), (2.5, -1)),
        ((2**60 + 1, 2**60), (2**60 + 1, 2**60)),
        (("ö", "Ω"), ("ö", "Ω")),
    ],
    ids=str,
)
@pytest.mark.parametrize("kind", ["plain", "object"])
def test_rows_weigh_what_the_dict_says_of_their_label(labels, keys, kind):
    y = np.array([labels[0] if first else labels[1] for first in FIRST], object if kind == "object" else None)
    found = row_weights({keys[0]: 5.0, keys[1]: 2.0}, y)
    np.testing.assert_array_equal(found, np.where(FIRST, 5.0, 2.0))
    np.testing.assert_array_equal(row_weights({keys[0]: 5.0}, y), np.where(FIRST, 5.0, 1.0))  # the other weighs 1


@pytest.mark.parametrize(
    ("labels", "keys"),
    [
        (("2", "1"), (2, 1)),
        ((2, 1), ("2", "1")),
        (("a", "b"), (b"a", b"b")),
        (("007", "7"), ("7", "07")),
        ((True, False), ("True", "False")),
    ],
    ids=str,
)
def test_keys_that_are_no_labels_are_refused_with_the_labels(labels, keys):
    y = np.array([labels[0] if first else labels[1] for first in FIRST])
    with pytest.raises(InvalidParameterError, match=r"^class_weight is .* are not classes of y: use the labels as in y: "):
        ShoalClassifier(**SMALL, class_weight={keys[0]: 5.0, keys[1]: 2.0}).fit(X, y)


def test_a_key_too_many_is_let_pass_where_every_class_has_its_weight():
    y = np.where(FIRST, "a", "b")  # as in a fold that lacks a class
    np.testing.assert_array_equal(row_weights({"a": 2.0, "b": 3.0, "c": 4.0}, y), np.where(FIRST, 2.0, 3.0))


@pytest.mark.parametrize("y", [np.where(FIRST, "2", "1"), np.arange(12) % 5, FIRST, np.stack([FIRST, ~FIRST, FIRST], axis=1).astype(int)])
def test_balanced_is_scikit_learns(y):
    np.testing.assert_array_equal(row_weights("balanced", y), compute_sample_weight("balanced", y))


def test_several_columns_take_a_dict_for_each_and_multiply():
    y = np.stack([FIRST, np.arange(12) % 2 == 0], axis=1).astype(int)
    dicts = [{0: 1.0, 1: 5.0}, {1: 3.0}]
    np.testing.assert_array_equal(row_weights(dicts, y), np.where(y[:, 0], 5.0, 1.0) * np.where(y[:, 1], 3.0, 1.0))
    plain = ShoalClassifier(**SMALL).fit(X, y, sample_weight=row_weights(dicts, y))
    np.testing.assert_array_equal(ShoalClassifier(**SMALL, class_weight=dicts).fit(X, y).coefs_[0], plain.coefs_[0])
    for wrong in ({0: 1.0, 1: 2.0}, dicts[:1], [*dicts, {}]):
        with pytest.raises(InvalidParameterError, match=r"^class_weight is .*, and y has 2 columns of 0 and 1; give a list of 2 dicts"):
            ShoalClassifier(**SMALL, class_weight=wrong).fit(X, y)
    with pytest.raises(InvalidParameterError, match="a list for several columns of labels, and y has one"):
        ShoalClassifier(**SMALL, class_weight=dicts).fit(X, FIRST)


@pytest.mark.parametrize("weight", [-1, np.nan, np.inf, "2", None, True, 1j, [1.0]])
def test_a_weight_that_is_none_is_refused_with_its_label(weight):
    with pytest.raises(InvalidParameterError, match=r"^class_weight is .*; the weight of 'a' is .*; it must be a number of 0 or more"):
        ShoalClassifier(**SMALL, class_weight={"a": weight}).fit(X, np.where(FIRST, "a", "b"))


def test_pieces_may_lack_classes_that_the_dict_names():
    y, weights = np.where(FIRST, "a", "b"), {"a": 5.0}
    pieces = ShoalClassifier(**SMALL, class_weight=weights).partial_fit(X[~FIRST], y[~FIRST], classes=["a", "b"])
    pieces.partial_fit(X[FIRST], y[FIRST])
    plain = ShoalClassifier(**SMALL).partial_fit(X[~FIRST], y[~FIRST], classes=["a", "b"])
    plain.partial_fit(X[FIRST], y[FIRST], sample_weight=np.full(4, 5.0))
    np.testing.assert_array_equal(pieces.coefs_[0], plain.coefs_[0])
