"""The public API: plain endpoints beside the page, with names that pages, notebooks and checks may rely on.

Each endpoint is an event of hidden components, so that Gradio checks uploaded files and describes the types. Errors come
back as one sentence, in Chinese where the caller's Accept-Language asks for it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import gradio as gr

from demos.errors import Reporter
from demos.i18n import LANGUAGES
from demos.picture_file import PictureFile
from demos.streaming import paced
from models import batch
from models.catalog import DEFAULT_ENCODER, Catalog
from models.finetune import dataset, report
from models.finetune.runs import FinetuneRequest
from models.generation import GenerationOptions
from models.outlook import Outlook, outlook
from models.sentiment import Prediction
from models.spec import ModelSpec

if TYPE_CHECKING:
    from demos.page import Teahouse

_OPTIONS = GenerationOptions()


def build(teahouse: Teahouse, reporter: Reporter) -> None:
    """Adds every endpoint to the Blocks being built. Nothing of it is shown."""
    with gr.Column(visible=False):
        for endpoint in (*_sentiment(teahouse), *_generation(teahouse), *_vision(teahouse), *_finetune(teahouse)):
            endpoint.add(reporter, teahouse.settings.concurrency)
        _Endpoint(lambda: catalog_json(teahouse), [], [gr.JSON(label="catalog and cache")], "models", _MODELS).add(
            reporter, 8
        )


class _Endpoint:
    """One endpoint: its function, hidden components for parameters and results, name and description."""

    def __init__(self, function: Callable, inputs: list, outputs: list, name: str, description: str) -> None:
        self.function, self.inputs, self.outputs, self.name, self.description = (
            function,
            inputs,
            outputs,
            name,
            description,
        )

    def add(self, reporter: Reporter, limit: int) -> None:
        gr.Button(visible=False).click(
            reporter.said(self.function),
            self.inputs,
            self.outputs,
            api_name=self.name,
            api_description=self.description,
            concurrency_limit=limit,
        )


def _text(label: str, value: str = "") -> gr.Textbox:
    return gr.Textbox(value=value, label=label)


def _number(label: str, value: float | None, precision: int | None = None) -> gr.Number:
    return gr.Number(value=value, label=label, precision=precision)


def _model(value: str) -> gr.Textbox:
    return _text("model: a catalog name, a Hub id (owner/name) or run:<id>", value)


def _confidences(predictions: tuple[Prediction, ...]) -> dict[str, float]:
    return {prediction.label: prediction.score for prediction in predictions}


def _sentiment(teahouse: Teahouse) -> list[_Endpoint]:
    def classify_sentiment(text: str, model: str, request: gr.Request):
        return _confidences(teahouse.sentiment.classify(text, model).predictions)

    def explain_sentiment(text: str, model: str, request: gr.Request):
        return asdict(teahouse.explainer.text(text, model))

    def classify_sentiment_batch(file: str, text_column: str, model: str, request: gr.Request):
        result = batch.classify_file(teahouse.sentiment, file, text_column, model, teahouse.settings)
        return result.summary, str(batch.write_csv(result, teahouse.settings.uploads))

    return [
        _Endpoint(
            classify_sentiment,
            [_text("text"), _model("sentiment-zh")],
            [gr.Label(label="label with confidences")],
            "classify_sentiment",
            "Sentiment of a Chinese text. Long texts are read in overlapping windows and averaged.",
        ),
        _Endpoint(
            explain_sentiment,
            [_text("text"), _model("sentiment-zh")],
            [gr.JSON(label="label, and tokens with weights from -1 to 1")],
            "explain_sentiment",
            "Which words spoke for the answer (positive weights) and which against it (negative).",
        ),
        _Endpoint(
            classify_sentiment_batch,
            [gr.File(label="csv or txt"), _text("text column; empty: guessed"), _model("sentiment-zh")],
            [gr.JSON(label="summary"), gr.File(label="csv: text, label, score, one column a class")],
            "classify_sentiment_batch",
            "Sentiment of every row of a csv, or every line of a txt, in the order of the input.",
        ),
    ]


def _generation(teahouse: Teahouse) -> list[_Endpoint]:
    def generate_text(
        prompt: str,
        model: str,
        max_new_tokens: int,
        temperature: float,
        top_k: int,
        top_p: float,
        repetition_penalty: float,
        seed: int,
        request: gr.Request,
    ):
        options = GenerationOptions(max_new_tokens, temperature, top_k, top_p, repetition_penalty, seed)
        yield from paced(teahouse.generation.stream(prompt, model, options))

    def chat(
        message: str,
        history: list | None,
        model: str,
        system_prompt: str,
        max_new_tokens: int,
        temperature: float,
        top_k: int,
        top_p: float,
        repetition_penalty: float,
        seed: int,
        request: gr.Request,
    ):
        options = GenerationOptions(max_new_tokens, temperature, top_k, top_p, repetition_penalty, seed)
        messages = [*(history or []), {"role": "user", "content": message}]
        yield from paced(teahouse.generation.chat(messages, model, options, system_prompt))

    return [
        _Endpoint(
            generate_text,
            [_text("prompt"), _model("gpt-zh"), *_sampling()],
            [_text("the prompt with its continuation, streamed")],
            "generate_text",
            "Continues a text. The same seed gives the same text; seed -1 another each time.",
        ),
        _Endpoint(
            chat,
            [
                _text("message"),
                gr.JSON(value=[], label='history: [{"role": "user" or "assistant", "content": "…"}]'),
                _model("gpt-zh"),
                _text("system_prompt"),
                *_sampling(),
            ],
            [_text("reply, streamed")],
            "chat",
            "Answers a message, with any model that has a chat template.",
        ),
    ]


def _sampling() -> list[gr.Number]:
    return [
        _number("max_new_tokens", _OPTIONS.max_new_tokens, 0),
        _number("temperature: 0 takes the likeliest token", _OPTIONS.temperature),
        _number("top_k: 0 switches it off", _OPTIONS.top_k, 0),
        _number("top_p: 1 switches it off", _OPTIONS.top_p),
        _number("repetition_penalty: 1 is none", _OPTIONS.repetition_penalty),
        _number("seed: -1 is another each time", -1, 0),
    ]


def _vision(teahouse: Teahouse) -> list[_Endpoint]:
    def classify_image(image: str, model: str, request: gr.Request):
        return _confidences(teahouse.vision.classify(image, model))

    def explain_image(image: str, model: str, request: gr.Request):
        return teahouse.explainer.picture(image, model).heat

    return [
        _Endpoint(
            classify_image,
            [PictureFile(label="image"), _model("efficientnet-lite0")],
            [gr.Label(label="label with confidences")],
            "classify_image",
            "The five likeliest classes of a picture.",
        ),
        _Endpoint(
            explain_image,
            [PictureFile(label="image"), _model("efficientnet-lite0")],
            [gr.Image(label="the picture with the heat laid over", format="png")],
            "explain_image",
            "Where the model looked: Grad-CAM for convolutional networks, attention for transformers.",
        ),
    ]


def _finetune(teahouse: Teahouse) -> list[_Endpoint]:
    runs, settings = teahouse.runs, teahouse.settings

    def inspect_dataset(file: str, text_column: str, label_column: str, request: gr.Request):
        return report.dataset_json(dataset.inspect(file, text_column, label_column, settings=settings))

    def start_finetune(
        file: str,
        text_column: str,
        label_column: str,
        base_model: str,
        epochs: int,
        batch_size: int,
        learning_rate: float,
        seed: int,
        request: gr.Request,
    ):
        asked = FinetuneRequest(
            file=file,
            text_column=text_column,
            label_column=label_column,
            base_model=base_model,
            epochs=epochs,
            batch_size=batch_size,
            learning_rate=learning_rate,
            seed=seed,
        )
        return report.run_json(runs.start(asked))

    def finetune_status(run_id: str, request: gr.Request):
        return report.run_json(runs.status(run_id))

    def stop_finetune(run_id: str, request: gr.Request):
        return report.run_json(runs.stop(run_id))

    def resume_finetune(run_id: str, request: gr.Request):
        return report.run_json(runs.resume(run_id))

    def download_finetuned(run_id: str, request: gr.Request):
        return str(runs.download(run_id))

    defaults = FinetuneRequest(file="-")
    table = [gr.File(label="csv"), _text("text column; empty: guessed"), _text("label column; empty: guessed")]
    training = [
        _text("base_model", DEFAULT_ENCODER),
        _number("epochs", defaults.epochs, 0),
        _number("batch_size", defaults.batch_size, 0),
        _number("learning_rate", defaults.learning_rate),
        _number("seed", defaults.seed, 0),
    ]
    return [
        _Endpoint(
            inspect_dataset,
            table,
            [gr.JSON(label="report")],
            "inspect_dataset",
            "What a csv holds, before training on it.",
        ),
        _Endpoint(
            start_finetune,
            [*table, *training],
            [gr.JSON(label="run")],
            "start_finetune",
            "Trains a classifier on a csv, in a process of its own. Keep the run_id: it is the only key to the run.",
        ),
        *(
            _Endpoint(function, [_text("run_id")], [gr.JSON(label="run")], function.__name__, description)
            for function, description in (
                (finetune_status, "State, step, steps and metrics of a run."),
                (stop_finetune, "Stops a run; its last checkpoint stays."),
                (resume_finetune, "Goes on from the last checkpoint of a stopped or interrupted run."),
            )
        ),
        _Endpoint(
            download_finetuned,
            [_text("run_id")],
            [gr.File(label="zip")],
            "download_finetuned",
            "The model of a finished run as a zip that transformers loads.",
        ),
    ]


_MODELS = "Every known model with what helps to choose it and whether it fits, and what the cache holds at the moment."


def catalog_json(teahouse: Teahouse) -> dict[str, Any]:
    """What /models tells: the catalog, what the cache holds, and its budget."""
    catalog, settings = teahouse.library.catalog, teahouse.settings
    known = [_described(spec, outlook(spec, settings), catalog) for spec in catalog.specs()]
    loaded = [asdict(entry) | {"name": entry.shown_name} for entry in teahouse.library.cache.entries()]
    return json.loads(
        json.dumps({"catalog": known, "cache": loaded, "budget_bytes": teahouse.library.cache.budget_bytes})
    )


def _described(spec: ModelSpec, cost: Outlook, catalog: Catalog) -> dict[str, Any]:
    """A spec as JSON. available: it answers, or can be fine-tuned from, without a download."""
    plain = ("name", "task", "origin", "size_bytes", "licence", "languages", "parameters", "weights", "wheel")
    pairs = ("title", "good_at", "made_by")
    return (
        {field: getattr(spec, field) for field in plain}
        | {field: dict(zip(LANGUAGES, getattr(spec, field), strict=True)) for field in pairs}
        | {
            "download_bytes": spec.download_bytes,
            "bare_encoder": spec.bare,
            "base_model": spec.name in catalog.bases(),
            "fits": cost.fits,
            "available": catalog.is_here(spec) and cost.download == 0,
        }
    )
