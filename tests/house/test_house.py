"""The limits that CONTRIBUTING.md states, read from the source itself.

`exceptions.json` lists what is over a limit today, by name, so that code may move between files. A name that no longer
needs its exception fails the test as well, and `python tests/house/test_house.py` takes it out: the lists only get shorter.
"""

import ast
import json
from collections import Counter
from functools import cache
from pathlib import Path

import pytest
import words

import shoal
from shoal.textbook.activation_functions import LEAK
from shoal.textbook.activations import ACTIVATIONS
from shoal.textbook.losses import LOSSES

HOME, ROOT = Path(shoal.__file__).parent, Path(__file__).parents[2]
FUNCTION, KERNEL, FILE, PARAMETERS = 50, 120, 400, 8
EXCEPTIONS = Path(__file__).with_name("exceptions.json")
COMPILED = {"accurate", "inner", "intrinsic", "kernel"}  # decorators of `shoal.engine`
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


@cache
def trees():
    """Every module of the package, by its path."""
    return {path.relative_to(HOME).as_posix(): ast.parse(path.read_text(encoding="utf-8")) for path in sorted(HOME.rglob("*.py"))}


@cache
def functions():
    """(path, qualified name, node) of every function and method; functions inside functions belong to the outer one."""
    found = []

    def visit(path, node, prefix):
        for child in node.body:
            if isinstance(child, ast.ClassDef):
                visit(path, child, f"{prefix}{child.name}.")
            elif isinstance(child, FUNCTIONS):
                found.append((path, prefix + child.name, child))

    for path, tree in trees().items():
        visit(path, tree, "")
    return found


def length(node):
    """Lines from `def` to the end, without the docstring."""
    lines = node.end_lineno - node.lineno + 1
    if ast.get_docstring(node):
        lines -= node.body[0].end_lineno - node.body[0].lineno + 1
    return lines


def is_kernel(node):
    """Numba compiles it."""
    return any(ast.unparse(decorator).partition("(")[0] in COMPILED for decorator in node.decorator_list)


def parameters(node):
    """All but self and cls."""
    taken = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    return len(taken) - (bool(taken) and taken[0].arg in ("self", "cls"))


def long_functions():
    return [name for _, name, node in functions() if length(node) > (KERNEL if is_kernel(node) else FUNCTION)]


def long_files():
    return [path for path in trees() if len((HOME / path).read_text(encoding="utf-8").splitlines()) > FILE]


def many_parameters():
    """Kernels may have more: Numba compiles a function of arrays, and every array in a record costs a call more than one beside it."""
    apart = [(path, name, node) for path, name, node in functions() if not name.endswith("__init__") and not path.startswith("cli/")]
    compiled = "engine/kernels/"  # functions called by their address have no decorator
    return [name for path, name, node in apart if parameters(node) > PARAMETERS and not is_kernel(node) and not path.startswith(compiled)]


def repeated_class_names():
    names = Counter(node.name for tree in trees().values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef))
    return [name for name, times in names.items() if times > 1]


def files_that_import_by_name():
    """`importlib.import_module` hides an import from import-linter: only the files named may call it."""
    calls = {path: [n for n in ast.walk(tree) if isinstance(n, ast.Call)] for path, tree in trees().items()}
    return [path for path, found in calls.items() if any(ast.unparse(n.func).endswith("import_module") for n in found)]


def without_a_docstring():
    """Public functions of a module. Methods that fill in a documented method of their base need none of their own."""
    return [name for _, name, node in functions() if "." not in name and not name.startswith("_") and not ast.get_docstring(node)]


def names_of_losses_compared():
    """`output == "gaussian"` and the like: what sets a loss or a unit apart is a fact of its own in `textbook/`."""
    names = {*LOSSES, *ACTIVATIONS, *(g2.unit.name for g2 in LOSSES.values())}
    found = []
    for path, tree in trees().items():
        if path.startswith(("textbook/", "web/exhibits/")):  # a slide is about the units that it shows
            continue
        for node in ast.walk(tree):
            if isinstance(node, ast.Compare):
                values = {n.value for side in (node.left, *node.comparators) for n in ast.walk(side) if isinstance(n, ast.Constant)}
                found += [f"{path}:{name}" for name in values & names]
    return sorted(found)


