"""How many of the tables in tests/written_tables.py each sniffer of CSV files understands.

    pip install clevercsv duckdb && python benchmarks/sniffers.py

For each sniffer: how often it finds the separator; how often also whether there is a header line, and, where it says so, how many lines
stand before the table; and its time for all of them. docs/architecture.md has the figures.
"""

import csv
import sys
import tempfile
import time
import warnings
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent / "tests"))

from shoal.table.sniffing import dialect_of
from written_tables import TEXTS

HEAD = 20_000


def by_python(text, path):
    """The standard library's."""
    return csv.Sniffer().sniff(text[:HEAD]).delimiter, csv.Sniffer().has_header(text[:HEAD]), None


def by_clevercsv(text, path):
    """CleverCSV's."""
    import clevercsv

    return clevercsv.Sniffer().sniff(text).delimiter or None, clevercsv.Sniffer().has_header(text), None


def by_duckdb(text, path):
    """DuckDB's."""
    import duckdb

    return duckdb.connect().execute(f"select Delimiter, HasHeader, SkipRows from sniff_csv('{path}')").fetchone()


def by_shoal(text, path):
    """This package's."""
    found = dialect_of(text, "utf-8", whole=True)
    return found.separator, not found.layout.own_names, found.skip


def main():
    """Print a line a sniffer."""
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        for sniffer in (by_python, by_duckdb, by_clevercsv, by_shoal):
            separators = both = 0
            start = time.perf_counter()
            for name, written in TEXTS.items():
                path = Path(folder, "t.csv")
                path.write_text(written.text, encoding="utf-8")
                try:
                    separator, header, skip = sniffer(written.text, path)
                except ImportError as error:
                    print(f"{sniffer.__name__}: {error}")
                    break
                except Exception:  # a sniffer that gives up, in an error of its own
                    continue
                right = written.separator in (None, separator)
                separators += right
                both += right and bool(header) == bool(written.n_names) and skip in (None, written.skip)
                if "-v" in sys.argv and not right:
                    print(f"  {sniffer.__name__} misses {name}: {separator!r}")
            seconds = time.perf_counter() - start
            print(f"{sniffer.__name__}: separator of {separators}, all of {both} of {len(TEXTS)} tables, {seconds:.2f} s")


if __name__ == "__main__":
    main()
