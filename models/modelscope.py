"""ModelScope, asked after the Hub: the same looks before a download, the same files taken, through its own client.

The client (modelscope_hub, alone or within modelscope) is optional and imported at the first model that is asked of it.
Hashes, retries and resuming are its own. It reads no login of the host's: its settings lie in the app's own folder.
"""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from models import checkpoint, download
from models.activity import Activity
from models.failures import BrokenFile, Missing, NoClient, NotDownloaded
from models.settings import Settings
from models.spec import ModelSpec

if TYPE_CHECKING:
    from modelscope_hub import FileInfo, HubApi

CLIENT = "modelscope_hub"
CLIENT_PACKAGE = "modelscope-hub"
_WHOLE = ".whole"  # laid beside the files once all of them are here
_HALVES = ("float16", "bfloat16")


class ModelScopeDownloads:
    """What was downloaded from ModelScope before. Asks no server and needs no client."""

    address = ""

    def __init__(self, settings: Settings) -> None:
        self._cache = settings.modelscope_cache

    def float32_size(self, spec: ModelSpec) -> int:
        return checkpoint.float32_size(self.fetch(spec), spec.name)

    def fetch(self, spec: ModelSpec) -> Path:
        """The folder of a model that is here whole; NotDownloaded where it is not."""
        folder = snapshot(self._cache, spec)
        if not (folder / _WHOLE).is_file():
            raise NotDownloaded
        checkpoint.check_folder(spec, folder)
        return folder


class ModelScope:
    """The server at settings.modelscope_endpoint."""

    def __init__(self, settings: Settings, activity: Activity) -> None:
        self.address = settings.modelscope_endpoint
        self._settings = settings
        self._activity = activity

    def float32_size(self, spec: ModelSpec) -> int:
        """Bytes in single precision, by the size of the weights and the format that config.json says they are in."""
        api = self._api()
        files = self._listing(api, spec)
        config = checkpoint.read_config(self._config(api, spec, files).parent, spec.name)
        weights = sum(file.size for file in files.values() if file.path.endswith(".safetensors"))
        return weights * (2 if config.get("dtype", config.get("torch_dtype")) in _HALVES else 1)

    def fetch(self, spec: ModelSpec) -> Path:
        """The folder with the model's files, downloaded where they are not here yet. Missing where it has none."""
        api = self._api()
        files = self._listing(api, spec)
        folder = self._config(api, spec, files).parent
        checkpoint.check_folder(spec, folder)
        wanted = [files[name] for name in checkpoint.wanted_files(files)]
        total = sum(file.size for file in wanted)
        with self._activity.step(spec.name, "activity.downloading", total):
            self._download(api, spec, wanted, download.counter(self._activity, spec.name, total))
        (folder / _WHOLE).touch()
        return folder

    def _api(self) -> HubApi:
        if importlib.util.find_spec(CLIENT) is None:
            raise NoClient(CLIENT_PACKAGE)
        # Read when the client is imported. One try at a listing, in the time that a Hub gets, since another place may
        # follow; and no questions about the cloud that this machine may stand in.
        seconds = str(max(1, round(self._settings.hub_timeout)))
        os.environ.setdefault("MODELSCOPE_API_CONNECT_TIMEOUT", seconds)
        os.environ.setdefault("MODELSCOPE_REPO_TREE_PAGE_TIMEOUT_SECONDS", seconds)
        os.environ.setdefault("MODELSCOPE_REPO_TREE_PAGE_MAX_ATTEMPTS", "1")
        os.environ.setdefault("MODELSCOPE_DOWNLOAD_INTRA_CLOUD", "false")
        from modelscope_hub import HubApi, HubConfig

        cache = self._settings.modelscope_cache
        return HubApi(HubConfig(endpoint=self.address, cache_dir=cache, config_dir=cache / "client"))

    def _listing(self, api: HubApi, spec: ModelSpec) -> dict[str, FileInfo]:
        """The files of a model that can be used as far as names and sizes tell."""
        from modelscope_hub import NotExistError

        try:
            listed = api.list_repo_files(spec.source, "model", revision=_revision(spec))
        except NotExistError as error:
            raise Missing(spec.source) from error
        files = {file.path: file for file in listed if not file.is_dir}
        if not files:
            raise Missing(spec.source)
        sizes = {name: file.size for name, file in files.items()}
        checkpoint.check_listing(spec.name, sizes, self._settings.max_download)
        return files

    def _config(self, api: HubApi, spec: ModelSpec, files: dict[str, FileInfo]) -> Path:
        file = files["config.json"]
        with _failures_told():
            return api.download_file(
                spec.source,
                "model",
                file.path,
                revision=_revision(spec),
                local_dir=snapshot(self._settings.modelscope_cache, spec),
                file_size=file.size,
                expected_sha256=file.sha256,
            )

    def _download(self, api: HubApi, spec: ModelSpec, wanted: list[FileInfo], count: Callable[[int], None]) -> None:
        with _failures_told():
            api.download_repo(
                spec.source,
                "model",
                revision=_revision(spec),
                local_dir=snapshot(self._settings.modelscope_cache, spec),
                progress_callbacks=[_progress(count)],
                file_list=[{"Path": file.path, "Size": file.size, "Sha256": file.sha256} for file in wanted],
            )


def snapshot(cache: Path, spec: ModelSpec) -> Path:
    """Where the files of a model and revision lie; a revision is one folder, whatever it is called."""
    name = spec.source.replace("/", "--")
    return cache / "models" / name / "snapshots" / _revision(spec).replace("/", "--")


def _revision(spec: ModelSpec) -> str:
    """The branch that is main on the Hub is called master here."""
    return spec.revision if spec.revision not in (None, "main") else "master"


@contextmanager
def _failures_told() -> Iterator[None]:
    """The failure of the first file that failed, where the client tells of all of them; wrong bytes as BrokenFile."""
    from modelscope_hub import FileDownloadError, FileIntegrityError

    try:
        yield
    except FileDownloadError as error:
        first = next(iter(error.failed_files.values()), error)
        raise (BrokenFile(str(first)) if isinstance(first, FileIntegrityError) else first) from error
    except FileIntegrityError as error:
        raise BrokenFile(str(error)) from error


def _progress(count: Callable[[int], None]) -> type:
    """What the client makes for each file, to be told of its bytes."""
    from modelscope_hub import ProgressCallback

    class BytesCounted(ProgressCallback):
        def update(self, size: int) -> None:
            count(size)

    return BytesCounted
