"""A training repeated from the files that its zip carries, and its figures compared with those of then.

python -m models.finetune.repeat TRAINING [--base FOLDER] [--work FOLDER], where TRAINING is the zip's folder of that name.
Trains by the worker, as the app does; knows no zip and no page. Ends with 0 where every figure is the same.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from models.finetune import digest, provenance
from models.finetune.run import Run, read_run
from models.finetune.run_folder import RunFolder
from models.settings import Settings

# Of all settings those that decide which rows are read and how sums are rounded.
BOUNDS = ("max_rows", "max_columns", "max_characters", "max_classes", "max_train_parameters", "threads")
_DIGITS = 4  # to which scores must agree


@dataclass(frozen=True)
class Figure:
    name: str
    then: object
    now: object

    @property
    def is_same(self) -> bool:
        return self.then == self.now


def figures(folder: RunFolder, run: Run) -> dict[str, object]:
    """What a repetition must find again: the split, the scores, the weights to the last bit."""
    metrics = vars(run.metrics) if run.metrics else {}
    scores = {name: round(value, _DIGITS) for name, value in metrics.items() if isinstance(value, (int, float))}
    split = folder.path / "split.json"
    hashes = {"split.json": digest.of_file(split) if split.is_file() else "", digest.WEIGHTS: digest.of(folder.model)}
    return {"steps": run.step, **scores, **hashes}


def lay_out(training: Path, work: Path, base: str) -> RunFolder:
    """A queued run in `work` with the data, the request and the bounds of then. base: a folder instead of its base."""
    folder = RunFolder(work / "repeated")
    shutil.copytree(training, folder.path, dirs_exist_ok=True)
    (folder.path / "split.json").unlink(missing_ok=True)  # is drawn anew
    bounds = _json(training / "settings.json")
    folder.write_settings(replace(Settings.from_env(), **{name: bounds[name] for name in BOUNDS if name in bounds}))
    if base:
        folder.write_request(replace(folder.request(), base_model=base))
    folder.append(state="queued")
    return folder


def repeated(training: Path, work: Path, base: str = "") -> Sequence[Figure]:
    """Trains, and gives every figure of then beside the one of now. RuntimeError where the training failed."""
    from models.finetune.worker import Worker

    folder = lay_out(training, work, base)
    Worker(folder, lambda: False).run()
    run = read_run(folder)
    if run.metrics is None:
        raise RuntimeError(f"the training ended as {run.state}: {run.error}")
    now = figures(folder, run)
    return [Figure(name, then, now.get(name)) for name, then in _json(training / "figures.json").items()]


def report(compared: Sequence[Figure], then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """Lines of a table, and where a figure differs, what is different about this machine."""
    for figure in compared:
        mark = "=" if figure.is_same else "≠"
        yield f"{mark} {figure.name:<18} {str(figure.then)[:20]:<22} {str(figure.now)[:20]}"
    if not all(figure.is_same for figure in compared):
        different = [f"{name}: {then.get(name)} → {now.get(name)}" for name in then if then[name] != now.get(name)]
        yield "; ".join(different) or "the machine and its libraries are the same as then"


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="repeat.py", description="Repeats a training and compares its figures.")
    parser.add_argument("training", type=Path, help="the folder of that name in the zip")
    parser.add_argument("--base", default="", help="folder of the model it was fine-tuned from, where that was a run")
    parser.add_argument("--work", type=Path, help="where to train; left out: a temporary folder")
    asked = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as temporary:
        work = asked.work or Path(temporary)
        compared = repeated(asked.training.resolve(), work.resolve(), asked.base)
        then, now = _json(asked.training / "provenance.json"), vars(provenance.read(RunFolder(work / "repeated")))
    sys.stdout.write("\n".join(report(compared, then, now)) + "\n")
    return 0 if all(figure.is_same for figure in compared) else 1


def _json(path: Path) -> dict[str, Any]:
    return json.loads(path.read_text(encoding="utf-8"))


if __name__ == "__main__":
    sys.exit(main())
