"""How much of a small machine a model's C takes: bytes of constant tables and texts, of a call's arrays, and multiplications.

The tables are counted here as `source` writes them; a test compares the numbers with the object files of two compilers.
"""

from dataclasses import dataclass

from shoal.export.c99.machines import CORTEX_M, Machine
from shoal.export.c99.parts import CNames, Precision, c_names, has_class, own_levels
from shoal.export.c99.source import n_logits
from shoal.export.portable import Portable
from shoal.table import Field

SHORT, SINGLE = 2, 4
PARTS_OF_A_DATE = 4


@dataclass(frozen=True)
class CSize:
    """What a model's C takes on a machine.

    Attributes
    ----------
    tables : int
        Bytes of constant tables of numbers: flash.
    texts : int
        Bytes of the names of outputs and levels with their pointers, at most (equal texts are stored once): flash, and on AVR memory.
    stack : int
        Bytes of a call's arrays, with the caller's row and outputs; a compiler adds a few for addresses and loops.
    multiplications : int
        And divisions for one answer, at most; inputs that are 0 take none. The exponentials of the units are not among them.
    largest_table : int
        Bytes of the largest of the tables.
    """

    machine: Machine
    tables: int
    texts: int
    stack: int
    multiplications: int
    largest_table: int

    @property
    def fits(self) -> bool:
        """Whether the machine's compiler takes the largest table."""
        return self.largest_table <= self.machine.largest_table

    @property
    def flash(self) -> int:
        """Bytes without the code."""
        return self.tables + self.texts

    @property
    def memory(self) -> int:
        """Bytes of a call, and of what is copied to memory at the start."""
        return self.stack + (self.texts if self.machine.copies_texts else 0)

    def __str__(self) -> str:
        most, code = self.machine.largest_table, self.machine.code >> 10
        if not self.fits:
            return f"{self.machine.name}: too large, with a table of {self.largest_table:,} bytes, and at most {most:,} are possible"
        return (
            f"{self.machine.name}: {self.flash:,} bytes of flash for tables and texts, and at most {code} KB for code; "
            f"{self.memory:,} bytes of memory; {self.multiplications:,} multiplications an answer"
        )


def size_of(model: Portable, precision: Precision = "double", machine: Machine = CORTEX_M) -> CSize:
    """The size of what `c99` writes.

    Parameters
    ----------
    model : Portable
    precision : {"double", "float"}, of the hidden layer
    machine : `CORTEX_M`, with doubles of 8 bytes, or `AVR`, with 4

    Returns
    -------
    CSize

    Examples
    --------
    >>> import numpy as np
    >>> from shoal import ShoalRegressor
    >>> X = np.linspace(-2, 2, 60)[:, None]
    >>> model = ShoalRegressor(solver="lbfgs", hidden_layer_sizes=3, n_networks=1, ramps=False, random_state=0).fit(X, X[:, 0] ** 2)
    >>> from shoal.export import portable, size_of
    >>> size = size_of(portable(model), "float")  # W1, b1 of 3 floats each, W2 of 3 doubles, b2, center, scale
    >>> size.tables, size.multiplications
    (72, 8)
    """
    network, double = model.network, machine.double
    encoding, real = network.encoding, SINGLE if precision == "float" else double
    n_x, n_h, n_z = len(model.features), network.merged.W1.shape[0], n_logits(model)
    ramps, ramped, limited = encoding.n_ramps, sum(len(edges) > 0 for edges in encoding.edges), len(encoding.limited_inputs)
    skip = 0 if network.merged.W3 is None else n_z
    reals = (n_x + ramps + 1) * n_h
    doubles = n_z * (n_h + 1) + 2 * n_x + sum(map(len, encoding.edges)) + skip * (n_x + ramps) + 2 * limited
    shorts = limited + (2 * ramped + 1 if ramped else 0)
    names = c_names(model, "model")
    for field, levels in zip(model.fields, names.levels, strict=True):
        if levels:
            shorts += len(levels) + len(field.variants)
            doubles += 0 if field.means is None else len(levels) * len(field.means.outputs)
    dates = PARTS_OF_A_DATE * sum(field.kind == "date" for field in model.fields)
    arrays = (n_x + n_z + dates + len(model.output_names)) * double + n_h * real + row_bytes(model, machine)
    return CSize(
        machine,
        reals * real + doubles * double + shorts * SHORT,
        texts_of(model, names, machine.pointer),
        arrays,
        (n_h + skip) * (n_x + 2 * ramped) + n_x * (1 + bool(skip)) + ramped * (1 + bool(skip)) + n_h * n_z + scaled(model),
        max(n_x * n_h * real, ramps * n_h * real, n_z * n_h * double),
    )


def scaled(model: Portable) -> int:
    """Multiplications that bring outputs into the target's units."""
    return 0 if model.network.target is None else len(model.output_names)


def row_bytes(model: Portable, machine: Machine) -> int:
    """Bytes of a row: a double for a number, an int for a level, which a double may follow at its own multiple."""
    return sum(machine.double if field.kind != "category" else min(machine.double, 4) for field in model.fields)


def texts_of(model: Portable, names: CNames, pointer: int) -> int:
    """Bytes of the texts in the tables of strings, and of the pointers to them."""
    shown = [str(label) for label in model.classes[0]] if has_class(model) else list(model.targets)
    for field, levels in zip(model.fields, names.levels, strict=True):
        if levels:
            shown += levels_shown(field)
    return sum(pointer + len(text.encode("utf-8", "surrogatepass")) + 1 for text in shown)


def levels_shown(field: Field) -> list[str]:
    """The texts of a category's tables."""
    empty = field.levels[field.missing] if field.missing < len(field.levels) else ""
    variants = ["", *(variant.text for variant in field.variants), ""] if field.variants else []
    return [empty, *own_levels(field), "", *variants]
