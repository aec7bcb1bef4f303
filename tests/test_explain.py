"""What the explainer says of pictures: on small models whose answers are built by hand, and on the bundled ones."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from models import heat
from models.catalog import Catalog
from models.errors import BadInput
from models.explain import Explainer
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


def test_explaining_leaves_the_shared_model_as_it_was(make_library, engine, settings, tiny_vit: Path) -> None:
    library = make_library()
    Explainer(library, engine, settings).picture(Image.new("RGB", (40, 30), "green"), str(tiny_vit))
    with library.lease(str(tiny_vit), PICTURE) as loaded:
        assert not any(weight.requires_grad or weight.grad is not None for weight in loaded.model.parameters())
        assert loaded.model.config._attn_implementation != "eager"
        hooks = [hook for module in loaded.model.modules() for hook in module._forward_hooks.values()]
        assert not any(getattr(hook, "__module__", "") == heat.__name__ for hook in hooks)


def test_a_file_that_is_no_picture_is_refused(explainer, tmp_path: Path) -> None:
    (tmp_path / "no.png").write_text("tea")
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
