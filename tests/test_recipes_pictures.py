"""What the picture models learn from: views that come again unchanged, and a teacher's opinion of each of them."""

from __future__ import annotations

from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
SEED = 3


@pytest.fixture(scope="module")
def pictures():
    from models.loading import import_libraries

    import_libraries()
    return torch.randint(0, 256, (12, 3, 32, 32), dtype=torch.uint8, generator=torch.Generator().manual_seed(0))


class Brightness:
    """A teacher whose opinion is the mean of each colour."""

    def __init__(self, gain: float = 1) -> None:
        self.asked, self.gain = 0, gain

    def __call__(self, pictures):
        self.asked += len(pictures)
        return torch.nn.functional.pad(self.gain * pictures.float().mean(dim=(2, 3)) / 255, (0, 7))


def test_a_view_comes_again_unchanged_and_differs_from_the_next(pictures) -> None:
    from models.recipes.cifar10 import view

    for number in range(4):
        torch.manual_seed(number)  # what was drawn before has no say
        first = view(pictures, number, SEED)
        assert torch.equal(first, view(pictures, number, SEED))
        assert not torch.equal(first, view(pictures, number + 1, SEED))
        assert first.shape == pictures.shape
        assert first.dtype == torch.uint8


def test_looking_at_a_view_leaves_the_random_numbers_alone(pictures) -> None:
    from models.recipes.cifar10 import view

    torch.manual_seed(0)
    expected = torch.rand(3)
    torch.manual_seed(0)
    view(pictures, 2, SEED)
    assert torch.equal(torch.rand(3), expected)


def test_a_view_mirrors_the_pictures_that_the_one_before_did_not(pictures) -> None:
    from models.recipes.cifar10 import flip

    even, odd = flip(pictures, 0, SEED), flip(pictures, 1, SEED)
    assert torch.equal(even, flip(pictures, 2, SEED))
    assert torch.equal(even.flip(-1), odd)
    assert 0 < sum(torch.equal(a, b) for a, b in zip(even, pictures, strict=True)) < len(pictures)


def test_a_lesson_is_the_mean_of_the_label_and_of_what_each_teacher_thinks_of_the_very_picture(
    pictures, tmp_path
) -> None:
    from models.recipes import lessons

    labels = torch.arange(len(pictures)) % 10
    teachers = [Brightness(), Brightness(gain=-3)]
    paths = [tmp_path / str(index) / lessons.FILE for index in range(2)]
    for teacher, path in zip(teachers, paths, strict=True):
        lessons.write(teacher, pictures, SEED, path)
    lesson = lessons.read(pictures, labels, paths, SEED, held_out=2)
    for epoch in (0, 3, lessons.VIEWS + 3):
        seen, said = lesson(epoch)
        truth = torch.nn.functional.one_hot(labels[2:], 10)
        expected = (truth + sum(teacher(seen).softmax(1) for teacher in teachers)) / 3
        assert len(seen) == len(pictures) - 2
        assert torch.allclose(said, expected, atol=1e-3)


def test_lessons_that_were_cut_go_on_where_they_were(pictures, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    from models.recipes import lessons

    whole, cut = tmp_path / "whole.safetensors", tmp_path / "cut.safetensors"
    lessons.write(Brightness(), pictures, SEED, whole)
    save_file({"logits": load_file(whole)["logits"][:5].clone()}, cut, metadata={"seed": str(SEED)})
    teacher = Brightness()
    lessons.write(teacher, pictures, SEED, cut)
    assert teacher.asked == (lessons.VIEWS - 5) * len(pictures)
    assert torch.equal(load_file(cut)["logits"], load_file(whole)["logits"])


def test_lessons_on_the_views_of_another_seed_are_refused(pictures, tmp_path: Path) -> None:
    from models.recipes import lessons

    path = tmp_path / lessons.FILE
    lessons.write(Brightness(), pictures, SEED, path)
    with pytest.raises(ValueError, match=f"seed {SEED}, not of seed {SEED + 1}"):
        lessons.read(pictures, torch.zeros(len(pictures), dtype=torch.long), [path], SEED + 1)


@pytest.mark.parametrize("fast", [True, False])
def test_muon_orthogonalises_in_float32_where_bfloat16_is_emulated(monkeypatch, fast: bool) -> None:
    from models import precision
    from models.recipes import common

    machine = precision.Machine(multiplies_bfloat16=fast)
    monkeypatch.setattr(precision, "this_machine", lambda: machine)
    weight = torch.nn.Parameter(torch.zeros(8, 16))
    weight.grad = torch.randn(8, 16)
    optimiser = torch.optim.Muon([weight], lr=1.0, weight_decay=0.0, nesterov=False)
    with common.muon_precision():
        optimiser.step()
    in_half = torch.equal(weight.detach(), weight.detach().bfloat16().float())
    assert in_half == fast
    assert weight.grad.norm() > 1  # it is not what was written to
    assert torch.linalg.svdvals(weight.detach()).min() > 0.5


def test_a_round_is_averaged_with_the_one_it_began_with() -> None:
    from models.recipes.vit_cifar10 import average

    first, second = torch.nn.Linear(3, 2), torch.nn.Linear(3, 2)
    expected = (first.weight + second.weight) / 2
    assert torch.allclose(average(first, second).weight, expected)
    assert not torch.allclose(second.weight, expected)
