"""What holding promises: under any logits a poem keeps its lines, its stops, its rhyme and its acrostic."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from models import verse
from models.rhyme import rhyme_groups, tones
from models.verse import CIPAI, FORMS, PoemRequest
from models.verse_holding import ShapeProcessor, shape_processor

torch = pytest.importorskip("torch")
PROMPT_LENGTH = 3
FEW = "春江花月夜山水云风雨"
# Level and oblique, of many groups, and some that no book knows.
MANY = FEW + (
    "东同中空红风公鸿通宫雄虫农松钟龙江窗支枝知时诗词思悲迟期衣飞归稀鱼书居余初疏无湖图孤珠都西溪啼齐低佳街来开台回杯哀"
    "真人春尘新身云文君闻分军元言原园村门魂寒看难安兰欢山间关还闲颜天前边年烟眠泉田先萧桥朝遥潮消高毛豪桃歌多河波何过"
    "花家沙霞斜华阳光香长霜乡方堂庚明生声情清城名青星亭庭冰灯层能流秋楼愁舟洲头游侵心深林阴金吟南潭谈盐帘咸岩"
    "董动孔纸水里死语雨去路树暮晓鸟少草老好早雪月别绝色客石白夕日一笔北国德得竹绿屋木落薄觉入急合叶我嗯吗们"
)
LARGE = {"东", "支", "灰", "庚", "阳", "先", "尤"}  # groups of which MANY has enough to begin with


class CharacterTokenizer:
    """A vocabulary of a few characters; one outside it is written as UTF-8 bytes, as gpt-zh's tokenizer does."""

    eos_token_id = 0

    def __init__(self, characters: str = FEW) -> None:
        tokens = ["<|endoftext|>", "<|七绝|>", "，", "。", "？", "、", "a", "\n", *dict.fromkeys(characters)]
        self._tokens = tokens + [f"<0x{byte:02X}>" for byte in range(256)]
        self._numbers = {token: number for number, token in enumerate(self._tokens)}

    def __len__(self) -> int:
        return len(self._tokens)

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


Logits = Callable[[int, int], "torch.Tensor"]


def even(rows: int, size: int) -> torch.Tensor:
    return torch.zeros(rows, size)


def wild(rows: int, size: int) -> torch.Tensor:
    return 10 * torch.randn(rows, size)


def nothing(rows: int, size: int) -> torch.Tensor:
    return torch.full((rows, size), float("-inf"))


def write(
    request: PoemRequest, characters: str = FEW, logits: Logits = even, seed: int = 0, rows: int = 4, top_k: int = 0
) -> list[str]:
    """Poems of a model that has these logits at every step, held to the request's shape."""
    torch.manual_seed(seed)
    tokenizer = CharacterTokenizer(characters)
    processor = shape_processor(request, tokenizer, PROMPT_LENGTH)
    ids = torch.ones((rows, PROMPT_LENGTH), dtype=torch.long)
    while not (ids[:, -1] == tokenizer.eos_token_id).any():
        scores = processor(ids, logits(rows, len(tokenizer)))
        assert not scores.isneginf().all(dim=1).any()
        if top_k:
            scores = scores.masked_fill(scores < scores.topk(top_k).values[:, -1:], float("-inf"))
        ids = torch.cat([ids, torch.multinomial(scores.softmax(-1), 1)], dim=1)
    assert ids.shape[1] == PROMPT_LENGTH + processor.tokens
    return [tokenizer.decode(row[PROMPT_LENGTH:].tolist()) for row in ids]


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("logits", [even, wild, nothing])
@pytest.mark.parametrize("name", FORMS)
def test_a_regulated_poem_keeps_lines_and_rhyme_whatever_the_model_thinks(name: str, logits: Logits, seed: int) -> None:
    for poem in write(PoemRequest(name), MANY, logits, seed):
        report = verse.check(FORMS[name], poem)
        assert report.holds, poem
        assert report.rhyme.holds, poem


@pytest.mark.parametrize("seed", range(5))
def test_the_rhyme_is_level_repeats_no_character_and_no_other_line_ends_level(seed: int) -> None:
    for poem in write(PoemRequest("七律"), MANY, wild, seed):
        ends = [line[-1] for line in verse.check(FORMS["七律"], poem).lines]
        assert all("平" in tones(end) for end in ends[1::2])
        assert all("仄" in tones(end) for end in ends[2::2])
        assert len(set(ends[1::2])) == 4


