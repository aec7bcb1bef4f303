"""A model as data: what it is called, what it does, where its files come from, what helps to choose it.

Knows no table of models, no lookup and nothing of files: those are known.py, catalog.py and sources.py.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

Task = Literal["text-classification", "text-generation", "image-classification"]
Origin = Literal["bundled", "wheel", "hub", "folder", "run"]
Weights = Literal["safetensors", "pickle", "unknown"]
TASKS: tuple[Task, ...] = get_args(Task)

BUNDLED = Path(__file__).parent / "bundled"
MB = 1024 * 1024
FLOAT32_BYTES = 4


@dataclass(frozen=True)
class ModelSpec:
    """A model as data, apart from building it. Pairs of strings are (zh, en); what is not known is empty or 0."""

    name: str  # shown and typed by people, used in URLs
    task: Task
    source: str  # folder, Hub id, or <importable package>:<file in it> of a wheel
    origin: Origin = "bundled"
    revision: str | None = None  # of a Hub id; None: its main branch
    size_bytes: int = 0  # in memory; reserved before loading. 0: found out from the files
    dtype: str = ""  # the number format that size is of, chosen for this machine; empty: not yet, single precision
    title: tuple[str, str] = ("", "")  # what it is, in a few words
    labels: str | None = None  # assets/labels/<labels>.json: the classes in both languages
    licence: str = ""  # empty in the catalog: its publisher states none
    wheel: str = ""  # what to pip install where the source is in a package
    sees: int = (
        0  # px a side of the pictures it learned from, to which others are shrunk first; 0: as its processor says
    )
    bare: bool = False  # an encoder without a head: offered to fine-tune from, refused as a classifier
    is_base: bool = False  # asked for to fine-tune from: an encoder without a head will do
    languages: tuple[str, ...] = ()  # zh, en, many: what it reads; of pictures, in what its classes are named
    parameters: int = 0
    download_bytes: int = 0  # what comes over the network before the first answer, once
    good_at: tuple[str, str] = ("", "")
    made_by: tuple[str, str] = ("", "")  # publisher, and what it was trained on
    weights: Weights = "safetensors"  # on the main branch of its repository, when that was last looked at

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise ValueError(f"task must be one of {', '.join(TASKS)}, got {self.task!r}")

    @property
    def shown_name(self) -> str:
        """The name as others may read it: the id of a run is its owner's key."""
        return f"{self.name[:8]}…" if self.origin == "run" else self.name


def sized(spec: ModelSpec, size_bytes: int, dtype: str = "") -> ModelSpec:
    """The spec with its size known, and the number format that it is of."""
    return replace(spec, size_bytes=size_bytes, dtype=dtype)
