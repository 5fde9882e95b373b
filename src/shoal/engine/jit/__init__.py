"""Everything of Numba and llvmlite that is not a kernel's own arithmetic, private names among it.

`compiler`: what functions are compiled with, and how Numba keeps their machine code; `code_cache`: where it is kept; `llvm`: instructions
written by hand, the one user of llvmlite's IR; `intrinsics`: functions for the kernels that are made of them. Only
`code_cache` is imported without Numba, which takes a third of a second.
"""
