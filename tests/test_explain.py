"""What the explainer says of texts and pictures: on small models whose answers are built by hand, and on the bundled ones."""

from __future__ import annotations

import random
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from models import heat
from models.catalog import Catalog
from models.errors import BadInput
from models.explain import Explainer, TokenWeight, stretches
from models.sentiment import SentimentRunner
from models.spec import BUNDLED, ModelSpec
from models.vision import VisionRunner

PICTURE = "image-classification"


def needs(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        not (BUNDLED / name / "config.json").is_file(), reason=f"models/bundled/{name} is not there"
    )


@pytest.fixture
def explainer(make_library, engine, settings):
    return Explainer(make_library(), engine, settings)


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
    from models.explain import _attributed

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


def test_explaining_leaves_the_shared_models_as_they_were(make_library, engine, settings, tiny_bert, tiny_vit) -> None:
    library = make_library()
    explainer = Explainer(library, engine, settings)
    explainer.text("茶很香", str(tiny_bert))
    explainer.picture(Image.new("RGB", (40, 30), "green"), str(tiny_vit))
    for name, task in ((str(tiny_bert), "text-classification"), (str(tiny_vit), PICTURE)):
        with library.lease(name, task) as loaded:
            assert not any(weight.requires_grad or weight.grad is not None for weight in loaded.model.parameters())
            assert loaded.model.config._attn_implementation != "eager"
            hooks = [hook for module in loaded.model.modules() for hook in module._forward_hooks.values()]
            assert not any(getattr(hook, "__module__", "") == heat.__name__ for hook in hooks)


def test_an_empty_text_and_a_file_that_is_no_picture_are_refused(explainer, tmp_path: Path) -> None:
    (tmp_path / "no.png").write_text("tea")
    with pytest.raises(BadInput):
        explainer.text("  ")
    with pytest.raises(BadInput):
        explainer.picture(tmp_path / "no.png")


@pytest.mark.parametrize("size", [(64, 48), (31, 77), (1, 9)])
def test_a_transformers_heat_has_the_size_of_the_picture(explainer, tiny_vit: Path, size: tuple[int, int]) -> None:
    explained = explainer.picture(Image.effect_noise(size, 80).convert("RGB"), str(tiny_vit))
    assert explained.heat.size == size
    assert explained.heat.mode == "RGB"
    assert explained.label in {"cat", "dog", "teapot"}
    assert 1 / 3 < explained.score < 1


def test_a_heat_picture_is_bounded(explainer, tiny_vit: Path) -> None:
    explained = explainer.picture(Image.new("RGB", (3000, 1500)), str(tiny_vit))
    assert explained.heat.size == (heat.LONGEST_SIDE, heat.LONGEST_SIDE // 2)


def corner_network(torch, kind: str):
    """Class 1 is likely where the lower right of a 32 px picture is bright. kind: convolutional, or one without a map."""

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.config = SimpleNamespace()
            self.average = torch.nn.AvgPool2d(8)

        def forward(self, pixel_values):
            if kind == "convolutional":
                cells = self.average(pixel_values).mean(dim=1).flatten(1)
            else:
                cells = torch.nn.functional.avg_pool2d(pixel_values, 8).mean(dim=1).flatten(1)
            return SimpleNamespace(logits=torch.stack([cells[:, 0] * 0 + 0.1, cells[:, 15] * 3], dim=1))

    return Network().eval()


@pytest.mark.parametrize("kind", ["convolutional", "opaque"])
def test_the_heat_lies_where_the_class_was_seen(kind: str) -> None:
    torch = pytest.importorskip("torch")
    pixels = torch.zeros(1, 3, 32, 32)
    pixels[..., 24:, 24:] = 1.0
    found = heat.explain(corner_network(torch, kind), pixels)
    assert found.target == 1
    rows, columns = found.map.shape
    lower_right = found.map[rows * 3 // 4 :, columns * 3 // 4 :]
    assert lower_right.max() == pytest.approx(1.0)
    assert lower_right.sum() == pytest.approx(found.map.sum(), rel=0.05)


class Cropping:
    """A processor that takes the middle square and shrinks it to 28 px; normalises too."""

    def __call__(self, image: Image.Image, return_tensors: str):
        import torch

        width, height = image.size
        side = min(image.size)
        left, top = (width - side) // 2, (height - side) // 2
        array = np.asarray(image.crop((left, top, left + side, top + side)).resize((28, 28), Image.Resampling.BILINEAR))
        return {"pixel_values": (torch.tensor(array / 255.0).permute(2, 0, 1)[None] - 0.4) / 0.2}


@pytest.mark.parametrize(("size", "box"), [((400, 200), (0.25, 0, 0.75, 1)), ((150, 600), (0, 0.375, 1, 0.625))])
def test_what_a_processor_crops_away_is_found_out(size: tuple[int, int], box: tuple[float, ...]) -> None:
    pytest.importorskip("torch")
    assert heat.seen_box(Cropping(), size) == pytest.approx(box, abs=0.02)


def test_the_heat_is_painted_inside_the_crop_only() -> None:
    spot = np.zeros((4, 4))
    spot[0, 0] = 1.0
    painted = np.asarray(heat.paint(Image.new("RGB", (80, 40), (40, 40, 40)), spot, (0.25, 0.0, 0.75, 1.0)), int)
    redness = painted[..., 0] - painted[..., 2]
    assert redness[2, 22] > 60  # the crop's upper left
    assert np.abs(redness[:, :19]).max() == 0
    assert painted[20, 5].min() > painted[20, 50].min()  # faded where the model saw nothing


@pytest.mark.bundled
@needs("efficientnet-lite0")
def test_the_bundled_efficientnet_looks_at_the_cup(explainer) -> None:
    picture = BUNDLED.parents[1] / "assets" / "examples" / "pictures" / "coffee.jpg"
    explained = explainer.picture(picture, "efficientnet-lite0")
    assert explained.label == "espresso"
    with Image.open(picture) as original:
        assert explained.heat.size == original.size


@pytest.mark.bundled
@pytest.mark.parametrize("name", ["resnet-cifar10", "vit-cifar10"])
def test_the_bundled_small_models_explain_any_picture(explainer, name: str) -> None:
    if not (BUNDLED / name / "config.json").is_file():
        pytest.skip(f"models/bundled/{name} is not there")
    explained = explainer.picture(Image.effect_noise((90, 60), 80), name)
    assert explained.heat.size == (90, 60)


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
    explainer, runner = Explainer(library, engine, settings), SentimentRunner(library, engine, settings)
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


def test_a_model_that_learned_from_small_pictures_sees_no_finer_ones(
    make_library, engine, settings, tiny_vit: Path
) -> None:
    spec = ModelSpec(name="small", task=PICTURE, source=str(tiny_vit), origin="folder", sees=8)
    runner = VisionRunner(make_library(catalog=Catalog(known=(spec,))), engine, settings)
    fine = Image.effect_noise((64, 64), 80).convert("RGB")
    coarse = fine.resize((8, 8), Image.Resampling.BILINEAR)
    scores = [one.score for one in runner.classify(fine, "small")]
    assert scores == pytest.approx([one.score for one in runner.classify(coarse, "small")])
    assert scores != pytest.approx([one.score for one in runner.classify(fine, str(tiny_vit))], abs=1e-6)
