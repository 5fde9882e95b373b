"""A user's names in other languages: identifiers, comments and texts that no quote, keyword or line end can break out of."""

import re
import unicodedata

# Keywords of C99 to C23 and C++, and what headers of common systems define as macros.
C_WORDS = """
alignas alignof and and_eq asm auto bitand bitor bool break case catch char char8_t char16_t char32_t class compl complex concept
const const_cast consteval constexpr constinit continue co_await co_return co_yield decltype default delete do double dynamic_cast
else enum errno explicit export extern false far float for friend fortran goto huge i386 if imaginary inline int interface linux long
max min mutable namespace near new noexcept not not_eq nullptr operator or or_eq private protected public register reinterpret_cast
requires restrict return short signed sizeof small static static_assert static_cast stderr stdin stdout struct switch template this
thread_local throw true try typedef typeid typename typeof typeof_unqual union unix unsigned using virtual void volatile wchar_t
while xor xor_eq I IN OUT NAN NULL EOF INFINITY HUGE_VAL
"""
C_RESERVED = frozenset(C_WORDS.split())
MOST_LETTERS = 40  # C99 tells 63 letters apart; a prefix and a number must fit too
LATEX = {"\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_"}
LATEX |= {"~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": r"\textless{}", ">": r"\textgreater{}", "|": r"\textbar{}"}


def identifier(name: str, taken: set[str], otherwise: str = "x") -> str:
    """A C identifier that reminds of the name, none of those taken, which it joins. Case does not tell two apart."""
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    word = re.sub(r"\W+", "_", ascii_only, flags=re.ASCII).strip("_")[:MOST_LETTERS] or otherwise
    word = word if word[0].isalpha() else f"x{word}"
    word = f"{word}_" if word in C_RESERVED else word
    free, number = word, 1
    while free.casefold() in taken:
        number += 1
        free = f"{word}_{number}"
    taken.add(free.casefold())
    return free


def comment(text: str) -> str:
    """Text inside a C comment that goes on after it: it cannot end it, begin another, end the line, or hold a trigraph."""
    shown = printable(text).replace("*/", "* /").replace("/*", "/ *")
    return re.sub(r"\?(?=\?)", "? ", shown)


def printable(text: str) -> str:
    """Line ends, control characters and those that turn the reading direction as their escapes."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def c_string(text: str) -> str:
    """A C string literal of the text in UTF-8, in plain ASCII: octal escapes cannot swallow what follows them."""
    plain = {ord(c) for c in "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789 !#%&'()*+,-./:;<=>[]^_{|}~"}
    data = text.encode("utf-8", "surrogatepass")
    return '"' + "".join(chr(byte) if byte in plain else f"\\{byte:03o}" for byte in data) + '"'


def latex(text: str) -> str:
    """A name in LaTeX's mathematics, as text in which every special character stands for itself."""
    return r"\text{" + "".join(LATEX.get(c, c) for c in printable(text)) + "}"
