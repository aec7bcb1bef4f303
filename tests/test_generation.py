"""What text generation promises: seeds, bounds, forms, short enough conversations, and no computing for nobody."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import islice, pairwise
from pathlib import Path

import pytest

from models import conversation, verse
from models.engine import Engine
from models.errors import BadInput, WrongTask
from models.generation import GenerationOptions, GenerationRunner
from models.library import Library
from models.verse import PoemRequest

PROMPT = "今天天气真好"


@pytest.fixture
def runner(library: Library, engine: Engine, settings) -> GenerationRunner:
    return GenerationRunner(library, engine, settings)


@pytest.fixture
def model(tiny_gpt2: Path) -> str:
    return str(tiny_gpt2)


def whole(texts: Iterator[str]) -> str:
    return list(texts)[-1]


def leases(library: Library) -> int:
    return sum(entry.leases for entry in library.cache.entries())


def seeded(seed: int, **more: float) -> GenerationOptions:
    return GenerationOptions(**{"max_new_tokens": 24, "seed": seed} | more)


def test_the_same_seed_gives_the_same_text(runner: GenerationRunner, model: str) -> None:
    assert whole(runner.stream(PROMPT, model, seeded(7))) == whole(runner.stream(PROMPT, model, seeded(7)))


def test_another_stream_in_between_changes_nothing(runner: GenerationRunner, model: str) -> None:
    alone = whole(runner.stream(PROMPT, model, seeded(7)))
    mine, other = runner.stream(PROMPT, model, seeded(7)), runner.stream(PROMPT, model, seeded(8))
    taken = [(a, b) for a, b in zip(mine, other, strict=False)]
    assert len(taken) > 3
    assert alone == taken[-1][0] or alone == whole(mine)


def test_other_seeds_give_other_texts(runner: GenerationRunner, model: str) -> None:
    texts = {whole(runner.stream(PROMPT, model, seeded(seed))) for seed in range(5)}
    assert len(texts) == 5


def test_without_a_seed_each_text_is_another(runner: GenerationRunner, model: str) -> None:
    options = GenerationOptions(max_new_tokens=24, seed=-1)
    assert len({whole(runner.stream(PROMPT, model, options)) for _ in range(4)}) > 1


def test_a_drawn_seed_can_be_told_and_used_again(runner: GenerationRunner, model: str) -> None:
    options = GenerationOptions(max_new_tokens=24).seeded()
    assert options.seed is not None
    assert options.seeded() == options
    assert whole(runner.stream(PROMPT, model, options)) == whole(runner.stream(PROMPT, model, seeded(options.seed)))


def test_at_temperature_zero_the_seed_does_not_matter(runner: GenerationRunner, model: str) -> None:
    texts = {whole(runner.stream(PROMPT, model, seeded(seed, temperature=0))) for seed in range(3)}
    assert len(texts) == 1


def test_each_text_begins_with_the_prompt_and_grows(runner: GenerationRunner, model: str) -> None:
    texts = list(runner.stream(PROMPT, model, seeded(1)))
    assert all(text.startswith(PROMPT) for text in texts)
    assert all(later.startswith(earlier) for earlier, later in pairwise(texts))


def test_no_more_tokens_than_asked_for(runner: GenerationRunner, model: str) -> None:
    assert len(list(runner.stream(PROMPT, model, seeded(1, max_new_tokens=5)))) <= 5


def test_a_prompt_longer_than_the_window_is_continued_from_its_end(runner: GenerationRunner, model: str) -> None:
    prompt = "春" * 400  # the tiny model sees 256 tokens
    assert len(whole(runner.stream(prompt, model, seeded(1, max_new_tokens=200)))) > len(prompt)


@pytest.mark.parametrize(
    ("name", "value", "low", "high"),
    [
        ("max_new_tokens", 0, 1, 2048),
        ("temperature", 2.5, 0, 2),
        ("temperature", None, 0, 2),
        ("temperature", float("nan"), 0, 2),
        ("top_k", 5.5, 0, 1000),
        ("top_p", 0, 0.01, 1),
        ("repetition_penalty", "1", 0.5, 2),
        ("seed", -2, -1, 2**53 - 1),
        ("seed", float("inf"), -1, 2**53 - 1),
    ],
)
def test_an_option_out_of_bounds_is_refused_by_name(name: str, value: object, low: float, high: float) -> None:
    with pytest.raises(BadInput) as refused:
        GenerationOptions(**{name: value})
    assert refused.value.values["option"] == name
    assert (refused.value.values["low"], refused.value.values["high"]) == (low, high)


def test_the_bound_of_the_settings_is_named_too(runner: GenerationRunner, model: str) -> None:
    with pytest.raises(BadInput) as refused:
        next(runner.stream(PROMPT, model, GenerationOptions(max_new_tokens=600)))
    assert refused.value.values["high"] == 512


def test_whole_numbers_may_arrive_as_floats() -> None:
    options = GenerationOptions(max_new_tokens=64.0, top_k=10.0, repetition_penalty=1, seed=3.0)
    assert (options.max_new_tokens, options.top_k, options.seed) == (64, 10, 3)
    assert isinstance(options.max_new_tokens, int)
    assert isinstance(options.repetition_penalty, float)


@pytest.mark.parametrize("prompt", ["", "  \n", "很" * 4001])
def test_an_empty_or_endless_prompt_is_refused(runner: GenerationRunner, model: str, prompt: str) -> None:
    with pytest.raises(BadInput):
        next(runner.stream(prompt, model))


def test_a_reader_who_closes_stops_the_computing_and_gives_the_lease_back(
    runner: GenerationRunner, library: Library, engine: Engine, model: str
) -> None:
    texts = runner.stream(PROMPT, model, seeded(1, max_new_tokens=200))
    list(islice(texts, 3))
    assert leases(library) == 1
    texts.close()
    computed = engine.batches
    assert leases(library) == 0
    time.sleep(0.05)
    assert engine.batches == computed


def test_nothing_is_computed_while_nobody_reads(runner: GenerationRunner, engine: Engine, model: str) -> None:
    texts = runner.stream(PROMPT, model, seeded(1))
    next(texts)
    computed = engine.batches
    time.sleep(0.05)
    assert engine.batches == computed
    texts.close()


def test_many_readers_at_once_get_what_they_would_get_alone(runner: GenerationRunner, model: str) -> None:
    alone = [whole(runner.stream(PROMPT, model, seeded(seed))) for seed in range(4)]
    together: dict[int, str] = {}

    def read(seed: int) -> None:
        together[seed] = whole(runner.stream(PROMPT, model, seeded(seed)))

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [together[seed] for seed in range(4)] == alone


def test_a_model_without_a_chat_template_is_refused_by_name(runner: GenerationRunner, tmp_path: Path) -> None:
    from tiny_models import write_gpt2

    folder = write_gpt2(tmp_path / "mute", chat=False)
    with pytest.raises(WrongTask) as refused:
        next(runner.chat([{"role": "user", "content": "你好"}], str(folder)))
    assert refused.value.key == "errors.no_chat_template"


def test_chat_answers_messages_in_gradios_shape(runner: GenerationRunner, model: str) -> None:
    parts = [{"role": "user", "content": [{"type": "text", "text": "你好"}]}]
    plain = [{"role": "user", "content": "你好"}]
    assert whole(runner.chat(parts, model, seeded(3))) == whole(runner.chat(plain, model, seeded(3)))


def test_the_system_prompt_is_heard(runner: GenerationRunner, model: str) -> None:
    asked = [{"role": "user", "content": "你好"}]
    assert whole(runner.chat(asked, model, seeded(3))) != whole(runner.chat(asked, model, seeded(3), "茶很香"))


def test_a_talk_longer_than_the_window_is_answered(runner: GenerationRunner, model: str) -> None:
    talk = [{"role": role, "content": "天" * 40} for role in ("user", "assistant") * 10]
    assert whole(runner.chat([*talk, {"role": "user", "content": "你好"}], model, seeded(3)))


def test_a_message_longer_than_the_window_is_refused(runner: GenerationRunner, model: str) -> None:
    with pytest.raises(BadInput) as refused:
        next(runner.chat([{"role": "user", "content": "天" * 300}], model, seeded(3)))
    assert refused.value.key == "errors.message_exceeds_window"


@pytest.mark.parametrize(
    "history", ["你好", {"role": "user"}, [{"role": "cook", "content": "x"}], [["你好", "好"]], [1]]
)
def test_what_is_no_conversation_is_refused(history: object) -> None:
    with pytest.raises(BadInput):
        conversation.plain(history)


def test_the_last_word_must_be_the_users() -> None:
    with pytest.raises(BadInput):
        conversation.asked([{"role": "user", "content": "你好"}, {"role": "assistant", "content": "好"}])


def test_the_oldest_exchanges_go_first_and_whole() -> None:
    system = [{"role": "system", "content": "嘱咐"}]
    talk = [
        {"role": role, "content": text} for role, text in zip(("user", "assistant") * 3, "一二三四五六", strict=True)
    ]
    talk.append({"role": "user", "content": "七"})
    kept = conversation.fitting(system, talk, lambda turns: sum(len(turn["content"]) for turn in turns), 6)
    assert "".join(turn["content"] for turn in kept) == "嘱咐五六七"


def test_a_model_that_knows_no_verse_is_refused(runner: GenerationRunner, model: str) -> None:
    with pytest.raises(WrongTask) as refused:
        next(runner.poem(PoemRequest("五绝"), model))
    assert refused.value.key == "errors.knows_no_verse"


@pytest.mark.bundled
@pytest.mark.parametrize("form", verse.FORMS)
@pytest.mark.parametrize("temperature", [0.0, 0.9, 2.0])
def test_a_poem_keeps_its_shape(runner: GenerationRunner, form: str, temperature: float) -> None:
    options = GenerationOptions(max_new_tokens=8, temperature=temperature, repetition_penalty=1.5, top_k=3, seed=1)
    poem = whole(runner.poem(PoemRequest(form, "秋夜"), "gpt-zh", options))
    assert verse.check(verse.FORMS[form], poem).holds, poem


@pytest.mark.bundled
def test_an_acrostic_is_kept_even_with_a_rare_character(runner: GenerationRunner) -> None:
    request = PoemRequest("七绝", acrostic="清龘明𠮷月")
    poem = whole(runner.poem(request, "gpt-zh", GenerationOptions(seed=1)))
    assert verse.check(request.shape, poem, request.acrostic).holds, poem
    assert all("\ufffd" not in text for text in runner.poem(request, "gpt-zh", GenerationOptions(seed=1)))


@pytest.mark.bundled
def test_a_poem_is_the_same_for_the_same_seed(runner: GenerationRunner) -> None:
    request = PoemRequest("五绝", "山中")
    assert len({whole(runner.poem(request, "gpt-zh", GenerationOptions(seed=5))) for _ in range(2)}) == 1


@pytest.mark.bundled
def test_the_bundled_model_continues_and_chats(runner: GenerationRunner) -> None:
    assert whole(runner.stream(PROMPT, "gpt-zh", GenerationOptions(max_new_tokens=8, seed=1))).startswith(PROMPT)
    talk = [{"role": role, "content": "今天去哪里喝茶？" * 6} for role in ("user", "assistant") * 12]
    talk.append({"role": "user", "content": "你好"})
    assert isinstance(whole(runner.chat(talk, "gpt-zh", GenerationOptions(max_new_tokens=8, seed=1))), str)
