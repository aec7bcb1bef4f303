"""A model file that an installed Python package carries: found without importing the package, which may want much more.

Knows where the file lies and not what is in it.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path

from models.errors import UnknownModel
from models.spec import ModelSpec


def file_of(spec: ModelSpec) -> Path:
    """The file of a spec whose source is <importable package>:<file in it>. UnknownModel, with what to install."""
    package, _, name = spec.source.partition(":")
    found = importlib.util.find_spec(package)
    for folder in (found.submodule_search_locations or ()) if found else ():
        if (path := Path(folder) / name).is_file():
            return path
    raise UnknownModel("errors.no_wheel", model=spec.name, wheel=spec.wheel)
