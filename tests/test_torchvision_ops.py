"""The mended torchvision: its stand-in for nms keeps what the compiled one would, and is there when it is needed."""

from __future__ import annotations

import pytest
import torch

from models import torchvision_ops
from models.torchvision_ops import ensure_torchvision_ops


def boxes(*corners: tuple[float, float, float, float]) -> torch.Tensor:
    return torch.tensor(corners)


def test_torchvision_imports_after_the_mending_and_a_second_call_changes_nothing() -> None:
    ensure_torchvision_ops()
    import torchvision

    assert torchvision.transforms
    assert ensure_torchvision_ops() is False
    assert torch.ops.torchvision.nms(boxes((0, 0, 1, 1)), torch.tensor([0.5]), 0.5).tolist() == [0]


def test_overlapping_boxes_leave_the_best_and_distant_ones_stay() -> None:
    corners = boxes((0, 0, 10, 10), (1, 1, 11, 11), (50, 50, 60, 60))
    scores = torch.tensor([0.6, 0.9, 0.3])
    assert torchvision_ops._nms(corners, scores, 0.5).tolist() == [1, 2]


@pytest.mark.parametrize(("threshold", "kept"), [(0.3, [0]), (1 / 3 + 1e-4, [0, 1])])
def test_the_threshold_is_a_bound_on_the_intersection_over_the_union(threshold: float, kept: list[int]) -> None:
    corners = boxes((0, 0, 10, 10), (5, 0, 15, 10))  # 50 of 150
    assert torchvision_ops._nms(corners, torch.tensor([0.9, 0.8]), threshold).tolist() == kept


def test_no_boxes_leave_none() -> None:
    assert torchvision_ops._nms(torch.zeros(0, 4), torch.zeros(0), 0.5).tolist() == []


def test_no_two_kept_boxes_overlap_more_than_allowed() -> None:
    torch.manual_seed(0)
    start = torch.rand(200, 2) * 50
    corners, scores = torch.cat([start, start + 5 + torch.rand(200, 2) * 20], dim=1), torch.rand(200)
    kept = torchvision_ops._nms(corners, scores, 0.4)
    assert scores[kept].tolist() == sorted(scores[kept].tolist(), reverse=True)
    overlap = _overlap(corners[kept])
    overlap.fill_diagonal_(0)
    assert overlap.max() <= 0.4
    dropped = [index for index in range(200) if index not in set(kept.tolist())]
    for index in dropped:
        better = kept[scores[kept] >= scores[index]]
        assert _overlap(torch.cat([corners[index : index + 1], corners[better]]))[0, 1:].max() > 0.4


def _overlap(corners: torch.Tensor) -> torch.Tensor:
    """Intersection over union of all pairs: (N, 4) -> (N, N)."""
    low = torch.maximum(corners[:, None, :2], corners[None, :, :2])
    high = torch.minimum(corners[:, None, 2:], corners[None, :, 2:])
    inside = (high - low).clamp(min=0).prod(dim=-1)
    area = (corners[:, 2:] - corners[:, :2]).prod(dim=1)
    return inside / (area[:, None] + area[None, :] - inside)
