"""Fetches one weight file of a Hub repository so that a broken download goes on where it stopped, today or tomorrow.

huggingface_hub throws the part of a file away when a download gives up, and its own transfer (xet) does not pass
through mirrors. The finished file is laid into its cache under its hash, where its client finds it. Knows no model.
"""

from __future__ import annotations

import hashlib
import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from models.activity import Activity
from models.failures import BrokenFile

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class WeightFile:
    url: str
    sha256: str
    size: int  # bytes


def counter(activity: Activity, name: str, total: int, done: int = 0) -> Callable[[int], None]:
    """A function that adds bytes to those done and writes them on the activity board. Thread-safe."""
    lock = threading.Lock()

    def count(more: int) -> None:
        nonlocal done
        with lock:
            done += more
            activity.advance(name, done, total)

    return count


def fetch(file: WeightFile, repository: Path, on_bytes: Callable[[int], None]) -> None:
    """Downloads into `repository`, a folder of huggingface_hub's cache. on_bytes gets bytes as they come.

    Raises what the connection raised, and BrokenFile where the bytes are not those the Hub names.
    """
    from huggingface_hub.utils import WeakFileLock

    blob = repository / "blobs" / file.sha256
    part = repository / "parts" / file.sha256
    for path in (blob, part):
        path.parent.mkdir(parents=True, exist_ok=True)
    with WeakFileLock(part.with_suffix(".lock")):
        if blob.exists():
            on_bytes(file.size)
            return
        _download(file, part, on_bytes)
        _check(file, part)
        part.replace(blob)


def _download(file: WeightFile, part: Path, on_bytes: Callable[[int], None]) -> None:
    """As long as each attempt brings bytes, a broken connection is taken up again."""
    if part.exists() and part.stat().st_size > file.size:
        part.unlink()
    part.touch()
    on_bytes(have := part.stat().st_size)
    while True:
        try:
            return _go_on(file, part, on_bytes)
        except Exception as error:
            if part.stat().st_size <= have:
                raise
            have = part.stat().st_size
            logger.warning("%s broke off at byte %d of %d: %s", file.url, have, file.size, error)


def _go_on(file: WeightFile, part: Path, on_bytes: Callable[[int], None]) -> None:
    from huggingface_hub.file_download import http_get
    from huggingface_hub.utils import build_hf_headers

    with part.open("ab") as target:
        http_get(
            file.url,
            target,
            resume_size=target.tell(),
            headers=build_hf_headers(),
            expected_size=file.size,
            tqdm_class=_bar(on_bytes),
        )


def _check(file: WeightFile, part: Path) -> None:
    with part.open("rb") as source:
        found = hashlib.file_digest(source, "sha256").hexdigest()
    if found != file.sha256:
        part.unlink()
        raise BrokenFile(f"{file.url} has the hash {found}, not {file.sha256}")


def _bar(on_bytes: Callable[[int], None]) -> type:
    """What http_get needs of a progress bar."""

    class Bar:
        def __init__(self, **_: object) -> None:
            """Its name and total are known elsewhere."""

        def __enter__(self) -> Bar:
            return self

        def __exit__(self, *_: object) -> None:
            """Nothing is drawn, so nothing is cleared."""

        def update(self, count: int) -> None:
            on_bytes(count)

    return Bar
