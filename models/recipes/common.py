"""What the recipes share: options, readers of the training data, and the writing of a bundled folder."""

from __future__ import annotations

import argparse
import json
import logging
import lzma
import random
import unicodedata
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path

BUNDLED = Path(__file__).resolve().parents[1] / "bundled"
SAME = 25  # texts whose first 25 characters agree count as one: posts and reviews are quoted and cut
MAX_SHARD = "9MB"  # a plain git file on the Hub must stay under 10 MB


@dataclass(frozen=True)
class Example:
    """One text with its label and where it comes from."""

    text: str
    label: int
    domain: str


def parser(description: str) -> argparse.ArgumentParser:
    """The options every recipe has. --work keeps checkpoints: a run that was cut goes on from the last."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--data", type=Path, required=True, help="folder of the training data")
    options.add_argument("--work", type=Path, required=True, help="folder for checkpoints, outside the repository")
    options.add_argument("--out", type=Path, help="where the model goes (default: models/bundled/<name>)")
    options.add_argument("--seed", type=int, default=0)
    options.add_argument("--threads", type=int, help="torch threads (default: all cores)")
    return options


def start(options: argparse.Namespace) -> None:
    """Logging, seeds, threads, the work folder; and the libraries, with our own architectures made known to them."""
    import numpy
    import torch

    from models.loading import import_libraries

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    import_libraries()
    options.work.mkdir(parents=True, exist_ok=True)
    random.seed(options.seed)
    numpy.random.seed(options.seed)
    torch.manual_seed(options.seed)
    if options.threads:
        torch.set_num_threads(options.threads)


def autocast() -> AbstractContextManager:
    """bfloat16 where this processor multiplies it; emulated, a network trains at a twentieth of the pace."""
    import torch

    from models.precision import this_machine

    return torch.autocast("cpu", torch.bfloat16, enabled=this_machine().multiplies_bfloat16)


def muon_precision() -> AbstractContextManager:
    """For the steps of torch.optim.Muon, which orthogonalises in bfloat16: float32 where that would be emulated.

    Emulated it takes half of a small network's training time on a CPU.
    """
    import torch
    from torch.overrides import TorchFunctionMode

    from models.precision import this_machine

    class Float32(TorchFunctionMode):
        def __torch_function__(self, func, types, args=(), kwargs=None):
            if func is torch.Tensor.bfloat16:
                return args[0].float().clone()  # bfloat16() gives a copy that may be written to, and so does this
            return func(*args, **(kwargs or {}))

    return nullcontext() if this_machine().multiplies_bfloat16 else Float32()


def read_jsonl(path: Path) -> list[dict]:
    """Rows of a .jsonl.xz file."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def read_lines(path: Path) -> Iterator[str]:
    """Lines of a .txt.xz file without their line ends."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            yield line.rstrip("\n")


def text_key(text: str) -> str:
    """What two texts share that differ in white space, case, character width or their further course only."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split())[:SAME]


def save(model, folder: Path, *, tokenizer=None, image_processor=None) -> None:
    """Writes an ordinary transformers checkpoint in half precision: safetensors shards under 10 MB."""
    import torch

    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob("*.safetensors*"):
        old.unlink()
    model.to(torch.float16).save_pretrained(folder, max_shard_size=MAX_SHARD)
    for part in (tokenizer, image_processor):
        if part is not None:
            part.save_pretrained(folder)
