"""What the explainer says of pictures: on small models whose answers are built by hand, and on the bundled ones."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from PIL import Image

from models import heat, overlay
from models.catalog import Catalog
from models.errors import BadInput
from models.explain import Explainer
from models.progress import Progress
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
    assert explained.heat.size == (overlay.LONGEST_SIDE, overlay.LONGEST_SIDE // 2)


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


def test_any_class_of_the_model_can_be_asked_for_and_no_other(explainer, tiny_vit: Path) -> None:
    picture = Image.effect_noise((40, 30), 80).convert("RGB")
    for label in ("cat", "dog", "teapot"):
        assert explainer.picture(picture, str(tiny_vit), label).label == label
    with pytest.raises(BadInput, match="teacup"):
        explainer.picture(picture, str(tiny_vit), "teacup")
    with pytest.raises(BadInput, match="dowsing"):
        explainer.picture(picture, str(tiny_vit), method="dowsing")
    with pytest.raises(BadInput, match="gradcam"):
        explainer.picture(picture, str(tiny_vit), method="gradcam")


def test_an_explanation_closed_in_the_middle_stops_computing(make_library, engine, settings, tiny_vit: Path) -> None:
    library = make_library()
    explainer = Explainer(library, engine, settings)
    steps = explainer.steps(Image.new("RGB", (40, 30), "green"), str(tiny_vit), method="occlusion", check=True)
    assert isinstance(next(steps), Progress)
    assert isinstance(next(steps), Progress)
    assert library.cache.entries()[0].leases == 1
    steps.close()
    done = engine.batches
    time.sleep(0.2)
    assert engine.batches == done < 8
    assert library.cache.entries()[0].leases == 0


def test_classifying_computes_no_gradients_and_no_attention(
    make_library, engine, settings, living_tensors, tiny_vit: Path
) -> None:
    """Nor is anything left of an explanation: what a folded view costs."""
    import torch

    library = make_library()
    runner, seen = VisionRunner(library, engine, settings), []
    picture = Image.new("RGB", (40, 30), "green")
    with library.lease(str(tiny_vit), PICTURE) as loaded:
        for layer in loaded.model.vit.layers:
            layer.attention.register_forward_hook(
                lambda module, inputs, output: seen.append((torch.is_grad_enabled(), output[1]))
            )
        runner.classify(picture, str(tiny_vit))
        before = living_tensors()
        Explainer(library, engine, settings).picture(picture, str(tiny_vit))
        seen.clear()
        runner.classify(picture, str(tiny_vit))
        assert seen == [(False, None)] * 2
        assert living_tensors() <= before


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
