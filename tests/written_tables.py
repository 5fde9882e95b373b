"""One small table as people write it: 38 ways of text, each with what a reader must find, and every other kind of file."""

import bz2
import gzip
import io
import json
import lzma
import sqlite3
import zipfile
from dataclasses import dataclass

import numpy as np
import pandas as pd

RNG = np.random.default_rng(0)
N = 60
NAMES = ("place", "temp", "pressure", "when", "y")
TABLE = pd.DataFrame(
    {
        "place": RNG.choice(["north", "south, upper", "east"], N),
        "temp": RNG.uniform(-20, 40, N).round(2),
        "pressure": RNG.integers(900, 1100, N),
        "when": [f"2024-{m:02d}-{d:02d} {h:02d}:30" for m, d, h in zip(*(RNG.integers(1, k, N) for k in (13, 29, 24)), strict=True)],
        "y": RNG.uniform(0, 5, N).round(3),
    }
)
PLAIN = TABLE.assign(place=TABLE["place"].str.replace(", ", "-"), when=TABLE["when"].str.replace(" ", "T"))
NUMBERS = pd.DataFrame({"a": TABLE["temp"], "b": TABLE["pressure"], "c": TABLE["y"]})


@dataclass(frozen=True)
class Written:
    """A text with what is in it: the separator (None for one column), lines of names, lines before it, and the cells."""

    text: str
    separator: str | None
    n_names: int
    skip: int
    frame: pd.DataFrame
    decimal: str = "."


def text_of(frame, separator=",", *, names=True, decimal=".", before="", extra=(), end="", every=False, blank=""):
    """A frame as text, each cell quoted where it must be, or every one."""

    def cell(value):
        said = str(value).replace(".", decimal) if isinstance(value, float) else str(value)
        return f'"{said}"' if every or separator in said or "\n" in said else said

    lines = [separator.join(frame.columns) + end] if names else []
    lines += [*extra, *((separator + blank).join(map(cell, row)) + end for row in frame.itertuples(index=False))]
    return before + "\n".join(lines) + "\n"


def aligned(frame, wide, names=True):
    """A frame in columns of one width, filled with blanks."""
    rows = [frame.columns] if names else []
    return "\n".join("  ".join(f"{cell!s:>{wide}}" for cell in row) for row in [*rows, *frame.itertuples(index=False)]) + "\n"


def from_r(frame, separator, decimal, corner):
    """A frame as R's write.table and write.csv2 write it: the rows have names, which may have none themselves."""
    quoted = frame.assign(**{name: '"' + frame[name] + '"' for name in ("place", "when")})
    quoted.insert(0, "", [f'"{i}"' for i in range(1, len(frame) + 1)])
    head = separator.join(f'"{name}"' for name in frame.columns)
    rows = (
        separator.join(str(c).replace(".", decimal) if isinstance(c, float) else str(c) for c in r) for r in quoted.itertuples(index=False)
    )
    return "\n".join([('""' + separator if corner else "") + head, *rows]) + "\n"


def unnamed(frame):
    """The frame as it is read without a line of names."""
    return frame.set_axis([f"column_{j + 1}" for j in range(frame.shape[1])], axis=1)


STATION = "Station: Munich, Bavaria\nLogger: v1.2, serial 0815\nExported: 2024-05-01 10:00\n\n"
SERIES = "Messreihe 12\nOrt: München\nDatum: 01.05.2024\n\n"
LETTERS = pd.DataFrame({"cap": RNG.choice(list("ab"), N), "stalk": RNG.choice(list("xyz"), N), "edible": RNG.choice(["yes", "no"], N)})
SEMICOLONS = TABLE.assign(place=TABLE["place"] + "; " + TABLE["when"])
COMMAS = TABLE.assign(place="well, " + TABLE["place"] + ", so")
LINES = TABLE.assign(place=TABLE["place"] + "\nzwei")
GAPS = TABLE.assign(place=TABLE["place"].where(np.arange(N) % 7 > 0, ""), when="")
UNITS = ("-", "°C", "hPa", "", "kg")

