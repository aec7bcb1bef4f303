"""The sentences that the rules make: each reads as Chinese, differs in one place, and says what should happen."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from demos import sentiment_pairs
from demos.i18n import LANGUAGES, Strings
from demos.sentiment_pairs_view import PairsView
from demos.waiting import Waiter
from models.catalog import Catalog
from models.errors import BadInput
from models.minimal_pairs import variants
from models.pair_check import LONGEST, check_pairs
from models.sentiment import Prediction, Sentiment
from models.valence import side, takes_sides

POSITIVE, NEGATIVE = "positive", "negative"
# (sentence, the side of the answer, rule, the variant as it was read and found to be Chinese, expectation)
READ = (
    ("这家店的面很好吃。", POSITIVE, "negation", "这家店的面不好吃。", "flip"),
    ("这家店的面很好吃。", POSITIVE, "double_negation", "没有人会说这家店的面不好吃。", "stay"),
    ("这家店的面很好吃。", POSITIVE, "degree_up", "这家店的面非常好吃。", "strengthen"),
    ("这家店的面很好吃。", POSITIVE, "degree_down", "这家店的面还算好吃。", "weaken"),
    ("早餐太难吃了。", NEGATIVE, "negation", "早餐不难吃。", "weaken"),
    ("早餐太难吃了。", NEGATIVE, "degree_down", "早餐有点难吃。", "weaken"),
    ("服务员态度恶劣，让我很失望。", NEGATIVE, "negation", "服务员态度恶劣，没让我失望。", "weaken"),
    ("服务员态度恶劣，让我很失望。", NEGATIVE, "degree_up", "服务员态度恶劣，让我非常失望。", "strengthen"),
    ("房间不干净。", NEGATIVE, "negation", "房间很干净。", "flip"),
    ("房间不干净。", NEGATIVE, "degree_up", "房间非常不干净。", "strengthen"),
    ("房间不干净。", NEGATIVE, "degree_down", "房间不太干净。", "weaken"),
    ("我非常喜欢这部电影。", POSITIVE, "negation", "我不喜欢这部电影。", "flip"),
    ("我非常喜欢这部电影。", POSITIVE, "double_negation", "没有人会说我不喜欢这部电影。", "stay"),
    ("味道不错，下次还会来。", POSITIVE, "negation", "味道不怎么样，下次还会来。", "weaken"),
    ("等了一个多小时，再也不点了。", NEGATIVE, "negation", "等了一个多小时，下次还点。", "weaken"),
    ("又脏又破，再也不来了", NEGATIVE, "negation", "又脏又破，下次还来", "weaken"),
    ("这是一本很好的书", POSITIVE, "negation", "这是一本不好的书", "flip"),
    ("这是一本很好的书", POSITIVE, "double_negation", "没有人会说这是一本不好的书", "stay"),
    ("洗得很干净", POSITIVE, "negation", "洗得不干净", "flip"),
    ("太棒了！", POSITIVE, "negation", "不怎么样！", "flip"),
    ("太棒了！", POSITIVE, "degree_down", "还算棒！", "weaken"),
    ("剧情无聊，演员演技差。", NEGATIVE, "degree_up", "剧情非常无聊，演员演技差。", "strengthen"),
    ("环境有点吵，但是菜好吃。", POSITIVE, "negation", "环境有点吵，但是菜不好吃。", "weaken"),
    ("环境有点吵，但是菜好吃。", POSITIVE, "double_negation", "环境有点吵，但是没有人会说菜不好吃。", "stay"),
    ("今天天气真好，心情愉快", POSITIVE, "negation", "今天天气不好，心情愉快", "weaken"),
    ("孩子玩得很开心", POSITIVE, "degree_up", "孩子玩得非常开心", "strengthen"),
    ("手机有点卡", NEGATIVE, "degree_up", "手机非常卡", "strengthen"),
    ("真让人感动", POSITIVE, "negation", "没让人感动", "flip"),
    ("我不推荐这家店", NEGATIVE, "negation", "我推荐这家店", "flip"),
    ("强烈推荐", POSITIVE, "negation", "不推荐", "flip"),
    ("价格便宜，质量也好", POSITIVE, "negation", "价格不便宜，质量也好", "weaken"),
    ("声音比较小，不太清楚", NEGATIVE, "negation", "声音比较小，很清楚", "weaken"),
    ("客服很不耐心", NEGATIVE, "negation", "客服很耐心", "flip"),
    ("一点都不好吃", NEGATIVE, "negation", "很好吃", "flip"),
    ("茶叶香气浓郁，回味悠长", POSITIVE, "degree_down", "茶叶香气还算浓郁，回味悠长", "weaken"),
    ("这个价格真的很划算", POSITIVE, "negation", "这个价格不划算", "flip"),
    ("实在太贵了", NEGATIVE, "degree_down", "有点贵", "weaken"),
    ("虽然位置偏，但是老板热情。", POSITIVE, "contrast", "虽然老板热情，但是位置偏。", "flip"),
    ("菜很香。", POSITIVE, "contrast", "菜很香，但是总的来说我很失望。", "flip"),
    ("菜太咸了！", NEGATIVE, "contrast", "菜太咸了，但是总的来说我很满意。", "flip"),
    ("菜很香。", POSITIVE, "emoji", "菜很香。😊", "stay"),
    ("菜太咸了！", NEGATIVE, "emoji", "菜太咸了！😡", "stay"),
    ("虽然装修旧，但是老板的手艺没得说。", POSITIVE, "negation", "虽然装修旧，但是老板的手艺不怎么样。", "weaken"),
    ("装修很旧。", POSITIVE, "degree_up", "装修非常旧。", "weaken"),
)


@pytest.mark.parametrize(("text", "answer", "rule", "expected", "expectation"), READ)
def test_a_rule_makes_the_sentence_that_one_would_write(text, answer, rule, expected, expectation) -> None:
    found = {variant.rule: variant for variant in variants(text, answer)}
    assert (found[rule].text, found[rule].expectation) == (expected, expectation)


@pytest.mark.parametrize("text", ["是个好地方", "没有想象中好", "又脏又破", "他很快地吃完了", "今天下午收到包裹。"])
def test_where_a_negation_would_be_no_chinese_none_is_made(text: str) -> None:
    assert "negation" not in {variant.rule for variant in variants(text, NEGATIVE)}


def test_without_a_word_of_praise_and_without_a_side_nothing_is_made() -> None:
    assert variants("今天下午收到包裹。", None) == []


@pytest.mark.parametrize("text", [text for text, *_ in READ])
def test_what_is_marked_as_changed_is_all_that_changed(text: str) -> None:
    for variant in variants(text, POSITIVE):
        if variant.rule == "contrast":
            continue
        kept = [piece for piece, is_changed in variant.pieces if not is_changed]
        place = 0
        for piece in kept:
            assert piece in text[place:]
            place = text.index(piece, place) + len(piece)


class LooksForBu:
    """Negative in so far as a text holds 不; blind to everything else."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def classify_batch(self, texts: Sequence[str], model: str = "") -> list[Sentiment]:
        self.asked += texts
        scores = [0.1 if "不" in text else 0.9 for text in texts]
        return [_answer(positive=score, negative=1 - score) for score in scores]


