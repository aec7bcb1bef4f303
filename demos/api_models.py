"""The public API's word on models: every known one with its cost on this machine, and what the cache holds."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import gradio as gr

from demos.endpoint import Endpoint
from demos.i18n import LANGUAGES
from models.catalog import Catalog
from models.outlook import Outlook, outlook
from models.spec import ModelSpec

if TYPE_CHECKING:
    from demos.page import Teahouse

_MODELS = "Every known model with what helps to choose it and whether it fits, and what the cache holds at the moment."


def endpoints(teahouse: Teahouse) -> list[Endpoint]:
    return [Endpoint(lambda: catalog_json(teahouse), [], [gr.JSON(label="catalog and cache")], "models", _MODELS)]


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
