"""The lookup of typed names among the known models, and what a picker offers.

A lookup never guesses: a catalog name, `owner/name[@revision]` of the Hub, a folder, or `run:<id>`; anything else is
refused with what to write instead. Builds and fetches nothing.
"""

from __future__ import annotations

import difflib
import importlib.util
import re
from collections.abc import Callable
from pathlib import Path

from models.errors import BadInput, UnknownModel, WrongTask
from models.known import known_models
from models.spec import ModelSpec, Origin, Task

_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}(@(?!.*\.\.)[\w./-]{1,100})?")
_NEAREST_FIRST: tuple[Origin, ...] = ("bundled", "wheel", "hub")

DEFAULTS: dict[Task, str] = {
    "text-classification": "sentiment-zh",
    "text-generation": "gpt-zh",
    "image-classification": "efficientnet-lite0",
}
DEFAULT_ENCODER = "encoder-zh"


class Catalog:
    """Looks typed names up.

    known: the table; None takes assets/models.json. find_run: the spec of a finished fine-tuning run, or UnknownRun.
    find_package: None for a package that is not installed.
    """

    def __init__(
        self,
        *,
        known: tuple[ModelSpec, ...] | None = None,
        find_run: Callable[[str], ModelSpec] | None = None,
        local_folders: bool = True,
        find_package: Callable[[str], object | None] = importlib.util.find_spec,
    ) -> None:
        specs = known_models() if known is None else known
        self._known = {spec.name: spec for spec in sorted(specs, key=_rank)}
        self._find_run = find_run
        self._local_folders = local_folders
        self._find_package = find_package

    def names(self, task: Task) -> list[str]:
        """What a picker offers for a task: bundled, from installed wheels, of the Hub. No encoder without a head."""
        return [spec.name for spec in self._offered(task) if not spec.bare]

    def bases(self, task: Task = "text-classification") -> list[str]:
        """What to fine-tune from for a task, in the same order; encoders without a head before finished classifiers."""
        offered = sorted(self._offered(task), key=lambda spec: (*_rank(spec), not spec.bare))
        return [spec.name for spec in offered]

    def bundled(self, task: Task) -> list[str]:
        """What answers from a fresh clone."""
        return [name for name in self.names(task) if self._known[name].origin == "bundled"]

    def specs(self) -> list[ModelSpec]:
        """Every known model, installed or not."""
        return list(self._known.values())

    def is_here(self, spec: ModelSpec) -> bool:
        """False where the package that carries the model is not installed; a Hub model is one that can be fetched."""
        return spec.origin != "wheel" or self._find_package(spec.source.partition(":")[0]) is not None

    def find(self, typed: str, task: Task) -> ModelSpec:
        """The spec for what a person typed. UnknownModel or WrongTask where there is none for this task."""
        name = (typed or "").strip() or DEFAULTS[task]
        spec = self._known.get(name) or self._elsewhere(name, task)
        if spec.task != task:
            raise WrongTask(
                "errors.wrong_task", model=name, task=spec.task, wanted=task, valid=", ".join(self.names(task))
            )
        if not self.is_here(spec):
            raise UnknownModel("errors.no_wheel", model=spec.name, wheel=spec.wheel)
        return spec

    def find_answering(self, typed: str, task: Task) -> ModelSpec:
        """The same for a model that is to answer: WrongTask for an encoder without a head, which can only be taught."""
        spec = self.find(typed, task)
        if spec.bare:
            raise WrongTask("errors.bare_encoder", model=spec.name, valid=", ".join(self.names(task)))
        return spec

    def _offered(self, task: Task) -> list[ModelSpec]:
        return [spec for spec in self._known.values() if spec.task == task and self.is_here(spec)]

    def _elsewhere(self, name: str, task: Task) -> ModelSpec:
        if name.startswith("run:"):
            if self._find_run is None:
                raise UnknownModel("errors.unknown_run", run=name)
            return self._find_run(name.removeprefix("run:"))
        if name.startswith((".", "/", "~")) or Path(name).is_absolute():
            return self._folder(name, task)
        if _HUB_ID.fullmatch(name):
            source, _, revision = name.partition("@")
            return ModelSpec(name=name, task=task, source=source, origin="hub", revision=revision or None)
        raise UnknownModel("errors.unknown_name", model=name[:100], valid=", ".join(self._near(name, task)))

    def _near(self, name: str, task: Task) -> list[str]:
        """What was probably meant: a Hub id typed without its owner, else the nearest name, else all of them."""
        names = self.names(task)
        ownerless = [known for known in names if known.rpartition("/")[2] == name]
        return ownerless or difflib.get_close_matches(name, names, n=1, cutoff=0.5) or names

    def _folder(self, name: str, task: Task) -> ModelSpec:
        if not self._local_folders:
            raise BadInput("errors.no_local_folders", model=name)
        try:
            folder = Path(name).expanduser()
            found = (folder / "config.json").is_file()
        except (OSError, RuntimeError):  # a name too long for the system, a ~user who does not exist
            found = False
        if not found:
            raise UnknownModel("errors.no_such_folder", folder=name[:200])
        return ModelSpec(name=name, task=task, source=str(folder.resolve()), origin="folder")


def _rank(spec: ModelSpec) -> tuple[int, bool]:
    """What is nearer comes first, and what only pickles are known of comes last of its kind."""
    nearness = _NEAREST_FIRST.index(spec.origin) if spec.origin in _NEAREST_FIRST else 0
    return nearness, spec.weights == "pickle"
