"""In which number format a model computes: weights lie on disk in half precision, in memory in what is fast here.

bfloat16 has the range of single precision and a third of its digits: a probability moves by a few hundredths at most
(tests/test_dtypes.py). float16 is for GPUs; processors are slow in it or overflow. Knows no model.

Seen on an AMD EPYC (Zen 4, avx512_bf16), one thread, time in single precision by time in bfloat16. From 64 MB on it pays:
sentiment-zh 1.45 (one text of 16 tokens) to 2.0 (32 of 128), ViT-Base 1.9, ResNet-50 1.5, SmolLM2-135M 1.7 while it reads
a prompt and 1.15 a token. Below, milliseconds are to be won (efficientnet-lite0 40 -> 25, vit-cifar10 7.7 -> 6.9) or
nothing (gpt-zh, 7 a token in both), and the same answer on every machine is worth more.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Literal

Dtype = Literal["float32", "bfloat16", "float16"]
PAYS_FROM = 64 * 1024 * 1024  # bytes of a model in single precision
_BYTES = {"float32": 4, "bfloat16": 2, "float16": 2}


@dataclass(frozen=True)
class Machine:
    """Where models are put."""

    device: Literal["cpu", "cuda"] = "cpu"
    multiplies_bfloat16: bool = False  # in hardware; emulated it is slower than single precision


@functools.cache
def this_machine() -> Machine:
    """The processor, where the loader puts models. Imports torch."""
    import torch

    able = torch.cpu.get_capabilities()
    return Machine("cpu", bool(able.get("avx512_bf16") or able.get("amx_bf16")))


def pick(asked: str, float32_bytes: int, machine: Machine | None = None) -> Dtype:
    """The format for a model of so many bytes in single precision. asked: auto, or a format that is taken as it is.

    machine: None looks at this one, and only where its answer counts.
    """
    if asked != "auto":
        return asked
    if machine is not None and machine.device == "cuda":
        return "bfloat16" if machine.multiplies_bfloat16 else "float16"
    if float32_bytes < PAYS_FROM:
        return "float32"
    return "bfloat16" if (machine or this_machine()).multiplies_bfloat16 else "float32"


def bytes_in(dtype: Dtype, float32_bytes: int) -> int:
    """What a model of so many bytes in single precision takes in a format."""
    return float32_bytes * _BYTES[dtype] // _BYTES["float32"]
