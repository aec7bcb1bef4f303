"""The page: header, language, tabs, footer, and what links ask of it: ?tab= ?view= ?lang= ?run= ?embed=true.

Puts the tabs together and knows what none of them alone may know: the visitor's language and how one tab sends to another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import gradio as gr
from gradio.events import Dependency

from demos import api, finetune, generation, panel, sentiment, vision
from demos.errors import Reporter
from demos.i18n import DEFAULT, LANGUAGES, Localizer, Strings, preferred
from demos.own_runs import OwnRuns
from demos.streaming import Explainers
from demos.theme import AWAKE, TOGGLE_DARK
from demos.waiting import Waiter
from models.album import AlbumReader
from models.attention import AttentionReader
from models.decoding import DecodingComparer
from models.disturb import Disturber
from models.explain import Explainer
from models.explain_text import TextExplainer
from models.finetune.evaluations import Evaluations
from models.finetune.request import CLASSIFY
from models.finetune.runs import RunStore
from models.generation import GenerationRunner
from models.library import Library
from models.perplexity import PerplexityReader
from models.sentiment import SentimentRunner
from models.settings import Settings
from models.tracing import Tracer
from models.vision import VisionRunner

TABS = ("sentiment", "generation", "vision", "finetune")
# Fixed, so that a choice outlives a restart of the server.
_LANGUAGE_STORE = {"storage_key": "teahouse-language", "secret": "teahouse"}
# Not before the page has read the address: Gradio also selects the first tab by itself.
_KEEP_TAB_IN_URL = """() => {
  if (!document.documentElement.classList.contains('tea-awake')) return;
  const url = new URL(window.location.href);
  url.searchParams.set('tab', '%s');
  url.searchParams.delete('view');
  window.history.replaceState(window.history.state, '', url);
}"""
_KEEP_LANGUAGE_IN_URL = """(lang) => {
  const url = new URL(window.location.href);
  url.searchParams.set('lang', lang);
  window.history.replaceState(window.history.state, '', url);
  document.documentElement.lang = lang === 'zh' ? 'zh-CN' : 'en';
}"""


@dataclass(frozen=True)
class Teahouse:
    """What the page is built on: every collaborator, made by app.py."""

    settings: Settings
    library: Library
    sentiment: SentimentRunner
    generation: GenerationRunner
    tracer: Tracer
    decodings: DecodingComparer
    perplexity: PerplexityReader
    vision: VisionRunner
    text_explainer: TextExplainer
    attention: AttentionReader
    explainer: Explainer  # of pictures
    disturber: Disturber
    album: AlbumReader
    runs: RunStore
    evaluations: Evaluations


def build(teahouse: Teahouse) -> gr.Blocks:
    """The Blocks with all tabs and endpoints, not yet launched."""
    strings = Strings.load()
    settings = teahouse.settings
    waiter, reporter = Waiter(teahouse.library, strings), Reporter(strings)
    with gr.Blocks(title="Model Teahouse 模型茶馆", analytics_enabled=False, delete_cache=(3600, 3600)) as blocks:
        ui = Localizer(strings)
        stored = gr.BrowserState(None, **_LANGUAGE_STORE)
        switch = _header(ui)
        with gr.Tabs(selected="sentiment", elem_id="tea-tabs", overflow_behavior="wrap") as tabs:
            with _tab(ui, "sentiment"):
                sentiment_tab = sentiment.build(
                    ui,
                    waiter,
                    reporter,
                    teahouse.sentiment,
                    teahouse.text_explainer,
                    teahouse.attention,
                    settings,
                    teahouse.library.catalog,
                )
            with _tab(ui, "generation"):
                generation_tab = generation.build(
                    ui,
                    waiter,
                    reporter,
                    teahouse.generation,
                    Explainers(teahouse.tracer, teahouse.decodings, teahouse.perplexity),
                    settings,
                    teahouse.library.catalog,
                )
            with _tab(ui, "vision"):
                vision.build(
                    ui,
                    waiter,
                    reporter,
                    teahouse.vision,
                    teahouse.explainer,
                    teahouse.disturber,
                    teahouse.album,
                    settings,
                    teahouse.library.catalog,
                )
            with _tab(ui, "finetune"):
                finetune_tab = finetune.build(
                    ui,
                    waiter,
                    reporter,
                    teahouse.runs,
                    settings,
                    teahouse.library.catalog,
                    teahouse.evaluations,
                    teahouse.sentiment,
                )
        panel.build(ui, teahouse.library.cache)
        ui.make(gr.Markdown, {"value": "common.footer"}, elem_classes="tea-footer")
        api.build(teahouse, reporter)
        arrived = _connect_language(blocks, ui, switch, stored, tabs, finetune_tab.asked)
        _connect_tabs(tabs, finetune_tab, sentiment_tab, generation_tab, teahouse.runs)
        pickers = [
            ("text-classification", sentiment_tab.picker),
            ("text-classification", sentiment_tab.other),
            ("text-generation", generation_tab.picker),
        ]
        OwnRuns(ui, teahouse.runs, teahouse.library.catalog, pickers).connect(arrived, finetune_tab.ids)
    return blocks


def _header(ui: Localizer) -> gr.Radio:
    with gr.Row(elem_classes="tea-header"):
        ui.make(gr.Markdown, {"value": lambda lang: _brand(ui.strings, lang)}, elem_classes="tea-brand")
        with gr.Row(elem_classes="tea-controls"):
            switch = gr.Radio([("中文", "zh"), ("English", "en")], value=DEFAULT, show_label=False, container=False)
            dark = gr.Button("◐", size="sm", elem_classes="tea-dark")
    dark.click(None, js=TOGGLE_DARK, api_visibility="private")
    return switch


def _brand(strings: Strings, lang: str) -> str:
    return f"# {strings.text('common.title', lang)}\n{strings.text('common.subtitle', lang)}"


def _tab(ui: Localizer, name: str) -> gr.Tab:
    """A tab that is kept in the address when it is chosen, so that a copied link opens it."""
    tab = ui.make(gr.Tab, {"label": f"common.tab.{name}"}, id=name, elem_id=f"tea-{name}")
    tab.select(None, js=_KEEP_TAB_IN_URL % name, api_visibility="private")
    return tab


def _connect_language(
    blocks: gr.Blocks, ui: Localizer, switch: gr.Radio, stored: gr.BrowserState, tabs: gr.Tabs, asked_run: gr.State
) -> Dependency:
    """Gives the event of a page that has opened, after which all is worded."""
    # Through the queue: only then do the tabs' own listeners of ui.lang hear of the change.
    hidden = {"api_visibility": "private", "show_progress": "hidden", "concurrency_limit": None}
    # Gradio 6.31 looks every output's status up in the tree of all components, even of a hidden progress.
    worded = {**hidden, "show_progress_on": switch}

    def arrive(remembered: str | None, request: gr.Request):
        lang = asked_language(request.query_params.get("lang"), remembered, request.headers.get("accept-language"))
        asked = request.query_params.get("run", "")[:100]
        worded = [gr.skip()] * len(ui.components) if lang == DEFAULT else ui.updates(lang)  # it is built in DEFAULT
        return [lang, lang, _selected(request.query_params.get("tab")), asked, *worded]

    def choose(lang: str):
        return [lang, lang, *ui.updates(lang)]

    arrived = blocks.load(arrive, stored, [ui.lang, switch, tabs, asked_run, *ui.components], **worded)
    arrived.then(None, js=AWAKE, **hidden)
    switch.input(choose, switch, [ui.lang, stored, *ui.components], **worded)
    switch.change(None, switch, js=_KEEP_LANGUAGE_IN_URL, **hidden)
    return arrived


def asked_language(query: str | None, remembered: str | None, accepted: str | None) -> str:
    """?lang= first, then what this browser chose before, then what it says it reads."""
    return next((lang for lang in (query, remembered) if lang in LANGUAGES), None) or preferred(accepted)


def _selected(tab: str | None) -> gr.Tabs:
    return gr.Tabs(selected=tab if tab in TABS else TABS[0])


def _connect_tabs(
    tabs: gr.Tabs,
    finetune_tab: finetune.FinetuneTab,
    sentiment_tab: sentiment.SentimentTab,
    generation_tab: generation.GenerationTab,
    runs: RunStore,
) -> None:
    """Carries a finished run to the tab that its model answers in: a classifier's, or where one talks to it."""

    def use(run_id: str) -> tuple[Any, ...]:
        name, request = f"run:{run_id}", runs.status(run_id).request
        if request.task == CLASSIFY:
            return gr.Tabs(selected="sentiment"), name, gr.skip(), gr.skip()
        inner = "chat" if request.label_column else "continue"
        return gr.Tabs(selected="generation"), gr.skip(), name, gr.Tabs(selected=inner)

    finetune_tab.use.click(
        use,
        finetune_tab.run_id,
        [tabs, sentiment_tab.picker, generation_tab.picker, generation_tab.tabs],
        api_visibility="private",
        show_progress="hidden",
        queue=False,
    )
