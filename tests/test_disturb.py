"""Pictures disturbed, and where a model changes its mind: on a classifier built by hand, a tiny one and the bundled ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from models.disturb import BOUNDS, KINDS, NONE, SWEEPS, Disturbance, Disturber, Point, Sweep, Turn, apply
from models.errors import BadInput
from models.progress import Progress, finished
from models.spec import BUNDLED
from models.vision import VisionRunner

CAT = BUNDLED.parents[1] / "assets" / "examples" / "pictures" / "cat.jpg"


@pytest.fixture
def picture() -> Image.Image:
    """Brighter to the right, redder downwards."""
    array = np.zeros((60, 90, 3), np.uint8)
    array[..., 1] = np.linspace(0, 200, 90)
    array[..., 0] = np.linspace(0, 200, 60)[:, None]
    return Image.fromarray(array)


@pytest.fixture
def disturber(library, engine, settings) -> Disturber:
    return Disturber(library, engine, settings)


def changed(picture: Image.Image, **how: float) -> np.ndarray:
    return np.asarray(apply(picture, Disturbance(**how)), float)


def test_nothing_asked_gives_the_picture_itself(picture) -> None:
    assert apply(picture, Disturbance()) is picture
    assert apply(picture, Disturbance(cover_x=0.1, cover_y=0.9, seed=5)) is picture


@pytest.mark.parametrize("kind", KINDS)
def test_every_disturbance_changes_the_picture_and_keeps_its_size(picture, kind) -> None:
    found = apply(picture, Disturbance(**{kind: SWEEPS[kind][-1]}))
    assert found.size == picture.size
    assert found.tobytes() != picture.tobytes()


def test_each_does_what_it_says(picture) -> None:
    before = np.asarray(picture, float)
    assert changed(picture, brightness=0.5).mean() == pytest.approx(before.mean() / 2, rel=0.02)
    assert changed(picture, brightness=0).max() == 0
    assert np.ptp(changed(picture, crop=0.5)[..., 1]) == pytest.approx(np.ptp(before[..., 1]) / 2, rel=0.1)
    assert np.abs(changed(picture, rotate=180) - before[::-1, ::-1]).mean() < 3
    assert changed(picture, blur=0.05)[30, 0, 1] > before[30, 0, 1]
    assert (changed(picture, noise=0.3) - before).std() > 20
    square = changed(picture, cover_size=0.5, cover_x=0.0, cover_y=0.0)
    assert np.ptp(square[:14, :14], axis=(0, 1)).max() == 0
    assert np.abs(square[16:, 16:] - before[16:, 16:]).max() == 0


def test_the_same_seed_makes_the_same_noise_and_another_other_noise(picture) -> None:
    noise = {seed: changed(picture, noise=0.2, seed=seed).tolist() for seed in (1, 2)}
    assert noise[1] == changed(picture, noise=0.2, seed=1).tolist()
    assert noise[1] != noise[2]


@pytest.mark.parametrize(
    ("name", "value"),
    [("crop", 0.9), ("rotate", 181), ("blur", -0.1), ("noise", None), ("brightness", float("nan")), ("seed", 1.5)],
)
def test_a_value_out_of_bounds_is_refused_by_name(name, value) -> None:
    with pytest.raises(BadInput, match=name):
        Disturbance(**{name: value})


def test_a_sweep_stays_within_the_bounds_and_holds_the_undisturbed_picture() -> None:
    for kind, strengths in SWEEPS.items():
        low, high = BOUNDS[kind]
        assert all(low <= strength <= high for strength in strengths)
        assert NONE[kind] in strengths
        assert list(strengths) == sorted(strengths)


def test_a_turn_is_the_nearest_other_answer_on_either_side() -> None:
    labels = {0.0: "dog", 0.2: "dog", 0.4: "cat", 1.0: "cat", 1.2: "cat", 1.4: "frog", 1.6: "cat", 1.8: "dog"}
    points = tuple(Point(strength, label, 0.9, 0.1) for strength, label in labels.items())
    assert Sweep("brightness", "cat", points).turns == (Turn(0.2, "dog"), Turn(1.4, "frog"))
    assert Sweep("brightness", "cat", points[2:5]).turns == ()
    assert Sweep("rotate", "cat", (Point(0, "cat", 1, 1), Point(15, "dog", 1, 0))).turns == (Turn(15, "dog"),)


def test_a_sweep_begins_with_the_answer_of_the_undisturbed_picture(
    disturber, library, engine, settings, picture, tiny_vit
):
    model = str(tiny_vit)
    best = VisionRunner(library, engine, settings).classify(picture, model)[0]
    for kind in KINDS:
        found = finished(disturber.sweep(picture, kind, model))
        (start,) = [point for point in found.points if point.strength == NONE[kind]]
        assert (found.label, start.label) == (best.label, best.label)
        assert start.kept == start.score == pytest.approx(best.score, abs=1e-6)
        assert [point.strength for point in found.points] == list(SWEEPS[kind])


def test_a_sweep_that_is_closed_computes_no_more_and_gives_its_lease_back(
    disturber, library, engine, picture, tiny_vit
):
    steps = disturber.sweep(picture, "rotate", str(tiny_vit))
    assert isinstance(next(steps), Progress)
    steps.close()
    done = engine.batches
    engine.call(lambda: None)
    assert engine.batches == done + 1
    assert [entry.leases for entry in library.cache.entries()] == [0]


def test_an_unknown_kind_and_a_file_that_is_no_picture_are_refused(disturber, picture, tmp_path: Path) -> None:
    (tmp_path / "no.png").write_text("tea")
    with pytest.raises(BadInput, match="crop, rotate"):
        next(disturber.sweep(picture, "melt"))
    with pytest.raises(BadInput):
        disturber.disturbed(tmp_path / "no.png", Disturbance())


@pytest.mark.bundled
@pytest.mark.parametrize("name", ["resnet-cifar10", "vit-cifar10"])
def test_a_bundled_model_bears_a_little_turning_and_changes_its_mind_at_more(disturber, name) -> None:
    if not (BUNDLED / name / "config.json").is_file():
        pytest.skip(f"models/bundled/{name} is not there")
    (turn,) = finished(disturber.sweep(CAT, "rotate", name)).turns
    assert 15 < turn.strength < 120
