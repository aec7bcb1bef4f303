"""The examples sentiment-zh learns from and is judged on: a mix of review, weibo and chat sets, split by domain.

Labels are 0 negative, 1 positive. It knows texts; it knows neither tokenizer nor model.
"""

from __future__ import annotations

import logging
import random
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path

from models.recipes.common import read_jsonl

log = logging.getLogger(__name__)

JUDGE = "chnsenticorp_dev"
HELD_OUT = 500  # a domain
SAME = 25  # texts whose first 25 characters agree count as one: reviews are quoted and cut


@dataclass(frozen=True)
class Example:
    """One text with its label and where it comes from."""

    text: str
    label: int
    domain: str


@dataclass(frozen=True)
class Source:
    """How much of a set is used: `limit` texts at most, each `times` in a training."""

    file: str
    limit: int | None = None
    times: int = 1


@dataclass(frozen=True)
class SentimentData:
    """Training examples in order, held-out examples by domain, and the set of the bar."""

    train: list[Example]
    held_out: list[Example]
    judge: list[Example]


SOURCES = (
    Source("chnsenticorp_train", times=3),
    Source("chnsenticorp_htl_all", limit=3_000),
    Source("online_shopping_10_cats", limit=14_000),
    Source("waimai_10k", limit=4_000),
    Source("weibo2018_train", limit=7_000),
    Source("nlpcc14_sc_train", limit=5_000),
    Source("chat_xs30k_autolabel", limit=8_000),
)
THINGS = ("房间", "味道", "质量", "服务", "这本书", "屏幕", "物流", "客服态度")
BAD = ("差", "贵", "脏", "吵", "慢", "失望")
PRAISE = ("服务很热情", "味道很好", "质量不错", "性价比很高", "用着很顺手")
BLAME = ("价格太贵", "房间太吵", "做工粗糙", "等了很久", "电池不耐用")
NEGATIONS = (
    ("{}不好", 0),
    ("{}不怎么样", 0),
    ("{}一点也不好", 0),
    ("{}没有想象中好", 0),
    ("{}不是不好", 1),
    ("{}没什么不好的", 1),
)
DENIALS = (("{}一点都不{}", 1), ("{}并不{}", 1), ("{}实在太{}了", 0))


def load(data: Path, seed: int) -> SentimentData:
    """Splits each set before it is sampled. No training text begins as a judged or held-out one does."""
    judge = [_example(row, JUDGE) for row in read_jsonl(data / f"sentiment/{JUDGE}.jsonl.xz")]
    seen = {key(example.text) for example in judge}
    train: list[Example] = []
    held_out: list[Example] = []
    for source in SOURCES:
        pool = _pool(data, source, seen, random.Random(seed))
        held_out += pool[:HELD_OUT]
        used = pool[HELD_OUT:][: source.limit]
        train += used * source.times
        log.info("%s: %s used %s, %s held out", source.file, f"{len(used):,}", _often(source), HELD_OUT)
    train += list(templates())
    log.info("templates: %d", len(list(templates())))
    random.Random(seed).shuffle(train)
    return SentimentData(train, held_out, judge)


def key(text: str) -> str:
    """What two texts share that differ in white space, case, character width or their further course only."""
    return "".join(unicodedata.normalize("NFKC", text).lower().split())[:SAME]


def templates() -> Iterator[Example]:
    """Short negations and contrasts, which the review sets hold too few of."""
    for thing, (form, label) in product(THINGS, NEGATIONS):
        yield Example(form.format(thing), label, "templates")
    for thing, bad, (form, label) in product(THINGS[::2], BAD[:4], DENIALS):
        yield Example(form.format(thing, bad), label, "templates")
    for praise, blame in product(PRAISE, BLAME):
        yield Example(f"虽然{blame}，但是{praise}", 1, "templates")
        yield Example(f"虽然{praise}，但是{blame}", 0, "templates")


def _pool(data: Path, source: Source, seen: set[str], order: random.Random) -> list[Example]:
    """The set in random order, without texts that were seen before."""
    rows = [_example(row, source.file) for row in read_jsonl(data / f"sentiment/{source.file}.jsonl.xz")]
    order.shuffle(rows)
    pool = []
    for example in rows:
        if example.text.strip() and (own := key(example.text)) not in seen:
            seen.add(own)
            pool.append(example)
    return pool


def _example(row: dict, domain: str) -> Example:
    return Example(row["text"], int(row["label"]), domain)


def _often(source: Source) -> str:
    return "once" if source.times == 1 else f"{source.times} times"
