"""Our trainer against transformers' Trainer with its defaults: the same rows, model, epochs, batches and learning rates.

python -m tests.bench.finetune_speed [--file CSV --text COLUMN --label COLUMN] [--epochs 6] [--seeds 1] [--threads 0]

Trainer gets what its documentation shows: the tokenizer as processing_class (so that it pads each batch to its longest
row), a linear schedule with our warm-up and our learning rate, and nothing else. Seconds are those of training without
loading; ours include all the evaluations of a run, and the pass that stands in for frozen layers, theirs have none.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path

from models.activity import Activity
from models.catalog import Catalog
from models.finetune.request import FinetuneRequest
from models.loading import import_libraries
from models.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
TOPICS = ROOT / "assets" / "examples" / "finetune_topics.csv"


@dataclass(frozen=True)
class Outcome:
    seconds: float
    cpu_seconds: float  # of all threads: comparable on a machine that does other work too
    macro_f1: float


def ours(request: FinetuneRequest, settings: Settings) -> Outcome:
    """Preparing the frozen layers' features counts as training: it stands in for it."""
    from models.finetune import course, frozen, tuning
    from models.finetune.trainer import Trainer, TrainOptions

    lesson = course.course_for(request.task).prepare(request, settings, Activity(), Catalog(), lambda phase: None)
    started, used = time.perf_counter(), time.process_time()
    trainer = Trainer(frozen.fold(lesson) if lesson.is_fixed else lesson, TrainOptions.of(request))
    trainer.run(lambda event: None, lambda: False)
    seconds, used = time.perf_counter() - started, time.process_time() - used
    trainer.take_best()
    tuning.merge(trainer.unfold().model)
    return Outcome(seconds, used, trainer.score()["macro_f1"])


def theirs(request: FinetuneRequest, settings: Settings) -> Outcome:
    import transformers

    from models.finetune import course

    lesson = course.course_for(request.task).prepare(request, settings, Activity(), Catalog(), lambda phase: None)
    with tempfile.TemporaryDirectory() as folder:
        arguments = transformers.TrainingArguments(
            output_dir=folder,
            num_train_epochs=request.epochs,
            per_device_train_batch_size=request.batch_size,
            learning_rate=request.learning_rate,
            warmup_steps=request.warmup,
            weight_decay=request.weight_decay,
            seed=request.seed,
            report_to="none",
            disable_tqdm=True,
            use_cpu=True,
        )
        rows = [dict(item) for item in lesson.train(0)]
        trainer = transformers.Trainer(
            model=lesson.model, args=arguments, train_dataset=rows, processing_class=lesson.tokenizer
        )
        started, used = time.perf_counter(), time.process_time()
        trainer.train()
        seconds, used = time.perf_counter() - started, time.process_time() - used
    lesson.model.eval()
    import torch

    with torch.inference_mode():
        batches = (lesson.collate(lesson.held_out[start : start + 32]) for start in range(0, len(lesson.held_out), 32))
        return Outcome(seconds, used, lesson.objective.scores(lesson.model, batches)["macro_f1"])


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--file", type=Path, default=TOPICS)
    options.add_argument("--text", default="")
    options.add_argument("--label", default="")
    options.add_argument("--epochs", type=int, default=6)
    options.add_argument("--seeds", type=int, default=1)
    options.add_argument("--threads", type=int, default=0)
    chosen = options.parse_args()
    settings = Settings(threads=chosen.threads)
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # as the worker has it
    import_libraries(chosen.threads)
    usual = FinetuneRequest(str(chosen.file), chosen.text, chosen.label, epochs=chosen.epochs)
    full = replace(usual, method="full", learning_rate=1e-4)
    kinds = {
        "transformers' Trainer, everything": (theirs, full),
        "ours, everything": (ours, full),
        "ours, last layers (the default)": (ours, usual),
        "ours, head only": (ours, replace(usual, method="head", learning_rate=1e-3)),
    }
    lines = ["| trainer | seconds, median | times as fast | CPU seconds | macro-F1 |", "|---|---:|---:|---:|---:|"]
    slowest = None
    for name, (train, request) in kinds.items():
        outcomes = [train(replace(request, seed=seed), settings) for seed in range(chosen.seeds)]
        seconds = statistics.median(outcome.seconds for outcome in outcomes)
        slowest = slowest or seconds
        macro_f1 = statistics.mean(outcome.macro_f1 for outcome in outcomes)
        used = statistics.median(outcome.cpu_seconds for outcome in outcomes)
        lines.append(f"| {name} | {seconds:.1f} | {slowest / seconds:.1f} | {used:.1f} | {macro_f1:.1%} |")
    sys.stdout.write("\n".join(lines) + "\n")


if __name__ == "__main__":
    main()
