"""The store of runs, with real worker processes on a tiny model: ids, turns, stopping, deaths, restarts, zips, room."""

from __future__ import annotations

import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from models.cache import ModelCache
from models.errors import BadInput, Busy, UnknownModel, UnknownRun, WrongTask
from models.finetune import digest, report
from models.finetune.process import WorkerProcess
from models.finetune.run import Run
from models.finetune.run_folder import RunFolder
from models.finetune.runs import FinetuneRequest, RunStore
from models.settings import Settings
from models.spec import ModelSpec

TEA = Path(__file__).resolve().parents[1] / "assets" / "examples" / "finetune_tea.csv"


@pytest.fixture
def make_store(settings) -> Iterator[Callable[..., RunStore]]:
    """Stores over one home; all are closed with the test."""
    stores: list[RunStore] = []

    def make(chosen: Settings = settings) -> RunStore:
        stores.append(RunStore(replace(chosen, threads=1)))
        return stores[-1]

    yield make
    for store in stores:
        store.close()


@pytest.fixture
def request_tiny(tiny_bert) -> Callable[..., FinetuneRequest]:
    def make(**options) -> FinetuneRequest:
        usual = {"base_model": str(tiny_bert), "epochs": 1, "learning_rate": 1e-3}
        return FinetuneRequest(str(TEA), **usual | options)

    return make


def wait_for(store: RunStore, run_id: str, reached: Callable[[Run], bool], seconds: float = 120) -> Run:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        run = store.status(run_id)
        if reached(run):
            return run
        time.sleep(0.05)
    raise AssertionError(f"the run did not get there: {run.state} {run.phase} {run.step}/{run.steps} {run.error}")


def ended(run: Run) -> bool:
    return not run.is_under_way


def put_run(settings: Settings, run_id: str, *states: str) -> RunFolder:
    """A run's folder as an earlier app left it."""
    folder = RunFolder(settings.runs / run_id)
    folder.path.mkdir(parents=True)
    (folder.path / "data.csv").write_text("text,label\n茶,好\n", encoding="utf-8")
    folder.write_request(FinetuneRequest(str(folder.path / "data.csv"), "text", "label"))
    for state in states:
        folder.append(state=state)
    return folder


def test_a_run_trains_in_a_process_of_its_own_and_is_found_downloaded_and_seen_by_another_store(
    make_store, request_tiny, settings, tmp_path
):
    import transformers

    store = make_store()
    started = store.start(request_tiny())
    assert started.state in ("queued", "running")
    worker = wait_for(store, started.run_id, lambda run: run.state == "running")
    assert WorkerProcess.of(RunFolder(settings.runs / worker.run_id))._process.pid != psutil.Process().pid
    run = wait_for(store, started.run_id, ended)
    assert (run.state, run.step) == ("finished", run.steps), run.error
    spec = store.find(run.run_id)
    assert (spec.name, spec.origin, spec.task) == (f"run:{run.run_id}", "run", "text-classification")
    assert spec.size_bytes > 0
    with zipfile.ZipFile(store.download(run.run_id)) as archive:
        archive.extractall(tmp_path / "unzipped")
    model = transformers.AutoModelForSequenceClassification.from_pretrained(tmp_path / "unzipped")
    assert set(model.config.id2label.values()) == {"好评", "差评"}
    assert make_store().status(run.run_id) == run
    assert report.run_json(run)["metrics"]["accuracy"] == run.metrics.accuracy
    assert report.run_json(run)["sha256"] == digest.of(Path(spec.source)) == digest.of(tmp_path / "unzipped")


def test_a_run_is_stopped_and_resumed_to_its_end(make_store, request_tiny):
    store = make_store()
    run_id = store.start(request_tiny(epochs=3, batch_size=4)).run_id
    wait_for(store, run_id, lambda run: run.step >= 3)
    stopped = store.stop(run_id)
    assert stopped.state == "stopped"
    assert 3 <= stopped.step < stopped.steps
    assert store.find(run_id).revision == str(stopped.step)
    assert store.resume(run_id).state in ("queued", "running")
    run = wait_for(store, run_id, ended)
    assert (run.state, run.step, run.steps) == ("finished", stopped.steps, stopped.steps)
    assert store.find(run_id).revision == str(run.step)


def test_a_killed_worker_is_an_interrupted_run_for_a_restarted_app_too_and_goes_on(make_store, request_tiny, settings):
    store = make_store()
    run_id = store.start(request_tiny(epochs=3, batch_size=4)).run_id
    folder = RunFolder(settings.runs / run_id)
    wait_for(store, run_id, lambda _: folder.checkpoint.is_file())
    psutil.Process(folder.process()[0]).kill()
    assert wait_for(store, run_id, ended).state == "interrupted"
    with pytest.raises(UnknownRun) as refused:
        store.find(run_id)
    assert refused.value.values["state"] == "interrupted"
    restarted = make_store()
    assert restarted.status(run_id).state == "interrupted"
    restarted.resume(run_id)
    run = wait_for(restarted, run_id, ended)
    assert (run.state, run.step) == ("finished", run.steps)


