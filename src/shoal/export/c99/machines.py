"""C for small machines: constants in flash, and functions that a library lacks; and what sizes are counted for."""

from dataclasses import dataclass

FLASH = """/* AVR copies constants to its little memory, but for those in the space __flash, which its compilers have with -std=gnu99. */
#ifdef __FLASH
#define FLASH __flash
#else
#define FLASH
#endif
"""
# W. Kahan's formulas, as N. Higham, "Accuracy and Stability of Numerical Algorithms", section 1.14.1 and problem 1.5, has them.
LACKING = {
    "expm1": """#ifdef __AVR__ /* Its library has no expm1. */
static double of_expm1(double x)
{
    const double u = exp(x);
    return u == 1.0 ? x : u - 1.0 == -1.0 ? -1.0 : (u - 1.0) * x / log(u);
}
#define expm1 of_expm1
#define expm1f of_expm1
#endif
""",
    "log1p": """#ifdef __AVR__ /* Its library has no log1p. */
static double of_log1p(double x)
{
    const double u = 1.0 + x;
    return u == 1.0 ? x : log(u) * x / (u - 1.0);
}
#define log1p of_log1p
#define log1pf of_log1p
#endif
""",
}


@dataclass(frozen=True)
class Machine:
    """A kind of machine.

    Attributes
    ----------
    name : str
    double, pointer : int
        Their bytes.
    copies_texts : bool
        Whether texts are copied to memory at the start.
    code : int
        Bytes of compiled code at most, with gcc's -Os and without the library's arithmetic (`tests/unit/test_export_size.py`).
    largest_table : int
        Bytes that one table may have.
    """

    name: str
    double: int
    pointer: int
    copies_texts: bool
    code: int
    largest_table: int


CORTEX_M = Machine("Cortex-M", 8, 4, copies_texts=False, code=3 << 10, largest_table=(1 << 31) - 1)
AVR = Machine("AVR", 4, 2, copies_texts=True, code=5 << 10, largest_table=(1 << 15) - 1)
MACHINES = (CORTEX_M, AVR)
