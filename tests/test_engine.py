"""The inference thread: what it merges, in which order it serves, and that nothing brings it down."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import closing

import pytest

from models.engine import Engine
from models.errors import Busy


class Work:
    """Runs of the engine as they happened. While the gate is held, the inference thread is kept busy."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.runs: list[tuple[str, list]] = []
        self._gate, self._held = threading.Event(), threading.Event()

    def hold(self) -> None:
        def wait(items: Sequence) -> list:
            self._held.set()
            self._gate.wait(timeout=20)
            return [None for _ in items]

        self.engine.submit("gate", None, wait)
        assert self._held.wait(timeout=20)

    def release(self) -> None:
        self._gate.set()

    def submit(self, key: str, item: int):
        return self.engine.submit(key, item, lambda items: self.run(key, items))

    def run(self, key: str, items: Sequence[int]) -> list[int]:
        self.runs.append((key, list(items)))
        return [item * 10 for item in items]


@pytest.fixture
def work(engine: Engine) -> Work:
    return Work(engine)


def test_what_waits_for_the_same_model_is_merged_into_one_batch(work: Work) -> None:
    work.hold()
    futures = [work.submit("bert", item) for item in range(5)]
    work.release()
    assert [future.result(timeout=10) for future in futures] == [0, 10, 20, 30, 40]
    assert work.runs == [("bert", [0, 1, 2, 3, 4])]


def test_models_are_served_in_the_order_they_were_asked(work: Work) -> None:
    work.hold()
    futures = [work.submit(key, item) for item, key in enumerate(["vit", "bert", "vit", "resnet"])]
    work.release()
    assert [future.result(timeout=10) for future in futures] == [0, 10, 20, 30]
    assert work.runs == [("vit", [0, 2]), ("bert", [1]), ("resnet", [3])]


def test_a_batch_is_never_larger_than_allowed() -> None:
    engine = Engine(max_batch=4)
    sizes: list[int] = []
    with closing(engine):
        results = engine.map("bert", range(10), lambda items: (sizes.append(len(items)), [-item for item in items])[1])
    assert results == [-item for item in range(10)]
    assert max(sizes) <= 4
    assert sum(sizes) == 10


def test_an_error_goes_to_all_who_wait_for_the_batch_and_to_nobody_else(work: Work) -> None:
    def fail(_: Sequence) -> list:
        raise ValueError("bad weights")

    work.hold()
    failing = [work.engine.submit("broken", item, fail) for item in range(3)]
    fine = work.submit("bert", 1)
    work.release()
    for future in failing:
        with pytest.raises(ValueError, match="bad weights"):
            future.result(timeout=10)
    assert fine.result(timeout=10) == 10


def test_a_run_that_gives_too_few_results_is_an_error_for_all(work: Work) -> None:
    work.hold()
    futures = [work.engine.submit("short", item, lambda items: list(items)[1:]) for item in range(2)]
    work.release()
    for future in futures:
        with pytest.raises(RuntimeError, match="2 gave 1"):
            future.result(timeout=10)


def test_the_thread_survives_even_what_is_no_exception(engine: Engine) -> None:
    def leave(_: Sequence) -> list:
        raise SystemExit

    with pytest.raises(SystemExit):
        engine.submit("rude", None, leave).result(timeout=10)
    assert engine.call(lambda: "alive") == "alive"


def test_a_full_queue_refuses_with_the_number_that_wait() -> None:
    engine = Engine(max_waiting=3)
    work = Work(engine)
    with closing(engine):
        work.hold()
        futures = [work.submit("bert", item) for item in range(3)]
        with pytest.raises(Busy) as caught:
            work.submit("bert", 4)
        work.release()
        assert caught.value.values == {"waiting": 3}
        assert [future.result(timeout=10) for future in futures] == [0, 10, 20]
        assert work.submit("bert", 5).result(timeout=10) == 50


def test_who_cancels_while_waiting_costs_no_computing(work: Work) -> None:
    work.hold()
    gone, stays = work.submit("bert", 1), work.submit("bert", 2)
    assert gone.cancel()
    work.release()
    assert stays.result(timeout=10) == 20
    assert work.runs == [("bert", [2])]


def test_a_stream_computes_only_what_is_asked_for_and_on_the_inference_thread(engine: Engine) -> None:
    made: list[str] = []

    def pieces() -> Iterator[int]:
        for piece in range(100):
            made.append(threading.current_thread().name)
            yield piece

    stream = engine.stream(pieces())
    assert [next(stream), next(stream)] == [0, 1]
    assert made == ["inference", "inference"]


def test_closing_a_stream_stops_its_computing_and_closes_its_source(engine: Engine) -> None:
    made: list[int] = []
    closed = threading.Event()

    def pieces() -> Iterator[int]:
        try:
            for piece in range(100):
                made.append(piece)
                yield piece
        finally:
            closed.set()

    stream = engine.stream(pieces())
    next(stream)
    stream.close()
    engine.call(lambda: None)
    assert made == [0]
    assert closed.is_set()


def test_an_error_inside_a_stream_reaches_its_reader_and_only_them(engine: Engine) -> None:
    def pieces() -> Iterator[int]:
        yield 1
        raise ValueError("out of tokens")

    stream = engine.stream(pieces())
    assert next(stream) == 1
    with pytest.raises(ValueError, match="out of tokens"):
        next(stream)
    assert engine.call(lambda: 2) == 2


def test_between_two_pieces_of_a_stream_others_are_served(engine: Engine) -> None:
    """A stream and a long batch take turns: neither waits for the other's end."""
    order: list[str] = []

    def pieces() -> Iterator[int]:
        for piece in range(20):
            order.append("stream")
            time.sleep(0.02)  # as long as a token: both sides have their next piece of work waiting
            yield piece

    def rows(items: Sequence[int]) -> list[int]:
        order.append("batch")
        time.sleep(0.02)
        return list(items)

    both = threading.Barrier(2)

    def read_all() -> None:
        both.wait(timeout=20)
        for _ in engine.stream(pieces()):
            pass

    reader = threading.Thread(target=read_all)
    reader.start()
    both.wait(timeout=20)
    engine.map("bert", range(20 * 32), rows)
    reader.join(timeout=20)
    assert order.count("stream") == 20
    assert order.count("batch") == 20
    first_end = min(len(order) - order[::-1].index(kind) for kind in ("stream", "batch"))
    served_by_then = order[:first_end]
    assert min(served_by_then.count("stream"), served_by_then.count("batch")) >= 5


def test_two_streams_take_turns(engine: Engine) -> None:
    order: list[str] = []

    def pieces(name: str) -> Iterator[str]:
        for _ in range(3):
            order.append(name)
            yield name

    first, second = engine.stream(pieces("a")), engine.stream(pieces("b"))
    for _ in range(3):
        next(first)
        next(second)
    assert order == ["a", "b"] * 3


def test_a_closed_engine_finishes_what_waits_and_takes_no_more() -> None:
    engine = Engine()
    work = Work(engine)
    work.hold()
    future = work.submit("bert", 7)
    threading.Timer(0.1, work.release).start()
    engine.close()
    assert future.result(timeout=0) == 70
    with pytest.raises(RuntimeError, match="closed"):
        work.submit("bert", 8)
