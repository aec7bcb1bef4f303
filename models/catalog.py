"""Models as data: what a model is called, what it does, where it comes from. One table, and the lookup of typed names.

A lookup never guesses: a catalog name, `owner/name[@revision]` of the Hub, a folder, or `run:<id>`; anything else is
refused with what to write instead. Builds and fetches nothing.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal, get_args

from models.errors import BadInput, UnknownModel, WrongTask

Task = Literal["text-classification", "text-generation", "image-classification"]
Origin = Literal["bundled", "hub", "folder", "run"]
TASKS: tuple[Task, ...] = get_args(Task)

BUNDLED = Path(__file__).parent / "bundled"
MB = 1024 * 1024
_HUB_ID = re.compile(r"[A-Za-z0-9][\w.-]{0,95}/[A-Za-z0-9][\w.-]{0,95}(@(?!.*\.\.)[\w./-]{1,100})?")


@dataclass(frozen=True)
class ModelSpec:
    """A model as data, apart from building it."""

    name: str  # shown and typed by people, used in URLs
    task: Task
    source: str  # folder, or Hub id
    origin: Origin = "bundled"
    revision: str | None = None  # of a Hub id; None: its main branch
    size_bytes: int = 0  # in memory; reserved before loading. 0: found out from the files
    title: tuple[str, str] = ("", "")  # (zh, en): what it is, in a few words
    labels: str | None = None  # assets/labels/<labels>.json: the classes in both languages
    licence: str = ""
    sees: int = (
        0  # px a side of the pictures it learned from, to which others are shrunk first; 0: as its processor says
    )
    is_base: bool = False  # to fine-tune from: an encoder without a head will do

    def __post_init__(self) -> None:
        if self.task not in TASKS:
            raise ValueError(f"task must be one of {', '.join(TASKS)}, got {self.task!r}")

    @property
    def shown_name(self) -> str:
        """The name as others may read it: the id of a run is its owner's key."""
        return f"{self.name[:8]}…" if self.origin == "run" else self.name


def _bundled(
    name: str, task: Task, megabytes: int, zh: str, en: str, licence: str, labels: str | None = None, sees: int = 0
) -> ModelSpec:
    return ModelSpec(
        name=name,
        task=task,
        source=str(BUNDLED / name),
        size_bytes=megabytes * MB,
        title=(zh, en),
        labels=labels,
        licence=licence,
        sees=sees,
    )


def _hub(source: str, task: Task, megabytes: int, zh: str, en: str, licence: str) -> ModelSpec:
    return ModelSpec(
        name=source, task=task, source=source, origin="hub", size_bytes=megabytes * MB, title=(zh, en), licence=licence
    )


KNOWN: tuple[ModelSpec, ...] = (
    _bundled(
        "sentiment-zh",
        "text-classification",
        105,
        "中文评论情感",
        "Sentiment of Chinese reviews",
        "apache-2.0",
        "sentiment",
    ),
    _bundled("encoder-zh", "text-classification", 105, "微调用的中文编码器", "Chinese encoder to fine-tune", "mit"),
    _bundled(
        "gpt-zh",
        "text-generation",
        34,
        "诗词、续写、闲聊的小 GPT",
        "A small GPT for verse, prose and talk",
        "apache-2.0",
    ),
    _bundled(
        "resnet-cifar10", "image-classification", 12, "ResNet，10 类", "ResNet, 10 classes", "apache-2.0", "cifar10", 32
    ),
    _bundled("vit-cifar10", "image-classification", 12, "ViT，10 类", "ViT, 10 classes", "apache-2.0", "cifar10", 32),
    _bundled(
        "efficientnet-lite0",
        "image-classification",
        19,
        "EfficientNet，1000 类",
        "EfficientNet, 1,000 classes",
        "apache-2.0",
        "imagenet",
    ),
    _hub(
        "uer/roberta-base-finetuned-jd-binary-chinese",
        "text-classification",
        410,
        "京东评论情感",
        "Sentiment of JD reviews",
        "-",
    ),
    _hub(
        "IDEA-CCNL/Erlangshen-Roberta-110M-Sentiment",
        "text-classification",
        410,
        "二郎神情感",
        "Erlangshen sentiment",
        "apache-2.0",
    ),
    _hub("Qwen/Qwen2.5-0.5B-Instruct", "text-generation", 1980, "通义千问，会对话", "Qwen, chats", "apache-2.0"),
    _hub("uer/gpt2-chinese-cluecorpussmall", "text-generation", 420, "中文 GPT-2", "Chinese GPT-2", "-"),
    _hub(
        "google/vit-base-patch16-224",
        "image-classification",
        350,
        "ViT-Base",
        "ViT-Base",
        "apache-2.0",
    ),
    _hub("microsoft/resnet-50", "image-classification", 103, "ResNet-50", "ResNet-50", "apache-2.0"),
)

DEFAULTS: dict[Task, str] = {
    "text-classification": "sentiment-zh",
    "text-generation": "gpt-zh",
    "image-classification": "efficientnet-lite0",
}
DEFAULT_ENCODER = "encoder-zh"


class Catalog:
    """Looks typed names up. `find_run` gives the spec of a finished fine-tuning run, or raises UnknownRun."""

    def __init__(
        self,
        *,
        known: tuple[ModelSpec, ...] = KNOWN,
        find_run: Callable[[str], ModelSpec] | None = None,
        local_folders: bool = True,
    ) -> None:
        self._known = {spec.name: spec for spec in known}
        self._find_run = find_run
        self._local_folders = local_folders

    def names(self, task: Task) -> list[str]:
        """What a picker offers for a task. The bare encoder is a base to fine-tune, not a classifier."""
        return [spec.name for spec in self._known.values() if spec.task == task and spec.name != DEFAULT_ENCODER]

    def bundled(self, task: Task) -> list[str]:
        """What answers from a fresh clone."""
        return [name for name in self.names(task) if self._known[name].origin == "bundled"]

    def specs(self) -> list[ModelSpec]:
        return list(self._known.values())

    def find(self, typed: str, task: Task) -> ModelSpec:
        """The spec for what a person typed. UnknownModel or WrongTask where there is none for this task."""
        name = (typed or "").strip() or DEFAULTS[task]
        spec = self._known.get(name) or self._elsewhere(name, task)
        if spec.task != task:
            raise WrongTask(
                "errors.wrong_task", model=name, task=spec.task, wanted=task, valid=", ".join(self.names(task))
            )
        return spec

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
        near = difflib.get_close_matches(name, self.names(task), n=1, cutoff=0.5)
        valid = ", ".join(near or self.names(task))
        raise UnknownModel("errors.unknown_name", model=name[:100], valid=valid)

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


def sized(spec: ModelSpec, size_bytes: int) -> ModelSpec:
    """The spec with its size known."""
    return replace(spec, size_bytes=size_bytes)
