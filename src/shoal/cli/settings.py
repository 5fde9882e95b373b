"""What stands behind `--set`: `PARAMETER=VALUE`, the value read as the parameter is declared (`fitting.settings`)."""

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
            raise InvalidParameterError(f"--set {text!r} is not of the form PARAMETER=VALUE, such as --set hidden_layer_sizes=50.")
        if name in settings:
            raise InvalidParameterError(f"--set {name} stands twice: {settings[name]!r} and {value.strip()!r}. Keep one.")
        settings[name] = parsed(name, value.strip())
    return settings
