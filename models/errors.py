"""The one family of errors that people may read.

An error carries a key of the string table (assets/strings/errors.json) and the values its sentence names, so that each
visitor reads it in their own language. Knows neither the languages nor the page. Anything outside this family is a
defect: it is logged with its trace and shown as one general sentence.
"""

from __future__ import annotations

from typing import TypedDict


class Phrase(TypedDict):
    """Words within a sentence that are in the visitor's language too: a key of the string table and what fills it in."""

    key: str
    values: dict[str, object]


def phrase(key: str, **values: object) -> Phrase:
    """A value, or one of a list of values, of a TeahouseError. Plain data, so that it passes through JSON."""
    return {"key": key, "values": values}


class TeahouseError(Exception):
    """Something a visitor can act on. `key` names the sentence, `values` fill it in: the bad value and the valid ones."""

    def __init__(self, key: str, **values: object) -> None:
        super().__init__(key, values)
        self.key = key
        self.values = values

    def __str__(self) -> str:
        named = ", ".join(f"{name}={value!r}" for name, value in self.values.items())
        return f"{self.key}({named})"

    def __reduce__(self):
        return (_rebuild, (type(self), self.key, self.values))


def _rebuild(kind: type[TeahouseError], key: str, values: dict[str, object]) -> TeahouseError:
    return kind(key, **values)


class BadInput(TeahouseError):
    """An input outside its bounds, or an option that does not exist."""


class UnknownModel(TeahouseError):
    """No such model: not in the catalog, not a folder, not on the Hub, not a finished run."""


class WrongTask(TeahouseError):
    """The model exists and does something else than what the tab asks of it."""


class UnsafeWeights(TeahouseError):
    """The model has only pickled weights, or wants to run its own code."""


class SourceFailed(TeahouseError):
    """A known place of files could not be reached or broke off."""


class BudgetExceeded(TeahouseError):
    """The memory budget would burst and nothing may go."""


class Busy(TeahouseError):
    """The queue in front of the work is full, or the thing is in use."""


class UnknownRun(TeahouseError):
    """No fine-tuning run has this id, or it is not in the state the call needs."""
