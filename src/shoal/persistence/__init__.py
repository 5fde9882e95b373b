"""Model files: a fitted model as plain data, its checks, and reading and writing it."""

from shoal.persistence.files import load, save
from shoal.persistence.json_files import from_json

__all__ = ["from_json", "load", "save"]
