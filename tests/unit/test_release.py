"""What a release is checked for before anything is built, and how the package is cited."""

import importlib.util
import re
import shutil
from pathlib import Path

import pytest

import shoal

ROOT = Path(__file__).parents[2]
FILES = (
    "src/shoal/__init__.py",
    "CHANGELOG.md",
    "CITATION.cff",
    "pyproject.toml",
    ".github/workflows/tests.yml",
    ".github/workflows/release.yml",
)


@pytest.fixture
def checkout(tmp_path):
    """Copies of the files that have to agree, with what the changelog has not released yet cut at this version."""
    for name in FILES:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    changelog = tmp_path / "CHANGELOG.md"
    text = changelog.read_text(encoding="utf-8")
    changelog.write_text(text.replace("## Unreleased", f"## {shoal.__version__} (2026-12-01)"), encoding="utf-8")
    return tmp_path


@pytest.fixture(scope="module")
def release():
    """`packaging/release.py`, which is no part of the package."""
    spec = importlib.util.spec_from_file_location("release", ROOT / "packaging/release.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_repository_agrees_once_its_changelog_is_cut(release, checkout):
    assert release.disagreements(checkout, f"v{shoal.__version__}") == []


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("CHANGELOG.md", rf"^## {shoal.__version__} .*$", "## Unreleased", "CHANGELOG.md begins with 'Unreleased'"),
        ("CHANGELOG.md", rf"^## {shoal.__version__} .*$", f"## {shoal.__version__}", "CHANGELOG.md has no date beside"),
        ("CITATION.cff", r"^version: .*$", "version: 9.9.9", "CITATION.cff has the version '9.9.9'"),
        ("src/shoal/__init__.py", r"^__version__ = \S+", '__version__ = "9.9.9"', "the tag is"),
        ("pyproject.toml", r'^ *"Programming Language :: Python :: 3.12",\n', "", "pyproject.toml names Python"),
        (".github/workflows/tests.yml", r', "3.14"', "", "tests.yml has"),
        (".github/workflows/release.yml", r', "3.14"', "", "release.yml has"),
    ],
)
def test_a_file_that_disagrees_is_named(release, checkout, name, old, new, words):
    path = checkout / name
    changed, count = re.subn(old, new, path.read_text(encoding="utf-8"), flags=re.MULTILINE)
    assert count == 1
    path.write_text(changed, encoding="utf-8")
    assert words in "\n".join(release.disagreements(checkout, f"v{shoal.__version__}"))


def test_a_citation_has_the_facts_of_the_citation_file():
    stated = (ROOT / "CITATION.cff").read_text(encoding="utf-8")
    facts = [re.search(pattern, stated, re.MULTILINE)[1] for pattern in (r'^title: "(.*)"', r"^version: (\S+)", r"^repository-code: (\S+)")]
    for style in ("text", "bibtex"):
        for fact in [*facts, "The shoal developers"]:
            assert fact in shoal.cite(style)
    assert "- name: The shoal developers" in stated


def test_an_unknown_style_of_citation_is_refused():
    with pytest.raises(shoal.InvalidParameterError, match="style is 'apa'; it is 'text' or 'bibtex'"):
        shoal.cite("apa")
