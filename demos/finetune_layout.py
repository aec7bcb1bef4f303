"""The components of the Fine-tune tab and where they stand. Connects nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demos.finetune_view import FinetuneView
from demos.i18n import ASSETS, DEFAULT, Localizer
from models.finetune.request import BOUNDS, FinetuneRequest

EXAMPLES = {name: ASSETS / "examples" / f"finetune_{name}.csv" for name in ("tea", "topics")}
_POLL_SECONDS = 1.5
# Fixed, so that the ids outlive a restart of the server.
_RUN_STORE = {"storage_key": "teahouse-runs", "secret": "teahouse"}


@dataclass(frozen=True)
class Parts:
    steps: gr.HTML
    file: gr.File
    examples: dict[str, gr.Button]
    text_column: gr.Dropdown
    label_column: gr.Dropdown
    dataset: gr.HTML
    options: list[Any]  # base model, epochs, batch size, learning rate, max length, seed
    start: gr.Button
    progress: gr.HTML
    stop: gr.Button
    resume: gr.Button
    use: gr.Button
    download: gr.DownloadButton
    runs: gr.Dropdown
    run_id: gr.State
    run: gr.State
    report: gr.State
    ids: gr.BrowserState
    timer: gr.Timer


def lay_out(ui: Localizer, view: FinetuneView, make_base_picker: Callable[[], gr.Dropdown]) -> Parts:
    ui.make(gr.HTML, {"value": "finetune.intro"}, elem_classes="tea-finetune-box tea-muted")
    steps = gr.HTML(view.steps(None, None, DEFAULT), elem_id="tea-finetune-steps", elem_classes="tea-finetune-box")
    with gr.Row(equal_height=False):
        with gr.Column(scale=2, min_width=280):
            file, examples, text_column, label_column = _data_inputs(ui)
        with gr.Column(scale=3, min_width=280):
            shown = gr.HTML(
                view.dataset(None, DEFAULT), elem_id="tea-finetune-dataset", elem_classes="tea-finetune-box"
            )
    options = _training_options(ui, make_base_picker)
    start = ui.make(
        gr.Button, {"value": "finetune.start"}, variant="primary", interactive=False, elem_id="tea-finetune-start"
    )
    progress = gr.HTML(view.run(None, DEFAULT), elem_id="tea-finetune-run", elem_classes="tea-finetune-box")
    stop, resume, use, download = _run_buttons(ui)
    words = {"label": "finetune.my_runs", "info": "finetune.my_runs_info"}
    runs = ui.make(gr.Dropdown, words, choices=[], value=None, allow_custom_value=True, elem_id="tea-finetune-runs")
    return Parts(
        steps=steps,
        file=file,
        examples=examples,
        text_column=text_column,
        label_column=label_column,
        dataset=shown,
        options=options,
        start=start,
        progress=progress,
        stop=stop,
        resume=resume,
        use=use,
        download=download,
        runs=runs,
        run_id=gr.State(""),
        run=gr.State(None),
        report=gr.State(None),
        ids=gr.BrowserState([], **_RUN_STORE),
        timer=gr.Timer(_POLL_SECONDS, active=False),
    )


def _data_inputs(ui: Localizer) -> tuple[gr.File, dict[str, gr.Button], gr.Dropdown, gr.Dropdown]:
    types = [".csv", ".tsv", ".txt"]
    file = ui.make(gr.File, {"label": "finetune.file"}, file_types=types, height=150, elem_id="tea-finetune-file")
    with gr.Column(elem_classes="tea-tight"):
        examples = {
            name: ui.make(gr.Button, {"value": f"finetune.example_{name}"}, size="sm", elem_id=f"tea-finetune-{name}")
            for name in EXAMPLES
        }
    with gr.Row():
        columns = [
            ui.make(
                gr.Dropdown,
                {"label": f"finetune.{name}"},
                choices=[],
                visible=False,
                interactive=True,
                min_width=120,
                elem_id=f"tea-finetune-{name.replace('_', '-')}",
            )
            for name in ("text_column", "label_column")
        ]
    return file, examples, *columns


def _training_options(ui: Localizer, make_base_picker: Callable[[], gr.Dropdown]) -> list[Any]:
    """In the order of Handlers.start's parameters."""
    usual = FinetuneRequest(file="-")
    with ui.make(gr.Accordion, {"label": "finetune.options"}, open=False, elem_classes="tea-quiet"):
        base = make_base_picker()
        with gr.Row():
            words = {"label": "finetune.epochs", "info": "finetune.epochs_info"}
            epochs = ui.make(gr.Slider, words, minimum=1, maximum=BOUNDS["epochs"][1], step=1, value=usual.epochs)
            words = {"label": "finetune.batch_size"}
            batch = ui.make(
                gr.Slider, words, minimum=1, maximum=BOUNDS["batch_size"][1], step=1, value=usual.batch_size
            )
        with gr.Row():
            words = {"label": "finetune.learning_rate", "info": "finetune.rate_info"}
            rate = ui.make(gr.Number, words, value=usual.learning_rate, min_width=160)
            length = ui.make(
                gr.Number, {"label": "finetune.max_length"}, value=usual.max_length, precision=0, min_width=120
            )
            seed = ui.make(gr.Number, {"label": "finetune.seed"}, value=usual.seed, precision=0, min_width=120)
    return [base, epochs, batch, rate, length, seed]


def _run_buttons(ui: Localizer) -> tuple[gr.Button, gr.Button, gr.Button, gr.DownloadButton]:
    with gr.Row():
        stop = ui.make(gr.Button, {"value": "finetune.stop"}, visible=False, elem_id="tea-finetune-stop")
        resume = ui.make(gr.Button, {"value": "finetune.resume"}, visible=False, elem_id="tea-finetune-resume")
        words = {"value": "finetune.use"}
        use = ui.make(gr.Button, words, variant="primary", visible=False, elem_id="tea-finetune-use")
        words = {"label": "finetune.download"}
        download = ui.make(gr.DownloadButton, words, visible=False, elem_id="tea-finetune-download")
    return stop, resume, use, download
