"""`shoal.show`: one exhibit of the chapter in a notebook, about the reader's own network.

The page is that of `shoal chapter`, from a server that runs in a thread of this process, on this machine only. The network's part of the
address is a token that nobody guesses, so other users of the machine do not find it.
"""

import secrets
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np

from shoal.errors import DataError, InvalidParameterError, ShoalError
from shoal.textbook import Parameters
from shoal.web.chapter import UNITS, Array, chapters
from shoal.web.in_hand import NetworkInHand
from shoal.web.questions import NUMBERS, OF_THE_NETWORK, SLIDES
from shoal.web.static_copy import exhibit_page

SHAPES = {"W1": (UNITS, 2), "b1": (UNITS, 1), "W2": (1, UNITS), "b2": (1, 1)}
LARGEST = 1e4  # of a weight, as for numbers that are set by hand on the page
MOST_EXAMPLES = 2000
SHOWN = 64  # networks that the server keeps; the oldest leaves

_networks: dict[str, NetworkInHand] = {}
_address: list[str] = []
_starting = threading.Lock()


@dataclass(frozen=True)
class ShownExhibit:
    """One exhibit: a frame in a notebook, its address everywhere else (`str`). Without a server it has no address but the whole `page`."""

    address: str
    title: str
    height: int
    page: str = field(default="", repr=False)

    def __str__(self) -> str:
        return self.address

    def __repr__(self) -> str:
        return f"{self.title}: {self.address or 'without a server, so a notebook alone shows it'}"

    def _repr_html_(self) -> str:
        where = f'srcdoc="{escape(self.page)}" sandbox="allow-scripts"' if self.page else f'src="{escape(self.address)}"'
        title = escape(self.title)
        return f'<iframe {where} title="{title}" width="100%" height="{self.height}" style="border:0"></iframe>'


def show(
    exhibit: str | int,
    X: Any = None,
    Y: Any = None,
    parameters: Parameters | Mapping[str, Any] | None = None,
    *,
    height: int = 860,
    static: bool = False,
) -> ShownExhibit:
    """Show an exhibit of the chapter, in a notebook as a frame, about your own network if you give one.

    The network is that of the chapter's companion exercise: 2 inputs, 4 tanh units, 1 sigmoid output. The page begins with your parameters
    as step 0; its steps go on from there by gradient descent on your examples, at α = 1.2. The server runs in a thread of this process and
    ends with it, and only this machine reaches it. In a notebook whose kernel runs elsewhere, give `static=True`: the notebook then
    contains the exhibit itself, recorded at one step, which needs no server. Without the extra shoal[chapter] this is what you get.

    Parameters
    ----------
    exhibit : str or int
        The number of the exhibit, such as `"10"`. Of your own network 2, 3, 4, 5, 8, 9 and 10.
    X : array (2, m), optional
        The examples, as columns, 2 to 2000 of them. Default: the chapter's flower.
    Y : array (1, m) or (m,), optional
        Their classes, 0 or 1; goes with `X`.
    parameters : `textbook.Parameters`, or dict of W1 (4, 2), b1 (4, 1), W2 (1, 4), b2 (1, 1); optional
        Numbers within ±10000. Default: the first parameters of the chapter's network.
    height : int
        Height of the frame in pixels, 200 to 4000.
    static : bool
        Whether the result contains the exhibit, some 300 kB, instead of its address.

    Returns
    -------
    ShownExhibit
        Notebooks draw it; `str` of it is the address.

    Raises
    ------
    InvalidParameterError
        An exhibit that there is not, or that has networks of its own; parameters of other names or shapes.
    DataError
        X or Y of another shape, or with values that are no examples or classes.

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import show
    >>> show("10", parameters={"W1": np.ones((3, 2)), "b1": np.zeros((3, 1)), "W2": np.ones((1, 3)), "b2": np.zeros((1, 1))})
    Traceback (most recent call last):
    ...
    shoal.errors.InvalidParameterError: W1 has the shape (3, 2); the page draws 4 hidden units and 2 inputs: (4, 2).
    """
    number = _number(exhibit)
    if isinstance(height, bool) or not isinstance(height, int) or not 200 <= height <= 4000:
        raise InvalidParameterError(f"height={height!r} is not a whole number of pixels from 200 to 4000.")
    network = chapters()
    if X is not None or Y is not None or parameters is not None:
        if number not in OF_THE_NETWORK:
            which = ", ".join(map(str, OF_THE_NETWORK))
            raise InvalidParameterError(f"exhibit {number} has networks of its own; yours is shown by exhibits {which}.")
        network = own_network(X, Y, parameters)
    title = f"Exhibit {number}, {SLIDES[NUMBERS.index(number)].TITLE}"
    address = "" if static else _served()
    if not address:
        return ShownExhibit("", title, height, exhibit_page(network, number))
    token = secrets.token_urlsafe(16)
    while len(_networks) >= SHOWN:
        del _networks[next(iter(_networks))]
    _networks[token] = network
    slide = f"slide-{number}"
    return ShownExhibit(f"{address}own/{token}/?only={slide}#{slide}", title, height)


