"""How well every bundled model does, on the held-out splits its card names: python -m tests.bench.quality --data DIR

Loads each model as the app does, from the half-precision files in the precision the app chooses, and prints the table
that the README shows beside what a user would pick instead; then each model's own tables by domain, class or form.
--readme writes the first table into the README. Some twelve minutes on two idle cores.
"""

from __future__ import annotations

import argparse
import logging
import re
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from PIL import Image

from models.activity import Activity
from models.known import known_models
from models.loading import LoadedModel, Loader
from models.settings import Settings
from models.sources import Sources
from models.spec import ModelSpec
from models.vision import pixels_of

ROOT = Path(__file__).resolve().parents[2]
BLOCK = re.compile(r"(<!-- quality -->\n).*?(<!-- /quality -->)", re.DOTALL)
HEAD = ("| bundled model | parameters | on disk | judged on | score | instead |", "|---|---|---|---|---|---|")


@dataclass(frozen=True)
class Score:
    """One line of the table."""

    judged_on: str
    score: str
    instead: str  # what a user would pick instead, with its score


@dataclass(frozen=True)
class Report:
    scores: tuple[Score, ...]
    details: tuple[str, ...] = ()


def sentiment(loaded: LoadedModel, data: Path) -> Report:
    from models.recipes import classifier_scores, sentiment_data, sentiment_scores, sentiment_zh
    from models.recipes.adapter_training import chances_of, targets, texts

    found = sentiment_data.load(data, seed=0)
    examples = found.judge + found.held_out + sentiment_scores.probe_examples()
    chances = chances_of(loaded.model, loaded.processor, examples, max_length=sentiment_zh.LONGEST)
    baseline, truth = sentiment_zh.baseline(found, texts(examples)), targets(examples)
    held_out = set(found.held_out)
    apart = np.array([example in held_out for example in examples])
    judge = np.arange(len(examples)) < len(found.judge)
    scores = [
        Score(name, _percent(chances[rows], truth[rows]), f"character n-grams {_percent(baseline[rows], truth[rows])}")
        for name, rows in (
            (f"{judge.sum()} reviews of chnsenticorp_dev", judge),
            (f"{apart.sum():,} held-out texts of seven sets", apart),
        )
    ]
    error = classifier_scores.calibration_error(chances[apart], truth[apart])
    lower = classifier_scores.calibration_error(baseline[apart], truth[apart])
    scores.append(Score("calibration error on these", f"{error:.3f}", f"character n-grams {lower:.3f}"))
    wrong = [f"wrong: {line}" for line in sentiment_scores.mistakes(examples, chances)]
    return Report(tuple(scores), (*sentiment_scores.table(examples, chances, baseline), *wrong))


def emotion(loaded: LoadedModel, data: Path) -> Report:
    from models.recipes import emotion_data, emotion_zh
    from models.recipes.adapter_training import chances_of

    found = emotion_data.load(data, seed=0)
    held_out = found.held_out
    chances = chances_of(loaded.model, loaded.processor, held_out, max_length=emotion_zh.LONGEST)
    baseline = emotion_zh.baseline(found)
    scores = [
        Score(
            judged_on,
            f"{emotion_zh.macro_f1(held_out, ours):.1f} %",
            f"character n-grams {emotion_zh.macro_f1(held_out, theirs):.1f} %",
        )
        for judged_on, ours, theirs in (
            (f"macro F1 of {len(held_out):,} held-out posts", chances, baseline),
            (
                "the same among the labels that a post's set knows",
                emotion_zh.among_known(held_out, chances),
                emotion_zh.among_known(held_out, baseline),
            ),
        )
    ]
    return Report(tuple(scores), tuple(emotion_zh.table(held_out, chances, baseline)))


def small_pictures(loaded: LoadedModel, data: Path) -> Report:
    from models.recipes import cifar10

    pictures, targets = cifar10.read_split(data, "test")
    right = _outputs(loaded, _images(pictures)).argmax(1) == targets.numpy()
    details = [f"| {name} | {100 * right[targets == at].mean():.1f} % |" for at, name in enumerate(cifar10.CLASSES)]
    score = Score(
        f"{len(right):,} test pictures of CIFAR-10",
        f"{100 * right.mean():.2f} %",
        f"logistic regression on efficientnet-lite0, 3,000 pictures: {_transferred(data):.1f} %",
    )
    return Report((score,), ("| class | right |", "|---|---|", *details))


def large_pictures(loaded: LoadedModel, data: Path) -> Report:
    from models.recipes import efficientnet_lite0

    pictures, targets, classes = efficientnet_lite0.read_check(data)
    logits = _outputs(loaded, pictures)
    ranked = np.argsort(-logits[:, classes.numpy()])[:, :5]
    right = ranked == targets.numpy()[:, None]
    score = Score(
        f"{len(pictures):,} Tiny ImageNet pictures of 64 px, among their 100 classes",
        f"{100 * right[:, 0].mean():.1f} %, top five {100 * right.any(1).mean():.1f} %",
        "chance 1 %, top five 5 %",
    )
    return Report((score,))


