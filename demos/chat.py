"""Chat: a conversation with a model that has a chat template; regenerate, clear, and export as Markdown.

A State holds the conversation, the Chatbot only draws it. Knows nothing of how a reply is written.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import gradio as gr

from demos.streaming import AT_ONCE, QUEUED, Desk, allow_stop, connect_stop, seed_note, stop_button
from demos.text_examples import text_examples
from models.conversation import Turn
from models.errors import BadInput

# Made in the browser, so that no conversation lies on the server.
_SAVE = """(text) => {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], {type: 'text/markdown'}));
  link.download = 'teahouse-chat.md';
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}"""


@dataclass(frozen=True)
class ChatParts:
    talk: gr.Chatbot
    message: gr.Textbox
    send: gr.Button
    stop: gr.Button
    again: gr.Button
    clear: gr.Button
    export: gr.Button
    system: gr.Textbox
    examples: gr.Dataset
    note: gr.HTML


class Handlers:
    """What the events call: plain values in, component values out."""

    def __init__(self, desk: Desk, examples: list[str]) -> None:
        self._desk = desk
        self._examples = examples

    def say(self, message: str, turns: list[Turn], lang: str) -> tuple:
        """The conversation with the visitor's message in it, drawn; and an empty box."""
        if not (message or "").strip():
            raise BadInput("errors.empty_text")
        turns = [*turns, {"role": "user", "content": message.strip()}]
        return turns, drawn(turns), ""

    def say_example(self, index: int, turns: list[Turn], lang: str) -> tuple:
        return self.say(self._examples[index], turns, lang)

    def again(self, turns: list[Turn], lang: str) -> tuple:
        """The conversation up to the visitor's last message, to be answered anew."""
        kept = turns[:-1] if turns and turns[-1]["role"] == "assistant" else turns
        if not kept:
            raise BadInput("errors.nothing_to_regenerate")
        return kept, drawn(kept)

    def answer(
        self,
        turns: list[Turn],
        model: str,
        system: str,
        lang: str,
        progress: Callable[..., Any] = gr.Progress(),
        *sampling: float,
    ) -> Iterator[tuple]:
        """The conversation with the reply so far, drawn; the seed, as a number and in words."""
        options = self._desk.sampling.options(*sampling)
        replies = self._desk.runner.chat(turns, model, options, system or "")
        for reply in self._desk.read(replies, model, lang, progress):
            said = [*turns, {"role": "assistant", "content": reply}]
            yield said, drawn(said), options.seed, self.note(options.seed, lang)

    def take_back(self, turns: list[Turn], message: str) -> tuple:
        """After a refusal: an unanswered message returns to its box, unless another is being written there."""
        if not turns or turns[-1]["role"] != "user":
            return turns, drawn(turns), message
        return turns[:-1], drawn(turns[:-1]), message or turns[-1]["content"]

    def note(self, seed: int | None, lang: str) -> str:
        return f'<div class="tea-quiet-line">{seed_note(self._desk, seed, lang)}</div>'

    def markdown(self, turns: list[Turn], model: str, system: str, lang: str) -> str:
        """The conversation as a Markdown document."""
        if not turns:
            raise BadInput("errors.nothing_to_export")
        told = [{"role": "system", "content": system.strip()}] if (system or "").strip() else []
        text = self._desk.ui.strings.text
        parts = [f"# {text('chat.export_title', lang)}", f"{text('common.model', lang)}: {model}"]
        for turn in [*told, *turns]:
            parts += [f"## {text('chat.role.' + turn['role'], lang)}", turn["content"]]
        return "\n\n".join(parts) + "\n"


def drawn(turns: list[Turn]) -> list[Turn]:
    """What the Chatbot shows. It renders HTML even without Markdown, and would fetch a picture that someone wrote."""
    return [{"role": turn["role"], "content": html.escape(turn["content"], quote=False)} for turn in turns]


def build(desk: Desk, examples: list[str]) -> ChatParts:
    """Lays it out and connects it. Call it inside its gr.Tab."""
    parts = _lay_out(desk, examples)
    _connect(desk, Handlers(desk, examples), parts)
    return parts


def _lay_out(desk: Desk, examples: list[str]) -> ChatParts:
    ui = desk.ui
    with ui.make(gr.Accordion, {"label": "chat.system"}, open=False, elem_classes="tea-quiet"):
        words = {"label": "chat.system", "info": "chat.system_info", "placeholder": "chat.system_hint"}
        system = ui.make(gr.Textbox, words, lines=2, max_lines=8, elem_id="tea-chat-system")
    talk = ui.make(
        gr.Chatbot,
        {"label": "generation.tab.chat", "placeholder": "chat.nothing_yet"},
        show_label=False,
        height=400,
        buttons=[],
        render_markdown=False,
        feedback_options=None,
        elem_id="tea-chat-talk",
        elem_classes="tea-talk",
    )
    note = gr.HTML("", elem_id="tea-chat-note", elem_classes="tea-note-box")
    with gr.Row(elem_classes="tea-say", equal_height=True):
        words = {"label": "generation.tab.chat", "placeholder": "chat.message_hint"}
        box = {"show_label": False, "container": False, "lines": 1, "max_lines": 6, "scale": 6, "min_width": 180}
        message = ui.make(gr.Textbox, words, **box, elem_id="tea-chat-message")
        send = ui.make(
            gr.Button, {"value": "chat.send"}, variant="primary", scale=1, min_width=80, elem_id="tea-chat-send"
        )
        stop = stop_button(desk, "chat")
    with gr.Row(elem_classes="tea-buttons"):
        again, clear, export = (
            ui.make(gr.Button, {"value": key}, size="sm", min_width=80, elem_id=f"tea-chat-{name}")
            for name, key in (("again", "chat.again"), ("clear", "common.clear"), ("export", "chat.export"))
        )
    samples = text_examples(ui, examples, "tea-chat-examples")
    return ChatParts(talk, message, send, stop, again, clear, export, system, samples, note)


def _connect(desk: Desk, handlers: Handlers, parts: ChatParts) -> None:
    lang, said = desk.ui.lang, desk.reporter.said
    turns, seed, document = gr.State([]), gr.State(None), gr.Textbox(visible="hidden")
    box = [turns, parts.talk, parts.message]
    typed, example, again = [parts.send.click, parts.message.submit], parts.examples.click, parts.again.click
    others = [parts.again, parts.clear, parts.export]
    allow_stop(parts.stop, [*typed, example, again], others)
    steps = [
        gr.on(typed, said(handlers.say), [parts.message, turns, lang], box, **QUEUED),
        example(said(handlers.say_example), [parts.examples, turns, lang], box, **QUEUED),
        again(said(handlers.again), [turns, lang], box[:2], **QUEUED),
    ]
    answered = {
        "fn": said(handlers.answer),
        "inputs": [turns, desk.picker, parts.system, lang, *desk.sampling.inputs],
        "outputs": [turns, parts.talk, seed, parts.note],
        "show_progress_on": parts.note,
        **desk.work,
    }
    runs = [step.success(**answered) for step in steps]
    for run in runs:
        run.failure(handlers.take_back, [turns, parts.message], box, **AT_ONCE)
    connect_stop(parts.stop, runs, refusals=steps, others=others)
    lang.change(handlers.note, [seed, lang], parts.note, **AT_ONCE)
    parts.clear.click(lambda: ([], [], None, ""), None, [turns, parts.talk, seed, parts.note], **AT_ONCE)
    told = [turns, desk.picker, parts.system, lang]
    parts.export.click(said(handlers.markdown), told, document, **QUEUED).success(None, document, js=_SAVE, **AT_ONCE)
