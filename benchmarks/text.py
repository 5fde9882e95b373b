"""Text: sparse word weights of documents about 20 topics, beside scikit-learn, as in docs/defaults.md.

    python benchmarks/text.py [--documents 2000] [--words 4000]
    python benchmarks/text.py --documents 3000 --words 20000

Documents are generated: 30 to 150 words from a Zipf distribution, of which a random share is from the document's topic, where 60 words are
more frequent, and some from another topic; TF-IDF weights. Accuracy and log loss on 2,000 other documents, the seconds of the fit by the
clock and of the processor (all cores), and the processor's as a multiple of those of scikit-learn's MLP with its own defaults.
"""

import argparse
import time
import warnings
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.feature_extraction.text import TfidfTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
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
        "scikit-learn's MLP": MLPClassifier(random_state=0),
        "logistic regression, C=10": LogisticRegression(C=10, max_iter=500),
        "MLP, 64 units, early stopping": MLPClassifier((64,), early_stopping=True, random_state=0),
        "shoal": ShoalClassifier(random_state=0),
        "shoal, one network": ShoalClassifier(random_state=0, n_networks=1),
    }
    columns = ("accuracy", "log loss", "clock, s", "processor, s", "processor / MLP")
    print(f"| {m:,} documents, {given.words:,} words | {' | '.join(columns)} |\n|---{'|---' * len(columns)}|")
    ShoalClassifier(max_iter=1).fit(X[:m], y[:m])  # compiled code is loaded here
    peer = None
    for name, model in models.items():
        clock, busy = time.perf_counter(), time.process_time()
        model.fit(X[:m], y[:m])
        clock, busy = time.perf_counter() - clock, time.process_time() - busy
        peer = busy if peer is None else peer
        P = model.predict_proba(X[m:])
        scores = f"{np.mean(model.classes_[P.argmax(axis=1)] == y[m:]):.3f} | {log_loss(y[m:], P):.3f}"
        print(f"| {name} | {scores} | {clock:.1f} | {busy:.1f} | {busy / peer:.2f} |", flush=True)


if __name__ == "__main__":
    main()
