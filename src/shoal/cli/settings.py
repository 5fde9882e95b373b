"""Parse `--set PARAMETER=VALUE`; the parameter's declaration (`fitting.settings`) determines how its value is read."""

from collections.abc import Sequence
from typing import Any

from shoal.errors import InvalidParameterError


def parse_settings(texts: Sequence[str]) -> dict[str, Any]:
    """`["solver=sgd", "hidden_layer_sizes=(50,)"]` as `{"solver": "sgd", "hidden_layer_sizes": (50,)}`."""
    from shoal.fitting.settings import parsed

    settings: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        name = name.strip()
        if not equals or not name or not value.strip():
            raise InvalidParameterError(f"--set {text!r} does not have the form PARAMETER=VALUE, such as --set hidden_layer_sizes=50.")
        if name in settings:
            raise InvalidParameterError(f"--set {name} is given twice: {settings[name]!r} and {value.strip()!r}. Keep one.")
        settings[name] = parsed(name, value.strip())
    return settings
