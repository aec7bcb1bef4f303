"""What was measured of a training that may come: seconds of real steps, lengths of the rows, memory and size.

Plain data between the process that measures (measuring.py) and the arithmetic of a plan (plan.py). Knows no torch.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from models.finetune.run_folder import write_whole

Timed = tuple[int, float]  # tokens of a batch, padding included, and the seconds it took


@dataclass(frozen=True)
class Pace:
    """How fast this machine is in one way of training: what learns, and how many layers of it."""

    method: str
    layers: int
    steps: tuple[Timed, ...]
    looks: tuple[Timed, ...]  # evaluations of one batch
    folding: float = 0.0  # seconds a token of running the frozen layers once, where that is done beforehand
    feature_bytes: int = 0  # of what is remembered of that

    def step_seconds(self, tokens: np.ndarray) -> np.ndarray:
        """Of steps with so many tokens: a straight line through what was measured."""
        fixed, each = _line(self.steps)
        return fixed + each * tokens

    @property
    def look_seconds_a_token(self) -> float:
        return _slope(self.looks)


@dataclass(frozen=True)
class Measured:
    loading: float  # seconds from the start of the process until model and rows were there
    epoch_data: float  # seconds until the rows of another epoch are there: augmented anew, or nearly nothing
    checkpoint: float  # seconds of writing one
    saving: float  # seconds of writing the model
    exact_look: float  # seconds a token of an evaluation in single precision
    train: tuple[int, ...]  # tokens of each row
    validation: tuple[int, ...]
    held_out: tuple[int, ...]
    is_divided: bool  # whether near-duplicates had to stand on both sides
    alike: int  # rows with a near-duplicate
    class_weights: tuple[float, ...]  # in the order of `classes`; empty where all count alike
    classes: tuple[str, ...]
    parameters: int
    peak_bytes: int  # of the whole process
    result_bytes: int
    paces: tuple[Pace, ...]  # the first is as asked

    def write(self, path: Path) -> None:
        write_whole(path, json.dumps(asdict(self), ensure_ascii=False))

    @classmethod
    def read(cls, path: Path) -> Measured:
        values = json.loads(path.read_text(encoding="utf-8"))
        paces = tuple(
            Pace(**pace | {"steps": _timed(pace["steps"]), "looks": _timed(pace["looks"])})
            for pace in values.pop("paces")
        )
        rest = {name: tuple(value) if isinstance(value, list) else value for name, value in values.items()}
        return cls(**rest, paces=paces)


def _timed(pairs: list[list[float]]) -> tuple[Timed, ...]:
    return tuple((int(tokens), seconds) for tokens, seconds in pairs)


def _line(timed: tuple[Timed, ...]) -> tuple[float, float]:
    """Seconds whatever the size, and seconds a token; both at least 0."""
    tokens, seconds = np.array(timed, dtype=float).T
    if len(timed) > 2 and np.ptp(tokens) > 0.5 * tokens.max():
        each, fixed = np.polyfit(tokens, seconds, 1)
        if each > 0 and fixed >= 0:
            return float(fixed), float(each)
    return 0.0, _slope(timed)


def _slope(timed: tuple[Timed, ...]) -> float:
    tokens, seconds = np.array(timed, dtype=float).T
    return float(seconds.sum() / tokens.sum())
