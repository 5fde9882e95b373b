"""
Sparse text
===========

Words as columns: a sparse matrix with a column for each word, nearly all of it zero. The estimators take it as it is. These sentences are
drawn from a vocabulary of made-up words, and a few that belong to a topic.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline

from shoal import ShoalClassifier
from shoal.inspection import olden

rng = np.random.default_rng(0)
shared = [a + b + c for a in ["ba", "ko", "mi", "nu", "so", "ve"] for b in ["ri", "lo", "pa"] for c in "ntsm"]
topics = {
    "weather": ["rain", "wind", "cloud", "sun", "storm", "frost", "fog", "snow"],
    "sea": ["wave", "tide", "shore", "ship", "sail", "fish", "harbour", "salt"],
}


def sentence(topic):
    """Twelve words: one of the topic, and one of any topic."""
    either = rng.choice(list(topics))
    words = [*rng.choice(shared, 10), rng.choice(topics[topic]), rng.choice(topics[either])]
    return " ".join(rng.permutation(words))


y = rng.choice(list(topics), 800)
texts = [sentence(topic) for topic in y]
print(texts[0])
texts_train, texts_test, y_train, y_test = train_test_split(texts, y, random_state=0)
model = make_pipeline(TfidfVectorizer(), ShoalClassifier(hidden_layer_sizes=16, random_state=0)).fit(texts_train, y_train)
print(f"accuracy on new sentences {model.score(texts_test, y_test):.3f}")

words, weight = model[0].get_feature_names_out(), olden(model[1].network_)[:, 0]
order = np.argsort(weight)
most = np.r_[order[:10], order[-10:]]
figure, axes = plt.subplots(figsize=(7, 4.6), layout="constrained")
axes.barh(range(20), weight[most], color=np.where(weight[most] < 0, "C0", "C1"))
axes.set_yticks(range(20), words[most])
axes.set_xlabel(f"{model.classes_[0]}  ←  sum of the weights through all units  →  {model.classes_[1]}")

# %%
# The network was given no list of topics: the words with the largest weights are those of the two topics. A sentence with one word of each
# could be of either, so the accuracy stays below one.
