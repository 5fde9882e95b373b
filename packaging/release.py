"""What must agree before a release: `make release` calls it first, the release workflow with the tag.

    python packaging/release.py [--tag v0.1.0] [--root FOLDER]

It reads the version of `src/shoal/__init__.py`, and prints where another one stands: the changelog's first section, which needs a date too,
CITATION.cff, the tag.
The Pythons of the classifiers must be those that the workflows test, and CI is no place to find files that are not committed.
"""

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]


def found(pattern: str, path: Path) -> str:
    """The first group of a pattern in a file; empty where it does not occur."""
    match = re.search(pattern, path.read_text(encoding="utf-8"), re.MULTILINE)
    return match[1] if match else ""


def disagreements(root: Path, tag: str) -> list[str]:
    """A sentence for each fact of a release that two places state differently."""
    version = found(r'^__version__ = "([^"]+)"', root / "src/shoal/__init__.py")
    wrong = []
    section = found(r"^## (\S+)", root / "CHANGELOG.md")
    if section != version:
        wrong.append(f"CHANGELOG.md begins with {section!r}, the version is {version!r}: name its first section after the version")
    elif not found(rf"^## {re.escape(version)} \((\d{{4}}-\d\d-\d\d)\)$", root / "CHANGELOG.md"):
        wrong.append(f"CHANGELOG.md has no date beside {version}: write '## {version} (YYYY-MM-DD)'")
    cited = found(r"^version: (\S+)", root / "CITATION.cff")
    if cited != version:
        wrong.append(f"CITATION.cff has the version {cited!r}, src/shoal/__init__.py has {version!r}")
    if tag and tag != f"v{version}":
        wrong.append(f"the tag is {tag!r}, the version {version!r} has the tag v{version}")
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    stated = {each.rpartition(" :: ")[2] for each in project["classifiers"] if re.search(r":: 3\.\d+$", each)}
    for workflow in ("tests.yml", "release.yml"):
        tested = set(re.findall(r'"(3\.\d+)"', found(r"python: \[(.*)\]", root / ".github/workflows" / workflow)))
        if stated != tested:
            wrong.append(f"pyproject.toml names Python {sorted(stated)}, {workflow} has {sorted(tested)}")
    return wrong


def uncommitted(root: Path) -> list[str]:
    """Files that differ from the commit a release is made of."""
    status = subprocess.run(["git", "status", "--porcelain"], cwd=root, stdout=subprocess.PIPE, text=True, check=True).stdout
    return [f"not committed: {line[3:]}" for line in status.splitlines()]


def main() -> None:
    """Print what disagrees, and exit with 1 if something does."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tag", default="", help="the tag that the release is made from")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout")
    chosen = parser.parse_args()
    wrong = disagreements(chosen.root, chosen.tag) + uncommitted(chosen.root)
    for line in wrong:
        print(line, file=sys.stderr)
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
