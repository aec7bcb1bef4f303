"""What the steps of the Fine-tune tab share: collaborators, the visitor's run and table, and the shape of a step.

A step is a `Part`: it lays itself out, connects what is its own, and draws a run whenever the tab shows one. Knows no
step by name.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import gradio as gr

from demos.errors import Reporter
from demos.i18n import Localizer
from models.catalog import Catalog
from models.finetune.plan import Plan
from models.finetune.planner import Tell, silent
from models.finetune.preview import ChangedRow
from models.finetune.request import FinetuneRequest
from models.finetune.run import Run
from models.finetune.run_folder import RunFolder
from models.settings import Settings

AT_ONCE = {"queue": False, "show_progress": "hidden", "api_visibility": "private"}
QUIET = {"show_progress": "hidden", "api_visibility": "private", "concurrency_limit": 8}
# Fixed, so that the ids outlive a restart of the server.
RUN_STORE = {"storage_key": "teahouse-my-runs", "secret": "teahouse"}
_VISITOR_STORE = {"storage_key": "teahouse-visitor", "secret": "teahouse"}


class Runs(Protocol):
    """The part of RunStore that the tab needs."""

    def start(self, request: FinetuneRequest, visitor: str = "") -> Run: ...
    def plan(self, request: FinetuneRequest, minutes: float = 0, tell: Tell = silent) -> Plan: ...
    def preview(self, request: FinetuneRequest) -> tuple[ChangedRow, ...]: ...
    def status(self, run_id: str) -> Run: ...
    def stop(self, run_id: str) -> Run: ...
    def resume(self, run_id: str) -> Run: ...
    def download(self, run_id: str) -> Path: ...
    def folder(self, run_id: str) -> RunFolder: ...
    def trained(self, run_id: str) -> RunFolder: ...


def own_ids() -> gr.BrowserState:
    """The ids of the visitor's runs as the browser keeps them: one string.

    A list in a BrowserState is taken for a changed one whenever Gradio touches any component, is written to the browser
    again, and calls its listeners without an end.
    """
    return gr.BrowserState("", **RUN_STORE)


def ids_in(stored: str | None) -> list[str]:
    """The latest first."""
    return (stored or "").split()


@dataclass(frozen=True)
class Desk:
    """Made once a page, inside its gr.Tab, before the steps."""

    ui: Localizer
    reporter: Reporter
    runs: Runs
    settings: Settings
    catalog: Catalog
    report: gr.State = field(default_factory=lambda: gr.State(None))  # DatasetReport of the table in step 1
    run: gr.State = field(default_factory=lambda: gr.State(None))  # the Run that is shown
    run_id: gr.State = field(default_factory=lambda: gr.State(""))
    ids: gr.BrowserState = field(default_factory=own_ids)  # the visitor's runs: see ids_in
    # A random word by which a visitor's runs are counted; "" until they start one.
    visitor: gr.BrowserState = field(default_factory=lambda: gr.BrowserState("", **_VISITOR_STORE))


class Part(Protocol):
    """One step of the tab. `fields` are its inputs by the names of FinetuneRequest."""

    fields: Mapping[str, Any]
    outputs: list[Any]

    def show(self, run: Run | None, lang: str) -> list[Any]:
        """Updates for `outputs`. Called at every poll: what is heavy hangs on a small State's change instead."""
        ...
