"""How far a piece of work has come: what a long computation yields between its steps, before its result.

A computation in steps is an iterator of Progress and, at last, its result. It runs on the inference thread through
Engine.stream, which computes a step only when it is asked for: closing the iterator stops the work.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from typing import TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True)
class Progress:
    done: int  # steps
    total: int


def finished(steps: Iterator[Progress | Result]) -> Result:
    """The result, for those who do not watch."""
    with closing(steps):
        for step in steps:
            if not isinstance(step, Progress):
                return step
    raise AssertionError("a computation in steps ends with its result")
