"""A user's names in other languages: identifiers, comments and texts that no quote, keyword or line end can break out of.

What every format writes: a model as its fields, the prepared columns made of them, and one network.

A model that `shoal.fit` made takes raw cells, and its preparation says what becomes of them: this column is that number,
its median where it is missing; this one says whether it was missing; this one is 1 for one level. A bare estimator takes a
matrix, whose columns are the prepared ones.
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from typing import Any, NoReturn

import numpy as np
from sklearn.pipeline import Pipeline

from shoal.errors import ExportError
from shoal.export.steps import does_nothing, inputs_of
from shoal.network import Network, known_facts
from shoal.table import Feature, Field, preparation_of
from shoal.textbook.activations import ACTIVATIONS
from shoal.textbook.own_name import OwnName

# Keywords of C99 to C23 and C++, and what headers of common systems define as macros.
C_WORDS = """
alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class compl complex concept
const const_cast consteval constexpr constinit continue co_await co_return co_yield decltype default delete do double dynamic_cast
else enum errno explicit export extern false far float for friend fortran goto huge i386 if imaginary inline int interface linux long
max min mutable namespace near new noexcept not not_eq nullptr operator or or_eq private protected public register reinterpret_cast
requires restrict return short signed sizeof small static static_assert static_cast stderr stdin stdout struct switch template this
thread_local throw true try typedef typeid typename typeof typeof_unqual union unix unsigned using virtual void volatile wchar_t
while xor xor_eq I IN OUT NAN NULL EOF INFINITY HUGE_VAL
"""
C_RESERVED = frozenset(C_WORDS.split())
MOST_LETTERS = 40  # C99 tells 63 letters apart; a prefix and a number must fit too
LATEX = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_"}
LATEX |= {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"}


def identifier(name: str, taken: set[str], otherwise: str = "x") -> str:
    """A C identifier that reminds of the name, none of those taken, which it joins. Case does not tell two apart."""
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    word = re.sub(r"\W+", "_", ascii_only, flags=re.ASCII).strip("_")[:MOST_LETTERS] or otherwise
    word = word if word[0].isalpha() else f"x{word}"
    word = f"{word}_" if word in C_RESERVED else word
    free, number = word, 1
    while free.casefold() in taken:
        number += 1
        free = f"{word}_{number}"
    taken.add(free.casefold())
    return free


def comment(text: str) -> str:
    """Text inside a C comment that goes on after it: it cannot end it, begin another, end the line, or hold a trigraph."""
    shown = printable(text).replace("*/", "* /").replace("/*", "/ *")
    return re.sub(r"\?(?=\?)", "? ", shown)


def printable(text: str) -> str:
    """Line ends, control characters and those that turn the reading direction as their escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def c_string(text: str) -> str:
    """A C string literal of the text in UTF-8, in plain ASCII: octal escapes cannot swallow what follows them."""
    plain = {ord(c) for c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 !#%&'()*+,-./:;<=>[]^_{|}~"}
    data = text.encode("utf-8", "surrogatepass")
    return '"' + "".join(chr(byte) if byte in plain else f"\\{byte:03o}" for byte in data) + '"'


def latex(text: str) -> str:
    """A name in LaTeX's mathematics, as text in which every special character stands for itself."""
    return r"\text{" + "".join(LATEX.get(c, c) for c in printable(text)) + "}"


@dataclass(frozen=True)
class Portable:
    """A fitted model, ready to be written in any format.

    Attributes
    ----------
    fields : tuple of Field
    features : tuple of Feature
        The network's inputs before encoding, in order.
    network : Network
        Its feature names are those of `features`.
    targets : tuple of str
        Names of what is predicted.
    classes : tuple of tuples of labels
        Of each target, in the order of the probabilities; none for regression.
    multilabel : bool
        Whether each target is a yes or no of its own.
    prepare : fitted preparation or None
        The steps that `fields` and `features` describe, to compare with.
    facts : object or None
        What `shoal.fit` says of its fit.
    one_column : bool
        Whether a regressor learned one target as a vector, and answers so.
    before : Pipeline or None
        Other steps of scikit-learn's that a matrix goes through first: ONNX alone writes them.
    """

    fields: tuple[Field, ...]
    features: tuple[Feature, ...]
    network: Network
    targets: tuple[str, ...]
    classes: tuple[tuple[Any, ...], ...]
    multilabel: bool
    prepare: Any = None
    facts: Any = None
    one_column: bool = True
    before: Pipeline | None = None

    @property
    def is_classifier(self) -> bool:
        """Whether it has classes."""
        return bool(self.classes)

    @property
    def is_bare(self) -> bool:
        """Whether it takes a matrix of numbers that nothing prepares."""
        return self.prepare is None

    @property
    def output_names(self) -> tuple[str, ...]:
        """What each number that comes out is: the target, or P(target=class)."""
        if not self.is_classifier:
            return self.targets
        if self.multilabel:
            return tuple(f"P({name}={labels[1]})" for name, labels in zip(self.targets, self.classes, strict=True))
        return tuple(f"P({self.targets[0]}={label})" for label in self.classes[0])


def portable(model: Any, form: str = "this format", *, foreign: bool = False) -> Portable:
    """Read a fitted model.

    Parameters
    ----------
    model : Pipeline made by `shoal.fit`, or a fitted `ShoalClassifier` or `ShoalRegressor`
    form : name of the format, for errors
    foreign : whether the format takes a Pipeline of other numeric steps of scikit-learn's too

    Raises
    ------
    ExportError
        For what is no fitted model, or a step that cannot be written; the message names it and the nearest that works.

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, random_state=0).fit(X, X[:, 0] ** 2)
    >>> from shoal.export import portable
    >>> [field.name for field in portable(model).fields]
    ['x0']
    """
    estimator = model.steps[-1][1] if isinstance(model, Pipeline) and model.steps else model
    network = getattr(estimator, "network_", None)
    if not isinstance(network, Network):
        raise ExportError(
            f"This {type(estimator).__name__} is no fitted network of shoal's; fit it first, or take it over with from_fitted."
        )
    if isinstance(network.activation, OwnName):
        raise ExportError(
            f"The own activation {str(network.activation)!r} is a Python function, which cannot be written as {form}. Train with one of "
            f"shoal's ({', '.join(ACTIVATIONS)}), or save the model with shoal.save."
        )
    facts, one_column = known_facts(model), getattr(estimator, "_one_column", True)
    if not isinstance(model, Pipeline):
        return replace(named(network, *bare(network), facts), one_column=one_column)
    steps = [(name, step) for name, step in model.steps[:-1] if not does_nothing(step)]
    if not steps:
        return replace(named(network, *bare(network), facts), one_column=one_column)
    known = preparation_of(steps[0][1])
    if known is None or len(steps) != 1:
        if not foreign:
            _refuse(*steps[0], form)
        fields = tuple(Field(name) for name in inputs_of(steps))
        return replace(named(network, *bare(network), facts), fields=fields, one_column=one_column, before=Pipeline(steps))
    network = replace(network, feature_names=tuple(feature.name for feature in known.features))
    return replace(named(network, known.fields, known.features, facts), prepare=steps[0][1], one_column=one_column)


def _refuse(name: str, step: Any, form: str) -> NoReturn:
    raise ExportError(
        f"The step {name!r} ({type(step).__name__}) cannot be written as {form}. What can: the preparation that shoal.fit builds "
        "(medians with indicators, categories, dates), and scaling, which the networks do themselves. "
        "ONNX takes most of scikit-learn's steps (--to onnx)."
    )


def named(network: Network, fields: tuple[Field, ...], features: tuple[Feature, ...], facts: Any) -> Portable:
    """The parts with the names of targets and classes: those of the facts, or plain ones."""
    n_z = int(network.merged.W2.shape[0])
    n_y = network.g2.unit.n_targets(n_z)
    if not network.classes:
        targets = tuple(facts.targets) if facts is not None else (("y",) if n_y == 1 else tuple(f"y{i + 1}" for i in range(n_y)))
        return Portable(fields, features, network, targets, (), False, facts=facts)
    labels = tuple(plain(label) for label in network.classes[0])
    multilabel = network.g2.unit.decides == "side" and not (n_z == 1 and len(labels) == 2)
    if facts is not None:
        return Portable(fields, features, network, tuple(facts.targets), tuple(map(tuple, facts.classes)), multilabel, facts=facts)
    targets = tuple(f"y{i + 1}" for i in range(n_z)) if multilabel else ("y",)
    return Portable(fields, features, network, targets, ((0, 1),) * n_z if multilabel else (labels,), multilabel)


def plain(label: Any) -> Any:
    """A class label as Python's own type."""
    return label.item() if isinstance(label, np.generic) else label


def bare(network: Network) -> tuple[tuple[Field, ...], tuple[Feature, ...]]:
    """The columns of a matrix: every one is a number, and none may be missing."""
    encoding = network.encoding
    fields = []
    for name, center, scale, edges in zip(network.feature_names, encoding.center, encoding.scale, encoding.edges, strict=True):
        low, high = (edges[0], edges[-1]) if len(edges) else (center - 2 * scale, center + 2 * scale)
        fields.append(Field(name, low=float(low), high=float(high)))
    return tuple(fields), tuple(Feature(field.name, j) for j, field in enumerate(fields))
