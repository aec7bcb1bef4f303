"""Mends a torchvision whose compiled operators do not match the installed torch.

The package index carries torchvision for CPU torch only as a CUDA build; its `_C` library then fails to load, `import
torchvision` raises «operator torchvision::nms does not exist», and with it every transformers model class. Declaring the
missing operators before the first import is the only way around it, so this is the one place that touches another
package's namespace. Where the compiled operators do load, nothing is changed. Knows nothing of models.
"""

from __future__ import annotations

import importlib.util
import logging
from pathlib import Path

logger = logging.getLogger(__name__)


def ensure_torchvision_ops() -> bool:
    """Declares torchvision::nms in plain torch if the compiled one cannot load. True if it was declared here."""
    import torch

    if _compiled_ops_load() or _is_declared(torch):
        return False
    library = torch.library.Library("torchvision", "DEF")
    library.define("nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.define("qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    library.impl("nms", _nms, "CompositeExplicitAutograd")
    ensure_torchvision_ops.library = library  # the registration lives as long as this object does
    logger.info("torchvision's compiled operators do not match torch %s: using a plain torch nms", torch.__version__)
    return True


def _is_declared(torch) -> bool:
    return hasattr(torch.ops.torchvision, "nms")


def _compiled_ops_load() -> bool:
    import torch

    spec = importlib.util.find_spec("torchvision")
    if spec is None or not spec.submodule_search_locations:
        return True
    libraries = [
        path
        for folder in spec.submodule_search_locations
        for path in Path(folder).glob("_C*")
        if path.suffix in {".so", ".pyd", ".dylib"}
    ]
    try:
        for path in libraries:
            torch.ops.load_library(str(path))
    except (OSError, RuntimeError):
        return False
    return bool(libraries)


def _nms(dets, scores, iou_threshold: float):
    """Greedy non-maximum suppression. dets: (N, 4) x1 y1 x2 y2; scores: (N,). Kept indices, best first."""
    import torch

    area = (dets[:, 2] - dets[:, 0]) * (dets[:, 3] - dets[:, 1])
    order, kept = scores.argsort(descending=True), []
    while order.numel():
        best, rest = order[0], order[1:]
        kept.append(best)
        top_left = torch.maximum(dets[best, :2], dets[rest, :2])
        bottom_right = torch.minimum(dets[best, 2:], dets[rest, 2:])
        overlap = (bottom_right - top_left).clamp(min=0).prod(dim=1)
        order = rest[overlap / (area[best] + area[rest] - overlap) <= iou_threshold]
    return torch.stack(kept) if kept else order
