"""The README.md of a fine-tuned model: what it was trained on, how well it does, how to load it. Writes text only."""

from __future__ import annotations

from collections.abc import Mapping

from models.finetune.request import FinetuneRequest
from models.finetune.run import Metrics
from models.spec import ModelSpec

_USE = """```python
import torch
from transformers import pipeline

classify = pipeline("text-classification", model="PATH_OF_THIS_FOLDER", dtype=torch.float32)
classify("茶汤清亮，香气很足。", top_k=None)
```"""


def model_card(
    request: FinetuneRequest,
    base: ModelSpec,
    counts: Mapping[str, int],
    trained_on: int,
    scores: Metrics,
    stopped_at: int | None,
) -> str:
    """Markdown with the metadata block that the Hub reads."""
    licence = base.licence if base.licence not in ("", "-") else "other"
    parts = [
        f"---\nlicense: {licence}\npipeline_tag: text-classification\nlibrary_name: transformers\n---",
        "# A text classifier made in Model Teahouse 模型茶馆",
        _what(base, request, stopped_at),
        "## Data\n\n" + _table("label", "rows", counts),
        f"{trained_on:,} rows were trained on and {scores.rows:,} held out (seed {request.seed}).",
        "## Held-out scores\n\n"
        + _table(
            "",
            "",
            {"accuracy": f"{scores.accuracy:.1%}", "macro-F1": f"{scores.macro_f1:.1%}", "loss": f"{scores.loss:.3f}"},
        ),
        f"With {scores.rows:,} held-out rows, the accuracy is known to about ±{scores.margin:.0%}.",
        f"## Use\n\n{_USE}\n\nTexts are cut at {request.max_length} tokens in training. Weights are in half precision.",
    ]
    return "\n\n".join(parts) + "\n"


def _what(base: ModelSpec, request: FinetuneRequest, stopped_at: int | None) -> str:
    options = f"{request.epochs} epochs, batches of {request.batch_size}, learning rate {request.learning_rate:g}"
    ended = "" if stopped_at is None else f" The training was stopped at step {stopped_at}, before its end."
    return f"Fine-tuned from `{base.shown_name}` (licence: {base.licence or 'not known'}): {options}.{ended}"


def _table(left: str, right: str, rows: Mapping[str, object]) -> str:
    lines = [f"| {left} | {right} |", "|---|---:|"]
    return "\n".join(lines + [f"| {_cell(name)} | {value} |" for name, value in rows.items()])


def _cell(text: str) -> str:
    """A label as a cell of a Markdown table: it is the visitor's text and may hold anything."""
    flat = " ".join(text.split())
    return "".join(f"\\{character}" if character in r"\`*_{}[]<>()#|!" else character for character in flat)
