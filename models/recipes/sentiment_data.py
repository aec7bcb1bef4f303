"""The examples sentiment-zh learns from and is judged on: a mix of review, weibo and chat sets, split by domain.

Labels are 0 negative, 1 positive. It knows texts; it knows neither tokenizer nor model.
"""

from __future__ import annotations

import logging
import random
import re
from dataclasses import dataclass
from pathlib import Path

from models.recipes import sentiment_turns
from models.recipes.common import Example, read_jsonl, text_key

log = logging.getLogger(__name__)

JUDGE = "chnsenticorp_dev"
HELD_OUT = 500  # a domain
TUNED = 5  # one in five of them sets the temperature, the others judge
_CLAUSE = re.compile(r"[\u4e00-\u9fff]{5,16}")


@dataclass(frozen=True)
class Source:
    """How much of a set is used: `limit` texts at most, each `times` in a training."""

    file: str
    limit: int | None = None
    times: int = 1


@dataclass(frozen=True)
class SentimentData:
    """Training examples in order; by domain, those that set the temperature and those that judge; the set of the bar."""

    train: list[Example]
    tuned: list[Example]
    held_out: list[Example]
    judge: list[Example]


SOURCES = (
    Source("chnsenticorp_train", times=3),
    Source("chnsenticorp_htl_all"),
    Source("online_shopping_10_cats", limit=20_000),
    Source("waimai_10k"),
    Source("weibo2018_train"),
    Source("nlpcc14_sc_train", limit=6_000),
    Source("chat_xs30k_autolabel", limit=10_000),
)


def load(data: Path, seed: int) -> SentimentData:
    """Splits each set before it is sampled. No training text begins as a judged or held-out one does."""
    judge = [_example(row, JUDGE) for row in read_jsonl(data / f"sentiment/{JUDGE}.jsonl.xz")]
    seen = {text_key(example.text) for example in judge}
    train: list[Example] = []
    apart: list[Example] = []
    for source in SOURCES:
        pool = _pool(data, source, seen, random.Random(seed))
        apart += pool[:HELD_OUT]
        used = pool[HELD_OUT:][: source.limit]
        train += used * source.times
        log.info("%s: %s used %s, %s held out", source.file, f"{len(used):,}", _often(source), HELD_OUT)
    made = [Example(text, label, "made") for text, label in sentiment_turns.examples(_short(train), seed)]
    log.info("made: %s", f"{len(made):,}")
    train += made
    random.Random(seed).shuffle(train)
    return SentimentData(train, apart[::TUNED], [one for place, one in enumerate(apart) if place % TUNED], judge)


def _short(examples: list[Example]) -> list[tuple[str, int, str]]:
    """Reviews of one clause, from which contrasts are made."""
    kinds = {"online_shopping_10_cats", "waimai_10k", "chnsenticorp_train"}
    return [
        (one.text.strip(), one.label, one.domain)
        for one in dict.fromkeys(examples)
        if one.domain in kinds and _CLAUSE.fullmatch(one.text.strip())
    ]


def _pool(data: Path, source: Source, seen: set[str], order: random.Random) -> list[Example]:
    """The set in random order, without texts that were seen before."""
    rows = [_example(row, source.file) for row in read_jsonl(data / f"sentiment/{source.file}.jsonl.xz")]
    order.shuffle(rows)
    pool = []
    for example in rows:
        if example.text.strip() and (own := text_key(example.text)) not in seen:
            seen.add(own)
            pool.append(example)
    return pool


def _example(row: dict, domain: str) -> Example:
    return Example(row["text"], int(row["label"]), domain)


def _often(source: Source) -> str:
    return "once" if source.times == 1 else f"{source.times} times"
