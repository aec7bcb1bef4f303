"""A map laid over its picture: inside the crop that the model saw, and nowhere else."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from models import overlay


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
    assert overlay.seen_box(Cropping(), size) == pytest.approx(box, abs=0.02)


def test_the_heat_is_painted_inside_the_crop_only() -> None:
    spot = np.zeros((4, 4))
    spot[0, 0] = 1.0
    painted = np.asarray(overlay.paint(Image.new("RGB", (80, 40), (40, 40, 40)), spot, (0.25, 0.0, 0.75, 1.0)), int)
    redness = painted[..., 0] - painted[..., 2]
    assert redness[2, 22] > 60  # the crop's upper left
    assert np.abs(redness[:, :19]).max() == 0
    assert painted[20, 5].min() > painted[20, 50].min()  # faded where the model saw nothing


def test_what_spoke_against_the_class_gets_no_colour() -> None:
    picture = Image.new("RGB", (40, 40), (40, 40, 40))
    nothing = overlay.paint(picture, np.zeros((4, 4)), (0.0, 0.0, 1.0, 1.0))
    assert overlay.paint(picture, np.full((4, 4), -1.0), (0.0, 0.0, 1.0, 1.0)).tobytes() == nothing.tobytes()
