"""The process that evaluates a run once more: python -m models.finetune.evaluator FOLDER. A worker does it unasked."""

from __future__ import annotations

import logging
import os
import sys
from pathlib import Path

from models.finetune import evaluation
from models.finetune.run_folder import RunFolder

_NICE = 10  # visitors who wait for an answer go first


def main(folder: Path) -> None:
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    if hasattr(os, "nice"):
        os.nice(_NICE)
    evaluation.evaluate(RunFolder(folder), lambda *_: None, lambda: False)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
