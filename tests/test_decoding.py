"""Six ways of writing: what each is, the figures by hand, beam search against transformers' own, stopping."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.beam import beam_search
from models.decoding import WAYS, Comparison, DecodingComparer, Writing, distinct, repetition
from models.engine import Engine
from models.errors import BadInput
from models.generation import TASK, GenerationRunner
from models.library import Library
from models.progress import finished
from models.sampling import GenerationOptions

PROMPT = "今天天气真好"


@pytest.fixture
def comparer(library: Library, engine: Engine, settings) -> DecodingComparer:
    return DecodingComparer(library, engine, settings)


@pytest.fixture
def model(tiny_gpt2: Path) -> str:
    return str(tiny_gpt2)


def test_all_ways_are_written_and_the_same_seed_repeats_them(comparer, model) -> None:
    found = finished(comparer.compare(PROMPT, model, 20, 3))
    assert [text.way for text in found.texts] == list(WAYS)
    again, other = (finished(comparer.compare(PROMPT, model, 20, seed)) for seed in (3, 4))
    assert [text.written for text in again.texts] == [text.written for text in found.texts]
    same = [one.way for one, two in zip(found.texts, other.texts, strict=True) if one.written == two.written]
    assert same == ["greedy", "beam"]


def test_a_way_is_what_the_same_options_write(comparer, library, engine, settings, model) -> None:
    found = {text.way: text for text in finished(comparer.compare(PROMPT, model, 20, 3)).texts}
    options = GenerationOptions(20, temperature=1.0, top_k=50, top_p=1.0, repetition_penalty=1.0, seed=3)
    *_, text = GenerationRunner(library, engine, settings).stream(PROMPT, model, options)
    assert PROMPT + found["top_k"].written == text
    assert 0 < found["hot"].mean_probability < found["greedy"].mean_probability < 1


def test_the_beam_is_that_of_transformers_and_is_told_token_by_token(library, model) -> None:
    import torch

    with library.lease(model, TASK) as loaded:
        ids = loaded.processor.encode(PROMPT, add_special_tokens=False)
        told = list(beam_search(loaded, ids, 12, 4))
        tokens = torch.tensor([ids])
        own = loaded.model.generate(
            input_ids=tokens, attention_mask=torch.ones_like(tokens), max_new_tokens=12, num_beams=4, do_sample=False
        )
    assert told[-1] == own[0, len(ids) :].tolist()
    assert [len(one) for one in told[:12]] == list(range(1, 13))


def test_distinct_n_and_repetition_are_shares_of_runs() -> None:
    assert distinct([1, 2, 1, 2], 1) == 0.5
    assert distinct([1, 2, 1, 2], 2) == pytest.approx(2 / 3)
    assert distinct([], 2) == 0
    assert repetition([1, 2, 3, 4, 1, 2, 3, 4]) == pytest.approx(1 / 5)
    assert repetition([1, 2]) == 0


@pytest.mark.parametrize("tokens_before", [3, 25])  # in the greedy text, in the beam search
def test_a_comparison_that_is_closed_computes_no_more_and_gives_its_lease_back(
    comparer, library, engine, model, tokens_before
) -> None:
    steps = comparer.compare(PROMPT, model, 20, 3)
    for _ in range(tokens_before):
        assert isinstance(next(steps), Writing)
    steps.close()
    done = engine.batches
    engine.call(lambda: None)
    assert engine.batches == done + 1
    assert [entry.leases for entry in library.cache.entries()] == [0]


@pytest.mark.parametrize(
    ("prompt", "length"), [("", 20), ("茶" * 5000, 20), (PROMPT, 0), (PROMPT, 121), (PROMPT, None)]
)
def test_what_is_out_of_bounds_is_refused(comparer, model, prompt, length) -> None:
    with pytest.raises(BadInput):
        finished(comparer.compare(prompt, model, length, 3))


def test_the_texts_that_are_done_are_told_while_the_next_is_written(comparer, model) -> None:
    steps = list(comparer.compare(PROMPT, model, 5, 3))
    assert isinstance(steps[-1], Comparison)
    told = [len(step.texts) for step in steps[:-1]]
    assert told == sorted(told)
    assert set(told) == set(range(6))