def uses_of_llvmlite():
    """One folder uses llvmlite, whose private names and pointers change; its own pointers are opaque."""
    found = []
    for path, tree in trees().items():
        imports = [n for n in ast.walk(tree) if isinstance(n, (ast.Import, ast.ImportFrom))]
        modules = {name for n in imports for name in ([n.module or ""] if isinstance(n, ast.ImportFrom) else [a.name for a in n.names])}
        if not path.startswith("engine/jit/") and any(name.partition(".")[0] == "llvmlite" for name in modules):
            found.append(path)
        found += [f"{path}:{n.lineno}" for n in ast.walk(tree) if isinstance(n, ast.Attribute) and n.attr == "as_pointer"]
    return found


def slopes_of_leaky_relu():
    """The slope stands once, in `textbook/`: no other number 0.01 where activations are written."""
    places = ("engine/kernels/activations.py", "export/", "conversion.py")
    own = {path: tree for path, tree in trees().items() if path.startswith(places)}
    return [path for path, tree in own.items() if any(isinstance(n, ast.Constant) and n.value == LEAK for n in ast.walk(tree))]


RULES = {
    rule.__name__: rule
    for rule in (
        long_functions,
        long_files,
        many_parameters,
        repeated_class_names,
        files_that_import_by_name,
        without_a_docstring,
        names_of_losses_compared,
        slopes_of_leaky_relu,
        uses_of_llvmlite,
    )
}


def exceptions():
    return json.loads(EXCEPTIONS.read_text(encoding="utf-8"))


def allowed():
    """Rule → the names that may be over its limit."""
    return {name: set(names) for name, names in exceptions().items() if isinstance(names, list)}


def read_by_people():
    """Files of the package and pages about it."""
    yield from sorted(path for path in HOME.rglob("*") if path.suffix in (".py", ".pyi", ".js", ".css", ".html", ".md"))
    yield from sorted((ROOT / "docs").glob("*.md"))
    yield from (ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY", "CHANGELOG"))


def words_not_to_use():
    """Of the list in `words.py`, in comments, docstrings, messages and pages."""
    found = ((path, *word) for path in read_by_people() for word in words.words_in(path))
    return [f"{path.relative_to(ROOT)}:{line}: {word!r}, better {instead}" for path, line, word, instead in found]


def names_not_to_use():
    """Of Python, with one of these words in them."""
    found = ((path, name) for path in read_by_people() for name in words.names_in(path).elements())
    return [f"{path.relative_to(ROOT)}: {name}" for path, name in found]


WORDS = {rule.__name__: rule for rule in (words_not_to_use, names_not_to_use)}


@pytest.mark.parametrize("name", RULES)
def test_what_is_over_a_limit_is_a_known_exception_and_every_exception_is_needed(name):
    found, known = set(RULES[name]()), allowed()[name]
    assert not found - known, f"{name}: over the limit: {sorted(found - known)}"
    assert not known - found, f"{name}: no longer over the limit, run `python tests/house/test_house.py`: {sorted(known - found)}"


@pytest.mark.parametrize("name", WORDS)
def test_no_text_has_more_words_of_the_list_than_are_left_today(name):
    found, left = WORDS[name](), exceptions()[name]
    assert len(found) <= left, f"{name}: {len(found)}, {left} are left:\n" + "\n".join(found)


if __name__ == "__main__":
    shorter = {name: sorted(names & set(RULES[name]())) for name, names in allowed().items()}
    shorter |= {name: min(len(rule()), exceptions()[name]) for name, rule in WORDS.items()}
    EXCEPTIONS.write_text(json.dumps(shorter, indent=2) + "\n", encoding="utf-8")
