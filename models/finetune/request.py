"""What a visitor asks of a fine-tuning run: plain options, bounded when built. Opens no file, knows no model."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

from models.catalog import DEFAULT_ENCODER
from models.errors import BadInput

BOUNDS: dict[str, tuple[float, float]] = {
    "epochs": (1, 20),
    "batch_size": (1, 64),
    "learning_rate": (1e-6, 1e-2),
    "max_length": (8, 512),
    "seed": (0, 2**31 - 1),
    "held_out_share": (0.05, 0.5),
}


@dataclass(frozen=True)
class FinetuneRequest:
    """Options of one run. BadInput names the option that is out of bounds, and its bounds."""

    file: str  # path of a csv, tsv or txt
    text_column: str = ""  # "": guessed
    label_column: str = ""  # "": guessed
    base_model: str = DEFAULT_ENCODER
    epochs: int = 6
    batch_size: int = 16
    learning_rate: float = 3e-4  # at its highest
    max_length: int = 128  # tokens
    seed: int = 0
    held_out_share: float = 0.2

    def __post_init__(self) -> None:
        if not self.file:
            raise BadInput("errors.no_file")
        for name in ("text_column", "label_column"):
            object.__setattr__(self, name, (getattr(self, name) or "").strip())
        object.__setattr__(self, "base_model", (self.base_model or "").strip() or DEFAULT_ENCODER)
        for name, (low, high) in BOUNDS.items():
            self._check(name, low, high)

    def _check(self, name: str, low: float, high: float) -> None:
        value = getattr(self, name)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not is_number or not low <= value <= high:
            raise BadInput("errors.option_out_of_bounds", option=name, value=value, low=f"{low:g}", high=f"{high:g}")
        if isinstance(high, int):
            if value != int(value):
                raise BadInput(
                    "errors.option_out_of_bounds", option=name, value=value, low=f"{low:g}", high=f"{high:g}"
                )
            object.__setattr__(self, name, int(value))  # a page's number field gives 6.0

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> FinetuneRequest:
        return cls(**{field.name: values[field.name] for field in fields(cls) if field.name in values})
