"""What the explainer says of texts: on a small model whose answer is built by hand, and on the bundled ones."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace

import pytest

from models.errors import BadInput
from models.explain_text import TextExplainer, TokenWeight, stretches
from models.sentiment import SentimentRunner
from models.spec import BUNDLED


def needs(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        not (BUNDLED / name / "config.json").is_file(), reason=f"models/bundled/{name} is not there"
    )


@pytest.fixture
def explainer(make_library, engine, settings):
    return TextExplainer(make_library(), engine, settings)


class OneWordDecides:
    """A classifier of two classes whose logits are two coordinates of the summed embeddings."""

    def __init__(self, torch) -> None:
        self._embed = torch.nn.Embedding(8, 2).requires_grad_(False)
        self._embed.weight.zero_()
        self._embed.weight[5] = torch.tensor([0.0, 2.0])  # speaks for class 1
        self._embed.weight[6] = torch.tensor([1.0, 0.0])  # and against it
        self.config = SimpleNamespace(id2label={0: "bad", 1: "good"}, num_labels=2)

    def get_input_embeddings(self):
        return self._embed

    def __call__(self, inputs_embeds):
        return SimpleNamespace(logits=inputs_embeds.sum(dim=1))


def test_a_word_for_the_class_weighs_more_than_0_and_one_against_it_less() -> None:
    torch = pytest.importorskip("torch")
    from models.explain_text import _attributed

    tokenizer = SimpleNamespace(
        mask_token_id=None,
        pad_token_id=0,
        get_special_tokens_mask=lambda ids, already_has_special_tokens: [int(i in (1, 2)) for i in ids],
    )
    loaded = SimpleNamespace(model=OneWordDecides(torch), processor=tokenizer)
    weights = _attributed([1, 5, 4, 6, 2], 1, loaded)
    assert weights[1] == pytest.approx(2.0, abs=1e-4)
    assert weights[3] == pytest.approx(-1.0, abs=1e-4)
    assert [weights[0], weights[2], weights[4]] == pytest.approx([0, 0, 0])


def test_stretches_join_to_the_text_and_pieces_of_one_character_become_one() -> None:
    spans = [(0, 0, 9.0), (1, 2, 1.0), (3, 4, 0.5), (3, 4, 0.25), (0, 0, 9.0)]
    found = stretches(" 茶 𠮷 ", spans)
    assert found == [TokenWeight(" 茶", 1.0), TokenWeight(" 𠮷", 0.75), TokenWeight(" ", 0.0)]


@pytest.mark.parametrize("text", ["今天的茶很香，我喜欢。", " 前后有空格 \n", "abc 茶 😀 def"])
def test_tokens_join_to_the_text_and_the_largest_weight_is_one(explainer, tiny_bert: Path, text: str) -> None:
    explained = explainer.text(text, str(tiny_bert))
    assert "".join(token.text for token in explained.tokens) == text
    assert max(abs(token.weight) for token in explained.tokens) == pytest.approx(1.0)
    assert explained.label in {"negative", "positive"}


def test_the_rest_of_a_long_text_follows_with_weight_0(explainer, tiny_bert: Path) -> None:
    text = "茶" * 400  # the tiny model's windows are 62 tokens
    explained = explainer.text(text, str(tiny_bert))
    assert "".join(token.text for token in explained.tokens) == text
    assert explained.tokens[-1].weight == 0
    assert len(explained.tokens[-1].text) == 400 - 2 * 60


def test_explaining_leaves_the_shared_model_as_it_was(make_library, engine, settings, tiny_bert: Path) -> None:
    library = make_library()
    TextExplainer(library, engine, settings).text("茶很香", str(tiny_bert))
    with library.lease(str(tiny_bert), "text-classification") as loaded:
        assert not any(weight.requires_grad or weight.grad is not None for weight in loaded.model.parameters())
        assert loaded.model.config._attn_implementation != "eager"


def test_an_empty_text_is_refused(explainer) -> None:
    with pytest.raises(BadInput):
        explainer.text("  ")


REVIEWS = (
    "房间很干净，服务员热情，早餐也丰富，下次还会来住。",
    "快递太慢了，包装破损，客服态度恶劣，再也不买了。",
    "这本书内容充实，读起来很有收获，推荐给大家。",
    "电脑用了两天就死机，屏幕还有坏点，非常失望。",
    "环境嘈杂，隔音很差，一晚上没睡好。",
    "味道不错，分量也足，送餐很快，值得推荐！",
)


@pytest.mark.bundled
@needs("sentiment-zh")
def test_deleting_the_words_that_spoke_for_a_class_lowers_it_more_than_deleting_others(
    make_library, engine, settings
) -> None:
    library = make_library()
    explainer, runner = TextExplainer(library, engine, settings), SentimentRunner(library, engine, settings)
    chance = random.Random(0)
    by_weight, by_chance = 0.0, 0.0
    for text in REVIEWS:
        explained = explainer.text(text)
        pieces = list(enumerate(explained.tokens))
        count = max(len(pieces) // 4, 1)
        best = {place for place, _ in sorted(pieces, key=lambda piece: -piece[1].weight)[:count]}
        others = set(chance.sample(range(len(pieces)), count))
        by_weight += _score(runner, explained, best)
        by_chance += _score(runner, explained, others)
    assert by_weight < by_chance


def _score(runner: SentimentRunner, explained, gone: set[int]) -> float:
    """The score of the explained class for the text without some of its tokens."""
    text = "".join(token.text for place, token in enumerate(explained.tokens) if place not in gone)
    return next(one.score for one in runner.classify(text).predictions if one.label == explained.label)
