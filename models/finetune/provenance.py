"""What a run's figures rest on besides its request: the base as it was, the data's hash, the machine, the libraries.

Written by the worker while it still knows them, read by the model card and by whoever repeats the run. Knows no training.
"""

from __future__ import annotations

import json
import platform
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from models.finetune import digest
from models.finetune.run_folder import RunFolder, write_whole
from models.spec import ModelSpec

LIBRARIES = ("torch", "transformers", "accelerate", "peft", "tokenizers", "safetensors", "scikit-learn", "numpy")


@dataclass(frozen=True)
class Provenance:
    base: str  # as others may read it
    base_origin: str
    base_licence: str  # "": not known
    base_languages: tuple[str, ...]
    base_sha256: str  # of its weights, where they lie in a folder
    data_sha256: str
    threads: int  # sums of many threads are rounded in another order than those of few
    precision: str  # of the forward passes: float32 or bfloat16
    processor: str
    python: str
    libraries: Mapping[str, str] = field(default_factory=dict)


def of(base: ModelSpec, data: Path, *, precision: str) -> Provenance:
    """As this process, which has imported torch, finds it."""
    import torch

    folder = Path(base.source)
    return Provenance(
        base=folder.name if base.origin == "folder" else base.shown_name,  # not where it lies on the server
        base_origin=base.origin,
        base_licence=base.licence if base.licence != "-" else "",
        base_languages=tuple(base.languages),
        base_sha256=digest.of(folder) if base.origin in ("bundled", "folder", "run") else "",
        data_sha256=digest.of_file(data),
        threads=torch.get_num_threads(),
        precision=precision,
        processor=platform.machine(),
        python=platform.python_version(),
        libraries={name: found for name in LIBRARIES if (found := _version(name))},
    )


def write(folder: RunFolder, provenance: Provenance) -> None:
    write_whole(_file(folder), json.dumps(asdict(provenance), ensure_ascii=False, indent=1))


def read(folder: RunFolder) -> Provenance | None:
    """None for a run that was trained before this was written down."""
    if not _file(folder).is_file():
        return None
    values = json.loads(_file(folder).read_text(encoding="utf-8"))
    return Provenance(**values | {"base_languages": tuple(values["base_languages"])})


def _file(folder: RunFolder) -> Path:
    return folder.path / "provenance.json"


def _version(name: str) -> str:
    """Of an installed library, without its build's name: 2.13.0+cpu is 2.13.0."""
    try:
        return version(name).partition("+")[0]
    except PackageNotFoundError:
        return ""
