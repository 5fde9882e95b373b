"""
The first weights of digits, as pictures
========================================

Each hidden unit has a weight for every pixel: its row of W1 is a picture of what it looks for. scikit-learn has this example for its own
network and MNIST; these are its small digits of 8 × 8 pixels.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

from shoal import ShoalClassifier

X, y = load_digits(return_X_y=True)
X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
model = ShoalClassifier.as_sklearn((24,), alpha=1.0, max_iter=60, tol=0.01, random_state=0).fit(X_train / 16, y_train)
print(f"accuracy on new digits {model.score(X_test / 16, y_test):.3f}; first weights {model.coefs_[0].shape}")

figure, axes = plt.subplots(3, 8, figsize=(9, 3.6), layout="constrained")
most = abs(model.coefs_[0]).max()
for ax, weights in zip(axes.flat, model.coefs_[0].T, strict=True):
    ax.imshow(weights.reshape(8, 8), cmap="RdBu", vmin=-most, vmax=most)
    ax.set(xticks=[], yticks=[])

# %%
# Blue pixels switch a unit on, red ones switch it off. The corners are pale: no digit has ink there. ``as_sklearn`` trains one network on
# the pixels as they are, so that the weights belong to pixels.
