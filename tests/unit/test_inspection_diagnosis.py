"""Every finding is seen where its cause was put, and a healthy network is left in peace."""

from dataclasses import replace

import numpy as np
import pytest

import shoal
from problems import network as random_network
from shoal import DataError, ShoalClassifier, ShoalRegressor
from shoal.encoding import plain
from shoal.inspection import diagnose
from shoal.inspection.curves import curve_findings
from shoal.inspection.diagnosis import constant_loss, mean_loss
from shoal.inspection.findings import fit_findings, leaking_columns, rare_classes
from shoal.network import Network, predict_logits
from shoal.population import stack
from shoal.textbook.propagation import Parameters

rng = np.random.default_rng(0)
X = rng.standard_normal((300, 3))
Y = (X @ [1.0, -0.5, 0.2] + 0.3 * rng.standard_normal(300))[:, None]
NAMES = ("age", "height", "weight")


def shoal_of(members, activation="tanh", output="squared_error", history=None, names=NAMES):
    """A network of these members over unscaled inputs."""
    K = len(members)
    return Network(stack(members), np.full(K, 1 / K), activation, output, plain(3), None, (), names, history or {})


def healthy(seed=1, n_h=6):
    """Random weights between −1 and 1, small enough not to saturate, and the output fitted to Y by least squares."""
    net = random_network(np.random.default_rng(seed), 3, n_h, 1)
    A1 = np.tanh(net.W1 @ X.T + net.b1)
    solution = np.linalg.lstsq(np.vstack([A1, np.ones(len(X))]).T, Y[:, 0], rcond=None)[0]
    return Parameters(net.W1, net.b1, solution[None, :-1], solution[None, -1:])


def kinds(net, X=X, Y=Y, **settings):
    return [f.kind for f in diagnose(net, X, Y, **settings)]


def test_a_healthy_network_is_left_in_peace():
    found = diagnose(shoal_of([healthy(1), healthy(2)]), X, Y)
    assert not found
    assert str(found) == "No findings on 300 rows."


def test_many_saturated_units_are_counted_over_all_members():
    far = replace(healthy(), b1=np.full((6, 1), 300.0))
    found = diagnose(shoal_of([far, healthy(2)]), X, Y)
    assert found[0].kind == "saturated"
    assert "6 of the 12 units of 2 members are flat" in found[0].evidence
    assert "vanishing" not in [f.kind for f in found], "half of the members still learn"
    assert "vanishing" in kinds(shoal_of([far])), "no slope lets any error through"


def test_dead_units_are_named_where_there_is_one_network():
    net = healthy()
    net.b1[[0, 2, 4, 5]] = -50.0
    (found,) = [f for f in diagnose(shoal_of([net], "relu"), X, Y) if f.kind == "dead"]
    assert found.units == (1, 3, 5, 6)
    assert "silent on all 300 rows" in found.evidence


def test_twins_and_mirror_images_are_found_in_their_member():
    net = healthy()
    for one, other in ((1, 4),):
        net.W1[other], net.b1[other], net.W2[:, other] = net.W1[one], net.b1[one], net.W2[:, one]
    (found,) = [f for f in diagnose(shoal_of([healthy(2), net]), X, Y) if f.kind == "identical"]
    assert (found.units, found.members) == ((2, 5), (2,))
    assert found.evidence.startswith("In member 2: Units 2 and 5 are the same to the last digit")
    net.W1[4], net.b1[4], net.W2[:, 4] = -net.W1[1], -net.b1[1], -net.W2[:, 1]
    (found,) = [f for f in diagnose(shoal_of([net]), X, Y) if f.kind == "mirrored"]
    assert found.units == (2, 5)
    assert "mirrored" not in kinds(shoal_of([net], "relu")), "max(0, −z) is no mirror image of max(0, z)"


def test_units_that_never_reach_the_output_are_idle():
    net = healthy()
    net.W2[:, 2:] *= 1e-6
    (found,) = [f for f in diagnose(shoal_of([net]), X, Y) if f.kind == "idle"]
    assert found.units == (3, 4, 5, 6)


def test_zeros_let_no_error_through_and_large_inputs_blow_it_up():
    zeros = Parameters(np.zeros((4, 3)), np.zeros((4, 1)), np.zeros((1, 4)), np.zeros((1, 1)))
    (found,) = [f for f in diagnose(shoal_of([zeros]), X, Y) if f.kind == "vanishing"]
    assert "exactly 0" in found.evidence
    assert "exploding" in kinds(shoal_of([healthy()], "relu"), X * 1e4)


