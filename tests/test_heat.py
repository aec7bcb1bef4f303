"""Heat maps: they lie where a class was seen, differ by class, and what they call hottest matters more than chance."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import cycle, islice
from types import SimpleNamespace

import pytest
from PIL import Image, ImageEnhance, ImageOps

from models import heat, masking
from models.errors import BadInput
from models.explain import Explainer
from models.progress import Progress, finished
from models.spec import BUNDLED

PICTURES = BUNDLED.parents[1] / "assets" / "examples" / "pictures"
VIEWS, WANTED = 50, 0.8


def two_colours(torch, kind: str):
    """Class 0 is likely where a 32 px picture is red, class 1 where it is green. kind: convolutional, or without a map."""

    class Network(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.config = SimpleNamespace()
            self.average = torch.nn.AvgPool2d(4) if kind == "convolutional" else torch.nn.AvgPool2d(32)

        def forward(self, pixel_values):
            return SimpleNamespace(logits=9 * self.average(pixel_values).mean(dim=(2, 3))[:, :2])

    return Network().eval()


@pytest.mark.parametrize("kind", ["convolutional", "opaque"])
@pytest.mark.parametrize("target", [0, 1])
def test_in_a_picture_of_two_things_each_class_is_seen_where_it_is(kind: str, target: int) -> None:
    torch = pytest.importorskip("torch")
    pixels = torch.zeros(1, 3, 32, 32)
    pixels[:, 0, :8, :8] = pixels[:, 1, 24:, 24:] = 1.0
    found = finished(heat.explain(two_colours(torch, kind), pixels, target))
    assert (found.target, found.method) == (target, "gradcam" if kind == "convolutional" else "occlusion")
    assert found.map.shape == (8, 8)
    corner = found.map[-2:, -2:] if target else found.map[:2, :2]
    assert corner.min() == pytest.approx(1.0)
    assert corner.sum() == pytest.approx(found.map.clip(0).sum(), rel=0.1)


def test_a_network_without_attention_refuses_its_methods() -> None:
    torch = pytest.importorskip("torch")
    network = two_colours(torch, "convolutional")
    for method in ("attention", "rollout"):
        with pytest.raises(BadInput, match=method):
            finished(heat.explain(network, torch.rand(1, 3, 32, 32), method=method))


def test_covering_takes_many_steps_between_which_it_can_be_stopped() -> None:
    torch = pytest.importorskip("torch")
    steps = heat.explain(two_colours(torch, "opaque"), torch.rand(1, 3, 32, 32))
    *progress, found = steps
    assert len(progress) > 5
    assert all(isinstance(step, Progress) for step in progress)
    assert found.map.shape == (masking.CELLS, masking.CELLS)


def test_the_hottest_fifth_is_found_in_maps_of_any_size_and_as_large_as_a_random_one() -> None:
    np, torch = pytest.importorskip("numpy"), pytest.importorskip("torch")
    for side in (4, 8, 14):
        spot = np.zeros((side, side))
        spot[: side // 2, : side // 2] = 1.0
        hot = masking.hottest(spot)
        assert hot[:4, :4].sum() >= 12
        assert hot.sum() == masking.random_cells(np.random.default_rng(0)).sum() == 13
    pixels = torch.rand(1, 3, 20, 30)
    everything = masking.covered(pixels, torch.ones(1, 8, 8, dtype=torch.bool))
    assert torch.allclose(everything, pixels.mean(dim=(2, 3), keepdim=True).expand_as(pixels))
    assert torch.equal(masking.covered(pixels, torch.zeros(1, 8, 8, dtype=torch.bool)), pixels)


def views(count: int) -> Iterator[Image.Image]:
    """The example pictures, each time cropped, mirrored and lit in another way; always the same ones."""
    chance = random.Random(0)
    for path in islice(cycle(sorted(PICTURES.glob("*.jpg"))), count):
        with Image.open(path) as file:
            picture = file.convert("RGB")
        share = chance.uniform(0.85, 1.0)
        width, height = (round(share * side) for side in picture.size)
        left, top = chance.randint(0, picture.width - width), chance.randint(0, picture.height - height)
        picture = picture.crop((left, top, left + width, top + height))
        picture = ImageOps.mirror(picture) if chance.random() < 0.5 else picture
        yield ImageEnhance.Brightness(picture).enhance(chance.uniform(0.8, 1.2))


@pytest.mark.bundled
@pytest.mark.parametrize(("name", "method"), [("resnet-cifar10", "gradcam"), ("vit-cifar10", "attention")])
def test_covering_what_is_hottest_hurts_more_than_chance_on_four_of_five_pictures(
    make_library, engine, settings, name: str, method: str
) -> None:
    explainer = Explainer(make_library(), engine, settings)
    found = [finished(explainer.steps(picture, name, check=True)) for picture in views(VIEWS)]
    assert {one.method for one in found} == {method}
    assert sum(one.trust.holds for one in found) >= WANTED * VIEWS


@pytest.mark.bundled
@pytest.mark.parametrize("name", ["resnet-cifar10", "vit-cifar10"])
def test_each_of_the_five_likeliest_classes_has_a_map_of_its_own(make_library, engine, settings, name: str) -> None:
    from models.vision import VisionRunner

    library = make_library()
    explainer, picture = Explainer(library, engine, settings), PICTURES / "cat.jpg"
    five = [one.label for one in VisionRunner(library, engine, settings).classify(picture, name)]
    maps = {explainer.picture(picture, name, label).heat.tobytes() for label in five}
    assert len(maps) == len(five) == 5


@pytest.mark.bundled
def test_the_rollout_knows_no_class(make_library, engine, settings) -> None:
    explainer, picture = Explainer(make_library(), engine, settings), PICTURES / "cat.jpg"
    maps = {explainer.picture(picture, "vit-cifar10", label, "rollout").heat.tobytes() for label in ("cat", "ship")}
    assert len(maps) == 1


def test_a_network_with_patches_that_gives_no_attention_is_explained_in_another_way() -> None:
    torch = pytest.importorskip("torch")
    network = two_colours(torch, "convolutional")
    network.config = SimpleNamespace(patch_size=4, num_attention_heads=2, _attn_implementation="sdpa")
    network.set_attn_implementation = lambda name: None
    network.forward = lambda pixel_values, **options: type(network).forward(network, pixel_values)
    found = finished(heat.explain(network, torch.rand(1, 3, 32, 32)))
    assert found.method == "gradcam"
