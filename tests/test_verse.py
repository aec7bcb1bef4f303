"""What the forms of verse promise: the shape holds under any logits, and a request that cannot be met is refused."""

from __future__ import annotations

import pytest

from models import verse
from models.errors import BadInput
from models.verse import CIPAI, FORMS, Form, PoemRequest

PROMPT_LENGTH = 3


class CharacterTokenizer:
    """A vocabulary of a few characters; one outside it is written as UTF-8 bytes, as gpt-zh's tokenizer does."""

    eos_token_id = 0

    def __init__(self) -> None:
        tokens = ["<|endoftext|>", "<|七绝|>", "，", "。", "？", "a", "\n", *"春江花月夜山水云风雨"]
        self._tokens = tokens + [f"<0x{byte:02X}>" for byte in range(256)]
        self._numbers = {token: number for number, token in enumerate(self._tokens)}

    def get_vocab(self) -> dict[str, int]:
        return dict(self._numbers)

    def encode(self, text: str, add_special_tokens: bool) -> list[int]:
        assert not add_special_tokens
        return [number for character in text for number in self._encode_character(character)]

    def decode(self, numbers: list[int]) -> str:
        tokens = [self._tokens[number] for number in numbers]
        parts = [bytes([int(t[1:-1], 16)]) if t.startswith("<0x") else t.encode() for t in tokens if t[:2] != "<|"]
        return b"".join(parts).decode()

    def _encode_character(self, character: str) -> list[int]:
        if character in self._numbers:
            return [self._numbers[character]]
        return [self._numbers[f"<0x{byte:02X}>"] for byte in character.encode()]


def sample_uniformly(request: PoemRequest, rows: int = 4) -> list[str]:
    """Poems of a model that finds every token equally likely, held to the request's shape."""
    torch = pytest.importorskip("torch")
    torch.manual_seed(0)
    tokenizer = CharacterTokenizer()
    [processor] = verse.shape_processor(request, tokenizer, PROMPT_LENGTH)
    ids = torch.ones((rows, PROMPT_LENGTH), dtype=torch.long)
    while not (ids[:, -1] == tokenizer.eos_token_id).any():
        scores = processor(ids, torch.zeros(rows, len(tokenizer.get_vocab())))
        ids = torch.cat([ids, torch.multinomial(scores.softmax(-1), 1)], dim=1)
    return [tokenizer.decode(row[PROMPT_LENGTH:].tolist()) for row in ids]


@pytest.mark.parametrize("name", FORMS)
def test_sampling_keeps_the_shape_whatever_the_model_thinks(name: str) -> None:
    for poem in sample_uniformly(PoemRequest(name)):
        assert verse.check(FORMS[name], poem).holds, poem


@pytest.mark.parametrize("acrostic", ["春江", "山水云", "春江花月", "春江花月夜", "春江花月夜山水云"])
def test_an_acrostic_stands_at_the_heads_of_as_many_lines(acrostic: str) -> None:
    request = PoemRequest("七绝", acrostic=acrostic)
    for poem in sample_uniformly(request):
        report = verse.check(request.shape, poem, acrostic)
        assert report.holds, poem
        assert poem.endswith("。")


def test_a_head_outside_the_vocabulary_is_written_too() -> None:
    request = PoemRequest("五绝", acrostic="春龘江𠮷")
    assert all(verse.check(request.shape, poem, "春龘江𠮷").holds for poem in sample_uniformly(request))


def test_a_token_that_another_filter_took_away_is_given_back() -> None:
    torch = pytest.importorskip("torch")
    [processor] = verse.shape_processor(PoemRequest("五绝"), CharacterTokenizer(), prompt_length=1)
    at_the_comma = torch.ones((2, 1 + 5), dtype=torch.long)
    scores = processor(at_the_comma, torch.full((2, 300), float("-inf")))
    assert scores.argmax(-1).tolist() == [2, 2]


def test_the_odd_characters_likelihoods_stay_as_they_were() -> None:
    torch = pytest.importorskip("torch")
    [processor] = verse.shape_processor(PoemRequest("五绝"), CharacterTokenizer(), prompt_length=1)
    before = torch.arange(300.0).expand(2, 300)
    after = processor(torch.ones((2, 1), dtype=torch.long), before)
    assert torch.equal(after[:, 7:17], before[:, 7:17])
    assert torch.isinf(after[:, [*range(7), *range(17, 300)]]).all()


