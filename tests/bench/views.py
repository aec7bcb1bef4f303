"""How long each view takes to open, on the bundled models: python -m tests.bench.views [--runs 3]

Computes what the page computes for its first examples, without the page and with the models loaded, one after the other.
Below it the words' integrated gradients beside captum's with its defaults, 50 points on the way placed as evenly for
every text: seconds, and how far the sums are from what they share out. Prints two tables.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from PIL import Image

from demos.i18n import ASSETS
from demos.page import Teahouse
from models import attribution, minimal_pairs, two_models
from models.album import Photo
from models.loading import LoadedModel
from models.progress import finished
from models.sampling import GenerationOptions
from models.sentiment import TASK
from models.verse_reading import read

EXAMPLES = ASSETS / "examples"
POEM = "白日依山尽，黄河入海流。欲穷千里目，更上一层楼。"
PICTURE_MODELS = ("efficientnet-lite0", "resnet-cifar10", "vit-cifar10")


def views(teahouse: Teahouse) -> Iterator[tuple[str, Callable[[], Any]]]:
    """Each view's name and what it computes when it is opened."""
    review, prompt = texts()[0], json.loads((EXAMPLES / "generation.json").read_text("utf-8"))["continue"][2]
    pictures = sorted((EXAMPLES / "pictures").glob("*.jpg"))
    image = Image.open(pictures[0])
    yield "words", lambda: teahouse.text_explainer.text(review)
    yield "attention", lambda: teahouse.attention.look(review)
    yield "pairs", lambda: pairs(teahouse, review)
    yield "two_models", lambda: two_models.compare(teahouse.sentiment, review, "sentiment-zh", "emotion-zh")
    options = GenerationOptions(max_new_tokens=60, seed=1)
    yield "tokens", lambda: finished(teahouse.tracer.trace(prompt, "gpt-zh", options))
    yield "decoding", lambda: finished(teahouse.decodings.compare(prompt, "gpt-zh", seed=1))
    yield "surprise", lambda: finished(teahouse.perplexity.measure(POEM, "gpt-zh"))
    yield "verse", lambda: read(POEM)
    yield "where", lambda: [finished(teahouse.explainer.steps(image, one, check=True)) for one in PICTURE_MODELS]
    yield "disturb", lambda: [finished(teahouse.disturber.sweep(image, "rotate", one)) for one in PICTURE_MODELS]
    photos = [Photo(path.name, str(path)) for path in pictures]
    yield "album", lambda: finished(teahouse.album.steps(photos, PICTURE_MODELS))


def texts() -> list[str]:
    return [entry["text"] for entry in json.loads((EXAMPLES / "sentiment.json").read_text("utf-8"))]


def pairs(teahouse: Teahouse, text: str) -> Any:
    made = minimal_pairs.variants(text, "positive")
    return teahouse.sentiment.classify_batch([text, *(variant.text for variant in made)])


def seconds(work: Callable[[], Any], runs: int) -> list[float]:
    work()  # loads the model, and what is slow the first time
    found = []
    for _ in range(runs):
        began = time.perf_counter()
        work()
        found.append(time.perf_counter() - began)
    return found


def gradients(teahouse: Teahouse) -> Iterator[str]:
    """A row for ours and one for captum's defaults: median seconds and worst error of the example texts."""
    with teahouse.library.lease("sentiment-zh", TASK) as loaded:
        exact = attribution.in_single_precision(loaded)
        ways = {"this app": ours, "captum, 50 even points": evenly}
        encoded = [loaded.processor(text)["input_ids"] for text in texts() if len(text) < 100]
        for name, way in ways.items():
            took, errors = [], []
            for ids in encoded:
                began = time.perf_counter()
                total, change = way(exact, ids)
                took.append(time.perf_counter() - began)
                errors.append(abs(total - change) / max(abs(change), attribution.SMALLEST_CHANGE))
            yield f"| {name} | {statistics.median(took):.2f} | {max(errors):.1%} |"


def ours(loaded: LoadedModel, ids: list[int]) -> tuple[float, float]:
    *_, found = attribution.attributions(ids, 1, loaded)
    return sum(found.weights), found.change


def evenly(loaded: LoadedModel, ids: list[int]) -> tuple[float, float]:
    import torch
    from captum.attr import IntegratedGradients

    tokens = torch.tensor([ids])
    embed = loaded.model.get_input_embeddings()
    with torch.no_grad():
        embedded = embed(tokens)
        baseline = embed(torch.full_like(tokens, attribution.absent_token(loaded.processor)))
        baseline[:, [0, -1]] = embedded[:, [0, -1]]  # the frame stays
    answer = partial(_answer, loaded)
    method = IntegratedGradients(answer)
    total = method.attribute(embedded, baseline, n_steps=50, method="riemann_trapezoid").sum()
    with torch.no_grad():
        return float(total), float(answer(embedded) - answer(baseline))


def _answer(loaded: LoadedModel, embedded: Any) -> Any:
    return attribution.log_odds(loaded.model(inputs_embeds=embedded).logits.float(), 1)


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--runs", type=int, default=3)
    runs = options.parse_args().runs
    with tempfile.TemporaryDirectory() as home:
        os.environ["TEAHOUSE_HOME"] = home  # before the app reads it
        from app import teahouse

        logging.disable(logging.INFO)
        lines = ["| view | seconds to open, median | slowest |", "|---|---|---|"]
        for name, work in views(teahouse):
            found = seconds(work, runs)
            lines.append(f"| {name} | {statistics.median(found):.2f} | {max(found):.2f} |")
        lines += ["", "| integrated gradients | seconds a text, median | worst error of the sum |", "|---|---|---|"]
        sys.stdout.write("\n".join([*lines, *gradients(teahouse)]) + "\n")


if __name__ == "__main__":
    main()
