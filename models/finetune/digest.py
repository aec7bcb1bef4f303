"""The sha256 of a file, and of a model by its weights: what tells people that two files are the same one.

Knows no run. A file is read once for as long as its size and its time of change stay the same.
"""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

WEIGHTS = "model.safetensors"


def of(model_folder: Path) -> str:
    """Of the folder's model.safetensors, in hexadecimal; "" where there is none."""
    weights = model_folder / WEIGHTS
    return of_file(weights) if weights.is_file() else ""


def of_file(path: Path) -> str:
    status = path.stat()
    return _read(path, status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=256)
def _read(path: Path, size: int, changed_at: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
