"""What stands behind `--set`: `PARAMETER=VALUE`, the value written as in Python, or plain text."""

import ast
from collections.abc import Sequence
from typing import Any

from shoal.errors import InvalidParameterError

_WORDS = {"true": True, "false": False, "none": None, "null": None}


def parse_settings(texts: Sequence[str]) -> dict[str, Any]:
    """`["solver=sgd", "hidden_layer_sizes=(50,)"]` as `{"solver": "sgd", "hidden_layer_sizes": (50,)}`."""
    settings: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name or not value.strip():
            raise InvalidParameterError(f"--set {text!r} is not of the form PARAMETER=VALUE, such as --set hidden_layer_sizes=50.")
        if name in settings:
            raise InvalidParameterError(f"--set {name} stands twice: {settings[name]!r} and {value.strip()!r}. Keep one.")
        settings[name] = parse_value(value.strip())
    return settings


def parse_value(text: str) -> Any:
    """A number, tuple, list or dict as Python writes it; true, false and none in any case; all else is text."""
    if text.casefold() in _WORDS:
        return _WORDS[text.casefold()]
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return text
