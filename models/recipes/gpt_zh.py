"""gpt-zh: a GPT-2 of 6.6 M parameters for Chinese verse, trained from scratch, one character a token.

    python -m models.recipes.gpt_zh --data DIR --work DIR --minutes 85

The learning rate follows the clock: it has decayed to nothing when --minutes of training are over, however fast the
machine is. A run that was cut goes on from its last checkpoint in --work; --start begins a second round from the weights
of an earlier one. Knows nothing of the app.
"""

from __future__ import annotations

import argparse
import copy
import json
import logging
import math
import random
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from torch.nn.functional import cross_entropy

from models.recipes import common
from models.recipes.gpt_zh_corpus import Corpus, mixed, plain, read_corpus, rhyming, without_rare
from models.recipes.gpt_zh_scores import bits_per_character, known_characters, score
from models.recipes.gpt_zh_tokenizer import END_OF_MESSAGE, build_tokenizer, frequent

if TYPE_CHECKING:
    from transformers import GPT2LMHeadModel, PreTrainedTokenizerFast

NAME = "gpt-zh"
CHARACTERS = 6514  # with 256 bytes and 14 special tokens: 6,784 = 53 x 128
POSITIONS = 512
POOL = 1024  # documents that are sorted by length together, so that rows of a batch need little padding
BATCH_TOKENS = 3072
PEAK_RATE = 3e-3
WARM_UP = 0.02  # of the time
RHYME_WEIGHT = 3.0  # of a rhyming character's loss: it is one in twelve of a poem's, and what the ear waits for
IGNORED = -100
CHECKPOINT_SECONDS = 300

Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]  # inputs, labels and the labels' weights, each (rows, tokens)

logger = logging.getLogger(NAME)


@dataclass
class Progress:
    """Where a run stands; with the weights it is all a checkpoint holds."""

    pool: int = 0
    step: int = 0
    tokens: int = 0
    seconds: float = 0.0  # of training, over all parts of a run that was cut


def main() -> None:
    options = read_options()
    common.start(options)
    corpus, tokenizer = prepare(options)
    logger.info("documents: %s", {kind: len(found) for kind, found in corpus.documents.items()})
    model = read_model(options.start) if options.start else build_model(tokenizer)
    progress = train(model, tokenizer, corpus, options)
    folder = options.out or common.BUNDLED / NAME
    common.save(copy.deepcopy(model), folder, tokenizer=tokenizer)
    scores = score(model, tokenizer, corpus, seed=options.seed)
    report = {"tokens": progress.tokens, "steps": progress.step, "minutes": round(progress.seconds / 60, 1), **scores}
    (options.work / "scores.json").write_text(json.dumps(report, ensure_ascii=False, indent=2), encoding="utf-8")
    for name, value in report.items():
        logger.info("%-32s %s", name, value)


def read_options() -> argparse.Namespace:
    options = common.parser(__doc__)
    options.add_argument("--minutes", type=float, default=85, help="training time, to which the learning rate decays")
    options.add_argument("--peak-rate", type=float, default=PEAK_RATE)
    options.add_argument("--start", type=Path, help="a folder of gpt-zh whose weights and vocabulary to begin with")
    return options.parse_args()


def prepare(options: argparse.Namespace) -> tuple[Corpus, PreTrainedTokenizerFast]:
    """Corpus and tokenizer, each made from the other: the vocabulary decides which poems stay."""
    from transformers import AutoTokenizer  # works only after common.start has mended torchvision

    corpus = read_corpus(options.data, options.seed)
    if options.start:
        tokenizer = AutoTokenizer.from_pretrained(options.start)
        return without_rare(corpus, known_characters(tokenizer)), tokenizer
    counts: Counter[str] = Counter()
    for found in corpus.documents.values():
        for document in found:
            counts.update(plain(document))
    tokenizer = build_tokenizer(counts, characters=CHARACTERS, max_length=POSITIONS)
    return without_rare(corpus, frozenset(frequent(counts, CHARACTERS))), tokenizer


