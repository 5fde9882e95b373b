"""
A cluster
=========

The workers of a Dask cluster train, search and predict. Here the cluster is two threads of one machine; with an address in place of it the
code is the same.
"""

# %%
# A cluster and a search
# ----------------------
# Every candidate group on every fold is a task. Scores and choice are those of one machine, bit for bit.

import numpy as np
from distributed import Client
from sklearn.datasets import load_diabetes

from shoal import ShoalRegressor, ShoalSearchCV

client = Client(n_workers=1, threads_per_worker=2, processes=False, dashboard_address=None)
X, y = load_diabetes(return_X_y=True)
start, grid = ShoalRegressor(n_networks=2, max_iter=30, random_state=0), {"alpha": [0.001, 0.01, 0.1, 1.0]}
there = ShoalSearchCV(start, grid, cv=4, client=client).fit(X, y)
here = ShoalSearchCV(start, grid, cv=4).fit(X, y)
print(there.best_params_, np.array_equal(there.cv_results_["mean_test_score"], here.cv_results_["mean_test_score"]))

# %%
# Rows that lie on the cluster
# ----------------------------
# A Dask collection is trained where its partitions are. Full-batch solvers add up sums over the partitions, and the result is that of one
# machine to rounding.

import dask.array as da

import shoal

rows, targets = da.from_array(X, chunks=(100, 10)), da.from_array(y, chunks=100)
network = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=8, n_networks=2, ramps=False, max_iter=60, random_state=0)
model = shoal.dask.fit(network, rows, targets, client=client)
alone = ShoalRegressor(**network.get_params()).fit(X, y)
predicted = model.predict(rows)
print(type(predicted).__name__, predicted.chunks)
print(f"largest difference from one machine: {np.abs(predicted.compute() - alone.predict(X)).max() / np.ptp(y):.1e} of the range")

# %%
# Predictions are lazy: they are computed, partition by partition, when you ask for them.

import matplotlib.pyplot as plt

figure, axes = plt.subplots(figsize=(5, 4), layout="constrained")
axes.plot(predicted.compute(), y, ".", markersize=4)
axes.set(xlabel="predicted", ylabel="true")
client.close()

# %%
# A real cluster
# --------------
# .. code-block:: python
#
#    client = Client("tcp://scheduler:8786")
#    table = dask.dataframe.read_parquet("houses/*.parquet")
#    model = shoal.dask.fit_table(table, "price", client=client, checkpoint="houses.npz")
#
# With a checkpoint the same call continues after the scheduler is lost. When a cluster is worth its tasks, and when one machine is faster,
# is measured in :doc:`/scale`.
