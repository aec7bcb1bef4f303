"""What one does with a trained model, in the Fine-tune tab: use it in another tab, take it away as a zip, push it to the Hub.

The tab connects the first. The token of a push is asked for each time and cleared when it has served.
"""

from __future__ import annotations

import html
from typing import Any

import gradio as gr

from demos.finetune_desk import QUIET, Desk
from demos.i18n import DEFAULT
from models.finetune import publish
from models.finetune.request import WRITE
from models.finetune.run import Run


class TakePart:
    def __init__(self, desk: Desk) -> None:
        self.fields: dict[str, Any] = {}
        self._runs, self._settings, self._say = desk.runs, desk.settings, desk.ui.strings.text
        self._facts = gr.HTML("", visible=False, elem_id="tea-finetune-taken", elem_classes="tea-finetune-box")
        with gr.Row():
            words = {"value": "finetune.use"}
            self.use = desk.ui.make(gr.Button, words, variant="primary", visible=False, elem_id="tea-finetune-use")
            words = {"label": "finetune.download"}
            self._download = desk.ui.make(gr.DownloadButton, words, visible=False, elem_id="tea-finetune-download")
        words = {"label": "finetune.take.push"}
        self._hub = desk.ui.make(gr.Accordion, words, open=False, visible=False, elem_classes="tea-quiet")
        with self._hub:
            self._lay_out_push(desk)
        self.outputs = [self._facts, self.use, self._download, self._hub]

    def show(self, run: Run | None, lang: str) -> list[Any]:
        if run is None or not run.has_model:
            return [gr.update(visible=False)] * len(self.outputs)
        key = "finetune.writer.use" if run.request.task == WRITE else "finetune.use"
        use = gr.update(visible=True, value=self._say(key, lang))
        shown, facts = gr.update(visible=True), gr.update(visible=True, value=self.facts(run, lang))
        if run.is_under_way:  # usable, and still being compared: its card is not complete
            return [facts, use, gr.update(visible=False), gr.update(visible=False)]
        path = str(self._runs.download(run.run_id))
        return [facts, use, gr.update(visible=True, value=path), shown]

    def facts(self, run: Run, lang: str) -> str:
        """The hash by which one knows the model again, and what the zip holds."""
        said = self._say("finetune.take.sha256", lang, sha256=f"<code>{html.escape(run.sha256)}</code>")
        return f'<p class="tea-key">{said}</p><p class="tea-muted">{self._say("finetune.take.zip", lang)}</p>'

    def push(self, run_id: str, repository: str, token: str, private: bool, lang: str) -> tuple[str, str]:
        """Where the model stands now, drawn, and nothing for the box of the token."""
        folder = self._runs.trained(run_id)
        address = publish.push(folder, repository, token, private=private, settings=self._settings)
        link = html.escape(address)
        where = f'<a href="{link}" target="_blank" rel="noopener">{link}</a>'
        return f'<p class="tea-notice">{self._say("finetune.take.pushed", lang, address=where)}</p>', ""

    def _lay_out_push(self, desk: Desk) -> None:
        ui, endpoint = desk.ui, desk.settings.endpoints[0]
        ui.make(gr.HTML, {"value": lambda lang: self._note(endpoint, lang)}, elem_classes="tea-finetune-box tea-muted")
        with gr.Row():
            words = {"label": "finetune.take.repository", "placeholder": "finetune.take.repository_hint"}
            repository = ui.make(gr.Textbox, words, min_width=200, elem_id="tea-finetune-repository")
            words = {"label": "finetune.take.token"}
            token = ui.make(gr.Textbox, words, type="password", min_width=200, elem_id="tea-finetune-token")
        private = ui.make(gr.Checkbox, {"label": "finetune.take.private"}, value=True)
        button = ui.make(gr.Button, {"value": "finetune.take.push_button"}, elem_id="tea-finetune-push")
        pushed = gr.HTML("", elem_id="tea-finetune-pushed", elem_classes="tea-finetune-box")
        event = QUIET | {"show_progress": "full", "show_progress_on": pushed}
        inputs = [desk.run_id, repository, token, private, ui.lang]
        button.click(desk.reporter.said(self.push), inputs, [pushed, token], **event)
        desk.run_id.change(lambda: "", None, pushed, queue=False, show_progress="hidden", api_visibility="private")

    def _note(self, endpoint: str, lang: str = DEFAULT) -> str:
        return f"<p>{self._say('finetune.take.push_note', lang, place=html.escape(endpoint))}</p>"
