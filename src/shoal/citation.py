"""How to cite shoal; `CITATION.cff` has the same facts for those who read the repository (a test compares them)."""

from typing import Literal

from shoal import __version__
from shoal.errors import InvalidParameterError

TITLE = "shoal: shallow neural networks"
AUTHOR = "The shoal developers"
ADDRESS = "https://github.com/shoal-learn/shoal"


def cite(style: Literal["text", "bibtex"] = "text") -> str:
    """What to write in a publication that used this version of shoal.

    Parameters
    ----------
    style : {"text", "bibtex"}, default="text"
        A line for a list of references, or an entry for BibTeX.

    Returns
    -------
    str

    Raises
    ------
    InvalidParameterError
        For any other style.

    Examples
    --------
    >>> import shoal
    >>> print(shoal.cite())  # doctest: +ELLIPSIS
    The shoal developers. shoal: shallow neural networks (version ...). https://github.com/shoal-learn/shoal
    """
    if style == "text":
        return f"{AUTHOR}. {TITLE} (version {__version__}). {ADDRESS}"
    if style == "bibtex":
        fields = {"author": f"{{{AUTHOR}}}", "title": f"{{{TITLE}}}", "version": __version__, "url": ADDRESS}
        return "\n".join(["@software{shoal,", *(f"  {name} = {{{value}}}," for name, value in fields.items()), "}"])
    raise InvalidParameterError(f"style is {style!r}; it is 'text' or 'bibtex'")
