"""What a trace promises: the text that the seed writes, chances that sum to one, branches that keep their beginning."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from models.engine import Engine
from models.errors import BadInput
from models.generation import TASK, GenerationRunner
from models.library import Library
from models.progress import finished
from models.sampling import GenerationOptions
from models.spec import BUNDLED
from models.spelling import end_tokens
from models.tracing import Tracer, Written

PROMPT = "今天天气真好"


@pytest.fixture
def tracer(library: Library, engine: Engine, settings) -> Tracer:
    return Tracer(library, engine, settings)


@pytest.fixture
def model(tiny_gpt2: Path) -> str:
    return str(tiny_gpt2)


def seeded(seed: int = 7, **more: float) -> GenerationOptions:
    return GenerationOptions(**{"max_new_tokens": 24, "seed": seed} | more)


@contextmanager
def counted(model) -> Iterator[list[int]]:
    """How many places each forward pass gave scores for, as long as the block lasts."""
    passes: list[int] = []
    hook = model.register_forward_hook(lambda _module, _inputs, output: passes.append(output.logits.shape[1]))
    try:
        yield passes
    finally:
        hook.remove()


def streamed(library: Library, engine: Engine, settings, model: str, options: GenerationOptions) -> str:
    return list(GenerationRunner(library, engine, settings).stream(PROMPT, model, options))[-1]


@pytest.mark.parametrize(
    "options",
    [seeded(), seeded(temperature=0), seeded(top_k=0, top_p=1, repetition_penalty=1), seeded(top_k=3, temperature=1.5)],
)
def test_a_trace_is_the_text_that_the_same_seed_writes(library, engine, settings, tracer, model, options) -> None:
    found = finished(tracer.trace(PROMPT, model, options))
    assert found.text == streamed(library, engine, settings, model, options)
    assert all(token.kept > 0 for token in found.tokens)  # what was drawn was not cut


@pytest.mark.parametrize(
    "options", [seeded(), seeded(temperature=0), seeded(top_k=0, top_p=0.5), seeded(top_k=4, top_p=1), seeded(top_k=0)]
)
def test_what_was_kept_sums_to_one_and_what_was_cut_names_its_filter(tracer, model, options) -> None:
    for token in finished(tracer.trace(PROMPT, model, options)).tokens:
        assert sum(one.kept for one in token.alternatives) + token.others_kept == pytest.approx(1, abs=1e-5)
        assert all((one.kept == 0) == bool(one.cut_by) for one in token.alternatives)
        assert sum(one.kept > 0 for one in token.alternatives) + token.others <= (options.top_k or 10**6)
        assert token.id in {one.id for one in token.alternatives}
        if options.temperature == 0:
            assert {one.cut_by for one in token.alternatives} == {"", "temperature"}


def test_a_filter_that_is_off_cuts_nothing(tracer, model) -> None:
    options = seeded(top_k=0, top_p=1, repetition_penalty=1, temperature=1)
    for token in finished(tracer.trace(PROMPT, model, options)).tokens:
        assert [one.kept for one in token.alternatives] == pytest.approx(
            [one.probability for one in token.alternatives], abs=1e-6
        )


def test_a_branch_keeps_its_beginning_to_the_letter_and_the_seed_repeats_it(tracer, model) -> None:
    found = finished(tracer.trace(PROMPT, model, seeded()))
    other = next(one for one in found.tokens[5].alternatives if one.id != found.tokens[5].id)
    prefix = [*(token.id for token in found.tokens[:5]), other.id]
    branch = finished(tracer.trace(PROMPT, model, seeded(), prefix))
    assert [token.id for token in branch.tokens[:6]] == prefix
    assert branch.text.startswith(PROMPT + "".join(token.text for token in found.tokens[:5]))
    assert [token.forced for token in branch.tokens[:7]] == [True] * 6 + [False]
    assert len(branch.tokens) == len(found.tokens) == 24
    assert finished(tracer.trace(PROMPT, model, seeded(), prefix)) == branch
    assert finished(tracer.trace(PROMPT, model, seeded(8), prefix)) != branch


@pytest.mark.parametrize("options", [seeded(), seeded(temperature=0), seeded(top_k=3, repetition_penalty=1.7)])
def test_a_written_text_is_read_in_one_pass_with_the_records_of_its_sampling(
    library, engine, settings, tracer, model, options
) -> None:
    ids: list[int] = []
    *_, text = GenerationRunner(library, engine, settings).stream(PROMPT, model, options, written=ids)
    sampled = finished(tracer.trace(PROMPT, model, options))
    with library.lease(model, TASK) as loaded, counted(loaded.model) as passes:
        read = finished(tracer.trace(PROMPT, model, options, ids, is_whole=True))
        assert len(passes) == 1
    assert read == sampled
    assert read.text == text


def test_what_stands_in_the_text_already_is_marked_where_a_penalty_changed_it(tracer, model) -> None:
    found = finished(tracer.trace(PROMPT, model, seeded(repetition_penalty=1.5)))
    written = set()
    for token in found.tokens:
        assert all(one.penalized for one in token.alternatives if one.id in written and one.text.isalnum())
        written.add(token.id)
    plain = finished(tracer.trace(PROMPT, model, seeded(repetition_penalty=1)))
    assert not any(one.penalized for token in plain.tokens for one in token.alternatives)


def test_a_branch_that_begins_with_the_end_of_the_text_stays_there(library, tracer, model) -> None:
    with library.lease(model, TASK) as loaded:
        end = min(end_tokens(loaded.model, loaded.processor))
    found = finished(tracer.trace(PROMPT, model, seeded(), [end]))
    assert [token.id for token in found.tokens] == [end]
    assert found.text == PROMPT
    assert any(one.is_end for one in found.tokens[0].alternatives)


def test_a_text_that_was_stopped_is_read_as_far_as_it_was_written(library, engine, settings, tracer, model) -> None:
    ids: list[int] = []
    texts = GenerationRunner(library, engine, settings).stream(PROMPT, model, seeded(), written=ids)
    text = [next(texts) for _ in range(5)][-1]
    texts.close()
    found = finished(tracer.trace(PROMPT, model, seeded(), ids, is_whole=True))
    assert found.text == text
    assert len(found.tokens) == 5


def test_plain_writing_computes_one_pass_a_token_and_nothing_for_the_view(library, engine, settings, model) -> None:
    runner = GenerationRunner(library, engine, settings)
    with library.lease(model, TASK) as loaded, counted(loaded.model) as passes:
        list(runner.stream(PROMPT, model, seeded(), written=[]))
    assert passes == [1] * 24  # as many passes as tokens, each with the scores of one place


def test_the_growing_text_is_told_with_every_token(tracer, model) -> None:
    texts = [step.text for step in tracer.trace(PROMPT, model, seeded()) if isinstance(step, Written)]
    assert len(texts) == 24
    assert all(text.startswith(PROMPT) for text in texts)


def test_a_trace_that_is_closed_computes_no_more_and_gives_its_lease_back(library, engine, tracer, model) -> None:
    steps = tracer.trace(PROMPT, model, seeded(max_new_tokens=200))
    next(steps)
    steps.close()
    done = engine.batches
    engine.call(lambda: None)
    assert engine.batches == done + 1
    assert [entry.leases for entry in library.cache.entries()] == [0]


@pytest.mark.parametrize("prefix", [[10**6], [-1], ["1"], [1] * 25])
def test_a_branch_of_another_model_or_too_long_a_one_is_refused(tracer, model, prefix) -> None:
    with pytest.raises(BadInput, match="bad_branch"):
        finished(tracer.trace(PROMPT, model, seeded(), prefix))


@pytest.mark.parametrize("prompt", ["", "  ", "茶" * 5000])
def test_a_prompt_out_of_bounds_is_refused(tracer, model, prompt) -> None:
    with pytest.raises(BadInput):
        finished(tracer.trace(prompt, model, seeded()))


@pytest.mark.bundled
@pytest.mark.skipif(not (BUNDLED / "gpt-zh" / "config.json").is_file(), reason="models/bundled/gpt-zh is not there")
def test_gpt_zh_is_traced_as_it_writes_rare_characters_and_emoji_too(library, engine, settings, tracer) -> None:
    for prompt in (PROMPT, "我喜欢喝茶🍵，"):
        options = GenerationOptions(max_new_tokens=40, seed=3, temperature=1.6, top_k=0, top_p=1)
        found = finished(tracer.trace(prompt, "gpt-zh", options))
        *_, text = GenerationRunner(library, engine, settings).stream(prompt, "gpt-zh", options)
        assert found.text == text
        for place in range(0, len(found.tokens), 7):
            token = found.tokens[place]
            other = next(one for one in token.alternatives if one.id != token.id)
            prefix = [*(one.id for one in found.tokens[:place]), other.id]
            branch = finished(tracer.trace(prompt, "gpt-zh", replace(options, max_new_tokens=place + 3), prefix))
            assert branch.text.startswith(prompt + "".join(one.text for one in found.tokens[:place]))
