"""An activation and a loss of your own, as the estimators and `shoal.fit` take them: checked when given, then used as the chapter's are."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Literal, final

from shoal.textbook.activations import ACTIVATIONS, Activation
from shoal.textbook.gradient_check import own_activation, own_loss
from shoal.textbook.losses import LOSSES, Loss
from shoal.textbook.own_name import OwnName
from shoal.types import Array

TAKEN = {*ACTIVATIONS, *LOSSES, "auto"}  # "sigmoid" is among the losses


@final
class OwnActivation(OwnName):
    """An activation of your own for `activation=` of the estimators and `shoal.fit`: g and its derivative.

    Both are checked when you give them (`textbook.own_activation`): g′ must be the measured slope of g at 400 values of z from −20 to 20,
    and both must be finite at ±1e4. At a kink any slope between those on its two sides is accepted. Training calls them compiled where
    Numba compiles them for single numbers, else as NumPy functions; `runs` then says which (docs/own-functions.md).

    Parameters
    ----------
    name : str
        A word of letters, digits and underscores that is none of shoal's activations and losses.
    g : function of an array Z
        The activation, element by element: a NumPy array of any shape, float32 or float64, to one of that shape.
    derivative : function of an array Z
        g′, in the same way.

    Raises
    ------
    InvalidParameterError
        A name that is taken; the z at which a shape, a value or the slope is wrong, with both numbers.

    Examples
    --------
    >>> from shoal import OwnActivation, ShoalRegressor
    >>> def softsign(Z):
    ...     return Z / (1 + np.abs(Z))
    >>> def softsign_prime(Z):
    ...     return 1 / (1 + np.abs(Z)) ** 2
    >>> g = OwnActivation("softsign", softsign, softsign_prime)
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(activation=g, max_iter=20, random_state=0).fit(X, X[:, 0] ** 2)
    >>> model.network_.activation
    OwnActivation('softsign')
    """

    noun = "activation"
    definition: Activation

    def __new__(cls, name: str, g: Callable[[Array], Array], derivative: Callable[[Array], Array]) -> "OwnActivation":
        cls.check_name(name, TAKEN)
        made = super().__new__(cls, name)
        made.functions, made.given = (g, derivative), (str(name), g, derivative)
        made.definition = own_activation(g, derivative, name=str(name))
        return made


@final
class OwnLoss(OwnName):
    """A loss of your own for `loss=` of `ShoalRegressor` and of `shoal.fit`: L and its derivative by the logit.

    The derivative is checked when you give it (`textbook.own_loss`): it must be the measured slope of the value on a grid of Z2 and Y. At
    a kink any slope between those on its two sides is accepted. Training calls the functions compiled where Numba compiles them for single
    numbers, else as NumPy functions; `runs` then says which (docs/own-functions.md).

    Parameters
    ----------
    name : str
        A word of letters, digits and underscores that is none of shoal's activations and losses.
    value : function of arrays Z2 and Y
        L, element by element: two NumPy arrays of one shape, float32 or float64, to one of that shape. A row's loss is the sum over its
        targets.
    derivative : function of arrays Z2 and Y
        ∂L/∂Z2, in the same way.
    unit : {"identity", "exp"}
        What makes the prediction A2 of Z2. With "identity" A2 = Z2. With "exp" A2 = e^Z2, above 0, for y of 0 or more.
    scales_target : bool
        Whether Z2 and Y are in standard deviations of the target from its mean, as `huber_delta` is; False: in the target's own unit.
        With "exp", and with `standardize=False`, they always are in its own unit.
    centred : bool or None
        Whether predictions are in the middle of y's distribution, its mean or median, so that intervals lie around them. None finds out:
        they are if L(y + r, y) = L(y − r, y).

    Raises
    ------
    InvalidParameterError
        A name that is taken; the Z2 and Y at which a shape, a value or the slope is wrong, with both numbers.

    Examples
    --------
    Too little costs three times as much as too much:

    >>> from shoal import OwnLoss, ShoalRegressor
    >>> def cost(Z2, Y):
    ...     return np.where(Z2 < Y, 1.5, 0.5) * (Z2 - Y) ** 2
    >>> def slope(Z2, Y):
    ...     return np.where(Z2 < Y, 3.0, 1.0) * (Z2 - Y)
    >>> X = np.linspace(-2, 2, 200)[:, None]
    >>> y = np.random.default_rng(0).normal(size=200)
    >>> model = ShoalRegressor(loss=OwnLoss("short_is_dear", cost, slope), random_state=0).fit(X, y)
    >>> bool(model.predict(X).mean() > y.mean() + 0.1)
    True
    """

    noun = "loss"
    n_arguments = 2
    definition: Loss

    def __new__(
        cls,
        name: str,
        value: Callable[[Array, Array], Array],
        derivative: Callable[[Array, Array], Array],
        unit: Literal["identity", "exp"] = "identity",
        scales_target: bool = True,
        centred: bool | None = None,
    ) -> "OwnLoss":
        cls.check_name(name, TAKEN)
        made = super().__new__(cls, name)
        given: tuple[Any, ...] = (value, derivative, unit, scales_target, centred)
        made.functions, made.given = (value, derivative), (str(name), *given)
        found = own_loss(value, derivative, name=str(name), unit=unit, scales_target=scales_target, centred=centred)
        made.definition = replace(found, name=made)
        return made

    def settings(self) -> list[float]:
        """Unit, scaling and centring, as numbers."""
        g2 = self.definition
        return [float(g2.unit.is_identity), float(g2.scales_target), float(g2.centred)]
