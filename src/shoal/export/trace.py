"""A formula of the textbook, read by running it: its lines compute with names in place of numbers, and leave what they did.

The textbook's functions take arrays of any namespace of the array API standard. `Traced` is such an array: one number z without a
value, whose namespace records each operation. `python_formula`, `c_formula` and `latex_formula` write the record in a
language; `onnx_graph.network` makes nodes of it. So no format has a formula of its own.

    traced(lambda Z: relu(Z)) is where(z < 0, 0, z)        C: `z < 0 ? 0 : z`        Python: `0.0 if z < 0 else z`
"""

import operator
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, NoReturn

import numpy as np

from shoal.errors import ExportError
from shoal.export.c99.parts import literal

BINARY = {"+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv}
COMPARED = ("<", "<=", ">", ">=", "==")
FUNCTIONS = ("exp", "expm1", "log", "log1p", "sqrt", "abs", "tanh")  # those that every format can write in double


@dataclass(frozen=True, eq=False)
class Traced:
    """An operation and what it was given: `z`, a `constant` with its value, a function, a sign, or `where`."""

    kind: str
    given: tuple["Traced", ...] = ()
    value: float = 0.0

    __hash__ = object.__hash__

    @property
    def dtype(self) -> np.dtype:
        """That of the numbers that formulas are written for, before a format makes them narrower."""
        return np.dtype(np.float64)

    @property
    def key(self) -> Any:
        """Equal for operations that give the same number."""
        return self.kind, self.value, tuple(part.key for part in self.given)

    def __array_namespace__(self, api_version: str | None = None) -> "Recorder":
        return RECORDER

    def __neg__(self) -> "Traced":
        return recorded("neg", self)

    def __bool__(self) -> NoReturn:
        raise ExportError(
            "A formula decides by Python's `if` on a number that it is given; write it with `where`, or it cannot be exported."
        )


def recorded(kind: str, *given: Any) -> Traced:
    """The operation on these; of constants alone, the constant that it gives."""
    parts = tuple(part if isinstance(part, Traced) else Traced("constant", value=float(part)) for part in given)
    if kind in BINARY and all(part.kind == "constant" for part in parts):
        return Traced("constant", value=float(BINARY[kind](*(part.value for part in parts))))
    if kind == "neg" and parts[0].kind == "constant":
        return Traced("constant", value=-parts[0].value)
    return Traced(kind, parts)


def _operator(kind: str, *, turned: bool = False) -> Callable[[Traced, Any], Traced]:
    return (lambda a, b: recorded(kind, b, a)) if turned else (lambda a, b: recorded(kind, a, b))


for _name, _kind in {"add": "+", "sub": "-", "mul": "*", "truediv": "/"}.items():
    setattr(Traced, f"__{_name}__", _operator(_kind))
    setattr(Traced, f"__r{_name}__", _operator(_kind, turned=True))
for _name, _kind in {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "=="}.items():
    setattr(Traced, f"__{_name}__", _operator(_kind))


class Recorder:
    """What of the array API's namespace a formula of one number may use."""

    __name__ = "recorder"

    def __getattr__(self, name: str) -> Callable[..., Traced]:
        if name.startswith("__"):
            raise AttributeError(name)
        if name not in FUNCTIONS:
            raise ExportError(f"A formula uses {name!r}, which exports do not know; they know {', '.join((*FUNCTIONS, 'where'))}.")
        return lambda z: recorded(name, z)

    def where(self, condition: Traced, yes: Any, no: Any) -> Traced:
        """One of two, both of which are computed."""
        return recorded("where", condition, yes, no)

    def maximum(self, a: Any, b: Any) -> Traced:
        """The larger one; NaN where a is NaN."""
        return recorded("where", recorded("<", a, b), b, a)

    def minimum(self, a: Any, b: Any) -> Traced:
        """The smaller one; NaN where a is NaN."""
        return recorded("where", recorded(">", a, b), b, a)

    def zeros_like(self, like: Traced) -> Traced:
        """0."""
        return Traced("constant")

    def ones_like(self, like: Traced) -> Traced:
        """1."""
        return Traced("constant", value=1.0)

    def sign(self, z: Traced) -> Traced:
        """−1, 0 or 1."""
        return self.where(recorded(">", z, 0.0), 1.0, self.where(recorded("<", z, 0.0), -1.0, 0.0))

    def finfo(self, dtype: Any) -> np.finfo:
        """The limits of double."""
        return np.finfo(np.float64)


RECORDER = Recorder()


@cache
def traced(function: Callable[[Any], Any]) -> Traced:
    """What a function of one number does.

    Raises
    ------
    ExportError
        For one that uses what formulas of one number do not have.
    """
    return function(Traced("z"))  # type: ignore[no-any-return]


def functions_of(formula: Traced) -> set[str]:
    """The functions that it uses."""
    return {formula.kind} & set(FUNCTIONS) | {name for part in formula.given for name in functions_of(part)}


def repeated(formula: Traced) -> list[Traced]:
    """The parts with a function in them that stand more than once, inner ones first: each is computed once, under a name."""
    counted: Counter[Any] = Counter()
    first: dict[Any, Traced] = {}

    def visit(part: Traced) -> None:
        counted[part.key] += 1
        if counted[part.key] == 1:
            for inner in part.given:
                visit(inner)
            first[part.key] = part

    visit(formula)
    return [part for key, part in first.items() if counted[key] > 1 and part.kind in (*FUNCTIONS, "where")]


# --- in a language ------------------------------------------------------------------------------------------------------

LOOSEST, SUM, PRODUCT, SIGN, TIGHTEST = range(5)  # how strongly the operators of a text bind
TIGHT = {"+": SUM, "-": SUM, "*": PRODUCT, "/": PRODUCT}


@dataclass(frozen=True)
class Language:
    """How a language writes what formulas do."""

    number: Callable[[float], str]
    functions: Mapping[str, str]  # name → a template with {}
    chosen: str  # a template of condition, yes and no
    times: str = "{} * {}"
    ratio: str = "{} / {}"
    compared: Mapping[str, str] = field(default_factory=dict)
    tight_ratio: bool = False  # whether a ratio's parts need no brackets

    def write(self, part: Traced, names: Mapping[Any, str]) -> tuple[str, int]:
        """The text, and how tightly it holds together."""
        if part.key in names:
            return names[part.key], TIGHTEST
        if part.kind == "constant":
            return self.number(part.value), TIGHTEST if part.value >= 0 else SIGN
        if part.kind == "neg":
            return "-" + self.inside(part.given[0], names, TIGHTEST), SIGN  # of a sign in brackets: `--z` counts down in C
        if part.kind == "/" and self.tight_ratio:
            return self.ratio.format(*(self.inside(p, names, LOOSEST) for p in part.given)), TIGHTEST
        if part.kind in BINARY:
            held = TIGHT[part.kind]
            a, b = self.inside(part.given[0], names, held), self.inside(part.given[1], names, held + 1)
            template = {"*": self.times, "/": self.ratio}.get(part.kind, f"{{}} {part.kind} {{}}")
            return template.format(a, b), held
        if part.kind in COMPARED:
            a, b = (self.inside(p, names, SUM) for p in part.given)
            return f"{a} {self.compared.get(part.kind, part.kind)} {b}", LOOSEST
        if part.kind == "where":
            condition, yes, no = part.given
            texts = (self.inside(condition, names, LOOSEST), self.inside(yes, names, SUM), self.inside(no, names, SUM))
            return self.chosen.format(*texts), LOOSEST
        return self.functions[part.kind].format(self.inside(part.given[0], names, LOOSEST)), TIGHTEST

    def inside(self, part: Traced, names: Mapping[Any, str], least: int) -> str:
        """The text, in brackets where it would fall apart."""
        text, held = self.write(part, names)
        return text if held >= least else f"({text})"

    def lines(self, formula: Traced, z: str) -> tuple[list[tuple[str, str]], str]:
        """The parts that have a name of their own, and the value: each name with its text, then the last text."""
        names = {Traced("z").key: z}
        own: list[tuple[str, str]] = []
        several = repeated(formula)
        for part in several:
            own.append((f"e{len(own) + 1}" if len(several) > 1 else "e", self.write(part, names)[0]))
            names[part.key] = own[-1][0]
        return own, self.write(formula, names)[0]


def short(value: float) -> str:
    """A whole number without its point."""
    return str(int(value)) if value == int(value) and abs(value) < 1e6 else repr(value)


IN_PYTHON = {name: f"math.{name}({{}})" for name in FUNCTIONS} | {"abs": "abs({})"}
PYTHON = Language(repr, IN_PYTHON, "{1} if {0} else {2}")
IN_LATEX = {name: rf"\{name}({{}})" for name in FUNCTIONS} | {
    "exp": "e^{{{}}}",
    "expm1": "(e^{{{}}} - 1)",
    "log": r"\ln({})",
    "log1p": r"\ln(1 + {})",
    "sqrt": r"\sqrt{{{}}}",
    "abs": r"\left|{}\right|",
}
LATEX = Language(
    number=short,
    functions=IN_LATEX,
    chosen=r"\begin{{cases}} {1} & {0} \\ {2} & \text{{else}} \end{{cases}}",
    times=r"{}\,{}",
    ratio=r"\frac{{{}}}{{{}}}",
    compared={"<=": r"\le", ">=": r"\ge", "==": "="},
    tight_ratio=True,
)


def c_language(single: bool) -> Language:
    """C99, in double or in float."""
    end = "f" if single else ""

    def number(value: float) -> str:
        return short(value) if value == int(value) and abs(value) < 1e6 else literal(value) + end

    return Language(number, {name: f"{name}{end}({{}})" for name in FUNCTIONS} | {"abs": f"fabs{end}({{}})"}, "{0} ? {1} : {2}")


def python_formula(function: Callable[[Any], Any], z: str = "z") -> tuple[list[str], str]:
    """Lines of Python that name what is needed more than once, and the value."""
    own, value = PYTHON.lines(traced(function), z)
    return [f"{name} = {text}" for name, text in own], value


def c_formula(function: Callable[[Any], Any], z: str = "z", *, real: str = "double", single: bool = False) -> tuple[list[str], str]:
    """Lines of C99 that name what is needed more than once, and the value."""
    own, value = c_language(single).lines(traced(function), z)
    return [f"const {real} {name} = {text};" for name, text in own], value


def latex_formula(function: Callable[[Any], Any]) -> str:
    """LaTeX of the value."""
    return LATEX.write(traced(function), {Traced("z").key: "z"})[0]
