"""The public API of planning a training: what it will take, and what its augmentation does to three rows. Starts none."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import gradio as gr

from demos.api_finetune import OPTIONS, option_field, table_fields
from demos.endpoint import Endpoint, number_field, text_field, with_parameters
from models.finetune.plan import plan_json
from models.finetune.request import CHOICES, FinetuneRequest

if TYPE_CHECKING:
    from demos.page import Teahouse

_VARIED = ("file", "text_column", "label_column", "augment", "augment_share", "base_model", "seed")


def endpoints(teahouse: Teahouse) -> list[Endpoint]:
    return [_planning(teahouse), _previewing(teahouse)]


def _planning(teahouse: Teahouse) -> Endpoint:
    def plan_finetune(*values):
        *options, minutes, _request = values
        asked = FinetuneRequest(**dict(zip(OPTIONS, options, strict=True)))
        return plan_json(teahouse.runs.plan(asked, minutes or 0))

    return Endpoint(
        with_parameters(plan_finetune, (*OPTIONS, "minutes")),
        [*table_fields(), *map(option_field, OPTIONS[3:]), number_field("minutes; 0: as long as it takes", 0)],
        [gr.JSON(label="plan")],
        "plan_finetune",
        "Time, memory and size of a training, measured on a few real steps. With minutes: options that fit them.",
    )


def _previewing(teahouse: Teahouse) -> Endpoint:
    def preview_augmentation(*values):
        *options, _request = values
        asked = FinetuneRequest(**dict(zip(_VARIED, options, strict=True)))
        return [asdict(row) for row in teahouse.runs.preview(asked)]

    return Endpoint(
        with_parameters(preview_augmentation, _VARIED),
        [
            *table_fields(),
            text_field(f"augment: {', '.join(CHOICES['augment'])}", "delete"),
            *map(option_field, _VARIED[4:]),
        ],
        [gr.JSON(label="rows")],
        "preview_augmentation",
        "Three rows of a csv as the augmentation of a training would change them.",
    )