def _number(exhibit: Any) -> int:
    text = str(exhibit).removeprefix("slide-")
    if isinstance(exhibit, bool) or not text.isdecimal() or int(text) not in NUMBERS:
        raise InvalidParameterError(f"there is no exhibit {text[:40]!r}; give the number of one, {min(NUMBERS)} to {max(NUMBERS)}.")
    return int(text)


def own_network(X: Any, Y: Any, parameters: Any) -> NetworkInHand:
    """The reader's network, checked; what is not given is the chapter's."""
    own = chapters()
    start = own.start if parameters is None else _parameters(parameters)
    if X is None and Y is None:
        return NetworkInHand(own.X, own.Y, start, 0, own.example, own.limit)
    if X is None or Y is None:
        raise DataError(f"{'Y' if X is None else 'X'} is given without {'X' if X is None else 'Y'}; give both, or none for the flower.")
    X, Y = _examples(X), _array("Y", Y, DataError)
    m = X.shape[1]
    if Y.shape not in ((m,), (1, m)):
        raise DataError(f"Y has the shape {Y.shape}, X {X.shape}; Y needs one class for each column of X: (1, {m}).")
    if not np.isin(Y, (0, 1)).all():
        wrong = Y[~np.isin(Y, (0, 1))][0]
        raise DataError(f"Y has the value {wrong:g}; the output unit is a sigmoid, so classes are 0 and 1.")
    limit = 1.1 * float(np.max(np.abs(X))) or 1.0
    return NetworkInHand(X, Y.reshape(1, m), start, 0, 1, limit)


def _examples(given: Any) -> Array:
    X = _array("X", given, DataError)
    if X.ndim != 2 or X.shape[0] != 2:
        turned = "; give its transpose, X.T" if X.ndim == 2 and X.shape[1] == 2 else ""
        raise DataError(f"X has the shape {X.shape}; examples are columns of two inputs here: (2, m){turned}.")
    if not 2 <= X.shape[1] <= MOST_EXAMPLES:
        raise DataError(f"X has {X.shape[1]} examples; the page shows 2 to {MOST_EXAMPLES}. Give some of them.")
    return X


def _parameters(given: Any) -> Parameters:
    named = given.named() if isinstance(given, Parameters) else given
    if not isinstance(named, Mapping):
        raise InvalidParameterError(f"parameters is a {type(given).__name__}; give textbook.Parameters, or a dict of W1, b1, W2 and b2.")
    if set(named) != set(SHAPES):
        raise InvalidParameterError(
            f"parameters has the names {', '.join(map(str, named))[:80]}; it needs W1, b1, W2 and b2, and no other."
        )
    found = {name: _array(name, named[name], InvalidParameterError) for name in SHAPES}
    for name, shape in SHAPES.items():
        has = found[name].shape
        if has == shape[:1] and name[0] == "b":
            raise InvalidParameterError(f"{name} has the shape {has}; the chapter's biases are columns: {name}.reshape{shape}.")
        if has != shape:
            raise InvalidParameterError(f"{name} has the shape {has}; the page draws {UNITS} hidden units and 2 inputs: {shape}.")
    return Parameters(**found)


def _array(name: str, given: Any, refused: type[ShoalError]) -> Array:
    try:
        array = np.asarray(given)
        real = array.dtype.kind in "iufb"
        array = array.astype(np.float64) if real else array
    except (TypeError, ValueError) as error:
        raise refused(f"{name} is no array of numbers: {error}.") from error
    if not real:
        raise refused(f"{name} has values of type {array.dtype}; give real numbers.")
    if array.size and not np.max(np.abs(array)) <= LARGEST:  # also false for what is not a number
        raise refused(f"{name} has a value that is not a number within ±{LARGEST:g}.")
    array.setflags(write=False)
    return array


def _served() -> str:
    """The address of this process's server, which is started for the first exhibit; empty where its packages are not installed."""
    with _starting:
        if not _address:
            try:
                from shoal.web.server import HOST, server  # what it needs comes with the extra shoal[chapter]

                ready, found = server(0, networks=_networks)
            except ModuleNotFoundError:
                return ""
            threading.Thread(target=ready.run, kwargs={"sockets": [found]}, daemon=True).start()
            _address.append(f"http://{HOST}:{found.getsockname()[1]}/")
        return _address[0]
