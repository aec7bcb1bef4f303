"""What a visitor asks of a fine-tuning run: plain options, bounded when built. Opens no file, knows no model."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from models.catalog import DEFAULT_ENCODER
from models.errors import BadInput

CLASSIFY, WRITE = "text-classification", "text-generation"
DEFAULT_BASES = {CLASSIFY: DEFAULT_ENCODER, WRITE: "gpt-zh"}

BOUNDS: dict[str, tuple[float, float]] = {
    "epochs": (1, 20),
    "batch_size": (1, 64),
    "learning_rate": (1e-6, 1e-1),
    "max_length": (8, 512),
    "seed": (0, 2**31 - 1),
    "held_out_share": (0.05, 0.5),
    "layers": (0, 100),
    "lora_rank": (1, 64),
    "weight_decay": (0.0, 1.0),
    "label_smoothing": (0.0, 0.5),
    "dropout": (0.0, 0.9),
    "warmup": (0.0, 0.9),
    "accumulation": (1, 64),
    "patience": (0, 100),
    "augment_share": (0.0, 1.0),
}

CHOICES: dict[str, tuple[str, ...]] = {
    "task": (CLASSIFY, WRITE),
    "method": ("last_layers", "full", "head", "lora"),
    "optimizer": ("adamw", "adam", "sgd", "rmsprop"),
    "class_weights": ("auto", "on", "off"),
    "augment": ("none", "delete", "swap", "mask"),
    "precision": ("auto", "float32", "bfloat16"),
}

# Where a task does well with other options than those below: gpt-zh on a hundred questions and answers.
USUAL: dict[str, dict[str, Any]] = {
    CLASSIFY: {},
    WRITE: {"method": "full", "epochs": 8, "batch_size": 8, "learning_rate": 1e-3, "max_length": 256},
}


@dataclass(frozen=True)
class FinetuneRequest:
    """Options of one run. BadInput names the option that is out of bounds, and its bounds."""

    file: str  # path of a csv, tsv or txt
    text_column: str = ""  # "": guessed; of a writer: the question, or the plain text
    label_column: str = ""  # "": guessed; of a writer: the answer, "" for plain texts
    base_model: str = ""  # "": the bundled one of the task
    epochs: int = 6
    batch_size: int = 16
    learning_rate: float = 3e-4  # at its highest
    max_length: int = 128  # tokens
    seed: int = 0
    held_out_share: float = 0.2
    task: str = CLASSIFY
    method: str = "last_layers"  # what learns: these, everything, the head alone, or low-rank adapters (LoRA)
    layers: int = 0  # how many of the last layers learn under "last_layers"; 0: half of them
    lora_rank: int = 8
    optimizer: str = "adamw"
    weight_decay: float = 0.01
    label_smoothing: float = 0.0
    dropout: float = 0.1
    warmup: float = 0.1  # share of the steps
    accumulation: int = 1  # batches an optimizer step
    patience: int = 0  # evaluations without a better score until it stops early; 0: never
    class_weights: str = "auto"  # auto: where the largest class has several times the rows of the smallest
    augment: str = "none"
    augment_share: float = 0.1  # of a text's words that are changed
    precision: str = "auto"  # auto: bfloat16 where this processor multiplies faster in it

    def __post_init__(self) -> None:
        if not self.file:
            raise BadInput("errors.no_file")
        for name in ("text_column", "label_column"):
            object.__setattr__(self, name, (getattr(self, name) or "").strip())
        for name, valid in CHOICES.items():
            if getattr(self, name) not in valid:
                value = str(getattr(self, name))[:40]
                raise BadInput("errors.option_not_known", option=name, value=value, valid=", ".join(valid))
        if self.task == WRITE:
            self._check_writer()
        object.__setattr__(self, "base_model", (self.base_model or "").strip() or DEFAULT_BASES[self.task])
        for name, (low, high) in BOUNDS.items():
            self._check(name, low, high)

    def _check_writer(self) -> None:
        if self.method == "head":
            raise BadInput("errors.writer_without_head", valid="full, last_layers, lora")
        if self.augment != "none":
            raise BadInput("errors.writer_not_augmented", augment=self.augment, valid="none")

    def _check(self, name: str, low: float, high: float) -> None:
        value = getattr(self, name)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        is_whole = isinstance(high, int)
        if not is_number or not low <= value <= high or (is_whole and value != int(value)):
            raise BadInput("errors.option_out_of_bounds", option=name, value=value, low=f"{low:g}", high=f"{high:g}")
        if is_whole:
            object.__setattr__(self, name, int(value))  # a page's number field gives 6.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> FinetuneRequest:
        return cls(**{field.name: values[field.name] for field in fields(cls) if field.name in values})


def usual(task: str) -> dict[str, Any]:
    """Option -> what to begin with for a task, of all options that some task wants otherwise than another."""
    named = {name for options in USUAL.values() for name in options}
    return {"base_model": DEFAULT_BASES[task]} | {
        field.name: USUAL[task].get(field.name, field.default)
        for field in fields(FinetuneRequest)
        if field.name in named
    }


def suggested_rate(method: str, optimizer: str, task: str = CLASSIFY) -> float:
    """A learning rate to begin with, for the bundled base of the task.

    Fewer weights may move further. SGD takes the gradient as it is, which is small: it needs far larger steps.
    """
    encoder = {"full": 1e-4, "last_layers": 3e-4, "head": 1e-3, "lora": 1e-3}
    writer = {"full": 1e-3, "last_layers": 1e-3, "head": 1e-3, "lora": 3e-3}
    rate = (encoder if task == CLASSIFY else writer)[method]
    return rate * 100 if optimizer == "sgd" else rate
