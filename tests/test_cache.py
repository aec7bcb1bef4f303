"""The eight lines of the cache's contract, and what follows from them."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from fakes import CountingLoader, fake_spec
from tiny_models import write_bert

from models.cache import ModelCache
from models.catalog import Catalog
from models.engine import Engine
from models.errors import BudgetExceeded, SourceFailed, WrongTask
from models.generation import GenerationOptions, GenerationRunner
from models.spec import MB, ModelSpec


def use(cache: ModelCache, spec: ModelSpec) -> object:
    with cache.lease(spec) as loaded:
        return loaded


def names(cache: ModelCache) -> list[str]:
    return sorted(entry.name for entry in cache.entries())


def eight(work: Callable[[], object]) -> list[Future]:
    """The work done by eight visitors who all begin at the same moment."""
    together = threading.Barrier(8)

    def one() -> object:
        together.wait(timeout=20)
        return work()

    with ThreadPoolExecutor(8) as visitors:
        return [visitors.submit(one) for _ in range(8)]


def test_1_simultaneous_leases_load_once_and_share_the_model(loader: CountingLoader) -> None:
    cache = ModelCache(loader, budget_bytes=100 * MB)
    loader.gate.clear()
    threading.Timer(0.2, loader.gate.set).start()
    models = [future.result() for future in eight(lambda: use(cache, fake_spec()))]
    assert loader.calls["oolong"] == 1
    assert all(model is models[0] for model in models)


def test_1_simultaneous_leases_share_the_error_too(loader: CountingLoader) -> None:
    cache = ModelCache(loader, budget_bytes=100 * MB)
    error = SourceFailed("errors.offline", model="oolong")
    loader.failures = [error]
    loader.gate.clear()
    threading.Timer(0.5, loader.gate.set).start()
    futures = eight(lambda: use(cache, fake_spec()))
    assert loader.calls["oolong"] == 1
    assert all(future.exception() is error for future in futures)


def test_2_a_failed_load_is_not_cached_and_the_next_lease_tries_again(loader: CountingLoader) -> None:
    cache = ModelCache(loader, budget_bytes=10 * MB)
    loader.failures = [SourceFailed("errors.offline", model="oolong")]
    with pytest.raises(SourceFailed):
        use(cache, fake_spec())
    assert cache.entries() == []
    assert use(cache, fake_spec()) is loader.loaded["oolong"]
    assert loader.calls["oolong"] == 2


def test_3_nothing_loads_under_the_lock_of_the_books(loader: CountingLoader) -> None:
    cache = ModelCache(loader, budget_bytes=100 * MB)
    use(cache, fake_spec("ready"))
    loader.gate.clear()
    with ThreadPoolExecutor(1) as visitor:
        slow = visitor.submit(use, cache, fake_spec("slow"))
        loader.started.acquire(timeout=10)
        loader.started.acquire(timeout=10)
        begun = time.monotonic()
        use(cache, fake_spec("ready"))
        assert [entry.name for entry in cache.entries() if entry.loading] == ["slow"]
        assert cache.evict("slow") is False
        assert cache.evict("ready") is True
        assert time.monotonic() - begun < 1.0
        loader.gate.set()
        assert slow.result().spec.name == "slow"


def test_3_loads_of_different_models_come_one_after_another(loader: CountingLoader) -> None:
    cache = ModelCache(loader, budget_bytes=100 * MB)
    loader.gate.clear()
    threading.Timer(0.2, loader.gate.set).start()
    with ThreadPoolExecutor(5) as visitors:
        list(visitors.map(lambda name: use(cache, fake_spec(name)), "abcde"))
    assert loader.calls.total() == 5
    assert loader.most_at_once == 1


def test_4_the_least_recently_used_idle_model_goes_first(loader: CountingLoader) -> None:
    cache = ModelCache(loader, budget_bytes=30 * MB)
    for name in ("a", "b", "c", "a"):
        use(cache, fake_spec(name))
    use(cache, fake_spec("d"))
    assert names(cache) == ["a", "c", "d"]
    assert [loader.loaded[name].closed for name in "abcd"] == [0, 1, 0, 0]


def test_4_a_leased_model_never_goes(loader: CountingLoader) -> None:
    cache = ModelCache(loader, budget_bytes=20 * MB)
    with cache.lease(fake_spec("old")) as old:
        use(cache, fake_spec("young"))
        use(cache, fake_spec("new"))
        assert names(cache) == ["new", "old"]
        assert cache.evict("old") is False
        assert old.closed == 0
    assert cache.evict("old") is True
    assert old.closed == 1


def test_5_memory_is_reserved_before_loading(loader: CountingLoader) -> None:
    cache = ModelCache(loader, budget_bytes=20 * MB)
    loader.gate.clear()
    with ThreadPoolExecutor(1) as visitor:
        slow = visitor.submit(use, cache, fake_spec("slow", 15))
        loader.started.acquire(timeout=10)
        assert cache.entries()[0].size_bytes == 15 * MB
        with pytest.raises(BudgetExceeded):
            use(cache, fake_spec("late", 10))
        loader.gate.set()
        slow.result()


def test_5_the_reservation_is_corrected_to_the_measured_size(loader: CountingLoader) -> None:
    cache = ModelCache(loader, budget_bytes=30 * MB)
    loader.measured = {"shy": 25 * MB}
    use(cache, fake_spec("idle", 10))
    use(cache, fake_spec("shy", 10))
    assert [(entry.name, entry.size_bytes) for entry in cache.entries()] == [("shy", 25 * MB)]
    assert loader.loaded["idle"].closed == 1


def test_6_a_lease_that_would_burst_the_budget_says_what_is_loaded_and_what_would_fit(loader: CountingLoader) -> None:
    cache = ModelCache(loader, budget_bytes=30 * MB)
    use(cache, fake_spec("idle", 5))
    with cache.lease(fake_spec("busy", 20)), pytest.raises(BudgetExceeded) as caught:
        use(cache, fake_spec("large", 15))
    assert caught.value.values == {
        "model": "large",
        "needed": "15 MB",
        "free": "10 MB",
        "budget": "30 MB",
        "loaded": "idle, busy",
    }
    assert names(cache) == ["busy", "idle"], "a refused lease unloads nothing"
    assert loader.calls["large"] == 0


def test_6_the_refusal_does_not_tell_others_the_whole_id_of_a_run(loader: CountingLoader) -> None:
    cache = ModelCache(loader, budget_bytes=20 * MB)
    secret = fake_spec("run:0123456789abcdef", 20, origin="run")
    with cache.lease(secret), pytest.raises(BudgetExceeded) as caught:
        use(cache, fake_spec("large", 15))
    assert caught.value.values["loaded"] == "run:0123…"


def test_7_closing_a_stream_early_gives_the_lease_back_after_it_has_really_stopped(
    make_library, engine: Engine, settings, tiny_gpt2: Path
) -> None:
    library = make_library()
    runner = GenerationRunner(library, engine, settings)
    texts = runner.stream("今天", str(tiny_gpt2), GenerationOptions(max_new_tokens=200, seed=1))
    for _ in range(3):
        next(texts)
    assert [entry.leases for entry in library.cache.entries()] == [1]
    assert library.cache.evict(str(tiny_gpt2)) is False
    texts.close()
    computed = engine.batches
    assert [entry.leases for entry in library.cache.entries()] == [0]
    assert library.cache.evict(str(tiny_gpt2)) is True
    time.sleep(0.3)
    assert engine.batches == computed, "the inference thread went on after the stream was closed"
    assert 3 <= computed < 20


def test_8_a_fine_tuned_model_enters_by_the_same_door(make_library, tiny_bert: Path) -> None:
    def find_run(run: str) -> ModelSpec:
        return ModelSpec(name=f"run:{run}", task="text-classification", source=str(tiny_bert), origin="run")

    library = make_library(catalog=Catalog(find_run=find_run))
    with library.lease("run:0123456789", "text-classification") as loaded:
        assert loaded.labels == ["negative", "positive"]
        assert [(entry.name, entry.leases) for entry in library.cache.entries()] == [("run:0123456789", 1)]
    assert library.cache.evict("run:0123456789") is True
    assert library.cache.entries() == []


def test_8_evicting_a_model_frees_its_memory(tmp_path: Path) -> None:
    """In a process of its own. Stored as bundled and fine-tuned models are: half precision, several shards.

    The shapes are those of the bundled encoder, whose embedding is just small enough for glibc to keep it in an arena.
    """
    write_bert(tmp_path / "small")
    shape = {"vocabulary": 20_000, "width": 384, "layers": 12}
    write_bert(tmp_path / "large", **shape, dtype=torch.float16, max_shard_size="9MB")
    script = Path(__file__).with_name("memory_trial.py")
    done = subprocess.run(
        [sys.executable, script, tmp_path],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ | {"PYTHONPATH": str(script.parents[1])},
        check=False,
    )
    assert done.returncode == 0, done.stderr
    size, loaded, *left = map(float, done.stdout.split())
    assert loaded > 0.8 * size, "the trial did not load what it should"
    assert max(left) < 0.3 * size, f"of {size:.0f} MB these stayed after each unload: {left}"


def test_a_model_that_cannot_be_closed_hinders_nobody(loader: CountingLoader) -> None:
    def refuse() -> None:
        raise RuntimeError("stuck")

    cache = ModelCache(loader, budget_bytes=10 * MB)
    use(cache, fake_spec("stuck")).close = refuse
    assert use(cache, fake_spec("next")) is loader.loaded["next"]
    assert names(cache) == ["next"]


def test_evicting_what_is_not_there_is_false(loader: CountingLoader) -> None:
    assert ModelCache(loader, budget_bytes=MB).evict("nothing") is False


def test_an_error_while_leased_gives_the_lease_back(loader: CountingLoader) -> None:
    cache = ModelCache(loader, budget_bytes=10 * MB)
    with pytest.raises(KeyError), cache.lease(fake_spec()):
        raise KeyError("the visitor's own")
    assert [entry.leases for entry in cache.entries()] == [0]


def test_entries_tell_the_panel_what_is_busy_and_what_is_idle(loader: CountingLoader) -> None:
    cache = ModelCache(loader, budget_bytes=100 * MB)
    use(cache, fake_spec("idle", 7))
    time.sleep(0.02)
    with cache.lease(fake_spec("busy", 9)):
        busy, idle = cache.entries()
    assert (busy.name, busy.leases, busy.idle_seconds, busy.size_bytes) == ("busy", 1, 0.0, 9 * MB)
    assert (idle.name, idle.leases, idle.loading) == ("idle", 0, False)
    assert idle.idle_seconds > 0


def test_a_model_loaded_in_one_tab_is_refused_in_another(make_library, settings, tiny_bert: Path) -> None:
    library = make_library(replace(settings, local_folders=True))
    with library.lease(str(tiny_bert), "text-classification"):
        pass
    with pytest.raises(WrongTask), library.lease(str(tiny_bert), "text-generation"):
        pass
