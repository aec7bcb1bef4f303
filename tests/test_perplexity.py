"""What surprises a model in a text: its bits against the model's own loss, whole pieces, windows, bad texts."""

from __future__ import annotations

from pathlib import Path

import pytest
from tiny_models import write_gpt2

from models.engine import Engine
from models.errors import BadInput
from models.generation import TASK
from models.library import Library
from models.perplexity import PerplexityReader
from models.progress import finished
from models.spec import BUNDLED
from models.spelling import text_ids

TEXT = "今天天气真好，茶很香。"
needs_gpt_zh = pytest.mark.skipif(
    not (BUNDLED / "gpt-zh" / "config.json").is_file(), reason="models/bundled/gpt-zh is not there"
)


@pytest.fixture
def reader(library: Library, engine: Engine, settings) -> PerplexityReader:
    return PerplexityReader(library, engine, settings)


@pytest.fixture
def model(tiny_gpt2: Path) -> str:
    return str(tiny_gpt2)


def test_the_bits_are_the_loss_of_the_model_and_the_pieces_are_the_text(reader, library, model) -> None:
    import torch

    found = finished(reader.measure(TEXT, model))
    with library.lease(model, TASK) as loaded, torch.inference_mode():
        ids = torch.tensor([text_ids(loaded.processor, TEXT)])
        loss = loaded.model(input_ids=ids, labels=ids).loss
    assert found.perplexity == pytest.approx(float(loss.exp()), rel=1e-4)
    assert "".join(token.text for token in found.tokens) == TEXT
    bits = sum(token.bits for token in found.tokens if token.bits is not None)
    counted = sum(len(token.text) for token in found.tokens if token.bits is not None)
    assert found.bits_per_character == pytest.approx(bits / counted)
    assert all(token.probability == pytest.approx(2**-token.bits) for token in found.tokens if token.bits is not None)


def test_three_expectations_stand_beside_every_token_the_likeliest_first(reader, model) -> None:
    for token in finished(reader.measure(TEXT, model)).tokens:
        chances = [one.probability for one in token.expected]
        assert chances == sorted(chances, reverse=True)
        assert len(chances) == (0 if token.bits is None else 3)


def test_a_text_longer_than_the_window_is_read_to_its_end_and_says_so(reader, model) -> None:
    found = finished(reader.measure(TEXT * 60, model))
    assert found.is_longer
    assert found.window == 256
    assert "".join(token.text for token in found.tokens) == TEXT * 60
    assert found.counted >= 60 * len(TEXT) - 1


def test_where_a_text_fits_the_window_its_length_changes_no_earlier_surprise(reader, model) -> None:
    short = finished(reader.measure(TEXT * 3, model)).tokens
    long = finished(reader.measure(TEXT * 15, model)).tokens
    assert [one.bits for one in long[1 : len(short)]] == pytest.approx([one.bits for one in short[1:]], abs=1e-3)


@pytest.mark.parametrize("text", ["", " \n", "茶" * 4001])
def test_a_text_that_cannot_be_measured_is_refused(reader, model, text) -> None:
    with pytest.raises(BadInput):
        finished(reader.measure(text, model))


def test_a_reading_that_is_closed_computes_no_more_and_gives_its_lease_back(reader, library, engine, model) -> None:
    steps = reader.measure(TEXT * 60, model)
    next(steps)
    steps.close()
    done = engine.batches
    engine.call(lambda: None)
    assert engine.batches == done + 1
    assert [entry.leases for entry in library.cache.entries()] == [0]


@pytest.mark.bundled
@needs_gpt_zh
def test_gpt_zh_is_more_surprised_by_a_poem_that_was_shuffled_and_counts_the_bytes_of_an_emoji_as_one(reader) -> None:
    poem, shuffled = (
        "床前明月光，疑是地上霜。举头望明月，低头思故乡。",
        "霜光地举，上乡头疑故。明思低望前，月头月是床明。",
    )
    assert sorted(poem) == sorted(shuffled)
    plain, mixed = (finished(reader.measure(text, "gpt-zh")) for text in (poem, shuffled))
    assert mixed.perplexity > 3 * plain.perplexity
    assert [token.text for token in finished(reader.measure("茶🍵好", "gpt-zh")).tokens] == ["茶", "🍵", "好"]


def test_what_a_tokenizer_puts_before_a_text_is_no_part_of_it_but_lets_its_first_token_count(
    reader, tmp_path, tiny_bert
) -> None:
    from transformers import AutoTokenizer

    tokenizer = AutoTokenizer.from_pretrained(tiny_bert)
    folder = write_gpt2(tmp_path / "framed", vocabulary=len(tokenizer) + 50)
    tokenizer.save_pretrained(folder)
    found = finished(reader.measure("今天天气真好", str(folder)))
    assert [token.text for token in found.tokens] == list("今天天气真好")
    assert all(token.bits is not None for token in found.tokens)
