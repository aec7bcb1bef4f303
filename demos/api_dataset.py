"""The public API of a table before training: looked at by the doctor, repaired.

What is found is said in both languages, because a program does not say which one its reader reads.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import gradio as gr

from demos.endpoint import Endpoint, text_field
from demos.finding_words import FindingWords
from demos.i18n import Strings
from models.finetune import dataset, repair, report
from models.finetune.dataset import DatasetReport
from models.finetune.request import CHOICES, CLASSIFY

if TYPE_CHECKING:
    from demos.page import Teahouse


def endpoints(teahouse: Teahouse) -> list[Endpoint]:
    words = FindingWords(Strings.load())
    return [_inspecting(teahouse, words), _repairing(teahouse, words)]


def _inspecting(teahouse: Teahouse, words: FindingWords) -> Endpoint:
    def inspect_dataset(file: str, text_column: str, label_column: str, task: str, request: gr.Request):
        return _said(dataset.inspect(file, text_column, label_column, settings=teahouse.settings, task=task), words)

    return Endpoint(
        inspect_dataset,
        [*_table(), _task()],
        [gr.JSON(label="report")],
        "inspect_dataset",
        "What a csv holds and what is wrong with it, before training on it: each finding with its rows and its repair.",
    )


def _repairing(teahouse: Teahouse, words: FindingWords) -> Endpoint:
    def repair_dataset(
        file: str, text_column: str, label_column: str, repairs: str, task: str, request: gr.Request
    ) -> tuple[dict[str, Any], str]:
        settings = teahouse.settings
        target = repair.place(settings.uploads, file)
        kinds = [kind.strip() for kind in repairs.split(",") if kind.strip()] or None
        done = repair.repair(file, target, text_column, label_column, kinds, settings=settings, task=task)
        after = dataset.inspect(done.path, done.text_column, done.label_column, settings=settings, task=task)
        return report.repaired_json(done) | {"report": _said(after, words)}, str(done.path)

    return Endpoint(
        repair_dataset,
        [*_table(), text_field("repairs: kinds of finding, separated by commas; empty: all that are safe"), _task()],
        [gr.JSON(label="what was repaired, and the report of the new table"), gr.File(label="csv")],
        "repair_dataset",
        "Repairs what /inspect_dataset found and gives the repaired csv; the file itself stays as it is.",
    )


def _said(found: DatasetReport, words: FindingWords) -> dict[str, Any]:
    return report.dataset_json(found) | {"findings": [words.as_json(finding) for finding in found.findings]}


def _table() -> list[gr.components.Component]:
    return [
        gr.File(label="csv"),
        text_field("text column; empty: guessed"),
        text_field("label column; empty: guessed"),
    ]


def _task() -> gr.Textbox:
    return text_field(f"task: {' or '.join(CHOICES['task'])}", CLASSIFY)
