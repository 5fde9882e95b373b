"""Sparse columns of word weights: one scale for all, zeros that stay zeros, and small first weights."""

import numpy as np
import pytest
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer

from shoal import ShoalClassifier
from shoal.encoding import encode, fit_encoding
from shoal.words import MANY, shares_filled, squares_if_filled, with_words, word_columns


def corpus(m, n=2 * MANY, seed=0):
    """Texts of 40 words each about one of four topics, each with a hundred words that are five times as frequent in it."""
    rng = np.random.default_rng(seed)
    frequency = 1 / np.arange(1, n + 1)
    y = rng.integers(0, 4, m)
    counts = np.zeros((m, n))
    for i, topic in enumerate(y):
        own = frequency.copy()
        own[20 + topic * 100 : 120 + topic * 100] *= 5
        counts[i] = rng.multinomial(40, own / own.sum())
    return sparse.csr_array(TfidfTransformer().fit_transform(sparse.csr_array(counts))), y


def test_words_are_columns_with_zeros_if_many_are_nearly_empty():
    filled = np.full(MANY + 3, 0.05)
    filled[:3] = 0.0, 0.5, 1.0
    np.testing.assert_array_equal(word_columns(filled)[:4], [False, True, False, True])
    assert not word_columns(filled[:-5]).any(), "too few"


def test_shares_count_weights_and_no_stored_zeros():
    X = sparse.csr_array((np.array([1.0, 0.0, 2.0]), (np.array([0, 1, 2]), np.array([0, 0, 1]))), shape=(3, 2))
    np.testing.assert_allclose(shares_filled(X, np.array([1.0, 1.0, 2.0])), [0.25, 0.5])


def test_words_keep_their_proportions_and_rows_have_length_one():
    X, _ = corpus(400)
    encoding = with_words(X, None, fit_encoding(X, ramps=False))
    words = word_columns(shares_filled(X, None))
    assert len(np.unique(encoding.scale[words].round(12))) == 1
    encoded = encode(encoding, X.toarray())
    assert (encoded[:, words][X.toarray()[:, words] == 0] == 0).all()
    assert np.mean((encoded[:, words] ** 2).sum(axis=1)) == pytest.approx(1)


def test_a_column_in_other_units_is_brought_near():
    """Cells a thousand times as large as those of the words would be all that a network sees: they stay ten times as large."""
    X, _ = corpus(400)
    X = X.tocsc()
    j = int(np.argmax(word_columns(shares_filled(X, None))))
    X.data[X.indptr[j] : X.indptr[j + 1]] *= 1000
    encoding = with_words(X, None, fit_encoding(X, ramps=False))
    cells = np.abs(encode(encoding, X.toarray()))
    typical = [np.sqrt(np.mean(cells[:, k][cells[:, k] > 0] ** 2)) for k in np.flatnonzero(word_columns(shares_filled(X, None)))]
    assert typical[0] == pytest.approx(10 * np.median(typical), rel=1e-6)


def test_first_weights_are_as_if_every_word_were_in_every_row():
    X, _ = corpus(400)
    filled = shares_filled(X, None)
    words = word_columns(filled)
    found = squares_if_filled(X, None, np.ones(X.shape[1]))
    np.testing.assert_allclose(found[words], 1 / filled[words])
    np.testing.assert_array_equal(found[~words], 1)


def test_other_sparse_tables_are_scaled_as_before():
    X = sparse.random_array((200, 30), density=0.05, rng=np.random.default_rng(0)).tocsr()
    encoding = fit_encoding(X, ramps=False)
    assert with_words(X, None, encoding) is encoding


@pytest.mark.slow
def test_a_text_is_learned_better_than_with_z_scores(monkeypatch):
    """Of four topics, with twice as many words as texts."""
    from shoal.fitting import source

    X, y = corpus(1200)
    settings = {"random_state": 0, "n_networks": 1, "hidden_layer_sizes": 16}
    score = ShoalClassifier(**settings).fit(X[:600], y[:600]).score(X[600:], y[600:])
    monkeypatch.setattr(source, "with_words", lambda X, weight, encoding: encoding)
    monkeypatch.setattr(source, "squares_if_filled", lambda X, weight, squares: squares)
    scaled = ShoalClassifier(**settings).fit(X[:600], y[:600]).score(X[600:], y[600:])
    assert score > scaled + 0.1
