"""What gpt-zh's samples promise its scores: held poems keep their form, and each text stops at its own end."""

from __future__ import annotations

import pytest

from models.recipes.common import BUNDLED
from models.verse import PoemRequest, check

pytestmark = pytest.mark.bundled
torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def writer() -> tuple:
    from models.loading import import_libraries

    import_libraries()
    from transformers import AutoModelForCausalLM, AutoTokenizer

    folder = BUNDLED / "gpt-zh"
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval(), AutoTokenizer.from_pretrained(
        folder
    )


@pytest.mark.parametrize(
    "request_of",
    [
        PoemRequest("五绝", "山中"),
        PoemRequest("七律"),
        PoemRequest("七绝", acrostic="清风明"),
        PoemRequest("词", "菩萨蛮"),
    ],
)
def test_held_poems_keep_form_and_rhyme(writer: tuple, request_of: PoemRequest) -> None:
    from models.recipes.gpt_zh_samples import poems

    torch.manual_seed(0)
    for poem in poems(*writer, request_of, 3, held=True):
        report = check(request_of.shape, poem, request_of.acrostic)
        assert report.holds, poem
        assert report.rhyme.holds, poem


def test_each_text_stops_at_its_own_end_and_none_before_the_limit(writer: tuple) -> None:
    from models.recipes.gpt_zh_samples import draw

    model, tokenizer = writer
    ids = tokenizer.encode("<|user|>你好！<|end|><|assistant|>", add_special_tokens=False)
    ends = {tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids("<|end|>")}
    torch.manual_seed(0)
    rows = draw(model, tokenizer, ids, 8, limit=40)
    assert len({len(row) for row in rows}) > 1
    for row in rows:
        assert not ends & set(row[:-1])
        assert row[-1] in ends or len(row) == 40
