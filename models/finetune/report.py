"""DatasetReport and Run -> the JSON of the public API: plain dicts. Names in it are promises."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from models.finetune.dataset import DatasetReport, Notice
from models.finetune.repair import Repaired
from models.finetune.run import Run


def dataset_json(report: DatasetReport) -> dict[str, Any]:
    """What /inspect_dataset gives."""
    return {
        "rows": report.rows,
        "used_rows": report.used,
        "columns": list(report.columns),
        "text_column": report.text_column,
        "label_column": report.label_column,
        "label_counts": dict(report.label_counts),
        "empty_rows": report.empty,
        "duplicate_rows": report.duplicates,
        "conflicting_rows": report.conflicts,
        "characters": asdict(report.characters),
        "ready": report.is_ready,
        "warnings": [_notice(warning) for warning in report.warnings],
        "problems": [_notice(problem) for problem in report.problems],
        "preview": [{"text": text, "label": label} for text, label in report.preview],
        "encoding": report.encoding,
        "delimiter": report.delimiter,
        "has_header": report.has_header,
        "first_rows": [dict(zip(report.columns, row, strict=True)) for row in report.first_rows],
    }


def repaired_json(repaired: Repaired) -> dict[str, Any]:
    """What /repair_dataset tells of its work."""
    return {
        "repairs": [asdict(mended) for mended in repaired.mended],
        "rows_before": repaired.rows_before,
        "rows": repaired.rows,
        "text_column": repaired.text_column,
        "label_column": repaired.label_column,
    }


def run_json(run: Run) -> dict[str, Any]:
    """What the endpoints of a run give. `metrics` are those of the saved model, else the latest of the validation rows."""
    return {
        "run_id": run.run_id,
        "state": run.state,
        "phase": run.phase,
        "step": run.step,
        "steps": run.steps,
        "metrics": _metrics(run),
        "model": f"run:{run.run_id}" if run.has_model else None,
        "sha256": run.sha256 or None,
        "classes": list(run.classes),
        "class_weights": list(run.class_weights) or None,
        "baseline": run.baseline,
        "base_perplexity": run.base_perplexity,
        "confusion": [list(row) for row in run.metrics.confusion] if run.metrics and run.metrics.confusion else None,
        "losses": [asdict(loss) for loss in run.losses],
        "validation": [_known(asdict(scores)) for scores in run.validation],
        "best_step": run.best_step,
        "seconds": round(run.seconds, 1),
        "seconds_left": run.seconds_left,
        "rows_per_second": run.rows_per_second,
        "ahead": run.ahead,
        "wait_seconds": run.wait_seconds,
        "expires_at": run.expires_at,
        "error": _notice(run.error) if run.error else None,
        "notice": _notice(run.notice) if run.notice else None,
        "request": {name: value for name, value in asdict(run.request).items() if name != "file"},
    }


def _metrics(run: Run) -> dict[str, float | int]:
    if run.scores is None:
        return {}
    named = {name: getattr(run.scores, name) for name in ("accuracy", "macro_f1", "perplexity", "loss", "rows")}
    return _known(named)


def _known(values: dict[str, Any]) -> dict[str, Any]:
    """Without the scores that this objective does not have."""
    return {name: value for name, value in values.items() if value is not None}


def _notice(notice: Notice) -> dict[str, Any]:
    return {"key": notice.key, "values": dict(notice.values)}
