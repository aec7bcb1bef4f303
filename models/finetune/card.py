"""The README.md of a fine-tuned model, in Chinese and then in English, from what its run's folder tells. Writes text only.

What it is made of, on what rows, how well it does there, with which settings, on which machine: two templates of one set
of facts. Everything that a visitor wrote is escaped. Never names a run's id, which is its owner's key.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from models.finetune import dataset, digest, evaluation, provenance, writing_scores
from models.finetune.bootstrap import Estimate
from models.finetune.provenance import Provenance
from models.finetune.request import CLASSIFY, FinetuneRequest
from models.finetune.run import Run, read_run
from models.finetune.run_folder import RunFolder
from models.settings import Settings

TEMPLATES = Path(__file__).resolve().parents[2] / "assets" / "take_away"
_NOT_SETTINGS = ("file", "task", "base_model")
_SHARES = ("accuracy", "macro_f1")
_HUB_ID = re.compile(r"[\w.-]+/[\w.-]+")


def of(folder: RunFolder, settings: Settings, *, can_repeat: bool = False) -> str:
    """Markdown with the metadata block that the Hub reads. settings: the bounds by which the table is read.

    can_repeat: the files with which the training is repeated go with it.
    """
    run, origin = read_run(folder), provenance.read(folder)
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"cell": cell, "share": _share, "points": _points}
    facts = _facts(folder, run, origin, settings) | {"can_repeat": can_repeat}
    texts = [environment.get_template(f"card.{lang}.md.j2").render(facts).strip() for lang in ("zh", "en")]
    return "\n\n".join([_metadata(run.request, origin), *texts]) + "\n"


def cell(text: object) -> str:
    """A label as a cell of a Markdown table: it is the visitor's text and may hold anything."""
    flat = " ".join(str(text).split())
    return "".join(f"\\{character}" if character in r"\`*_{}[]<>()#|!" else character for character in flat)


def _share(estimate: Estimate) -> str:
    """A score with its interval, in per cent."""
    return f"{estimate.value:.1%} ({estimate.low:.0%}–{estimate.high:.0%})"


def _points(estimate: Estimate) -> str:
    """A difference with its interval, in points of a hundred."""
    value, low, high = (100 * number for number in (estimate.value, estimate.low, estimate.high))
    return f"{value:+z.1f} ({low:+z.1f} … {high:+z.1f})"


def _facts(folder: RunFolder, run: Run, origin: Provenance | None, settings: Settings) -> dict[str, Any]:
    request, split = run.request, _split(folder)
    classifies = request.task == CLASSIFY
    return {
        "base": origin.base if origin else request.base_model if not request.base_model.startswith("run:") else "run:…",
        "licence": origin.base_licence if origin else "",
        "classifies": classifies,
        "asks": bool(request.label_column),
        "counts": _counts(request, settings) if classifies else {},
        "data_sha256": digest.of_file(Path(request.file)),
        "weights_sha256": digest.of(folder.model),
        "trained_on": len(split["train"]) if split else None,
        "validation": len(split["validation"]) if split else None,
        "held_out": len(split["held_out"]) if split else run.metrics.rows if run.metrics else None,
        "scores": _scores(run),
        "margin": f"{run.metrics.margin:.0%}" if run.metrics and classifies else "",
        "evaluated": evaluation.read(folder) if classifies else None,
        "written": None if classifies else writing_scores.read(folder),
        "settings": {name: _shown(value) for name, value in request.to_json().items() if name not in _NOT_SETTINGS},
        "seed": request.seed,
        "max_length": request.max_length,
        "stopped_at": run.step if run.state == "stopped" else None,
        "steps": run.steps,
        "seconds": round(run.seconds),
        "origin": origin,
    }


def _scores(run: Run) -> dict[str, str]:
    known = {name: getattr(run.metrics, name, None) for name in ("accuracy", "macro_f1", "perplexity", "loss")}
    return {
        name: f"{value:.1%}" if name in _SHARES else f"{value:.3f}"
        for name, value in known.items()
        if value is not None
    }


def _counts(request: FinetuneRequest, settings: Settings) -> Mapping[str, int]:
    examples = dataset.read_examples(request.file, request.text_column, request.label_column, settings)
    return dict(Counter(examples.labels).most_common())


def _split(folder: RunFolder) -> Mapping[str, Any] | None:
    """Which rows were trained on and which held out; None for a run that did not write it down."""
    return vars(folder.split()) if (folder.path / "split.json").is_file() else None


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _metadata(request: FinetuneRequest, origin: Provenance | None) -> str:
    from huggingface_hub import ModelCardData

    hub_base = origin.base.partition("@")[0] if origin and origin.base_origin == "hub" else None
    data = ModelCardData(
        license=(origin.base_licence if origin else "") or "other",
        language=[code for code in origin.base_languages if len(code) == 2] if origin else None,
        library_name="transformers",
        pipeline_tag=request.task,
        base_model=hub_base if hub_base and _HUB_ID.fullmatch(hub_base) else None,
        tags=["model-teahouse"],
    )
    return f"---\n{data.to_yaml()}\n---"
