"""The texts emotion-zh learns from: eight sets of weibo posts, their labels mapped to one set, split by the text itself.

The sets do not ask the same question: smp2020 knows neither 厌恶 nor 喜好, cluemotion no «none». SOURCES says which labels
each could have given. It knows neither tokenizer nor model.
"""

from __future__ import annotations

import logging
import random
import zlib
from dataclasses import dataclass
from pathlib import Path

from models.recipes.common import Example, read_jsonl, text_key

log = logging.getLogger(__name__)

LABELS = ("happiness", "anger", "sadness", "fear", "disgust", "surprise", "like", "none")
_ALIASES = {"happy": "happiness", "angry": "anger", "sad": "sadness", "neutral": "none"}
_SMP = ("happiness", "anger", "sadness", "fear", "surprise", "none")
# What each set can answer. A label that a set gives once by accident is not among them.
SOURCES: dict[str, tuple[str, ...]] = {
    "nlpcc2014_test_weibo": LABELS,
    "cluemotion2020_valid": LABELS[:-1],
    "smp2020_usual_eval": _SMP,
    "smp2020_virus_train": _SMP,
    "smp2020_virus_eval": _SMP,
    "weibo82813_8class_balanced28k": LABELS,
    "simplifyweibo_5_moods": ("happiness", "anger", "sadness", "disgust", "like"),
    "simplifyweibo_8_moods": ("happiness", "anger", "sadness", "disgust", "like", "none"),
}
HELD_OUT, TUNED = 10, 3  # texts in a hundred: judged on, and used to set the temperature


@dataclass(frozen=True)
class EmotionData:
    """Labels are places in LABELS, domains keys of SOURCES."""

    train: list[Example]
    tuned: list[Example]
    held_out: list[Example]


def load(data: Path, seed: int) -> EmotionData:
    """Every text once; a text that two sets label stays with the first. The split depends on the texts alone."""
    parts = EmotionData([], [], [])
    seen: set[str] = set()
    for file in SOURCES:
        for example in _read(data, file):
            own = text_key(example.text)
            if own and own not in seen:
                seen.add(own)
                _part(parts, own).append(example)
    random.Random(seed).shuffle(parts.train)
    log.info("%s train, %s tuned, %s held out", *(f"{len(part):,}" for part in vars(parts).values()))
    return parts


def _read(data: Path, file: str) -> list[Example]:
    rows = (
        (row["text"], _ALIASES.get(row["label"], row["label"])) for row in read_jsonl(data / f"emotion/{file}.jsonl.xz")
    )
    return [Example(text, LABELS.index(label), file) for text, label in rows if label in SOURCES[file]]


def _part(parts: EmotionData, own: str) -> list[Example]:
    place = zlib.crc32(own.encode()) % 100
    if place < HELD_OUT:
        return parts.held_out
    return parts.tuned if place < HELD_OUT + TUNED else parts.train
