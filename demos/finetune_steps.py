"""What the steps of the Fine-tune tab draw alike: the bar of four steps, a notice, clipped text.

Pure functions of plain data and a language. Everything that a visitor wrote is escaped here. Knows no event.
"""

from __future__ import annotations

import html
from collections.abc import Mapping

from demos.i18n import Strings
from models.finetune.dataset import DatasetReport, Notice
from models.finetune.run import Run

STEPS = ("load", "prepare", "train", "evaluate")
_STEP_OF_PHASE = {"": 1, "loading": 1, "downloading": 1, "preparing": 1, "training": 2}  # every later one: evaluate


def steps(strings: Strings, report: DatasetReport | None, run: Run | None, lang: str) -> str:
    """Load, prepare, train, evaluate: which are done, which one is on."""
    current = _current_step(report, run)
    items = []
    for index, step in enumerate(STEPS):
        kind = "is-done" if index < current else "is-on" if index == current else ""
        items.append(f'<li class="{kind}"><i>{index + 1}</i>{strings.text(f"finetune.step.{step}", lang)}</li>')
    return f'<ol class="tea-steps">{"".join(items)}</ol>'


def notice(strings: Strings, said: Notice, kind: str, lang: str) -> str:
    """One sentence in a box; kind: is-problem or is-warning."""
    known = said.key if strings.knows(said.key) else "errors.internal"
    sentence = html.escape(strings.text(known, lang, **_grouped(said.values)))
    return f'<p class="tea-notice {kind}">{sentence}</p>'


def clip(text: str, length: int) -> str:
    """On one line, at most `length` characters. Not escaped."""
    flat = " ".join(text.split())
    return flat if len(flat) <= length else f"{flat[: length - 1]}…"


def _current_step(report: DatasetReport | None, run: Run | None) -> int:
    if run is None:
        return 0 if report is None or not report.is_ready else 1
    if run.state == "finished":
        return len(STEPS)
    return _STEP_OF_PHASE.get(run.phase, 3) if run.state == "running" else 2 if run.step else 1


def _grouped(values: Mapping[str, object]) -> dict[str, object]:
    return {name: f"{value:,}" if isinstance(value, int) else value for name, value in values.items()}
