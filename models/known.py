"""The one table of known models, read from assets/models.json at the first look.

There an entry says what a chooser needs in both languages; its order is the order of the pickers. `weights` is what the
repository's main branch held when it was last looked at (2026-09): where a kind could not be verified it says unknown.
"""

from __future__ import annotations

import functools
import json
from pathlib import Path
from typing import Any

from models.spec import BUNDLED, FLOAT32_BYTES, MB, ModelSpec

TABLE = Path(__file__).resolve().parents[1] / "assets" / "models.json"
_PAIRS = ("title", "good_at", "made_by")


@functools.cache
def known_models() -> tuple[ModelSpec, ...]:
    """Every known model, in the order of the table."""
    table = json.loads(TABLE.read_text(encoding="utf-8"))
    return tuple(_spec(name, dict(entry)) for name, entry in table.items())


def _spec(name: str, entry: dict[str, Any]) -> ModelSpec:
    """One entry as a spec. TypeError where it has a field that a spec has not."""
    entry |= {pair: (entry[pair]["zh"], entry[pair]["en"]) for pair in _PAIRS}
    source = str(BUNDLED / name) if entry["origin"] == "bundled" else name
    return ModelSpec(
        name=name,
        source=entry.pop("source", source),
        size_bytes=_reserved(entry.pop("memory_mb", 0), entry["parameters"]),
        languages=tuple(entry.pop("languages")),
        download_bytes=entry.pop("download", 0),
        **entry,
    )


def _reserved(megabytes: int, parameters: int) -> int:
    """Bytes to reserve: as measured, or what the parameters take in single precision, in whole megabytes."""
    return (megabytes or -(-parameters * FLOAT32_BYTES // MB)) * MB
