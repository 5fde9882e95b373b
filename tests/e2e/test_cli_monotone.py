"""Directions of columns on the command line: set, kept, shown, refused."""

import json

import numpy as np
import pandas as pd
from e2e_shell import command

FAST = ["--set", "n_networks=2", "--set", "hidden_layer_sizes=4", "--set", "max_iter=4"]


def test_options_set_directions_that_the_file_proves(tmp_path):
    rng = np.random.default_rng(0)
    weight, power = rng.uniform(800, 2000, 120), rng.uniform(40, 200, 120)
    frame = pd.DataFrame({"weight": weight, "power": power, "mpg": 40 - weight / 100 + rng.normal(0, 3, 120)})
    frame.to_csv(tmp_path / "cars.csv", index=False)
    fit = ["fit", "cars.csv", "--target", "mpg", "--yes", *FAST, "--decreasing", "weight", "--increasing", "power"]
    assert json.loads(command(*fit, "--json", cwd=tmp_path).stdout)["monotone"] == {"weight": -1, "power": 1}
    line = "increasing in 'power'; decreasing in 'weight'"
    assert f"monotone, by the signs of its weights: {line}" in command(*fit, cwd=tmp_path).stdout
    assert line in " ".join(command("show", "cars-mpg.shoal", cwd=tmp_path).stdout.split())
    refused = command(*fit, "--increasing", "weight", cwd=tmp_path)
    assert refused.returncode == 2
    assert "--increasing and --decreasing both have 'weight'" in refused.stderr