TEXTS = {
    "commas": Written(text_of(TABLE), ",", 1, 0, TABLE),
    "semicolons": Written(text_of(TABLE, ";"), ";", 1, 0, TABLE),
    "semicolons, decimal comma": Written(text_of(TABLE, ";", decimal=","), ";", 1, 0, TABLE, ","),
    "numbers, semicolons, decimal comma": Written(text_of(NUMBERS, ";", decimal=","), ";", 1, 0, NUMBERS, ","),
    "two columns, decimal comma": Written(text_of(NUMBERS[["a", "c"]], ";", decimal=","), ";", 1, 0, NUMBERS[["a", "c"]], ","),
    "tabs": Written(text_of(TABLE, "\t"), "\t", 1, 0, TABLE),
    "tabs, decimal comma": Written(text_of(TABLE, "\t", decimal=","), "\t", 1, 0, TABLE, ","),
    "bars": Written(text_of(TABLE, "|"), "|", 1, 0, TABLE),
    "one blank": Written(text_of(PLAIN, " "), " ", 1, 0, PLAIN),
    "aligned by blanks": Written(aligned(PLAIN, 18), " ", 1, 0, PLAIN),
    "numbers aligned by blanks": Written(aligned(NUMBERS, 8), " ", 1, 0, NUMBERS),
    "sep=;": Written(text_of(TABLE, ";", before="sep=;\n", decimal=","), ";", 1, 1, TABLE, ","),
    "lines before": Written(text_of(TABLE, before=STATION), ",", 1, 4, TABLE),
    "lines before, semicolons": Written(text_of(TABLE, ";", before=SERIES, decimal=","), ";", 1, 4, TABLE, ","),
    "comments": Written(text_of(TABLE, before="# Station: Munich\n# Logger: v1.2, 0815\n"), ",", 1, 2, TABLE),
    "units": Written(text_of(TABLE, extra=[",".join(UNITS)]), ",", 1, 0, TABLE),
    "units, semicolons": Written(text_of(TABLE, ";", extra=[";".join(UNITS)], decimal=","), ";", 1, 0, TABLE, ","),
    "two header lines": Written(text_of(TABLE, before="site,weather,weather,time,target\n"), ",", 2, 0, TABLE),
    "two header lines with gaps": Written(text_of(TABLE, before="site,weather,,time,target\n"), ",", 2, 0, TABLE),
    "R's write.table": Written(from_r(TABLE, " ", ".", corner=False), " ", 1, 0, TABLE),
    "R's write.csv2": Written(from_r(TABLE, ";", ",", corner=True), ";", 1, 0, TABLE, ","),
    "pandas with an index": Written(TABLE.to_csv(lineterminator="\n"), ",", 1, 0, TABLE),
    "no header, numbers": Written(text_of(NUMBERS, names=False), ",", 0, 0, unnamed(NUMBERS)),
    "no header": Written(text_of(TABLE, names=False), ",", 0, 0, unnamed(TABLE)),
    "no header, semicolons": Written(text_of(NUMBERS, ";", names=False, decimal=","), ";", 0, 0, unnamed(NUMBERS), ","),
    "no header, blanks": Written(aligned(NUMBERS, 8, names=False), " ", 0, 0, unnamed(NUMBERS)),
    "comma and blank": Written(text_of(TABLE, blank=" "), ",", 1, 0, TABLE),
    "a separator too many": Written(text_of(TABLE, ";", end=";"), ";", 1, 0, TABLE),
    "semicolons in texts": Written(text_of(SEMICOLONS), ",", 1, 0, SEMICOLONS),
    "commas in texts": Written(text_of(COMMAS, ";"), ";", 1, 0, COMMAS),
    "all quoted": Written(text_of(TABLE, every=True), ",", 1, 0, TABLE),
    "lines in cells": Written(text_of(LINES), ",", 1, 0, LINES),
    "one column": Written(text_of(NUMBERS[["a"]]), None, 1, 0, NUMBERS[["a"]]),
    "letters": Written(text_of(LETTERS), ",", 1, 0, LETTERS),
    "gaps": Written(text_of(GAPS), ",", 1, 0, GAPS),
    "one row": Written("a,b,y\n1,2,3\n", ",", 1, 0, pd.DataFrame({"a": [1], "b": [2], "y": [3]})),
    "years for names": Written(text_of(NUMBERS.set_axis(["2020", "2021", "2022"], axis=1)), ",", 1, 0, NUMBERS),
    "wavelengths for names": Written(text_of(NUMBERS.set_axis(["850.5", "852.5", "y"], axis=1)), ",", 1, 0, NUMBERS),
}
CSV = text_of(TABLE)


def workbook(path, frame=TABLE, above=()):
    """A workbook of Excel with lines above the table."""
    import openpyxl

    book = openpyxl.Workbook()
    for row in [*above, list(frame.columns), *frame.astype(object).values.tolist()]:
        book.active.append(row)
    book.save(path)


def old_workbook(path):
    """A workbook of Excel as it was before 2007."""
    import xlwt

    book = xlwt.Workbook()
    sheet = book.add_sheet("Tabelle1")
    for i, row in enumerate([list(NAMES), *TABLE.astype(object).values.tolist()]):
        for j, cell in enumerate(row):
            sheet.write(i, j, cell)
    book.save(str(path))


