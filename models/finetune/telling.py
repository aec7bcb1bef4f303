"""What a trainer tells -> events of the run's file: fewer losses, the pace, the time left. Knows no model and decides nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from models.finetune.trainer import Evaluated, Stepped

_LOSSES = 200  # events of losses in a run, so that the file stays small
_DIGITS = 5


class Teller:
    """Of one sitting: a resumed run has a new one. `steps`: of the whole run; `first`: the step it goes on from."""

    def __init__(self, tell: Callable[..., None], *, steps: int, first: int) -> None:
        self._tell, self._steps, self._first = tell, steps, first
        self._began = time.monotonic()
        self._losses: list[float] = []
        self._rows, self._seconds = 0, 0.0

    def stepped(self, event: Stepped) -> None:
        """Tells every so many steps: their mean loss, their rows a second, the seconds left at the pace of this sitting."""
        self._losses.append(event.loss)
        self._rows += event.rows
        self._seconds += event.seconds
        if event.step % max(1, self._steps // _LOSSES) and event.step != self._steps:
            return
        pace = (time.monotonic() - self._began) / (event.step - self._first)  # evaluations included
        self._tell(
            step=event.step,
            loss=round(sum(self._losses) / len(self._losses), _DIGITS),
            learning_rate=round(event.learning_rate, 9),
            rows_per_second=round(self._rows / max(self._seconds, 1e-9), 1),
            seconds_left=round(pace * (self._steps - event.step), 1),
        )
        self._losses.clear()
        self._rows, self._seconds = 0, 0.0

    def evaluated(self, event: Evaluated) -> None:
        best = {"best": event.step} if event.is_best else {}
        self._tell(step=event.step, validation=numbers(event.scores), **best)


def numbers(scores: Mapping[str, Any]) -> dict[str, float | int]:
    """The scores that are numbers, rounded for people."""
    return {name: value for name, value in rounded(scores).items() if isinstance(value, (int, float))}


def rounded(scores: Mapping[str, Any]) -> dict[str, Any]:
    return {name: round(value, _DIGITS) if isinstance(value, float) else value for name, value in scores.items()}


def plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values of an error as JSON; lists are of phrases, which are plain already."""
    return {name: value if isinstance(value, (int, float, str, list)) else str(value) for name, value in values.items()}
