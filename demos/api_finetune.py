"""The public API of the Fine-tune tab: a run started, watched, stopped, gone on with, taken away.

A run is known by its id alone: who has it may do all of this. Knows the store of runs by what it returns.
"""

from __future__ import annotations

import re
from dataclasses import fields
from typing import TYPE_CHECKING

import gradio as gr

from demos.endpoint import Endpoint, number_field, text_field, with_parameters
from models.finetune import comparison, publish, report
from models.finetune.request import BOUNDS, CHOICES, USUAL, WRITE, FinetuneRequest

if TYPE_CHECKING:
    from demos.page import Teahouse

_DEFAULTS = FinetuneRequest(file="-")
_FIRST = ("file", "text_column", "label_column", "base_model", "epochs", "batch_size", "learning_rate", "seed")
# What a training takes, in the order that was promised; what is new comes after it.
OPTIONS = (*_FIRST, *(field.name for field in fields(FinetuneRequest) if field.name not in _FIRST))


def endpoints(teahouse: Teahouse) -> list[Endpoint]:
    return [_starting(teahouse), *_watching(teahouse), *_taking_away(teahouse)]


def _starting(teahouse: Teahouse) -> Endpoint:
    def start_finetune(*values):
        *options, request = values
        asked = FinetuneRequest(**dict(zip(OPTIONS, options, strict=True)))
        return report.run_json(teahouse.runs.start(asked, visitor=request.client.host))

    return Endpoint(
        with_parameters(start_finetune, OPTIONS),
        [*table_fields(), *(option_field(name) for name in OPTIONS[3:])],
        [gr.JSON(label="run")],
        "start_finetune",
        "Trains a classifier on a csv, in a process of its own, or with the task text-generation a model that answers "
        f"questions ({_writing()} suit gpt-zh). Keep the run_id: it is the only key to the run.",
    )


def _writing() -> str:
    """What else than the parameters' defaults a writer begins with."""
    return ", ".join(f"{name} {value}" for name, value in USUAL[WRITE].items())


def _watching(teahouse: Teahouse) -> list[Endpoint]:
    def finetune_status(run_id: str, request: gr.Request):
        return report.run_json(teahouse.runs.status(run_id))

    def stop_finetune(run_id: str, request: gr.Request):
        return report.run_json(teahouse.runs.stop(run_id))

    def resume_finetune(run_id: str, request: gr.Request):
        return report.run_json(teahouse.runs.resume(run_id))

    described = (
        (finetune_status, "State, step, steps and metrics of a run."),
        (stop_finetune, "Stops a run; its last checkpoint stays."),
        (resume_finetune, "Goes on from the last checkpoint of a stopped or interrupted run."),
    )
    return [
        Endpoint(function, [text_field("run_id")], [gr.JSON(label="run")], function.__name__, description)
        for function, description in described
    ]


def _taking_away(teahouse: Teahouse) -> list[Endpoint]:
    runs, settings = teahouse.runs, teahouse.settings

    def download_finetuned(run_id: str, request: gr.Request):
        return str(runs.download(run_id))

    def push_finetuned(run_id: str, repo_id: str, token: str, private: bool, request: gr.Request):
        return publish.push(runs.trained(run_id), repo_id, token, private=private, settings=settings)

    def compare_runs(run_ids: str, request: gr.Request):
        folders = [runs.folder(run_id) for run_id in re.split(r"[,\s，]+", run_ids or "") if run_id]
        return comparison.comparison_json(comparison.compare(folders))

    return [
        Endpoint(
            download_finetuned,
            [text_field("run_id")],
            [gr.File(label="zip")],
            "download_finetuned",
            "The model of a run as a zip that transformers loads, with its card, a script, and what repeats the training.",
        ),
        Endpoint(
            push_finetuned,
            [
                text_field("run_id"),
                text_field("repo_id: owner/name"),
                gr.Textbox(value="", label="token: yours, with the right to write; kept nowhere", type="password"),
                gr.Checkbox(value=True, label="private"),
            ],
            [text_field("address of the repository")],
            "push_finetuned",
            "Pushes the model of a run to the Hub, without the table it was trained on.",
        ),
        Endpoint(
            compare_runs,
            [text_field("run_ids: two to four, separated by commas")],
            [gr.JSON(label="comparison")],
            "compare_runs",
            "Settings that differ, curves, scores with intervals, seconds and bytes of two to four runs.",
        ),
    ]


def table_fields() -> list[gr.components.Component]:
    return [
        gr.File(label="csv"),
        text_field("text column; empty: guessed"),
        text_field("label column; empty: guessed"),
    ]


def option_field(name: str) -> gr.components.Component:
    value = getattr(_DEFAULTS, name)
    if name in BOUNDS:
        return number_field(name, value, 0 if isinstance(BOUNDS[name][1], int) else None)
    valid = f": {', '.join(CHOICES[name])}" if name in CHOICES else "; empty: the bundled one of the task"
    return text_field(f"{name}{valid}", value if name in CHOICES else "")
