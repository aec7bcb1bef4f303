"""The public API of the Sentiment tab: a text's label, why, and a file of texts. Knows the runners by what they return."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import gradio as gr

from demos.endpoint import Endpoint, confidences, model_field, number_field, text_field
from models import batch, two_models
from models.errors import BadInput
from models.finetune import dataset
from models.pair_check import PairCheck, check_pairs

if TYPE_CHECKING:
    from demos.page import Teahouse
    from models.attention import Attention
    from models.two_models import Compared


def endpoints(teahouse: Teahouse) -> list[Endpoint]:
    def classify_sentiment(text: str, model: str, request: gr.Request):
        return confidences(teahouse.sentiment.classify(text, model).predictions)

    def explain_sentiment(text: str, model: str, request: gr.Request):
        found = teahouse.text_explainer.text(text, model)
        return asdict(found) | {"completeness": asdict(found.completeness) | {"error": found.completeness.error}}

    def attend_sentiment(text: str, model: str, layer: float, head: float, request: gr.Request):
        found = teahouse.attention.look(text, model, int(layer) - 1 if layer else None)
        return attention_told(found, found.patterns["answer"][1] + 1 if head == -1 else int(head))

    def minimal_pairs(text: str, model: str, request: gr.Request):
        return pairs_told(check_pairs(teahouse.sentiment, text, model))

    def compare_sentiment(text: str, model: str, other_model: str, request: gr.Request):
        return comparison_told(two_models.compare(teahouse.sentiment, text, model, other_model))

    def compare_sentiment_batch(file: str, text_column: str, model: str, other_model: str, request: gr.Request):
        settings = teahouse.settings
        texts = batch.column_texts(dataset.read_table(file, settings), text_column)
        *_, found = two_models.compare_steps(teahouse.sentiment, texts, model, other_model, settings)
        return found.summary, str(two_models.write_csv(found, settings.uploads))

    def classify_sentiment_batch(file: str, text_column: str, model: str, request: gr.Request):
        result = batch.classify_file(teahouse.sentiment, file, text_column, model, teahouse.settings)
        return result.summary, str(batch.write_csv(result, teahouse.settings.uploads))

    return [
        Endpoint(
            classify_sentiment,
            [text_field("text"), model_field("sentiment-zh")],
            [gr.Label(label="label with confidences")],
            "classify_sentiment",
            "Sentiment of a Chinese text. Long texts are read in overlapping windows and averaged.",
        ),
        Endpoint(
            explain_sentiment,
            [text_field("text"), model_field("sentiment-zh")],
            [
                gr.JSON(
                    label="label, tokens with weights from -1 to 1, words in log-odds, completeness, agreement, deletion"
                )
            ],
            "explain_sentiment",
            "Which words spoke for the answer (positive weights) and which against it (negative), by integrated gradients and "
            "by occlusion, with what they add up to and what deleting the heaviest of them does.",
        ),
        Endpoint(
            attend_sentiment,
            [
                text_field("text"),
                model_field("sentiment-zh"),
                number_field("layer, counted from 1; 0: one that gathers the answer", 0, 0),
                number_field("head, counted from 1; 0: the mean of all; -1: one that gathers the answer", -1, 0),
            ],
            [gr.JSON(label="tokens, and the matrix of weights: a row for each token that looks")],
            "attend_sentiment",
            "Which token of a text looked at which in one layer and head, with the dot products behind the weights.",
        ),
        Endpoint(
            minimal_pairs,
            [text_field("text"), model_field("sentiment-zh")],
            [gr.JSON(label="the answer, and for each variant what was expected and what came")],
            "minimal_pairs",
            "The sentence changed in one place at a time, and whether the answer changes when it should.",
        ),
        Endpoint(
            compare_sentiment,
            [text_field("text"), model_field("sentiment-zh"), model_field(two_models.OTHER)],
            [gr.JSON(label="both answers, in which terms they are compared, and the verdict")],
            "compare_sentiment",
            "Two models on one text. Different classes are compared as positive and negative, where they have a side.",
        ),
        Endpoint(
            compare_sentiment_batch,
            [
                gr.File(label="csv or txt"),
                text_field("text column; empty: guessed"),
                model_field("sentiment-zh"),
                model_field(two_models.OTHER),
            ],
            [gr.JSON(label="summary with the agreement"), gr.File(label="csv: text, both answers, verdict")],
            "compare_sentiment_batch",
            "Two models on every row of a csv, or every line of a txt, and how often they agree.",
        ),
        Endpoint(
            classify_sentiment_batch,
            [gr.File(label="csv or txt"), text_field("text column; empty: guessed"), model_field("sentiment-zh")],
            [gr.JSON(label="summary"), gr.File(label="csv: text, label, score, one column a class")],
            "classify_sentiment_batch",
            "Sentiment of every row of a csv, or every line of a txt, in the order of the input.",
        ),
    ]


def attention_told(found: Attention, head: int) -> dict[str, Any]:
    """One head as JSON. head: counted from 1; 0 is the mean of all, which has no dot products."""
    if not 0 <= head <= found.heads:
        raise BadInput("errors.no_such_head", head=head, heads=found.heads)
    weights = found.weights[head - 1] if head else found.weights.mean(axis=0)
    scores = found.vectors.scores[head - 1] if head and found.vectors else None
    return {
        "tokens": list(found.tokens),
        "is_cut": found.is_cut,
        "layer": found.layer + 1,
        "layers": found.layers,
        "head": head,
        "heads": found.heads,
        "weights": weights.astype(float).round(4).tolist(),
        "scores": None if scores is None else scores.astype(float).round(4).tolist(),
        "patterns": {name: {"layer": layer + 1, "head": one + 1} for name, (layer, one) in found.patterns.items()},
    }


def pairs_told(found: PairCheck) -> dict[str, Any]:
    """As JSON. `kept` is the probability of the side of the first answer."""
    variants = [
        {
            "rule": outcome.variant.rule,
            "text": outcome.variant.text,
            "expectation": outcome.variant.expectation,
            "label": outcome.label,
            "score": outcome.score,
            "kept": outcome.kept,
            "as_expected": outcome.as_expected,
        }
        for outcome in found.outcomes
    ]
    return {
        "text": found.text,
        "label": found.label,
        "score": found.score,
        "kept": found.kept,
        "variants": variants,
        "failed": found.failed,
        "missing": list(found.missing),
    }


def comparison_told(found: Compared) -> dict[str, Any]:
    """As JSON. The answers in common terms are sides where the classes differ."""
    answers = [
        {"label": answer.best.label, "scores": confidences(answer.predictions), "compared_as": name, "score": score}
        for answer, name, score in zip((found.first, found.other), found.names, found.scores, strict=True)
    ]
    return {"compared_by": found.terms, "verdict": found.verdict, "first": answers[0], "other": answers[1]}
