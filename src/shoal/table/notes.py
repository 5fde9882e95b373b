"""What a person should know of a column: how its cells were read, what in them is no measurement, and how to decide otherwise.

A note is a value. Each check that finds something makes one; the command line, the report and the page print the same list.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class ColumnNote:
    """Something about a column that a person may want to know or decide.

    Attributes
    ----------
    column : str
        Name of the column.
    kind : str
        What the note is about, in a word or two, for those who filter or count notes: "read as", "ambiguous", "missing mark", "limit",
        "sentinel" are those of the cells.
    text : str
        What was seen and what was made of it, with counts, in one sentence without a full stop.
    advice : str
        How to decide otherwise, naming the option; empty where there is nothing to decide.

    Examples
    --------
    >>> from shoal.table.notes import ColumnNote
    >>> print(ColumnNote("price", "read as", "numbers with a decimal comma", "--category price reads it as text"))
    price: numbers with a decimal comma (--category price reads it as text)
    """

    column: str
    kind: str
    text: str
    advice: str = ""

    def __str__(self) -> str:
        return f"{self.column}: {self.text}" + (f" ({self.advice})" if self.advice else "")
