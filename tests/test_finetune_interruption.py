"""Nothing is lost: a worker killed at any moment leaves a run that ends with the weights of one that was never interrupted."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from doomed import MOMENTS, WRITING, die_at

from models.finetune.process import WorkerProcess
from models.finetune.request import FinetuneRequest
from models.finetune.run import read_run
from models.finetune.run_folder import RunFolder
from models.finetune.runs import RunStore
from models.finetune.worker import Worker

ROOT = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="module")
def home(tmp_path_factory) -> Path:
    return tmp_path_factory.mktemp("interrupted")


@pytest.fixture(scope="module")
def queued(home, tiny_bert) -> Path:
    """A run's folder as the store leaves it for the worker: 15 steps, with what is drawn at random in all of them."""
    from models.settings import Settings

    folder = RunFolder(home / "queued")
    folder.path.mkdir()
    data = folder.path / "data.csv"
    rows = [f"{'茶很香喜欢' if n % 2 else '难吃差服务'}{n}来{n * 7}杯,{'好' if n % 2 else '差'}" for n in range(50)]
    data.write_text("\n".join(["text,label", *rows]), encoding="utf-8")
    options = {"epochs": 3, "batch_size": 8, "learning_rate": 3e-3, "augment": "swap", "augment_share": 0.3}
    folder.write_request(FinetuneRequest(str(data), "text", "label", base_model=str(tiny_bert), **options))
    folder.write_settings(Settings(home=home, threads=1))
    folder.append(state="queued")
    return folder.path


@pytest.fixture
def make_folder(queued, tmp_path):
    def make(name: str = "aaaabbbbccccddddeeee") -> RunFolder:
        return RunFolder(shutil.copytree(queued, tmp_path / name))

    return make


@pytest.fixture(scope="module", autouse=True)
def without_comparison():
    """It changes no weight, and takes seconds."""
    from models.finetune import evaluation

    patch = pytest.MonkeyPatch()
    patch.setattr(evaluation, "evaluate", lambda *_: None)
    yield
    patch.undo()


@pytest.fixture(scope="module")
def unbroken(queued, home) -> tuple[str, list]:
    """Of a run that nobody interrupts: the hash of its weights, and the curve that it tells."""
    folder = RunFolder(shutil.copytree(queued, home / "unbroken"))
    Worker(folder, lambda: False).run()
    run = read_run(folder)
    assert run.state == "finished", run.error
    return weights_hash(folder), curve(folder)


def weights_hash(folder: RunFolder) -> str:
    return hashlib.sha256((folder.model / "model.safetensors").read_bytes()).hexdigest()


def curve(folder: RunFolder) -> list:
    run = read_run(folder)
    return [(loss.step, loss.loss) for loss in run.losses] + [(scored.step, scored.loss) for scored in run.validation]


@pytest.mark.parametrize("moment", [*MOMENTS, *WRITING])
def test_a_run_that_was_killed_goes_on_and_ends_with_the_very_same_weights(make_folder, unbroken, moment):
    folder = make_folder()
    assert die_at(moment, folder.path) == -9
    assert read_run(folder).state == "interrupted"
    folder.append(state="queued")
    Worker(folder, lambda: False).run()
    assert read_run(folder).state == "finished"
    assert (weights_hash(folder), curve(folder)) == unbroken


def test_a_run_that_is_killed_again_and_again_still_ends_with_the_very_same_weights(make_folder, unbroken):
    folder = make_folder()
    for moment in ("in the middle of an epoch", WRITING[0], "after the last step", "comparing"):
        assert die_at(moment, folder.path) == -9
        folder.append(state="queued")
    Worker(folder, lambda: False).run()
    assert (weights_hash(folder), curve(folder)) == unbroken


def test_a_run_whose_frozen_layers_are_run_once_goes_on_to_the_very_same_weights(make_folder):
    whole, killed = make_folder("whole"), make_folder("killed")
    for folder in (whole, killed):
        folder.write_request(replace(folder.request(), augment="none"))
    Worker(whole, lambda: False).run()
    assert die_at("in the middle of an epoch", killed.path) == -9
    killed.append(state="queued")
    Worker(killed, lambda: False).run()
    assert (weights_hash(killed), curve(killed)) == (weights_hash(whole), curve(whole))


def test_a_stopped_run_too_goes_on_to_the_very_same_weights(make_folder, unbroken):
    folder = make_folder()
    Worker(folder, lambda: read_run(folder).step >= 8).run()
    assert read_run(folder).state == "stopped"
    folder.append(state="queued")
    Worker(folder, lambda: False).run()
    assert (weights_hash(folder), curve(folder)) == unbroken


def test_an_app_that_is_killed_leaves_its_worker_at_work_and_the_next_one_finds_it(queued, unbroken, settings):
    """Which then goes on with the queue, too."""
    settings = replace(settings, threads=1)
    waiting, second = (RunFolder(settings.runs / letter.ljust(20, letter)) for letter in "ab")
    for folder in (waiting, second):
        shutil.copytree(queued, folder.path)
        time.sleep(0.01)
    second.append(state="queued")
    program = (
        "import sys, time; from pathlib import Path; from models.settings import Settings;"
        "from models.finetune.runs import RunStore;"
        "store = RunStore(Settings(home=Path(sys.argv[1]), threads=1)); time.sleep(600)"
    )
    app = subprocess.Popen([sys.executable, "-c", program, str(settings.home)], cwd=ROOT)
    wait_until(lambda: read_run(waiting).state == "running")
    app.kill()
    app.wait()
    assert WorkerProcess.of(waiting) is not None
    store = RunStore(settings)
    try:
        assert store.status(waiting.run_id).state in ("running", "finished")
        wait_until(lambda: store.status(second.run_id).state == "finished")
        assert [weights_hash(folder) for folder in (waiting, second)] == [unbroken[0]] * 2
    finally:
        store.close()


def test_a_second_worker_over_the_same_run_gives_way(make_folder):
    from filelock import FileLock

    folder = make_folder()
    with FileLock(folder.worker_lock):
        assert die_at("loading", folder.path) == 0
    assert read_run(folder).state == "queued"


def wait_until(reached, seconds: float = 180) -> None:
    ends = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < ends
        time.sleep(0.1)