def test_runs_take_turns_and_a_queued_one_is_stopped_at_once(make_store, request_tiny):
    store = make_store()
    first = store.start(request_tiny(epochs=20, batch_size=1)).run_id
    wait_for(store, first, lambda run: run.state == "running")
    second = store.start(request_tiny()).run_id
    third = store.start(request_tiny()).run_id
    assert [store.status(run_id).ahead for run_id in (second, third)] == [1, 2]
    assert store.stop(second).state == "stopped"
    assert store.stop(first).state == "stopped"
    wait_for(store, third, lambda run: run.state == "running")


def test_closing_the_store_ends_its_worker_and_leaves_the_queue(make_store, request_tiny, settings):
    store = make_store()
    first = store.start(request_tiny(epochs=20, batch_size=1)).run_id
    second = store.start(request_tiny()).run_id
    wait_for(store, first, lambda run: run.state == "running")
    store.close()
    assert WorkerProcess.of(RunFolder(settings.runs / first)) is None
    assert store.status(first).state in ("stopped", "interrupted")
    assert store.status(second).state == "queued"


def test_a_process_id_that_was_given_to_another_is_not_taken_for_the_worker(make_store, settings):
    folder = put_run(settings, "abcdefghjkmnpqrstuvw", "queued", "running")
    me = psutil.Process()
    folder.write_process(me.pid, me.create_time() - 5000)
    assert make_store().status(folder.run_id).state == "interrupted"


@pytest.mark.parametrize(
    "forged",
    [
        "",
        "nope",
        "../../etc/passwd",
        "..",
        "/etc/passwd",
        "abcdefghjkmnpqrstuvw",
        "a" * 20 + "/..",
        "a\x00b",
        "a" * 5000,
    ],
)
def test_an_unknown_or_forged_id_is_refused_by_every_door(make_store, forged):
    store = make_store()
    for door in (store.status, store.stop, store.resume, store.find, store.download):
        with pytest.raises(UnknownRun) as refused:
            door(forged)
        assert refused.value.key == "errors.unknown_run"


def test_ids_cannot_be_guessed_and_are_taken_as_people_type_them(make_store, settings):
    folder = put_run(settings, "abcdefghjkmnpqrstuvw", "queued", "stopped")
    store = make_store()
    for typed in (folder.run_id, f" {folder.run_id} ", f"run:{folder.run_id}"):
        assert store.status(typed).run_id == folder.run_id


def test_what_cannot_be_trained_is_refused_before_a_run_exists(make_store, request_tiny, settings, tmp_path):
    store = make_store()
    one_class = tmp_path / "one.csv"
    one_class.write_text("text,label\n茶,好\n水,好\n", encoding="utf-8")
    with pytest.raises(BadInput) as refused:
        store.start(replace(request_tiny(), file=str(one_class)))
    assert refused.value.key == "errors.one_class"
    with pytest.raises(UnknownModel):
        store.start(request_tiny(base_model="no-such-model"))
    with pytest.raises(WrongTask):
        store.start(request_tiny(base_model="gpt-zh"))
    assert not settings.runs.exists()


def test_the_oldest_finished_run_goes_when_there_is_no_room_and_none_goes_while_it_trains(
    make_store, request_tiny, settings
):
    ids = [letter * 20 for letter in "abc"]
    put_run(settings, ids[0], "queued", "stopped")
    put_run(settings, ids[1], "queued", "finished")
    put_run(settings, ids[2], "queued", "finished")
    store = make_store(replace(settings, max_runs=3))
    store.stop(store.start(request_tiny()).run_id)
    assert not (settings.runs / ids[1]).exists()
    assert (settings.runs / ids[0]).exists()
    assert (settings.runs / ids[2]).exists()
    full = make_store(replace(settings, max_runs=0))
    for run_id in (ids[0], ids[2]):
        put_state = RunFolder(settings.runs / run_id)
        put_state.append(state="queued")
    with pytest.raises(Busy) as refused:
        full.start(request_tiny())
    assert refused.value.key == "errors.too_many_runs"


def test_a_resumed_run_does_not_answer_with_the_model_it_was_before(loader):
    spec = ModelSpec("run:abc", "text-classification", "/nowhere", origin="run", revision="3", size_bytes=10)
    cache = ModelCache(loader, budget_bytes=100)
    with cache.lease(spec) as before:
        pass
    with cache.lease(replace(spec, revision="8")) as after:
        assert after is not before
    assert before.closed == 1
    with cache.lease(replace(spec, revision="8")) as again:
        assert again is after