def open_document(path):
    """A spreadsheet of LibreOffice, by hand: its content is one XML file."""

    def cell(value):
        if isinstance(value, str):
            return f'<table:table-cell office:value-type="string"><text:p>{value}</text:p></table:table-cell>'
        return f'<table:table-cell office:value-type="float" office:value="{value}"><text:p>{value}</text:p></table:table-cell>'

    rows = [list(NAMES), *TABLE.astype(object).values.tolist()]
    body = "".join(f"<table:table-row>{''.join(map(cell, row))}</table:table-row>" for row in rows)
    oasis = "urn:oasis:names:tc:opendocument:xmlns:"
    spaces = " ".join(f'xmlns:{name}="{oasis}{name}:1.0"' for name in ("office", "table", "text"))
    content = f'<office:document-content {spaces} office:version="1.3"><office:body><office:spreadsheet><table:table table:name="May">'
    content += f"{body}</table:table></office:spreadsheet></office:body></office:document-content>"
    mime = "application/vnd.oasis.opendocument.spreadsheet"
    entry = '<manifest:file-entry manifest:full-path="content.xml" manifest:media-type="text/xml"/>'
    manifest = f'<manifest:manifest xmlns:manifest="{oasis}manifest:1.0" manifest:version="1.3">{entry}</manifest:manifest>'
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("mimetype", mime)
        archive.writestr("content.xml", f'<?xml version="1.0" encoding="UTF-8"?>{content}')
        archive.writestr("META-INF/manifest.xml", f'<?xml version="1.0" encoding="UTF-8"?>{manifest}')


def arff(path):
    """Weka's form."""
    levels = ",".join(f"'{level}'" for level in sorted(set(TABLE["place"])))
    kinds = (f"{{{levels}}}", "numeric", "INTEGER", "string", "real")
    head = "".join(f"@attribute {name} {kind}\n" for name, kind in zip(NAMES, kinds, strict=True))
    rows = TABLE.assign(place="'" + TABLE["place"] + "'", when="'" + TABLE["when"] + "'").astype(str).agg(",".join, axis=1)
    path.write_text(f"% made for a test\n@relation weather\n\n{head}\n@data\n" + "\n".join(rows) + "\n", encoding="utf-8")


def database(path):
    """A database of SQLite with one table."""
    with sqlite3.connect(path) as base:
        TABLE.to_sql("runs", base, index=False)
    base.close()


def zipped(path):
    """A zip archive of one file, with what macOS adds."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("data/weather.csv", CSV)
        archive.writestr("__MACOSX/data/._weather.csv", b"\0")


def zstd(path):
    """Packed with zstd."""
    import pyarrow

    with pyarrow.CompressedOutputStream(str(path), "zstd") as stream:
        stream.write(CSV.encode())


def spss(path):
    """A file of SPSS."""
    import pyreadstat

    pyreadstat.write_sav(TABLE, str(path))


CONTAINERS = {
    "t.csv": lambda path: path.write_text(CSV, encoding="utf-8"),
    "bom.csv": lambda path: path.write_text(CSV, encoding="utf-8-sig"),
    "windows.csv": lambda path: path.write_bytes(CSV.replace("\n", "\r\n").encode("cp1252")),
    "old-mac.csv": lambda path: path.write_bytes(CSV.replace("\n", "\r").encode()),
    "utf-16.txt": lambda path: path.write_bytes(text_of(TABLE, "\t").encode("utf-16")),
    "utf-16-le.csv": lambda path: path.write_bytes(CSV.encode("utf-16-le")),
    "utf-16-be.csv": lambda path: path.write_bytes(CSV.encode("utf-16-be")),
    "t.csv.gz": lambda path: path.write_bytes(gzip.compress(CSV.encode())),
    "t.csv.bz2": lambda path: path.write_bytes(bz2.compress(CSV.encode())),
    "t.csv.xz": lambda path: path.write_bytes(lzma.compress(CSV.encode())),
    "t.csv.zst": zstd,
    "t.zip": zipped,
    "t.xlsx": workbook,
    "above.xlsx": lambda path: workbook(path, above=(["Report of May"], ["made by the logger", 3], [])),
    "t.xls": old_workbook,
    "t.ods": open_document,
    "t.arff": arff,
    "t.parquet": lambda path: TABLE.to_parquet(path),
    "t.feather": lambda path: TABLE.to_feather(path),
    "t.jsonl": lambda path: path.write_text("".join(json.dumps(row) + "\n" for row in TABLE.to_dict("records")), encoding="utf-8"),
    "t.json": lambda path: path.write_text(json.dumps(TABLE.to_dict("records"), indent=1), encoding="utf-8"),
    "t.db": database,
    "t.sav": spss,
    "t.dta": lambda path: TABLE.to_stata(path, write_index=False),
} | {
    f"{number}.txt": lambda path, text=TEXTS[name].text: path.write_text(text, encoding="utf-8")
    for number, name in enumerate(
        [
            "semicolons",
            "tabs",
            "bars",
            "lines before",
            "comments",
            "units",
            "two header lines",
            "R's write.table",
            "pandas with an index",
            "comma and blank",
            "a separator too many",
            "all quoted",
        ]
    )
}


def in_memory():
    """The table as other libraries hold it."""
    import polars
    import pyarrow

    buffer = io.BytesIO(CSV.encode())
    return {
        "polars": polars.DataFrame(TABLE.to_dict("list")),
        "polars, categorical": polars.DataFrame(TABLE.to_dict("list")).with_columns(polars.col("place").cast(polars.Categorical)),
        "Arrow": pyarrow.table(TABLE.to_dict("list")),
        "Arrow types": pd.read_csv(buffer, dtype_backend="pyarrow"),
        "columns": TABLE.to_dict("list"),
        "records": TABLE.to_dict("records"),
    }
