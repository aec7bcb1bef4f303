"""The public API of the Sentiment tab: a text's label, why, and a file of texts. Knows the runners by what they return."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import gradio as gr

from demos.endpoint import Endpoint, confidences, model_field, text_field
from models import batch

if TYPE_CHECKING:
    from demos.page import Teahouse


def endpoints(teahouse: Teahouse) -> list[Endpoint]:
    def classify_sentiment(text: str, model: str, request: gr.Request):
        return confidences(teahouse.sentiment.classify(text, model).predictions)

    def explain_sentiment(text: str, model: str, request: gr.Request):
        found = teahouse.text_explainer.text(text, model)
        return asdict(found) | {"completeness": asdict(found.completeness) | {"error": found.completeness.error}}

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
            classify_sentiment_batch,
            [gr.File(label="csv or txt"), text_field("text column; empty: guessed"), model_field("sentiment-zh")],
            [gr.JSON(label="summary"), gr.File(label="csv: text, label, score, one column a class")],
            "classify_sentiment_batch",
            "Sentiment of every row of a csv, or every line of a txt, in the order of the input.",
        ),
    ]
