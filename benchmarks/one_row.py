"""How long one row takes: the exported C beside ONNX Runtime, scikit-learn and shoal itself. `python benchmarks/one_row.py`

A network of 30 inputs, 16 hidden units and one output, on breast cancer's 30 columns: the same weights everywhere where that
is possible (C, ONNX and shoal), scikit-learn's own MLP of the same size beside them. Each line says its score too: how far
its answers are from shoal's, or R² on these rows. Needs gcc and `shoal[onnx]`.
"""

import platform
import subprocess
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.datasets import load_breast_cancer
from sklearn.neural_network import MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from shoal import ShoalRegressor
from shoal.export import c99, portable
from shoal.export.onnx_graph import model_onnx
from shoal.export.onnx_graph.agreement import session

LOOP = """#include "net.h"
#include <stdio.h>
#include <time.h>
enum {{ N_ROWS = {n}, ROUNDS = 4000 }};
static net_row ROWS[N_ROWS];
int main(void)
{{
    double out[1], best = 1e9, sum = 0;
    int trial, i, j, r;
    for (i = 0; i < N_ROWS; i++)
        for (j = 0; j < 30; j++)
            if (scanf("%lf", &ROWS[i].x[j]) != 1)
                return 1;
    for (trial = 0; trial < 5; trial++) {{
        clock_t start = clock();
        for (r = 0; r < ROUNDS; r++)
            for (i = 0, sum = 0; i < N_ROWS; i++) {{
                net_predict(&ROWS[i], out);
                sum += out[0];
            }}
        {{
            double seconds = (double)(clock() - start) / CLOCKS_PER_SEC / ROUNDS / N_ROWS;
            best = seconds < best ? seconds : best;
        }}
    }}
    printf("%.17g %.17g", best * 1e6, sum / N_ROWS);
    return 0;
}}
"""


def main() -> None:
    X, labels = load_breast_cancer(return_X_y=True)
    y = labels + 0.1 * X[:, 0]
    settings: dict[str, Any] = {"n_networks": 1, "hidden_layer_sizes": 16, "random_state": 0}
    compiler = subprocess.run(["gcc", "--version"], capture_output=True, text=True, check=True).stdout.splitlines()[0]
    print(f"{platform.machine()}, {compiler}, ONNX Runtime on one thread; the best of five rounds each")
    print(f"{'30 → 16 → 1, one row':52} {'µs':>9}   score")
    for ramps in (False, True):
        model = ShoalRegressor(ramps=ramps, **settings).fit(X, y)
        n_x = model.network_.merged.W1.shape[1]
        kind = f"with ramps ({n_x} encoded inputs)" if ramps else "no ramps"
        for precision in ("double", "float"):
            micro, off = c_row(model, X, precision)
            line(f"C, {precision}, gcc -O2, {kind}", micro, f"mean answer off by {off:.0e}")
        for precision in ("double", "float"):
            run = session(model_onnx(portable(model), precision))
            difference = np.abs(run.run(None, {"X": X})[0][:, 0] - model.predict(X)).max()
            line(
                f"ONNX Runtime, {precision}, {kind}",
                each(lambda row, run=run: run.run(None, {"X": row}), X),
                f"largest difference {difference:.0e}",
            )
        line(f"shoal's predict, {kind}", each(model.predict, X), f"R² {model.score(X, y):.4f}")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        mlp = MLPRegressor(hidden_layer_sizes=(16,), random_state=0, max_iter=500).fit(StandardScaler().fit_transform(X), y)
        scaled = make_pipeline(StandardScaler(), MLPRegressor(hidden_layer_sizes=(16,), random_state=0, max_iter=500)).fit(X, y)
    line("scikit-learn's MLPRegressor.predict", each(mlp.predict, StandardScaler().fit_transform(X)), f"R² {scaled.score(X, y):.4f}")
    line("scikit-learn's StandardScaler and MLPRegressor", each(scaled.predict, X), f"R² {scaled.score(X, y):.4f}")


def line(name: str, micro: float, score: str) -> None:
    print(f"{name:52} {micro:9.3f}   {score}")


def c_row(model: ShoalRegressor, X: np.ndarray, precision: str) -> tuple[float, float]:
    """Microseconds a row, the best of five rounds over all rows; and how far the mean prediction is off."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        for name, text in c99(portable(model), "net", precision).items():  # type: ignore[arg-type]
            (folder / name).write_text(text)
        (folder / "loop.c").write_text(LOOP.format(n=len(X)))
        subprocess.run(["gcc", "-std=c99", "-O2", "net.c", "loop.c", "-o", "loop", "-lm"], cwd=folder, check=True)
        rows = "\n".join(" ".join(map(repr, row.tolist())) for row in X)
        said = subprocess.run([folder / "loop"], input=rows, capture_output=True, text=True, check=True).stdout.split()
    return float(said[0]), abs(float(said[1]) - float(model.predict(X).mean()))


def each(predict: Callable[[np.ndarray], Any], X: np.ndarray) -> float:
    """Microseconds a call with one row, the best of five rounds."""
    rows = [X[i : i + 1] for i in range(200)]
    best = np.inf
    for _ in range(5):
        start = time.perf_counter()
        for row in rows:
            predict(row)
        best = min(best, (time.perf_counter() - start) / len(rows))
    return best * 1e6


if __name__ == "__main__":
    main()
