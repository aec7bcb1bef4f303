"""The attention of a classifier: what is read of it, what it comes from, and that the shared model stays as it was."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from demos import sentiment_attention
from demos.i18n import LANGUAGES, Strings
from demos.sentiment_attention_view import AttentionView
from demos.waiting import Waiter
from models.attention import MOST_TOKENS, Attention, AttentionReader, Vectors, softmax
from models.errors import BadInput


@pytest.fixture
def reader(make_library, engine, settings) -> AttentionReader:
    return AttentionReader(make_library(), engine, settings)


def test_a_row_sums_to_one_and_follows_from_queries_and_keys(reader, tiny_bert: Path) -> None:
    found = reader.look("今天的茶很香。", str(tiny_bert))
    assert found.tokens == ("[CLS]", *"今天的茶很香。", "[SEP]")
    assert found.weights.astype(float).sum(axis=-1) == pytest.approx(np.ones((2, 9)), abs=1e-2)
    assert found.vectors is not None
    assert softmax(found.vectors.scores) == pytest.approx(found.weights.astype(float), abs=1e-2)


def test_looking_leaves_the_shared_model_as_it_was(make_library, engine, settings, tiny_bert: Path) -> None:
    library = make_library()
    AttentionReader(library, engine, settings).look("茶很香", str(tiny_bert))
    with library.lease(str(tiny_bert), "text-classification") as loaded:
        assert loaded.model.config._attn_implementation != "eager"
        hooks = [hook for module in loaded.model.modules() for hook in module._forward_hooks.values()]
        assert not any(getattr(hook, "__module__", "") == "models.attention" for hook in hooks)


def test_of_a_long_text_the_beginning_is_read_and_that_is_said(reader, tiny_bert: Path) -> None:
    found = reader.look("茶" * 100, str(tiny_bert))
    assert (len(found.tokens), found.is_cut) == (MOST_TOKENS, True)
    assert "只读了前 48 个词元" in AttentionView(Strings.load()).drawn(found, 1, 0, "zh")


def test_a_layer_that_is_not_there_and_an_empty_text_are_refused(reader, tiny_bert: Path) -> None:
    with pytest.raises(BadInput) as refused:
        reader.look("茶", str(tiny_bert), 2)
    assert refused.value.values == {"layer": 3, "layers": 2}
    with pytest.raises(BadInput):
        reader.look(" ", str(tiny_bert))


@pytest.mark.bundled
@pytest.mark.parametrize("name", ["sentiment-zh", "emotion-zh"])
def test_the_bundled_models_show_heads_that_do_something_clear(reader, name: str) -> None:
    text = "房间干净，床很舒服，前台小姑娘特别热情，下次来还住这家。"
    assert all(reader.look(text, name, layer).vectors is not None for layer in range(12))
    layer, head = reader.look(text, name).patterns["next"]
    found = reader.look(text, name, layer)
    assert np.diagonal(found.weights[head], offset=1).mean() > 0.8


class FakeReader:
    """Three tokens, of which each looks at the first. Remembers the layers it was asked for."""

    def __init__(self) -> None:
        self.asked: list[int | None] = []

    def look(self, text: str, model: str = "", layer: int | None = None) -> Attention:
        self.asked.append(layer)
        vectors = Vectors(*(np.ones((2, 3, 4), np.float16) for _ in range(3)))
        weights = np.tile(np.array([0.8, 0.1, 0.1], np.float16), (2, 3, 1))
        patterns = dict.fromkeys(sentiment_attention.PATTERNS, (1, 0))
        return Attention(("<s>", "<b>", "茶"), False, 2, 1 if layer is None else layer, weights, vectors, patterns)


@pytest.fixture
def handlers() -> sentiment_attention.Handlers:
    strings = Strings.load()
    waiter = Waiter(SimpleNamespace(waiting_for=lambda model: None), strings)
    return sentiment_attention.Handlers(waiter, FakeReader(), AttentionView(strings))


def silent(*_: object, **__: object) -> None:
    """Progress that nobody looks at."""


@pytest.mark.parametrize("lang", LANGUAGES)
def test_opening_it_chooses_the_head_that_gathers_the_answer(handlers, lang) -> None:
    ((seen, drawn, layer, head, token, pattern),) = handlers.look(None, "茶", "", lang, silent)
    assert (layer["value"], layer["maximum"], head["value"], token["value"], pattern) == (2, 2, 1, 0, "answer")
    assert "&lt;b&gt;" in drawn
    assert "<b></text>" not in drawn
    assert "80.0%" in drawn
    assert seen.text == "茶"


def test_only_another_layer_asks_the_model_again(handlers) -> None:
    ((seen, *_),) = handlers.look(None, "茶", "", "zh", silent)
    handlers.choose_head(seen, 2, "zh")
    clicked, drawn, token = handlers.click_token(seen, "zh", SimpleNamespace(index=2))
    assert (clicked.token, token) == (2, 2)
    assert "“茶”的注意力" in drawn
    assert handlers._reader.asked == [None]
    assert handlers.choose_layer(seen, 1, "zh")[0].attention.layer == 0
    *_, layer, head = handlers.choose_pattern(seen, "next", "zh")
    assert handlers._reader.asked == [None, 0, 1]
    assert (layer, head) == (2, 1)


def test_a_mean_of_heads_has_no_queries_of_its_own(handlers) -> None:
    ((seen, *_),) = handlers.look(None, "茶", "", "zh", silent)
    assert "选一个头" in handlers.choose_head(seen, 0, "zh")[1]
    assert "q·k" in handlers.choose_head(seen, 1, "zh")[1]
