"""Labels corrected by a person: asked for by row, checked, written into the run's table as a file to train on again.

The table stays as it was uploaded, with all its columns and rows; only labels change. Knows no model and no page.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from models.errors import BadInput
from models.finetune.evaluation import Evaluation
from models.finetune.request import FinetuneRequest
from models.finetune.table import open_table
from models.settings import Settings

ACCEPT_ALL = "accept all"
_NAMED = 10  # rows that an error lists


def parse(asked: str, evaluation: Evaluation) -> dict[int, str]:
    """ "accept all", or JSON {"row": "label"} -> the new label of each row. BadInput names what is not one of them."""
    if asked.strip().lower() == ACCEPT_ALL:
        return suggested(evaluation)
    try:
        given = json.loads(asked)
    except ValueError:
        given = None
    if not isinstance(given, dict) or not given:
        raise BadInput("errors.corrections_unread", given=asked.strip()[:60], valid='{"12": "label"}, accept all')
    return {_row(key, evaluation): _label(label, evaluation) for key, label in given.items()}


def suggested(evaluation: Evaluation) -> dict[int, str]:
    """What is suggested for each doubtful row."""
    return {doubt.row: doubt.suggested for doubt in evaluation.doubtful}


def write(
    corrections: Mapping[int, str], evaluation: Evaluation, request: FinetuneRequest, settings: Settings, target: Path
) -> Path:
    """The run's table with these labels, as UTF-8 csv with BOM. Every row with the text of a corrected one gets its label."""
    table = open_table(request.file, settings)
    texts = {doubt.row: doubt.text for doubt in evaluation.doubtful}
    labels = {texts[row]: label for row, label in corrections.items()}
    frame = table.frame.copy()
    cells = zip(frame[request.text_column], frame[request.label_column], strict=True)
    frame[request.label_column] = [labels.get(text.strip(), label) for text, label in cells]
    target.parent.mkdir(parents=True, exist_ok=True)
    frame.to_csv(target, index=False, header=table.has_header, encoding="utf-8-sig")
    return target


def _row(key: str, evaluation: Evaluation) -> int:
    rows = [str(doubt.row) for doubt in evaluation.doubtful]
    if key.strip() not in rows:
        valid = ", ".join(rows[:_NAMED]) + ("…" if len(rows) > _NAMED else "") if rows else "–"
        raise BadInput("errors.correction_row", row=key[:20], valid=valid)
    return int(key)


def _label(label: object, evaluation: Evaluation) -> str:
    if label not in evaluation.classes:
        valid = ", ".join(name[:30] for name in evaluation.classes[:_NAMED])
        raise BadInput("errors.correction_label", label=str(label)[:40], valid=valid)
    return str(label)
