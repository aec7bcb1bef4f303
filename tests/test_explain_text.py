"""What the explainer says of texts: on a small model whose answer is built by hand, and on the bundled ones."""

from __future__ import annotations

import time
from copy import deepcopy
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest
from hundred_sentences import SENTENCES

from models import attribution, deletion
from models.attention import AttentionReader
from models.errors import BadInput
from models.explain_text import TextExplainer, TokenWeight, stretches
from models.progress import Progress
from models.sentiment import SentimentRunner
from models.spec import BUNDLED
from models.words import units


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

    def __call__(self, inputs_embeds=None, input_ids=None):
        embedded = self._embed(input_ids) if inputs_embeds is None else inputs_embeds
        return SimpleNamespace(logits=embedded.sum(dim=1))


@pytest.fixture
def one_word_decides():
    torch = pytest.importorskip("torch")
    tokenizer = SimpleNamespace(
        mask_token_id=None,
        pad_token_id=0,
        get_special_tokens_mask=lambda ids, already_has_special_tokens: [int(i in (1, 2)) for i in ids],
    )
    return SimpleNamespace(model=OneWordDecides(torch), processor=tokenizer)


def test_a_word_for_the_class_weighs_more_than_0_and_one_against_it_less(one_word_decides) -> None:
    *_, found = attribution.attributions([1, 5, 4, 6, 2], 1, one_word_decides)
    assert found.weights == pytest.approx([0, 2.0, 0, -1.0, 0], abs=1e-4)
    assert found.change == pytest.approx(1.0)


def test_a_word_that_is_masked_lets_the_log_odds_fall_by_what_it_gave(one_word_decides) -> None:
    *_, falls = attribution.occlusions([1, 5, 4, 6, 2], [[1], [3], [1, 3]], 1, one_word_decides)
    assert falls == pytest.approx([2.0, -1.0, 1.0])


def test_where_the_answer_turns_sharply_the_way_is_halved_until_the_sum_is_exact() -> None:
    torch = pytest.importorskip("torch")

    def answer(inputs):
        return 5 * torch.sigmoid(200 * (inputs.sum(dim=(1, 2)) - 0.31))

    whole = torch.ones(1, 2, 1) / 2
    *_, found = attribution._integrated(answer, torch.zeros_like(whole), whole)
    assert found.change == pytest.approx(5.0, abs=1e-3)
    assert sum(found.weights) == pytest.approx(found.change, rel=0.05)


def test_units_join_to_the_text_and_hold_each_token_once() -> None:
    text = "服务 员很热情！😭"
    spans = [(0, 1), (0, 2), (2, 4), (4, 6), (6, 7), (7, 8), (8, 9)]  # the third crosses a space, the fourth a word
    found = units(text, spans)
    assert "".join(unit.text for unit in found) == text
    assert [token for unit in found for token in unit.tokens] == list(range(len(spans)))
    assert [unit.is_word for unit in found if unit.text in "！😭"] == [False, True]


