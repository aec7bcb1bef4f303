"""The public API of an evaluation: everything that is known of a run's held-out rows, and its labels corrected.

Knows the evaluations by what they return.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from demos.endpoint import Endpoint, text_field
from models.finetune.corrections import ACCEPT_ALL
from models.finetune.evaluation import evaluation_json

if TYPE_CHECKING:
    from demos.page import Teahouse


def endpoints(teahouse: Teahouse) -> list[Endpoint]:
    return [_evaluating(teahouse), _correcting(teahouse)]


def _evaluating(teahouse: Teahouse) -> Endpoint:
    def evaluate_run(run_id: str, request: gr.Request):
        return evaluation_json(teahouse.evaluations.computed(run_id))

    return Endpoint(
        evaluate_run,
        [text_field("run_id")],
        [gr.JSON(label="evaluation")],
        "evaluate_run",
        "Whether a run was worth it: simpler ways on the same held-out rows, verdict, mistakes, doubtful labels. "
        "Computed again where it is missing, which takes a while.",
    )


def _correcting(teahouse: Teahouse) -> Endpoint:
    def correct_labels(run_id: str, corrections: str, request: gr.Request):
        return str(teahouse.evaluations.corrected(run_id, teahouse.evaluations.parsed(run_id, corrections)))

    return Endpoint(
        correct_labels,
        [text_field("run_id"), text_field('corrections: {"row": "label"} as JSON, or: accept all', ACCEPT_ALL)],
        [gr.File(label="csv")],
        "correct_labels",
        "The run's table with the labels of doubtful rows changed, to train on again. Rows are those of evaluate_run.",
    )