FALLING = 0.1 + 0.9 * np.exp(-np.arange(60) / 8)


@pytest.mark.parametrize(
    ("curve", "kind"),
    [
        pytest.param(FALLING, None, id="settles"),
        pytest.param(FALLING + 0.3 + 0.2 * (-1.0) ** np.arange(60), "rattling", id="jumps up and down"),
        pytest.param(1 - 0.008 * np.arange(60), "slow", id="a straight line"),
        pytest.param(FALLING + 0.005 * (-1.0) ** np.arange(60), None, id="the noise of the batches"),
        pytest.param(0.02 + 0.5 * np.exp(-np.arange(60) / 20) * (1 + 0.1 * (-1.0) ** np.arange(60)), None, id="jumps on its way down"),
        pytest.param(0.69 + 0.002 * (-1.0) ** np.arange(60), None, id="nothing to learn"),
        pytest.param(np.linspace(0.7, 9, 30), "diverging", id="climbs"),
        pytest.param(FALLING[:5], "ended early", id="cut short"),
        pytest.param(FALLING[-5:], None, id="few epochs, and nothing left to learn"),
    ],
)
def test_the_learning_rate_is_seen_in_the_curve(curve, kind):
    history = {"loss": np.column_stack([curve, curve])}
    assert [f.kind for f in curve_findings(history, 0.1)] == ([kind] if kind else [])
    if kind in ("rattling", "slow"):
        assert {f.kind for f in curve_findings(history, None)} <= {"ended early"}, "a solver without a learning rate has none to be wrong"
        assert f"learning_rate_init={'0.033' if kind == 'rattling' else '0.3'}" in curve_findings(history, 0.1)[0].advice


HELD = 0.5 + 0.5 * np.exp(-np.arange(40) / 4)


