"""Text: sparse word weights of documents about 20 topics, beside scikit-learn, as in docs/defaults.md.

    python benchmarks/text.py [--documents 2000] [--words 4000]

Documents are generated: 30 to 150 words from a Zipf distribution, of which a random share is from the document's topic, where 60 words are
more frequent, and some from another topic; TF-IDF weights. Accuracy on 2,000 other documents and the seconds of the fit.
"""

import argparse
import time
import warnings
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.neural_network import MLPClassifier

from shoal import ShoalClassifier

TOPICS = 20


def corpus(m: int, n_words: int) -> tuple[Any, np.ndarray]:
    """TF-IDF weights `(m, n_words)` and the topics `(m,)`."""
    rng = np.random.default_rng(0)
    common = 1 / np.arange(1, n_words + 1)
    common /= common.sum()
    topics = []
    for _ in range(TOPICS):
        own = common.copy()
        own[rng.choice(np.arange(100, n_words), 60, replace=False)] += 0.002 * rng.random(60)
        topics.append(own / own.sum())
    y, share, rows, words = rng.integers(0, TOPICS, m), rng.beta(2, 3, m), [], []
    for i in range(m):
        n = rng.integers(30, 150)
        p = share[i] * topics[y[i]] + (1 - share[i]) * (0.7 * common + 0.3 * topics[rng.integers(0, TOPICS)])
        rows.append(np.full(n, i))
        words.append(rng.choice(n_words, n, p=p / p.sum()))
    counts = sparse.coo_array((np.ones(sum(map(len, rows))), (np.concatenate(rows), np.concatenate(words))), shape=(m, n_words)).tocsr()
    return TfidfTransformer(sublinear_tf=True).fit_transform(counts), y


def main() -> None:
    """Print the table."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--documents", type=int, default=2000)
    arguments.add_argument("--words", type=int, default=4000)
    given = arguments.parse_args()
    warnings.simplefilter("ignore")
    m = given.documents
    X, y = corpus(m + 2000, given.words)
    models = {
        "logistic regression, C=10": LogisticRegression(C=10, max_iter=500),
        "MLP, 64 units, early stopping": MLPClassifier((64,), early_stopping=True, random_state=0),
        "shoal": ShoalClassifier(random_state=0),
        "shoal, one network": ShoalClassifier(random_state=0, n_networks=1),
    }
    print(f"| {m} documents, {given.words} words | accuracy | fit, s |\n|---|---|---|")
    for name, model in models.items():
        start = time.perf_counter()
        model.fit(X[:m], y[:m])
        print(f"| {name} | {model.score(X[m:], y[m:]):.3f} | {time.perf_counter() - start:.1f} |", flush=True)


if __name__ == "__main__":
    main()
