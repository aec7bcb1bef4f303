"""Several visitors over one store: their limits, the queue, runs that expire, apps that share one home. Nothing trains."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from models.errors import Busy, UnknownRun
from models.finetune.process import WorkerProcess, mark
from models.finetune.request import FinetuneRequest
from models.finetune.run_folder import RunFolder
from models.finetune.runs import RunStore
from models.finetune.shelf import visitor_mark

TEA = Path(__file__).resolve().parents[1] / "assets" / "examples" / "finetune_tea.csv"
DAY = 24 * 3600


@pytest.fixture(autouse=True)
def started(monkeypatch) -> list[str]:
    """Ids of the runs whose worker was started; it is this process, which trains nothing."""
    ids: list[str] = []

    class Idle(WorkerProcess):
        def ask_to_stop(self) -> None: ...
        def is_alive(self) -> bool:
            return False

    def start(folder: RunFolder) -> WorkerProcess:
        ids.append(folder.run_id)
        time.sleep(0.1)
        mark(folder, psutil.Process())
        folder.append(state="running", phase="training")
        return Idle(psutil.Process())

    monkeypatch.setattr(WorkerProcess, "start", start)
    return ids


@pytest.fixture
def make_store(settings) -> Iterator:
    stores = []

    def make(**changes) -> RunStore:
        stores.append(RunStore(replace(settings, **changes)))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def asked(tiny_bert) -> FinetuneRequest:
    return FinetuneRequest(str(TEA), base_model=str(tiny_bert))


def wait_until(reached, seconds: float = 20) -> None:
    ends = time.monotonic() + seconds
    while not reached():
        assert time.monotonic() < ends
        time.sleep(0.02)


def end(settings, run_id: str, days_ago: float = 0.0) -> RunFolder:
    folder = RunFolder(settings.runs / run_id)
    folder.append(state="finished")
    if days_ago:
        lines = folder.events_file.read_text(encoding="utf-8").splitlines()
        then = time.time() - days_ago * DAY
        aged = [line.replace('{"at": ', f'{{"at": {then}, "was": ', 1) for line in lines]
        folder.events_file.write_text("\n".join([*aged, ""]), encoding="utf-8")
        os.utime(folder.events_file, (then, then))
    return folder


def test_one_visitor_may_have_three_runs_under_way_and_another_theirs(make_store, asked, settings):
    store = make_store()
    runs = [store.start(asked, "mei") for _ in range(3)]
    wait_until(lambda: store.status(runs[0].run_id).state == "running")
    with pytest.raises(Busy) as refused:
        store.start(asked, "mei")
    assert (refused.value.key, refused.value.values["limit"]) == ("errors.too_many_runs_of_yours", 3)
    store.start(asked, "li")
    end(settings, runs[0].run_id)
    store.start(asked, "mei")


def test_a_run_that_is_over_no_longer_counts_and_nobody_in_particular_has_no_limit(make_store, asked):
    store = make_store(max_runs_per_visitor=1)
    waiting = [store.start(asked, "") for _ in range(3)]
    store.start(asked, "mei")
    assert len(waiting) == 3


def test_of_a_visitor_only_a_hash_is_kept(make_store, asked, settings):
    run = make_store().start(asked, "198.51.100.7")
    files = [path for path in (settings.runs / run.run_id).iterdir() if path.suffix in (".txt", ".json", ".jsonl")]
    assert not any("198.51.100.7" in path.read_text(encoding="utf-8") for path in files)
    assert RunFolder(settings.runs / run.run_id).visitor() == visitor_mark("198.51.100.7")


def test_the_queue_tells_places_and_the_wait_where_it_is_known(make_store, asked, settings, started):
    store = make_store()
    first, second, third = (store.start(asked).run_id for _ in range(3))
    wait_until(lambda: started == [first])
    assert (store.status(second).ahead, store.status(second).wait_seconds) == (1, None)
    RunFolder(settings.runs / first).append(step=1, loss=0.5, learning_rate=1e-4, seconds_left=90.0)
    assert store.status(second).wait_seconds == 90.0
    assert (store.status(third).ahead, store.status(third).wait_seconds) == (2, None)
    end(settings, first)
    wait_until(lambda: started == [first, second])
    assert store.status(third).ahead == 1


def test_two_apps_over_one_home_start_one_run_at_a_time(make_store, asked, started):
    stores = [make_store(), make_store()]
    threads = [threading.Thread(target=store.start, args=(asked,)) for store in stores]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wait_until(lambda: started)
    time.sleep(1.5)  # each has looked several times
    assert len(started) == 1


def test_a_run_expires_after_its_days_is_found_by_nobody_and_deleted(make_store, asked, settings):
    store = make_store(run_days=30.0)
    run_id = store.start(asked).run_id
    wait_until(lambda: store.status(run_id).state == "running")
    assert store.status(run_id).expires_at is None
    folder = end(settings, run_id, days_ago=29)
    left = store.status(run_id).expires_at - time.time()
    assert left == pytest.approx(DAY, abs=60)
    end(settings, run_id, days_ago=31)
    for door in (store.status, store.resume, store.stop, store.find, store.download):
        with pytest.raises(UnknownRun) as refused:
            door(run_id)
        assert refused.value.key == "errors.unknown_run"
    assert folder.path.exists()
    make_store()
    wait_until(lambda: not folder.path.exists())


def test_a_run_under_way_never_expires(make_store, asked, settings):
    store = make_store(run_days=0.0)
    run_id = store.start(asked).run_id
    assert store.status(run_id).expires_at is None
    assert (settings.runs / run_id).exists()


def test_two_runs_have_nothing_in_common_in_their_ids(make_store, asked):
    store = make_store()
    first, second = (store.start(asked).run_id for _ in range(2))
    assert len(first) == len(second) == 20
    assert sum(a == b for a, b in zip(first, second, strict=True)) < 10