def build_model(tokenizer: PreTrainedTokenizerFast) -> GPT2LMHeadModel:
    from transformers import GPT2Config, GPT2LMHeadModel

    config = GPT2Config(
        vocab_size=len(tokenizer),
        n_positions=POSITIONS,
        n_embd=256,
        n_layer=6,
        n_head=4,
        resid_pdrop=0.0,  # hardly a text is seen twice
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        bos_token_id=tokenizer.bos_token_id,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    model = GPT2LMHeadModel(config)
    end_of_message = tokenizer.convert_tokens_to_ids(END_OF_MESSAGE)
    model.generation_config.eos_token_id = [tokenizer.eos_token_id, end_of_message]
    return model


def read_model(folder: Path) -> GPT2LMHeadModel:
    from transformers import GPT2LMHeadModel

    return GPT2LMHeadModel.from_pretrained(folder, dtype=torch.float32)


def train(model: GPT2LMHeadModel, tokenizer, corpus: Corpus, options: argparse.Namespace) -> Progress:
    """Trains until --minutes are over; on return the model is in evaluation mode."""
    optimizers = Optimizers(model)
    checkpoint = options.work / "checkpoint.pt"
    progress = restore(checkpoint, model, optimizers)
    saved, limit, now = progress.seconds, options.minutes * 60, time.monotonic()
    sample = corpus.held_out[:100]
    model.train()
    for batches in pools(corpus, tokenizer, options.seed, start=progress.pool):
        losses = []
        for inputs, labels, weights in batches:
            if progress.seconds >= limit:
                break
            losses.append(backward(model, inputs, labels, weights))
            optimizers.step(options.peak_rate * schedule(progress.seconds / limit))
            progress.step += 1
            progress.tokens += int((labels != IGNORED).sum())
            progress.seconds, now = progress.seconds + time.monotonic() - now, time.monotonic()
        progress.pool += 1
        log(progress, losses, limit)
        if progress.seconds >= limit or progress.seconds - saved > CHECKPOINT_SECONDS:
            saved = progress.seconds
            store(checkpoint, model, optimizers, progress)
            logger.info("held-out bits a character %.3f", bits_per_character(model, tokenizer, sample))
        if progress.seconds >= limit:
            break
    model.eval()
    return progress


def backward(model: GPT2LMHeadModel, inputs: torch.Tensor, labels: torch.Tensor, weights: torch.Tensor) -> float:
    """Leaves clipped gradients on the model; the loss is the weighted mean over the labelled tokens."""
    with common.autocast():
        logits = model(input_ids=inputs).logits
    losses = cross_entropy(
        logits[:, :-1].flatten(0, 1).float(), labels[:, 1:].flatten(), ignore_index=IGNORED, reduction="none"
    )
    weights = weights[:, 1:].flatten()
    loss = (losses * weights).sum() / weights.sum()
    loss.backward()
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    return loss.item()


class Optimizers:
    """Muon for the matrices of the blocks, AdamW for embeddings, biases and norms, under one rate.

    Muon (https://kellerjordan.github.io/posts/muon/) was ahead of AdamW alone from the first minute of a trial.
    """

    def __init__(self, model: GPT2LMHeadModel) -> None:
        named = list(model.named_parameters())
        matrices = [weights for name, weights in named if ".h." in name and weights.dim() == 2]
        others = [weights for name, weights in named if not (".h." in name and weights.dim() == 2)]
        self._all = (
            torch.optim.Muon(matrices, weight_decay=0.1, adjust_lr_fn="match_rms_adamw"),
            torch.optim.AdamW(others, weight_decay=0.0, betas=(0.9, 0.95), fused=True),
        )

    def step(self, rate: float) -> None:
        for optimizer in self._all:
            for group in optimizer.param_groups:
                group["lr"] = rate
            with common.muon_precision():
                optimizer.step()
            optimizer.zero_grad(set_to_none=True)

    def state_dict(self) -> list[dict]:
        return [optimizer.state_dict() for optimizer in self._all]

    def load_state_dict(self, states: list[dict]) -> None:
        for optimizer, state in zip(self._all, states, strict=True):
            optimizer.load_state_dict(state)


def schedule(done: float) -> float:
    """Warm-up, then a cosine to nothing; `done` is the share of the time that is over."""
    if done < WARM_UP:
        return max(done / WARM_UP, 0.01)
    return 0.5 * (1 + math.cos(math.pi * min(1.0, (done - WARM_UP) / (1 - WARM_UP))))


def pools(corpus: Corpus, tokenizer, seed: int, start: int) -> Iterator[Iterator[Batch]]:
    """Pool after pool of batches, beginning with pool number `start`; each pool depends on the seed and its number."""
    documents = mixed(corpus.documents)
    for number in range(10**9):
        pool = list(islice(documents, POOL))
        if number >= start:
            yield batches_of(pool, tokenizer, random.Random(f"{seed}/{number}"))


def batches_of(pool: list[str], tokenizer, rng: random.Random) -> Iterator[Batch]:
    """One document a row from position 0, as in use; rows of a like length together; padding weighs nothing."""
    rows = [
        [(number, RHYME_WEIGHT if place in rhymes else 1.0) for place, number in enumerate(ids[:POSITIONS])]
        for ids, rhymes in zip(tokenizer(pool)["input_ids"], map(rhyming, pool), strict=True)
    ]
    rows.sort(key=len)
    batches = []
    while rows:
        count = max(1, BATCH_TOKENS // len(rows[-1]))
        rows, batch = rows[:-count], rows[-count:]
        batches.append(batch)
    rng.shuffle(batches)
    for batch in batches:
        width = max(map(len, batch))
        padded = torch.tensor([row + [(IGNORED, 0.0)] * (width - len(row)) for row in batch])
        labels = padded[..., 0].long()
        yield labels.clamp(min=tokenizer.pad_token_id), labels, padded[..., 1]


def log(progress: Progress, losses: list[float], limit: float) -> None:
    logger.info(
        "step %d, %.2f M tokens, loss %.3f, %.0f tokens/s, %.1f of %.1f minutes left",
        progress.step,
        progress.tokens / 1e6,
        sum(losses) / max(1, len(losses)),
        progress.tokens / max(progress.seconds, 1e-9),
        max(0.0, limit - progress.seconds) / 60,
        limit / 60,
    )


def store(path: Path, model: GPT2LMHeadModel, optimizers: Optimizers, progress: Progress) -> None:
    """Written beside and moved, so that a cut leaves the older checkpoint whole."""
    fresh = path.with_suffix(".new")
    torch.save({"model": model.state_dict(), "optimizers": optimizers.state_dict(), "progress": vars(progress)}, fresh)
    fresh.replace(path)


def restore(path: Path, model: GPT2LMHeadModel, optimizers: Optimizers) -> Progress:
    if not path.exists():
        return Progress()
    state = torch.load(path, weights_only=True)
    model.load_state_dict(state["model"])
    optimizers.load_state_dict(state["optimizers"])
    logger.info("going on from %s", state["progress"])
    return Progress(**state["progress"])


if __name__ == "__main__":
    main()
