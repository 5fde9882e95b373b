"""
What does it need? Permutation importance
=========================================

Shuffle a column of rows that the model has not learned from, and see how much worse the predictions become. ``model.importance`` of a
:class:`shoal.TableModel` does it for the columns of the raw table.
"""

import matplotlib.pyplot as plt
from sklearn.datasets import load_wine
from sklearn.model_selection import train_test_split

import shoal
from shoal.inspection.figures import ImportanceDisplay

table = load_wine(as_frame=True).frame
train, new = train_test_split(table, test_size=0.4, random_state=0)
model = shoal.fit(train, "target")
found = model.importance(new, repeats=10)
figure, axes = plt.subplots(figsize=(7, 4.4), layout="constrained")
ImportanceDisplay.from_importance(found, ax=axes)
for name, mean, sd in found.ranked()[:3]:
    print(f"{name}: {found.metric} rises by {mean:.3f} ± {sd:.3f}")

# %%
# A column near 0 is not needed *beside the others*: two columns that say the same are each near 0.