def _answer(**scores: float) -> Sentiment:
    return Sentiment(tuple(sorted((Prediction(*pair) for pair in scores.items()), key=lambda one: -one.score)), ())


def test_answers_that_should_have_changed_and_those_that_should_not_are_told_apart() -> None:
    found = check_pairs(LooksForBu(), "这家店的面很好吃。")
    came = {outcome.variant.rule: outcome.as_expected for outcome in found.outcomes}
    assert came == {
        "negation": True,
        "double_negation": False,
        "degree_up": True,
        "degree_down": False,
        "contrast": False,
        "emoji": True,
        "emoji_other": False,
    }
    assert found.failed == 4
    assert found.missing == ()


def test_a_long_text_is_refused_with_the_bound() -> None:
    with pytest.raises(BadInput) as refused:
        check_pairs(LooksForBu(), "好" * (LONGEST + 1))
    assert refused.value.values == {"length": LONGEST + 1, "limit": LONGEST}


def test_classes_have_a_side_where_their_name_says_so() -> None:
    assert [side(label) for label in ("positive (stars 4 and 5)", "anger", "none", "3 stars", "5 星", "sports")] == [
        "positive",
        "negative",
        "neither",
        "neither",
        "positive",
        None,
    ]
    assert takes_sides(["happiness", "fear", "none"])
    assert not takes_sides(["happiness", "sports"])
    assert not takes_sides(["negative", "none"])


@pytest.mark.parametrize(("lang", "sentence"), [("zh", "改了 7 处，其中 4 处"), ("en", "7 changes, of which 4")])
def test_the_page_counts_marks_and_escapes(lang: str, sentence: str) -> None:
    strings = Strings.load()
    waiter = Waiter(SimpleNamespace(waiting_for=lambda model: None), strings)
    handlers = sentiment_pairs.Handlers(waiter, LooksForBu(), Catalog(), PairsView(strings))
    ((checked, drawn),) = handlers.check(None, "<b>这面</b>很好吃。", "sentiment-zh", lang, lambda *_, **__: None)
    assert sentence in drawn
    assert drawn.count('class="is-wrong"') == 4
    assert "<b>这面" not in drawn
    assert "<mark>不好吃</mark>" in drawn
    ((kept, said),) = handlers.check(None, "好" * (LONGEST + 1), "", lang, lambda *_, **__: None)
    assert kept is None
    assert str(LONGEST) in said
    assert handlers.redraw(checked, "en") != handlers.redraw(checked, "zh")
    assert set(LANGUAGES) == {"zh", "en"}
