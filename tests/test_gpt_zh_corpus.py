"""What gpt-zh is taught: prose in whole sentences, turns that are closed, and where a poem's rhyme stands."""

from __future__ import annotations

import random

import pytest

from models.recipes.gpt_zh_corpus import (
    END_OF_TEXT,
    LONGEST,
    PROSE_LENGTHS,
    SENTENCE_ENDS,
    Poem,
    chat,
    ended,
    pieces,
    plain,
    rhyming,
    write,
)

QUATRAIN = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"


def test_prose_is_cut_after_whole_sentences_and_each_piece_ends() -> None:
    story = "".join(f"第{number}天，他又走了很远的路，天黑了才回家。“明天再说吧！”" for number in range(60))
    found = list(pieces(story, random.Random(0)))
    assert "".join(map(plain, found)) == story
    assert all(piece.endswith(END_OF_TEXT) for piece in found)
    assert all(plain(piece).endswith(SENTENCE_ENDS) for piece in found)
    assert all(PROSE_LENGTHS[0] <= len(plain(piece)) <= LONGEST for piece in found[:-1])


def test_a_rest_of_prose_without_an_end_mark_is_left_out() -> None:
    assert [plain(piece) for piece in pieces("他来了。他坐下，然后", random.Random(0))] == ["他来了。"]


@pytest.mark.parametrize(
    ("said", "closed"), [("好的", "好的。"), ("好的！", "好的！"), ("评分4.7", "评分4.7。"), ("在哪里呢~", "在哪里呢~")]
)
def test_a_turn_is_closed_where_people_leave_it_open(said: str, closed: str) -> None:
    assert ended(said) == closed


def test_a_dialogue_keeps_its_turns_and_roles() -> None:
    told = chat(["A：你好", "B：你好，请问想去哪里"], "", random.Random(0))
    assert told == f"<|user|>你好。<|end|><|assistant|>你好，请问想去哪里。<|end|>{END_OF_TEXT}"


@pytest.mark.parametrize("title", ["", "登鹳雀楼"])
def test_the_rhyme_stands_before_each_full_stop_of_a_regulated_poem(title: str) -> None:
    pytest.importorskip("tokenizers")
    from collections import Counter

    from models.recipes.gpt_zh_tokenizer import build_tokenizer

    document = write(Poem("五绝", title, QUATRAIN), random.Random(0))
    assert ("<|题|>" in document) == bool(title)
    tokenizer = build_tokenizer(Counter(QUATRAIN + title), characters=100, max_length=64)
    tokens = tokenizer.convert_ids_to_tokens(tokenizer(document)["input_ids"])
    assert [tokens[place] for place in sorted(rhyming(document))] == ["流", "楼"]


@pytest.mark.parametrize("document", ["<|文|>他来了。<|endoftext|>", "<|词|><|题|>忆江南<|正文|>江南好。<|endoftext|>"])
def test_other_documents_have_no_places_of_rhyme(document: str) -> None:
    assert rhyming(document) == frozenset()


def test_a_rhyme_weighs_more_and_padding_nothing() -> None:
    pytest.importorskip("torch")
    from collections import Counter

    from models.recipes import gpt_zh
    from models.recipes.gpt_zh_tokenizer import build_tokenizer

    pool = [f"<|五绝|><|正文|>{QUATRAIN}{END_OF_TEXT}", f"<|文|>白日尽。{END_OF_TEXT}"]
    tokenizer = build_tokenizer(Counter(QUATRAIN), characters=100, max_length=64)
    (_, labels, weights), *more = gpt_zh.batches_of(pool, tokenizer, random.Random(0))
    assert not more
    heavy = tokenizer.convert_ids_to_tokens(labels[weights == gpt_zh.RHYME_WEIGHT].tolist())
    assert sorted(heavy) == sorted("流楼")
    assert bool(((weights == 0) == (labels == gpt_zh.IGNORED)).all())
