"""Five trainings: what the plan said against what they took. Prints a Markdown table.

python -m tests.bench.finetune_forecast [--only N]   about a quarter of an hour on two cores; run it on a calm machine
"""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import psutil

from models.finetune.request import FinetuneRequest, suggested_rate
from models.finetune.run import Run
from models.finetune.run_folder import RunFolder
from models.finetune.runs import RunStore
from models.settings import MB, Settings

EXAMPLES = Path(__file__).resolve().parents[2] / "assets" / "examples"
_TICK = 0.2
_HEAD = (
    "| training | rows | forecast s | actual s | error | forecast MB | actual MB | loading, training, comparing |\n"
    "|---|---:|---:|---:|---:|---:|---:|---|"
)


@dataclass(frozen=True)
class Case:
    name: str
    source: str  # an example's file
    rows: int
    joined: int  # texts of the example in a row, so that rows get longer
    options: dict[str, object]


CASES = (
    Case("tea, as it comes", "finetune_tea.csv", 180, 1, {}),
    Case("topics, head only", "finetune_topics.csv", 120, 1, {"method": "head", "epochs": 10}),
    Case("tea in pairs, everything", "finetune_tea.csv", 700, 2, {"method": "full", "epochs": 2}),
    Case("six texts a row, LoRA", "finetune_tea.csv", 400, 6, {"method": "lora", "epochs": 2}),
    Case("2,000 rows, varied", "finetune_topics.csv", 2000, 2, {"epochs": 2, "augment": "swap", "batch_size": 32}),
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", type=int, help="the number of one case, from 1")
    chosen = parser.parse_args().only
    sys.stdout.write(f"{_HEAD}\n")
    for number, case in enumerate(CASES, 1):
        if chosen in (None, number):
            sys.stdout.write(f"{_line(case)}\n")
            sys.stdout.flush()


def _line(case: Case) -> str:
    with tempfile.TemporaryDirectory() as home:
        store = RunStore(Settings(home=Path(home), offline=True))
        rate = suggested_rate(str(case.options.get("method", "last_layers")), "adamw")
        table = _table(case, Path(home) / "rows.csv")
        request = FinetuneRequest(str(table), "text", "label", **{"learning_rate": rate} | case.options)
        plan = store.plan(request)
        run, peak = _trained(store, request)
        took = _phases(store.folder(run.run_id))
        store.close()
    actual, forecast = sum(took.values()), plan.seconds
    rounded = [
        f"{name} {planned:.0f} / {took[name]:.0f}"
        for name, planned in (
            ("loading", forecast.loading),
            ("training", forecast.training),
            ("saving", forecast.saving),
        )
    ]
    return (
        f"| {case.name} | {case.rows:,} | {forecast.total:.0f} | {actual:.0f} | {forecast.total / actual - 1:+.0%} "
        f"| {plan.peak_bytes / MB:,.0f} | {peak / MB:,.0f} "
        f"| {', '.join(rounded)}, comparing {forecast.comparing:.0f} / {took['comparing']:.0f} |"
    )


def _table(case: Case, path: Path) -> Path:
    """Its rows as they come, or as many different ones, each of several texts of one class."""
    draw = random.Random(0)
    frame = pd.read_csv(EXAMPLES / case.source, dtype=str).iloc[:, :2].set_axis(["text", "label"], axis=1)
    if case.joined > 1:
        texts = frame.groupby("label")["text"].apply(list).to_dict()
        labels = [sorted(texts)[row % len(texts)] for row in range(case.rows)]
        frame = pd.DataFrame(
            {"text": ["".join(draw.sample(texts[label], case.joined)) for label in labels], "label": labels}
        )
    frame.to_csv(path, index=False)
    return path


def _trained(store: RunStore, request: FinetuneRequest) -> tuple[Run, int]:
    """The run at its end, and the most memory that its process held."""
    run = store.start(request)
    folder, peak = store.folder(run.run_id), 0
    while (run := store.status(run.run_id)).is_under_way:
        with contextlib.suppress(psutil.NoSuchProcess):
            if (mark := folder.process()) is not None:
                peak = max(peak, psutil.Process(mark[0]).memory_info().rss)
        time.sleep(_TICK)
    if run.state != "finished":
        raise RuntimeError(f"{run.state}: {run.error}")
    return run, peak


def _phases(folder: RunFolder) -> dict[str, float]:
    """Seconds of each phase as a plan has them, from the start of the process to the end of the run."""
    names = {"loading": "loading", "preparing": "loading", "training": "training", "comparing": "comparing"}
    took = dict.fromkeys(("loading", "training", "saving", "comparing"), 0.0)
    _, created = folder.process()
    phase, last = "loading", created
    for event in folder.events():
        if event["at"] < created:
            continue
        took[names.get(phase, "saving")] += event["at"] - last
        phase, last = event.get("phase", phase), event["at"]
    return took


if __name__ == "__main__":
    main()
