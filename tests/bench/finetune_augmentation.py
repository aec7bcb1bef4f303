"""Whether augmentation helps: the example tables and small parts of them, with each kind of it. Prints a Markdown table.

python -m tests.bench.finetune_augmentation [--seeds 3] [--epochs 8]   about half an hour on two cores

Half of a table is held out, always the same rows for a seed; of the other half the first so many, by the seed, are learnt.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from models.activity import Activity
from models.catalog import Catalog
from models.finetune.course import Item
from models.finetune.request import FinetuneRequest
from models.settings import Settings

EXAMPLES = Path(__file__).resolve().parents[2] / "assets" / "examples"
TABLES = (("finetune_tea.csv", "review", "label"), ("finetune_topics.csv", "text", "topic"))
KINDS = (("none", 0.0), ("delete", 0.1), ("delete", 0.3), ("swap", 0.1), ("swap", 0.3))
PARTS = (24, 48, 10_000)  # rows that are learnt, at most


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--epochs", type=int, default=8)
    asked = parser.parse_args()
    named = " | ".join(kind if kind == "none" else f"{kind} {share:.0%}" for kind, share in KINDS)
    sys.stdout.write(f"| table | rows learnt | {named} |\n|---|---:|{'---:|' * len(KINDS)}\n")
    for file, text, label in TABLES:
        request = FinetuneRequest(str(EXAMPLES / file), text, label, epochs=asked.epochs, held_out_share=0.5)
        for rows in PARTS:
            sys.stdout.write(f"{_line(request, rows, range(asked.seeds))}\n")
            sys.stdout.flush()


def _line(request: FinetuneRequest, rows: int, seeds: Sequence[int]) -> str:
    """Mean and spread of macro-F1 over the seeds, for each kind."""
    cells, learnt = [], 0
    for kind, share in KINDS:
        varied = replace(request, augment=kind, augment_share=share)
        scored = [_score(replace(varied, seed=seed), rows) for seed in seeds]
        learnt = scored[0][0]
        scores = [100 * score for _, score in scored]
        cells.append(f"{statistics.mean(scores):.1f} ± {statistics.pstdev(scores):.1f}")
    return f"| {Path(request.file).stem} | {learnt} | {' | '.join(cells)} |"


def _score(request: FinetuneRequest, rows: int) -> tuple[int, float]:
    """How many rows were learnt, and the macro-F1 of what they taught on those held out."""
    from models.finetune import course
    from models.finetune.trainer import Trainer, TrainOptions

    lesson = course.course_for(request.task).prepare(
        request, Settings(offline=True), Activity(), Catalog(), lambda phase: None
    )
    order = random.Random(request.seed).sample(range(lesson.rows), min(rows, lesson.rows))
    part = replace(lesson, rows=len(order), train=lambda epoch: _at(lesson.train(epoch), order))
    trainer = Trainer(part, TrainOptions.of(request))
    trainer.run(lambda event: None, lambda: False)
    trainer.take_best()
    return len(order), trainer.score()["macro_f1"]


def _at(items: Sequence[Item], places: Sequence[int]) -> list[Item]:
    return [items[place] for place in places]


if __name__ == "__main__":
    main()
