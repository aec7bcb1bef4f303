"""Attention that can be looked at: its weights exist as a tensor only in the eager implementation.

The switch is on for as long as one computation on the inference thread lasts; before and after it a shared model has the
implementation that it was loaded with. Knows nothing of what is looked for.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import nn


@contextmanager
def eager_attention(model: nn.Module) -> Iterator[None]:
    """`output_attentions=True` works within. Others never see it: only the inference thread runs the shared models."""
    before = model.config._attn_implementation
    model.set_attn_implementation("eager")
    try:
        yield
    finally:
        model.set_attn_implementation(before)
