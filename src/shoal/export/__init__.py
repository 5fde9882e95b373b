"""Exports of a trained network that run without shoal."""

from shoal.export.c99 import c99
from shoal.export.c99.size import size_of
from shoal.export.equation import equation, model_equation
from shoal.export.json_text import model_json, weights, weights_json
from shoal.export.latex import model_latex
from shoal.export.portable import Portable, portable
from shoal.export.python_text import python_text
from shoal.files import write_folder

__all__ = [
    "Portable",
    "c99",
    "equation",
    "model_equation",
    "model_json",
    "model_latex",
    "portable",
    "python_text",
    "size_of",
    "weights",
    "weights_json",
    "write_folder",
]