def verse(loaded: LoadedModel, data: Path) -> Report:
    from models.recipes.gpt_zh_scores import measure

    found = measure(loaded.model, loaded.processor, data)
    bits, lower = found["held_out_bits_per_character"], found["five_gram_bits_per_character"]
    scores = [
        Score(f"{found['held_out_poems']:,} held-out poems", f"{bits:.2f} bits a character", f"5-grams {lower:.2f}"),
        Score("100 poems of each form, rhymed by itself", _shares(found["free_rhymed"]), "the app holds 100 %"),
        Score("200 continuations in whole sentences", f"{100 * found['continuations_in_whole_sentences']:.0f} %", "–"),
        Score("100 replies in whole sentences", f"{100 * found['replies_in_whole_sentences']:.0f} %", "–"),
    ]
    return Report(tuple(scores), tuple(f"{name}: {value}" for name, value in found.items()))


MEASURES: dict[str, Callable[[LoadedModel, Path], Report]] = {
    "sentiment-zh": sentiment,
    "emotion-zh": emotion,
    "gpt-zh": verse,
    "resnet-cifar10": small_pictures,
    "vit-cifar10": small_pictures,
    "efficientnet-lite0": large_pictures,
}


def _shares(by_form: dict[str, float]) -> str:
    return ", ".join(f"{form} {100 * share:.0f} %" for form, share in by_form.items())


def _percent(chances: np.ndarray, truth: np.ndarray) -> str:
    return f"{100 * (chances.argmax(1) == truth).mean():.1f} %"


def _images(pictures) -> list[Image.Image]:
    """uint8 tensors (N, 3, height, width) as pictures."""
    return [Image.fromarray(picture.permute(1, 2, 0).numpy()) for picture in pictures]


def _outputs(loaded: LoadedModel, images: list[Image.Image], batch_size: int = 100) -> np.ndarray:
    """Logits (N, classes) of pictures, prepared as the app prepares them."""
    import torch

    rows = []
    with torch.inference_mode():
        for start in range(0, len(images), batch_size):
            pixels = torch.cat([pixels_of(image, loaded) for image in images[start : start + batch_size]])
            rows.append(loaded.model(pixel_values=pixels).logits.float().numpy())
    return np.concatenate(rows)


@lru_cache
def _transferred(data: Path) -> float:
    """Per cent of 2,000 test pictures: what somebody with no time to train would do, a linear head on features of Lite0."""
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    from models.recipes import cifar10

    lite0 = _load(_bundled()["efficientnet-lite0"])
    parts = {}
    for split, count in (("train", 3_000), ("test", 2_000)):
        pictures, targets = cifar10.read_split(data, split)
        parts[split] = _outputs(lite0, _images(pictures[:count])), targets[:count].numpy()
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=500)).fit(*parts["train"])
    return 100 * model.score(*parts["test"])


def _bundled() -> dict[str, ModelSpec]:
    return {spec.name: spec for spec in known_models() if spec.name in MEASURES}


def _load(spec: ModelSpec) -> LoadedModel:
    settings, activity = Settings(offline=True), Activity()
    return Loader(settings, Sources(settings, activity), activity)(spec)


def rows_of(loaded: LoadedModel, report: Report) -> Iterator[str]:
    """The model's lines of the table; what is the same in all of them stands in the first."""
    count = sum(weights.numel() for weights in loaded.model.parameters())
    size = sum(path.stat().st_size for path in Path(loaded.spec.source).glob("*.safetensors"))
    about = (loaded.spec.name, f"{count / 1e6:.1f} M", f"{size / 1e6:.0f} MB")
    for number, score in enumerate(report.scores):
        first = about if number == 0 else ("", "", "")
        yield "| " + " | ".join((*first, score.judged_on, score.score, score.instead)) + " |"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--data", type=Path, required=True, help="folder of the training data")
    options.add_argument("--models", nargs="*", default=list(MEASURES), choices=list(MEASURES))
    options.add_argument("--readme", action="store_true", help="write the table into the README")
    chosen = options.parse_args()
    logging.basicConfig(level=logging.WARNING, stream=sys.stderr)
    table, details = list(HEAD), []
    for spec in (spec for name, spec in _bundled().items() if name in chosen.models):
        begun, loaded = time.monotonic(), _load(spec)
        report = MEASURES[spec.name](loaded, chosen.data)
        table += rows_of(loaded, report)
        details += [f"\n## {spec.name} ({time.monotonic() - begun:.0f} s)\n", *report.details]
    sys.stdout.write("\n".join([*table, *details]) + "\n")
    if chosen.readme:
        page = ROOT / "README.md"
        old = page.read_text(encoding="utf-8")
        page.write_text(BLOCK.sub(lambda found: found[1] + "\n".join(table) + "\n" + found[2], old), encoding="utf-8")


if __name__ == "__main__":
    main()