@pytest.mark.parametrize(
    ("held", "early"),
    [
        pytest.param(HELD[:4], True, id="four epochs"),
        pytest.param(HELD[:12], True, id="twelve epochs"),
        pytest.param(HELD, False, id="settled"),
        pytest.param(np.concatenate([HELD[:12], HELD[11::-1]]), False, id="rises again"),
        pytest.param(HELD[:12] + 50, False, id="falls by little of itself"),
        pytest.param(HELD[:2], True, id="two epochs"),
        pytest.param(HELD[:1], False, id="one epoch is no curve"),
    ],
)
def test_training_that_ended_early_is_seen_on_held_out_rows(held, early):
    """Most of the networks must agree; the advice is a longer training."""
    n = len(held)
    settled = np.full(n, 0.5) - 1e-3 * (np.arange(n) == n // 2)  # lowest in the middle
    for few in (0, 1):
        history = {"loss": np.ones((n, 3)), "validation_loss": np.column_stack([held, held, settled if few else held])}
        found = [f for f in curve_findings(history, None) if f.kind == "ended early"]
        assert bool(found) == (early and (not few or n < 10)), "of few epochs the middle network decides"
    if found:
        assert f"max_iter={4 * n}" in found[0].advice
        assert f"of {n} epochs" in found[0].evidence


@pytest.mark.filterwarnings("ignore:max_iter")  # training says itself that it had not settled
@pytest.mark.parametrize("settings", [{}, {"solver": "sgd"}, {"early_stopping": False}, {"solver": "lbfgs"}])
@pytest.mark.parametrize("max_iter", [3, 5, 8])
def test_a_few_epochs_of_real_training_are_too_few(settings, max_iter):
    draws = np.random.default_rng(0)
    Xs = draws.normal(size=(600, 5))
    ys = np.sin(2 * Xs[:, 0]) + Xs[:, 1] * Xs[:, 2] + 0.1 * draws.normal(size=600)
    model = ShoalRegressor(n_networks=4, max_iter=max_iter, random_state=0, **settings).fit(Xs[:400], ys[:400])
    found = [f.kind for f in model.diagnose(Xs[400:], ys[400:])]
    assert "ended early" in found


TABLES = ("iris", "penguins", "titanic", "ecoli", "auto_mpg", "wine", "sonar", "glass", "house_votes84", "ionosphere")
ALL = (*TABLES, "boston_housing", "breast_cancer_wisconsin", "concrete", "credit_approval", "energy", "german_credit", "soybean", "vehicle")


@pytest.mark.filterwarnings("ignore::UserWarning", "ignore:the loss of held-out rows")
@pytest.mark.parametrize("name", [name if name in TABLES[:4] else pytest.param(name, marks=pytest.mark.slow) for name in ALL])
def test_defaults_are_no_early_end_and_five_epochs_are(name, data_folder, manifest):
    file, target = data_folder / manifest[name]["file"], manifest[name]["target"]
    for settings, expected in (({}, False), ({"max_iter": 5}, True)):
        found = shoal.fit(file, target, settings=settings, seed=0).diagnose(file)
        assert ("ended early" in [f.kind for f in found]) == expected, settings


@pytest.mark.parametrize(
    ("trained", "here", "kind"),
    [
        (0.1, 0.15, None),
        (0.05, 0.55, None),
        (0.01, 0.8, "overfitting"),
        (0.5, 1.2, "overfitting"),
        (0.99, 1.0, "underfitting"),
        (float("nan"), 1.0, "underfitting"),
        (float("nan"), 0.4, None),
        (0.9, 0.99, "underfitting"),
    ],
)
def test_learned_by_heart_and_not_learned(trained, here, kind):
    """Losses where always the same answer costs 1."""
    assert [f.kind for f in fit_findings(trained, here, 1.0)] == ([kind] if kind else [])


RATES = {
    "slow": {"solver": "sgd", "learning_rate_init": 1e-4},
    "rattling": {"solver": "adam", "learning_rate_init": 0.5, "activation": "tanh"},
    "healthy": {"solver": "adam", "learning_rate_init": 0.003},
}


@pytest.mark.filterwarnings("ignore:max_iter")  # training says itself that it had not settled
@pytest.mark.parametrize("kind", RATES)
def test_rates_of_real_training_are_told_apart(kind):
    draws = np.random.default_rng(0)
    Xs = draws.normal(size=(600, 5))
    ys = np.sin(2 * Xs[:, 0]) + Xs[:, 1] * Xs[:, 2] + 0.1 * draws.normal(size=600)
    model = ShoalRegressor(
        learning_rate="constant", max_iter=50, random_state=0, n_networks=3, hidden_layer_sizes=30, ramps=False, **RATES[kind]
    )
    found = [f.kind for f in model.fit(Xs[:400], ys[:400]).diagnose(Xs[400:], ys[400:])]
    assert [k for k in found if k in ("slow", "rattling", "diverging")] == ([] if kind == "healthy" else [kind])


def test_a_fitted_network_that_knows_its_rows_by_heart_is_caught_on_others():
    noise = rng.standard_normal((60, 8))
    y = rng.standard_normal(60)
    model = ShoalRegressor(
        hidden_layer_sizes=64, alpha=0.0, dropout=0.0, early_stopping=False, max_iter=300, n_networks=1, random_state=0
    ).fit(noise, y)
    assert "overfitting" in [f.kind for f in model.diagnose(rng.standard_normal((60, 8)), rng.standard_normal(60))]


def rare(m, share, seed):
    """Rows of which this share is of the class 1, which two of four inputs show."""
    draws = np.random.default_rng(seed)
    rows = draws.normal(size=(m, 4))
    signal = rows[:, 0] + rows[:, 1] + 0.7 * draws.logistic(size=m)
    return rows, (signal > np.quantile(signal, 1 - share)).astype(int)


@pytest.mark.parametrize("class_weight", [None, "balanced", {0: 1, 1: 20}, {0: 0.01, 1: 0.5}], ids=str)
@pytest.mark.parametrize("share", [0.05, pytest.param(0.2, marks=pytest.mark.slow)])
def test_rows_are_judged_with_the_weights_of_their_classes(share, class_weight):
    """Losses that weigh classes and losses that do not differ twentyfold, which is neither overfitting nor underfitting."""
    (rows, y), (others, y_others) = (rare(1500, share, seed) for seed in (0, 1))
    model = ShoalClassifier(random_state=0, n_networks=2, class_weight=class_weight).fit(rows, y)
    for found in (model.diagnose(rows, y), model.diagnose(others, y_others)):
        assert not {"overfitting", "underfitting"} & {f.kind for f in found}


def test_overfitting_of_weighted_classes_is_still_found():
    rows, _ = rare(80, 0.2, 0)
    y = (np.random.default_rng(3).random(80) < 0.2).astype(int)
    settings = {"hidden_layer_sizes": 64, "alpha": 0.0, "dropout": 0.0, "early_stopping": False, "max_iter": 300, "n_networks": 1}
    model = ShoalClassifier(**settings, class_weight="balanced", random_state=0).fit(rows, y)
    assert "overfitting" in [f.kind for f in model.diagnose(rare(80, 0.2, 1)[0], np.random.default_rng(4).permutation(y))]


def test_weights_of_rows_count_as_repeated_rows():
    rows, y = rare(60, 0.3, 0)
    weight = np.random.default_rng(0).integers(0, 4, 60)
    model = ShoalClassifier(max_iter=5, n_networks=2, random_state=0, class_weight={0: 1, 1: 3}).fit(rows, y, weight)
    constant = [
        constant_loss(model.network_, y[:, None].astype(float), weight),
        constant_loss(model.network_, np.repeat(y, weight)[:, None]),
    ]
    assert constant[0] == pytest.approx(constant[1], rel=1e-12)
    Z2 = predict_logits(model.network_, rows)
    one, other = (
        mean_loss(model.network_, Z2, y[:, None], weight),
        mean_loss(model.network_, np.repeat(Z2, weight, axis=1), np.repeat(y, weight)[:, None], None),
    )
    assert one == pytest.approx(other, rel=1e-12)
    model.diagnose(rows, y, weight)


def test_constant_and_unscaled_inputs_are_named():
    net = shoal_of([healthy()])
    still = X.copy()
    still[:, 1] = 5.0
    assert [f.columns for f in diagnose(net, still, Y) if f.kind == "constant"] == [("height",)]
    assert [f.columns for f in diagnose(net, X * [1, 1, 1e4], Y) if f.kind == "unscaled"] == [("weight", "age")]
    flags = np.column_stack([np.arange(300) == 7, X[:, 1], X[:, 2]]).astype(float)
    assert "unscaled" not in kinds(net, flags), "a rare yes or no is no unscaled input"


def test_a_column_that_gives_the_answer_away_is_named():
    y = X[:, 0] + X[:, 1] + X[:, 2]
    columns = [*zip(NAMES, X.T, strict=True), ("paid", 2 * y + 1)]
    (found,) = leaking_columns(columns, y, classes=False)
    assert found.columns == ("paid",)
    labels = np.where(y > 0, "a", "b")
    (found,) = leaking_columns([*columns[:3], ("grade", np.where(y > 0, 4.0, 7.0))], labels, classes=True)
    assert found.columns == ("grade",)
    assert leaking_columns(columns[:3], y, classes=False) == []
    assert leaking_columns([("t", y), *columns[:3]], rng.permutation(y), classes=False) == [], "of a shuffled target nothing is known"


def test_a_rare_class_that_is_never_found():
    codes = np.repeat([0, 1], [290, 10])
    (found,) = rare_classes(codes, np.zeros(300, int), ["no", "yes"])
    assert "Class 'yes' has 10 of 300 rows, of which 0 are predicted correctly" in found.evidence
    assert rare_classes(codes, codes, ["no", "yes"]) == []
    assert rare_classes(np.repeat([0, 1], [298, 2]), np.zeros(300, int), ["no", "yes"]) == [], "two rows are no evidence"


def test_members_that_disagree_and_one_that_strays():
    net, away = healthy(), np.random.default_rng(0).normal(0, 3, (1, 6))
    opposed = [replace(net, W2=net.W2 + away), replace(net, W2=net.W2 - away)]
    (found,) = [f for f in diagnose(shoal_of(opposed), X, Y) if f.kind == "disagreement"]
    assert "Members differ" in found.evidence
    stray = [healthy(1), healthy(2), healthy(3), opposed[0]]
    (found,) = [f for f in diagnose(shoal_of(stray), X, Y) if f.kind == "disagreement"]
    assert found.members == (4,)


def test_weights_that_are_no_numbers_are_said_first_and_alone():
    broken = healthy()
    broken.W2[0, 0] = np.nan
    assert kinds(shoal_of([broken])) == ["diverging"]


def test_an_estimator_says_what_it_is_given():
    labels = np.where(Y[:, 0] > 0, "up", "down")
    model = ShoalClassifier(n_networks=2, max_iter=20, random_state=0).fit(X, labels)
    found = model.diagnose(X, labels)
    assert found.n_rows == 300
    with pytest.raises(DataError, match="sideways"):
        model.diagnose(X, np.where(Y[:, 0] > 0, "up", "sideways"))
    with pytest.raises(ValueError, match="features"):
        model.diagnose(X[:, :2], labels)
