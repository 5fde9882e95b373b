"""The page of `shoal look --html`: the columns of a table and the notes, in one file that needs nothing else."""

from os import PathLike
from pathlib import Path

from shoal.files import replacing
from shoal.report.html import page, paragraph, section, table
from shoal.table_models.look import Look


def write_look(found: Look, path: str | PathLike[str]) -> Path:
    """Write a look at a table as one HTML file.

    Parameters
    ----------
    found : what `shoal.look` returned
    path : where to

    Raises
    ------
    OutputError
        For a file that cannot be written; what stood there before is untouched.
    """
    with replacing(path) as out:
        out.write(look_page(found).encode("utf-8"))
    return Path(path)


def look_page(found: Look) -> str:
    """The whole page."""
    title = f"{found.table}: {found.n_rows} rows, {len(found.columns)} columns"
    return page(title, (*(paragraph(note) for note in found.file_notes), notes_section(found), columns_section(found)))


def notes_section(found: Look) -> str:
    """What to know, with how to decide otherwise."""
    if not found.notes:
        return section("notes", "Notes", paragraph("There is nothing to decide: every column is read as it stands in the table below."))
    rows = [[note.column or "rows", note.text, note.advice] for note in found.notes]
    return section("notes", "Notes", table(["column", "what was seen", "what to do"], rows))


def columns_section(found: Look) -> str:
    """The columns, as `shoal look` prints them."""
    return section("columns", "Columns", columns_table(found))


def columns_table(found: Look, caption: str = "", most: int | None = None) -> str:
    """The columns as a table, at most so many: those of `Look.to_frame`, and what was seen of each."""
    frame = found.to_frame()
    rows = [
        [name, *row, each.reason] for name, row, each in zip(frame.index, frame.itertuples(index=False), found.columns[:most], strict=False)
    ]
    return table(["column", *frame.columns, "what was seen"], rows, caption=caption, numbers=(3, 4))
