"""What can be wrong with a table of training data: every kind of finding, how much it matters, whether it has a repair.

Looks at nothing itself. A finding is worded elsewhere: its key, its effect on training and its repair name sentences of
the string table.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

NAMED_ROWS = 20

PROBLEM, WARNING, NOTE = "problem", "warning", "note"
SAFE, ASKED = "safe", "asked"  # a repair that takes nothing worth learning from; one that people should choose
_AREAS = {PROBLEM: "errors", WARNING: "finetune.warn", NOTE: "finetune.data.note"}


@dataclass(frozen=True)
class Kind:
    severity: str  # with a problem training is refused
    repair: str = ""  # "": there is none


KINDS: dict[str, Kind] = {
    "no_label_column": Kind(PROBLEM),
    "no_rows": Kind(PROBLEM),
    "open_quotes": Kind(PROBLEM, SAFE),
    "ragged_rows": Kind(PROBLEM, SAFE),
    "id_labels": Kind(PROBLEM, ASKED),
    "number_labels": Kind(PROBLEM, ASKED),
    "one_class": Kind(PROBLEM),
    "too_many_classes": Kind(PROBLEM),
    "rare_classes": Kind(PROBLEM, SAFE),
    "row_too_long": Kind(PROBLEM, SAFE),
    "label_variants": Kind(WARNING, SAFE),
    "conflicts": Kind(WARNING, SAFE),
    "mojibake": Kind(WARNING, SAFE),
    "lost_characters": Kind(WARNING, ASKED),
    "invisible": Kind(WARNING, SAFE),
    "nul_bytes": Kind(WARNING, SAFE),
    "short_rows": Kind(WARNING, SAFE),
    "repeated_header": Kind(WARNING, SAFE),
    "no_header": Kind(WARNING, SAFE),
    "header_names": Kind(WARNING, SAFE),
    "few_rows": Kind(WARNING),
    "few_of_a_class": Kind(WARNING, ASKED),
    "uneven": Kind(WARNING),
    "long": Kind(WARNING),
    "empty": Kind(NOTE, SAFE),
    "duplicates": Kind(NOTE, SAFE),
    "near_duplicates": Kind(NOTE, ASKED),
    "markup": Kind(NOTE),
    "title_rows": Kind(NOTE, SAFE),
    "encoding": Kind(NOTE, SAFE),
    "delimiter": Kind(NOTE, SAFE),
}


@dataclass(frozen=True)
class Finding:
    kind: str  # one of KINDS
    severity: str
    repair: str  # SAFE, ASKED, or "" where it has none
    count: int = 0  # rows that it concerns; 0: the file as a whole
    rows: tuple[int, ...] = ()  # the first of them, as a spreadsheet numbers them
    values: Mapping[str, object] = field(default_factory=dict, hash=False)  # what its sentences name

    @property
    def key(self) -> str:
        """The sentence that says what was found."""
        return f"{_AREAS[self.severity]}.{self.kind}"

    @property
    def effect_key(self) -> str:
        """The sentence on what it does to training."""
        return f"finetune.data.effect.{self.kind}"

    @property
    def repair_key(self) -> str:
        """The sentence on what its repair does; "" without one."""
        return f"finetune.data.repair.{self.kind}" if self.repair else ""


def found(kind: str, numbers: Sequence[int] = (), /, *, can_repair: bool = True, **values: object) -> Finding:
    """A finding of a kind. numbers: of all rows that it concerns."""
    known = KINDS[kind]
    count = len(numbers)
    repair = known.repair if can_repair else ""
    return Finding(kind, known.severity, repair, count, tuple(numbers[:NAMED_ROWS]), {"count": count} | values)


def repairable(kinds: Sequence[str] | None = None) -> tuple[str, ...]:
    """Those of the kinds that have a repair; without any named, all whose repair is safe."""
    if kinds is None:
        return tuple(kind for kind, known in KINDS.items() if known.repair == SAFE)
    return tuple(kind for kind, known in KINDS.items() if known.repair and kind in kinds)