@pytest.mark.parametrize("count", [1, 2, 5, 9])
def test_three_words_are_deleted_or_half_of_a_few(count: int) -> None:
    words = [str(place) for place in range(count)]
    seen: list[str] = []

    def probabilities(texts):
        seen.extend(texts)
        return [len(text) / count for text in texts]

    found = deletion.check(words, [float(place) for place in range(count)], [True] * count, probabilities)
    if count == 1:
        assert found is None
        return
    gone = min(3, count // 2)
    assert found.words == tuple(reversed(words))[:gone]
    assert (found.whole, found.top, found.random) == pytest.approx((1, 1 - gone / count, 1 - gone / count))
    assert len(seen) == 2 + found.draws


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


@pytest.mark.parametrize("text", ["今天的茶很香，我喜欢。", " 前后有空格 \n", "abc 茶 😀 def", "茶" * 400])
def test_words_add_up_to_their_tokens_and_join_to_the_text(explainer, tiny_bert: Path, text: str) -> None:
    explained = explainer.text(text, str(tiny_bert))
    assert "".join(word.text for word in explained.words) + explained.rest == text
    assert sum(word.weight for word in explained.words) == pytest.approx(explained.completeness.total, abs=1e-4)


def test_classifying_computes_no_gradients_and_no_attention_outputs(
    make_library, engine, settings, tiny_bert: Path
) -> None:
    import torch

    library = make_library()
    name = str(tiny_bert)
    with library.lease(name, "text-classification") as loaded:
        outputs = []
        loaded.model.register_forward_hook(lambda module, inputs, output: outputs.append(output))
        implementation = loaded.model.config._attn_implementation
        SentimentRunner(library, engine, settings).classify("茶很香", name)
        (output,) = outputs
        assert not output.logits.requires_grad
        assert output.attentions is None
        assert torch.is_grad_enabled()
        assert loaded.model.config._attn_implementation == implementation != "eager"


def test_a_view_that_was_closed_leaves_nothing_in_memory(
    library, engine, settings, living_tensors, tiny_bert: Path
) -> None:
    """Neither an explanation nor attention, run to the end or given up in the middle."""
    name, text = str(tiny_bert), "茶很香，可是太贵了。"
    explainer, reader = TextExplainer(library, engine, settings), AttentionReader(library, engine, settings)
    SentimentRunner(library, engine, settings).classify(text, name)
    explainer.text(text, name)
    reader.look(text, name)
    before = living_tensors()
    for _ in range(3):
        explainer.text(text, name)
        reader.look(text, name)
        steps = explainer.steps(text, name)
        next(steps)
        steps.close()
    del steps
    assert living_tensors() <= before


def test_an_explanation_closed_in_the_middle_stops_computing_and_gives_the_model_back(
    make_library, engine, settings, tiny_bert: Path
) -> None:
    library = make_library()
    steps = TextExplainer(library, engine, settings).steps("茶很香，我喜欢。", str(tiny_bert))
    assert isinstance(next(steps), Progress)
    (entry,) = library.cache.entries()
    assert entry.leases == 1
    steps.close()
    done = engine.batches
    time.sleep(0.3)
    assert engine.batches == done
    (entry,) = library.cache.entries()
    assert entry.leases == 0


@pytest.mark.bundled
@pytest.mark.parametrize("name", ["sentiment-zh", "emotion-zh"])
def test_attributions_add_up_to_the_change_of_the_log_odds(explainer, name: str) -> None:
    texts = [
        "茶",
        "还行吧",
        "等了半小时才上菜。",
        "我不觉得这部电影不好看",
        "Nice wifi 很差😭，  服务  一般",
        *SENTENCES[::12],
    ]
    for text in texts:
        found = explainer.text(text, name).completeness
        assert found.error < 0.05, text


@pytest.mark.bundled
@needs("sentiment-zh")
def test_deleting_the_heaviest_words_hurts_more_than_deleting_random_ones(explainer) -> None:
    """On at least 80 of 100 sentences; seen: 96."""
    found = [explainer.text(sentence, "sentiment-zh") for sentence in SENTENCES]
    assert sum(one.deletion.top < one.deletion.random for one in found) >= 80
    assert max(one.completeness.error for one in found) < 0.05


def test_a_model_in_half_precision_is_attributed_through_a_copy_and_stays_as_it_was(
    make_library, tiny_bert: Path
) -> None:
    torch = pytest.importorskip("torch")
    from models.attribution import in_single_precision

    with make_library().lease(str(tiny_bert), "text-classification") as loaded:
        assert in_single_precision(loaded) is loaded
        half = replace(loaded, model=deepcopy(loaded.model).bfloat16())
        exact = in_single_precision(half)
        assert (exact.model.dtype, half.model.dtype) == (torch.float32, torch.bfloat16)
        assert exact.labels == loaded.labels
