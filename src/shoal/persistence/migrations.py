"""From an earlier version of the format to the present one, one step per version.

`STEPS[v]` turns the contents of a file of version v into those of version v + 1. There is no earlier version yet.
"""

from collections.abc import Callable, Mapping

from shoal.errors import ModelFileError
from shoal.persistence.schema import FORMAT, VERSION
from shoal.persistence.stored import Stored

Step = Callable[[Stored], Stored]
STEPS: Mapping[int, Step] = {}


def migrated(found: Stored, steps: Mapping[int, Step] = STEPS, current: int = VERSION) -> Stored:
    """The contents of a file, in the present version of the format.

    Raises
    ------
    ModelFileError
        For another format, or an unknown version.
    """
    kind, version = found.manifest.get("format"), found.manifest.get("version")
    if kind != FORMAT or type(version) is not int:
        raise ModelFileError(f"its format is {str(kind)[:40]!r}, version {str(version)[:20]}, not {FORMAT!r}")
    if version > current:
        raise ModelFileError(f"it is of version {version} of the format, and this shoal reads up to {current}: install a newer shoal")
    for earlier in range(version, current):
        if earlier not in steps:
            raise ModelFileError(f"it is of version {version} of the format, which no shoal has written")
        found = steps[earlier](found)
    return found