@pytest.mark.parametrize("seed", range(10))
def test_a_first_line_that_ends_level_joins_the_rhyme(seed: int) -> None:
    for poem in write(PoemRequest("七绝"), MANY, wild, seed):
        first, second, *_ = (line[-1] for line in verse.check(FORMS["七绝"], poem).lines)
        if tones(first) == {"平"} and rhyme_groups(first) <= LARGE:
            assert rhyme_groups(first) & rhyme_groups(second, level=True), poem


def test_the_rows_of_a_batch_rhyme_each_for_itself() -> None:
    poems = write(PoemRequest("七绝"), MANY, wild, rows=32)
    groups = {verse.check(FORMS["七绝"], poem).rhyme.groups for poem in poems}
    assert len(groups) > 4


def test_a_filter_after_it_leaves_a_rhyme() -> None:
    for poem in write(PoemRequest("七律"), MANY, wild, top_k=1):
        assert verse.check(FORMS["七律"], poem).rhyme.holds


@pytest.mark.parametrize("characters", [FEW, "山", "水月", "嗯吗", "东冬"])
def test_a_vocabulary_without_enough_rhymes_still_keeps_the_lines(characters: str) -> None:
    for poem in write(PoemRequest("五律"), characters):
        assert verse.check(FORMS["五律"], poem).holds, poem


def test_a_vocabulary_that_runs_out_of_fresh_rhymes_repeats_one() -> None:
    for poem in write(PoemRequest("七律"), "花家水月雪雨"):
        report = verse.check(FORMS["七律"], poem)
        assert report.holds
        assert report.rhyme.holds


@pytest.mark.parametrize("tune", CIPAI)
def test_a_ci_keeps_its_tune_and_its_rhymes(tune: str) -> None:
    request = PoemRequest("词", tune)
    for logits in (even, wild):
        for poem in write(request, MANY, logits):
            report = verse.check(request.shape, poem)
            assert report.holds, poem
            assert report.rhyme.holds, poem


@pytest.mark.parametrize("acrostic", ["春江", "山水云", "春江花月", "春江花月夜", "春江花月夜山水云"])
@pytest.mark.parametrize("form", FORMS)
def test_an_acrostic_stands_at_the_heads_of_as_many_rhyming_lines(form: str, acrostic: str) -> None:
    request = PoemRequest(form, acrostic=acrostic)
    for poem in write(request, MANY, wild):
        report = verse.check(request.shape, poem, acrostic)
        assert report.holds, poem
        assert report.rhyme.holds, poem
        assert poem.endswith("。")


def test_a_head_outside_the_vocabulary_is_written_too_and_moves_no_rhyme() -> None:
    request = PoemRequest("五绝", acrostic="春龘江𠮷")
    for poem in write(request, MANY):
        report = verse.check(request.shape, poem, "春龘江𠮷")
        assert report.holds, poem
        assert report.rhyme.holds, poem


def processor_of(request: PoemRequest) -> ShapeProcessor:
    return shape_processor(request, CharacterTokenizer(), prompt_length=1)


def test_a_token_that_another_filter_took_away_is_given_back() -> None:
    at_the_comma = torch.ones((2, 1 + 5), dtype=torch.long)
    scores = processor_of(PoemRequest("五绝"))(at_the_comma, nothing(2, len(CharacterTokenizer())))
    assert scores.argmax(-1).tolist() == [2, 2]


def test_the_odd_characters_likelihoods_stay_as_they_were() -> None:
    size = len(CharacterTokenizer())
    before = torch.arange(float(size)).expand(2, size)
    after = processor_of(PoemRequest("五绝"))(torch.ones((2, 1), dtype=torch.long), before)
    assert torch.equal(after[:, 8:18], before[:, 8:18])
    assert torch.isinf(after[:, [*range(8), *range(18, size)]]).all()


def test_rows_of_the_model_that_no_token_has_stay_forbidden() -> None:
    size = len(CharacterTokenizer())
    for place in range(6):
        scores = processor_of(PoemRequest("五绝"))(torch.ones((2, 1 + place), dtype=torch.long), even(2, size + 5))
        assert scores[:, size:].isneginf().all()
        assert not scores.isneginf().all()
