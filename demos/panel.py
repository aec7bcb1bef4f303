"""The quiet panel: which models are in memory, their megabytes, what is busy, the budget; and a way to unload one."""

from __future__ import annotations

import html
from dataclasses import dataclass

import gradio as gr

from demos.i18n import Localizer, Strings
from models.cache import CacheEntry, ModelCache

_EVERY = 3.0  # seconds between two looks while the panel is open


@dataclass(frozen=True)
class Panel:
    box: gr.Accordion


def build(ui: Localizer, cache: ModelCache) -> Panel:
    with ui.make(gr.Accordion, {"label": "panel.title"}, open=False, elem_classes="tea-panel") as box:
        table = gr.HTML()
        with gr.Row(equal_height=True):
            picked = ui.make(gr.Dropdown, {"label": "panel.pick"}, choices=[], allow_custom_value=True, scale=3)
            unload = ui.make(gr.Button, {"value": "panel.unload"}, scale=1, variant="secondary")
        timer = gr.Timer(_EVERY, active=False)

    def show(lang: str):
        entries = cache.entries()
        return render(entries, cache.budget_bytes, ui.strings, lang), gr.update(choices=unloadable(entries))

    def drop(name: str | None, lang: str):
        if name:
            key = "panel.unloaded" if cache.evict(name.strip()) else "panel.not_unloaded"
            gr.Info(html.escape(ui.strings.text(key, lang, model=name)))
        table_now, choices = show(lang)
        return table_now, choices | {"value": None}

    hidden = {"api_visibility": "private", "show_progress": "hidden", "queue": False}
    gr.on([box.expand, timer.tick, ui.lang.change], show, ui.lang, [table, picked], **hidden)
    box.expand(lambda: gr.Timer(active=True), None, timer, **hidden)
    box.collapse(lambda: gr.Timer(active=False), None, timer, **hidden)
    # Through the queue, which is what carries a notice to the page.
    unload.click(drop, [picked, ui.lang], [table, picked], **hidden | {"queue": True})
    return Panel(box)


def unloadable(entries: list[CacheEntry]) -> list[str]:
    """Idle models by name; a run's id is its owner's key, so others' runs are typed, not listed."""
    return [entry.name for entry in entries if not entry.leases and not entry.name.startswith("run:")]


def render(entries: list[CacheEntry], budget_bytes: int, strings: Strings, lang: str) -> str:
    """The table as HTML. Names are typed by people, so they are escaped."""
    used = sum(entry.size_bytes for entry in entries)
    share = min(100.0 * used / budget_bytes, 100.0) if budget_bytes else 100.0
    summary = strings.text("panel.used", lang, used=_megabytes(used), budget=_megabytes(budget_bytes))
    meter = f'<div>{summary}</div><div class="tea-meter"><i style="width:{share:.1f}%"></i></div>'
    if not entries:
        return f'{meter}<p class="tea-muted">{strings.text("panel.empty", lang)}</p>'
    head = "".join(
        f'<th class="{kind}">{strings.text(f"panel.{column}", lang)}</th>'
        for column, kind in (("name", ""), ("size", "tea-number"), ("state", ""))
    )
    return f'{meter}<table class="tea-table"><tr>{head}</tr>{"".join(_row(e, strings, lang) for e in entries)}</table>'


def _row(entry: CacheEntry, strings: Strings, lang: str) -> str:
    name = html.escape(entry.shown_name)
    state = strings.text(f"panel.{_state(entry)}", lang, leases=entry.leases, seconds=round(entry.idle_seconds))
    return f'<tr><td>{name}</td><td class="tea-number">{_megabytes(entry.size_bytes)} MB</td><td>{state}</td></tr>'


def _state(entry: CacheEntry) -> str:
    if entry.loading:
        return "loading"
    return "busy" if entry.leases else "idle"


def _megabytes(size: int) -> str:
    return f"{size / 2**20:,.0f}"