def test_a_ci_is_left_free() -> None:
    assert verse.shape_processor(PoemRequest("词", "菩萨蛮"), CharacterTokenizer(), 1) == []


def test_the_prompt_names_form_and_title() -> None:
    assert verse.prompt(PoemRequest("七绝", "江雪")) == "<|七绝|><|题|>江雪<|正文|>"
    assert verse.prompt(PoemRequest("五律")) == "<|五律|><|正文|>"
    assert verse.prompt(PoemRequest("词", "菩萨蛮")) == "<|词|><|题|>菩萨蛮<|正文|>"


def test_an_acrostic_asks_for_the_form_with_its_number_of_lines() -> None:
    assert verse.prompt(PoemRequest("七绝", acrostic="春江花月夜山水云")) == "<|七律|><|正文|>"
    assert verse.prompt(PoemRequest("五律", acrostic="春江花")) == "<|五绝|><|正文|>"


def test_a_poem_is_shown_a_couplet_a_line() -> None:
    assert verse.layout("白日依山尽，黄河入海流。欲穷千里目，") == "白日依山尽，黄河入海流。\n欲穷千里目，"
    assert verse.layout("白日依山尽，黄河入") == "白日依山尽，黄河入"


@pytest.mark.parametrize(
    ("request_of", "named"),
    [
        ({"form": "六绝"}, "五绝、七绝、五律、七律、词"),
        ({"form": "词"}, "菩萨蛮"),
        ({"form": "词", "title": "无此调"}, "菩萨蛮"),
        ({"form": "词", "title": "菩萨蛮", "acrostic": "春江花月"}, "七律"),
        ({"form": "七绝", "title": "一" * 13}, "limit=12"),
        ({"form": "七绝", "title": "<|end|>"}, "<|end|>"),
        ({"form": "七绝", "acrostic": "春"}, "low=2, high=8"),
        ({"form": "七绝", "acrostic": "春江花月夜春江花月"}, "low=2, high=8"),
        ({"form": "七绝", "acrostic": "love"}, "love"),
        ({"form": "七绝", "acrostic": "春，江"}, "春，江"),
    ],
)
def test_a_request_that_cannot_be_met_is_refused_with_what_would_be_right(request_of: dict, named: str) -> None:
    with pytest.raises(BadInput) as refused:
        PoemRequest(**request_of)
    assert named in str(refused.value)


def test_spaces_around_what_people_type_do_not_count() -> None:
    assert PoemRequest("七绝", " 江雪 ", " 春江花月\n") == PoemRequest("七绝", "江雪", "春江花月")


def test_every_tune_can_be_asked_for() -> None:
    assert len(set(CIPAI)) == len(CIPAI) >= 20
    assert all(PoemRequest("词", tune).shape is None for tune in CIPAI)


def test_a_whole_quatrain_holds_laid_out_or_not() -> None:
    poem = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
    assert verse.check(FORMS["五绝"], poem).holds
    assert verse.check(FORMS["五绝"], verse.layout(poem)).holds


@pytest.mark.parametrize(
    ("poem", "wrong"),
    [
        ("白日依山尽，黄河入海。欲穷千里目，更上一层楼。", (1,)),
        ("白日依山尽，黄河入海流。欲穷千里目。", (3,)),
        ("白日依山尽，黄河入海流。欲穷千里目，更上一层楼。白日依山尽，", (4,)),
        ("白日依山1，黄河入海流。欲穷千里目，更上一层楼。", (0,)),
        ("", (0, 1, 2, 3)),
    ],
)
def test_wrong_lines_are_named(poem: str, wrong: tuple[int, ...]) -> None:
    report = verse.check(FORMS["五绝"], poem)
    assert report.wrong_lines == wrong
    assert not report.holds


def test_wrong_stops_and_a_lost_acrostic_are_seen() -> None:
    swapped = "白日依山尽。黄河入海流，欲穷千里目，更上一层楼。"
    unended = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼"
    assert not verse.check(FORMS["五绝"], swapped).stops_right
    assert not verse.check(FORMS["五绝"], unended).stops_right
    assert not verse.check(Form("五绝", 2, 5), "白日依山尽，黄河入海流。", "白云").acrostic_kept
