"""What the adapters are taught: sentences whose label turns on a word, sets that do not know every label, calibration."""

from __future__ import annotations

import numpy as np
import pytest

from models.recipes import classifier_scores, emotion_data, sentiment_scores, sentiment_turns
from models.recipes.common import Example
from models.recipes.emotion_data import LABELS

torch = pytest.importorskip("torch")
SHORT = [("房间很干净", 1, "a"), ("房间特别脏", 0, "a"), ("味道真不错", 1, "b"), ("味道太差了", 0, "b")]


def test_no_sentence_that_judges_the_model_is_taught() -> None:
    taught = {text for text, _ in sentiment_turns.examples(SHORT, seed=0)}
    judged = {text for probes in sentiment_scores.PROBES.values() for text, _ in probes}
    assert not taught & judged


def test_no_sentence_is_taught_with_two_labels() -> None:
    labels: dict[str, set[int]] = {}
    for text, label in sentiment_turns.examples(SHORT, seed=0):
        labels.setdefault(text, set()).add(label)
    assert [text for text, found in labels.items() if len(found) > 1] == []


def test_the_second_of_two_joined_reviews_decides() -> None:
    import random

    by_text = {text: label for text, label, _ in SHORT}
    for sentence, label in sentiment_turns.joined(SHORT, random.Random(0)):
        last = max(by_text, key=sentence.rfind)
        assert by_text[last] == label, sentence


def test_both_labels_are_taught_about_equally_often() -> None:
    labels = [label for _, label in sentiment_turns.examples(SHORT, seed=0)]
    assert 0.4 < np.mean(labels) < 0.6


def test_a_set_says_less_about_a_label_it_does_not_know() -> None:
    from models.recipes.emotion_zh import loss, possible

    examples = [Example("气", LABELS.index("anger"), "smp2020_usual_eval"), Example("喜", 0, "nlpcc2014_test_weibo")]
    scores = torch.zeros(2, len(LABELS), requires_grad=True)
    labels = torch.tensor([example.label for example in examples])
    loss(possible(examples), torch.ones(len(LABELS)), scores, labels, [0, 1]).backward()
    unknown = [place for place, label in enumerate(LABELS) if label in ("disgust", "like")]
    assert torch.allclose(scores.grad[0, unknown] * 2, scores.grad[1, unknown])
    assert scores.grad[0, unknown].min() > 0


def test_a_label_that_a_set_does_not_know_is_no_mistake_among_its_own() -> None:
    from models.recipes.emotion_zh import among_known

    chances = np.array([[0.2, 0.1, 0.0, 0.0, 0.6, 0.0, 0.0, 0.1]] * 2)  # disgust first, then happiness
    examples = [Example("a", 0, "smp2020_usual_eval"), Example("b", 0, "nlpcc2014_test_weibo")]
    assert [LABELS[place] for place in among_known(examples, chances).argmax(1)] == ["happiness", "disgust"]


def test_every_set_of_emotions_maps_into_the_one_label_set() -> None:
    assert all(set(known) <= set(LABELS) for known in emotion_data.SOURCES.values())


def test_the_temperature_mends_a_model_that_is_too_sure() -> None:
    rng = np.random.default_rng(0)
    truth = rng.integers(0, 2, 4000)
    honest = np.where(rng.random(4000) < 0.8, truth, 1 - truth)  # right four times in five
    logits = np.zeros((4000, 2))
    logits[np.arange(4000), honest] = 5.0
    cooled = classifier_scores.probabilities(logits / classifier_scores.temperature(logits, truth))
    assert classifier_scores.calibration_error(classifier_scores.probabilities(logits), truth) > 0.15
    assert classifier_scores.calibration_error(cooled, truth) < 0.02
