"""What using a model will cost here, as far as that is known without asking anybody: download and memory.

Looks at the catalog's figures and at the folder of downloads; loads nothing and reaches no network.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from models.catalog import Catalog
from models.errors import TeahouseError
from models.settings import Settings
from models.spec import FLOAT32_BYTES, ModelSpec, Task

TRAINING_BYTES = 16  # a parameter: itself, its gradient and Adam's two moments, in single precision


@dataclass(frozen=True)
class Outlook:
    """Sizes in bytes. None: only known once the Hub or the files are asked, which a run does."""

    download: int | None  # what the first answer brings over the network; 0: nothing
    memory: int | None
    limit: int
    is_downloaded: bool = False  # a Hub model whose files are on this machine already

    @property
    def fits(self) -> bool | None:
        return None if self.memory is None else self.memory <= self.limit


def outlook(spec: ModelSpec, settings: Settings) -> Outlook:
    """What answering with the model will cost, against the memory budget of all loaded models."""
    return Outlook(memory=spec.size_bytes or None, limit=settings.memory_budget, **_download(spec, settings))


def training_outlook(spec: ModelSpec, settings: Settings) -> Outlook:
    """What fine-tuning from the model will cost, against the largest base that is trained here."""
    parameters = spec.parameters or spec.size_bytes // FLOAT32_BYTES
    return Outlook(
        memory=parameters * TRAINING_BYTES or None,
        limit=settings.max_train_parameters * TRAINING_BYTES,
        **_download(spec, settings),
    )


def begins_with_download(catalog: Catalog, settings: Settings, task: Task, name: str) -> bool:
    """Whether a typed name's first answer would fetch something. False for a name that is refused."""
    try:
        return outlook(catalog.find(name, task), settings).download != 0
    except TeahouseError:
        return False


def is_downloaded(spec: ModelSpec, hub_cache: Path) -> bool:
    """Whether the files of a Hub model lie in the Hub's cache: config and weights of the revision it would take."""
    from huggingface_hub import try_to_load_from_cache
    from huggingface_hub.errors import HFValidationError

    try:
        config = try_to_load_from_cache(spec.source, "config.json", cache_dir=hub_cache, revision=spec.revision)
    except HFValidationError:  # a name that the Hub could not have
        return False
    return isinstance(config, str) and any(Path(config).parent.glob("*.safetensors"))


def _download(spec: ModelSpec, settings: Settings) -> dict[str, int | bool | None]:
    if spec.origin != "hub":
        return {"download": 0}
    if is_downloaded(spec, settings.hub_cache):
        return {"download": 0, "is_downloaded": True}
    return {"download": spec.download_bytes or None}
