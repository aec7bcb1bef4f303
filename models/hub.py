"""The Hub and its mirrors: one endpoint of them, and what was downloaded from any before.

Takes safetensors and plain text only, after a look at the size, the kind of weights and the task, so that nobody waits
for a download that cannot be used. huggingface_hub is imported at the first Hub model.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from models import checkpoint, download
from models.activity import Activity
from models.errors import UnknownModel
from models.failures import Missing, NotDownloaded
from models.settings import Settings
from models.spec import FLOAT32_BYTES, ModelSpec


class HubEndpoint:
    """One address that speaks the Hub's protocol."""

    def __init__(self, address: str, settings: Settings, activity: Activity) -> None:
        self.address = address
        self._settings = settings
        self._activity = activity

    def float32_size(self, spec: ModelSpec) -> int:
        """Bytes in single precision by the Hub's parameter count, or the size of the weights where it has none."""
        with _clear_answers(spec):
            info = self._info(spec)
        if info.safetensors and info.safetensors.total:
            return info.safetensors.total * FLOAT32_BYTES
        return sum(file.size or 0 for file in info.siblings if file.rfilename.endswith(".safetensors"))

    def fetch(self, spec: ModelSpec) -> Path:
        """The folder with the model's files, downloaded where they are not here yet. Missing where it has none."""
        with _clear_answers(spec):
            return self._fetch(spec)

    def _fetch(self, spec: ModelSpec) -> Path:
        from huggingface_hub import hf_hub_download, snapshot_download

        info = self._info(spec)
        place = {
            "cache_dir": self._settings.hub_cache,
            "endpoint": self.address,
            "etag_timeout": self._settings.hub_timeout,
        }
        wanted = checkpoint.wanted_files(file.rfilename for file in info.siblings)
        files = [file for file in info.siblings if file.rfilename in wanted]
        config = Path(hf_hub_download(spec.source, "config.json", revision=info.sha, **place))
        checkpoint.check_folder(spec, config.parent)
        total = sum(file.size or 0 for file in files)
        with self._activity.step(spec.name, "activity.downloading", total):
            count = download.counter(self._activity, spec.name, total, done=config.stat().st_size)
            self._fetch_weights(spec, info.sha, files, count)
            folder = snapshot_download(
                spec.source,
                revision=spec.revision,  # by its branch, so that it is found again without a network
                allow_patterns=wanted,
                tqdm_class=_bar(count),
                **place,
            )
        return Path(folder)

    def _info(self, spec: ModelSpec) -> Any:
        """What the Hub says of the model, which is one that can be used as far as names and sizes tell."""
        from huggingface_hub import HfApi

        info = HfApi(endpoint=self.address).model_info(
            spec.source, revision=spec.revision, files_metadata=True, timeout=self._settings.hub_timeout
        )
        sizes = {file.rfilename: file.size or 0 for file in info.siblings}
        checkpoint.check_listing(spec.name, sizes, self._settings.max_download)
        return info

    def _fetch_weights(self, spec: ModelSpec, commit: str, files: list, count: Callable[[int], None]) -> None:
        """Fetches the large files of a commit into the cache, each going on where it broke off before."""
        from huggingface_hub import hf_hub_url
        from huggingface_hub.file_download import repo_folder_name

        repository = self._settings.hub_cache / repo_folder_name(repo_id=spec.source, repo_type="model")
        for file in (file for file in files if file.lfs and file.rfilename.endswith(".safetensors")):
            url = hf_hub_url(spec.source, file.rfilename, revision=commit, endpoint=self.address)
            download.fetch(download.WeightFile(url, file.lfs.sha256, file.lfs.size), repository, count)


class HubDownloads:
    """What was downloaded before, from whichever endpoint. Asks no server."""

    address = ""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def float32_size(self, spec: ModelSpec) -> int:
        return checkpoint.float32_size(self.fetch(spec), spec.name)

    def fetch(self, spec: ModelSpec) -> Path:
        """The folder of a model that is here whole; NotDownloaded where it is not."""
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

        try:
            folder = Path(
                snapshot_download(
                    spec.source,
                    revision=spec.revision,
                    cache_dir=self._settings.hub_cache,
                    allow_patterns=[f"*{suffix}" for suffix in checkpoint.ALLOWED_SUFFIXES],
                    ignore_patterns=["*/*"],
                    local_files_only=True,
                )
            )
        except (LocalEntryNotFoundError, HFValidationError):
            raise NotDownloaded from None
        if not any(folder.glob("*.safetensors")):  # a look at config.json was all there was
            raise NotDownloaded
        checkpoint.check_folder(spec, folder)
        return folder


@contextmanager
def _clear_answers(spec: ModelSpec) -> Iterator[None]:
    """What the client raises for a clear answer, as an error that people may read or as Missing."""
    from huggingface_hub.errors import GatedRepoError, HFValidationError, RepositoryNotFoundError, RevisionNotFoundError

    try:
        yield
    except GatedRepoError:
        raise UnknownModel("errors.gated", model=spec.name) from None
    except RevisionNotFoundError:
        raise UnknownModel("errors.unknown_revision", model=spec.source, revision=spec.revision) from None
    except (RepositoryNotFoundError, HFValidationError) as error:
        raise Missing(spec.source) from error


def _bar(count: Callable[[int], None]) -> type:
    """A tqdm class that draws nothing and counts the bytes that are written to disk.

    Of the two bars of a snapshot, one counts what the network brought, the other what was written: the latter counts.
    """
    from tqdm import tqdm

    class BytesCounted(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs | {"file": io.StringIO()})
            self._counts = kwargs.get("unit") == "B" and not str(kwargs.get("desc")).startswith("Downloading")

        def update(self, n: float | None = 1) -> bool | None:
            if self._counts and n:
                count(int(n))
            return super().update(n)

    return BytesCounted
