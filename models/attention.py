"""Which token looked at which: the attention of one layer of a text classifier, with the queries, keys and values behind it.

Attention as in Vaswani et al. 2017 (https://arxiv.org/abs/1706.03762): a head's weights are softmax(q·k / √d). That a head
looks at a word does not mean that the answer rests on it (Jain & Wallace 2019, https://arxiv.org/abs/1902.10186). The
eager implementation is on for one forward pass alone. Knows no page.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from models.eager import eager_attention
from models.engine import Engine
from models.errors import BadInput
from models.library import Library
from models.loading import LoadedModel
from models.sentiment import TASK, check_text
from models.settings import Settings

if TYPE_CHECKING:
    from torch import Tensor, nn

MOST_TOKENS = 48  # that are read, special ones among them: more cannot be told apart in a picture
PATTERNS = ("answer", "next", "previous", "rest")
_NAMES = {
    "queries": ("query", "q_proj", "q_lin"),
    "keys": ("key", "k_proj", "k_lin"),
    "values": ("value", "v_proj", "v_lin"),
}
# Of a weight: what softmax(q·k / √d) may differ by from it. The model rounds q·k, which may be in the hundreds, in bfloat16.
_SAME, _SAME_IN_HALF = 0.02, 0.15
# Tokens that the most telling head should share its attention among, and how much of it counts for each.
_LOOKED_AT, _MOST_FOR_ONE = 3, 0.35


@dataclass(frozen=True)
class Vectors:
    """What a head's weights come from, each (heads, tokens, d)."""

    queries: np.ndarray
    keys: np.ndarray
    values: np.ndarray

    @property
    def scores(self) -> np.ndarray:
        """(heads, tokens, tokens): q·k / √d, whose softmax over the last axis are the weights."""
        queries, keys = self.queries.astype(np.float32), self.keys.astype(np.float32)
        return queries @ keys.swapaxes(-1, -2) / np.sqrt(queries.shape[-1])


@dataclass(frozen=True)
class Attention:
    """One layer's, in half precision: a visitor's page remembers it."""

    tokens: tuple[str, ...]
    is_cut: bool  # the text was longer than MOST_TOKENS
    layers: int  # of the model
    layer: int  # this one, counted from 0
    weights: np.ndarray  # (heads, tokens that look, tokens looked at); each row sums to 1
    vectors: Vectors | None  # None where the model's weights are made otherwise
    patterns: dict[str, tuple[int, int]]  # of PATTERNS: the layer and head that does it most clearly in this text

    @property
    def heads(self) -> int:
        return len(self.weights)


class AttentionReader:
    def __init__(self, library: Library, engine: Engine, settings: Settings) -> None:
        self._library = library
        self._engine = engine
        self._settings = settings

    def look(self, text: str, model: str = "", layer: int | None = None) -> Attention:
        """A layer's attention in the text's first MOST_TOKENS tokens. layer: counted from 0; None takes that of the pattern
        "answer". BadInput for an empty text, a layer that is not there, a model without attention.
        """
        check_text(text, self._settings)
        with self._library.lease(model, TASK) as loaded:
            return self._engine.call(lambda: _looked(text, layer, loaded))


def _looked(text: str, layer: int | None, loaded: LoadedModel) -> Attention:
    import torch

    encoded = loaded.processor(
        text,
        truncation=True,
        max_length=MOST_TOKENS,
        return_offsets_mapping=True,
        return_overflowing_tokens=True,
    )
    ids, spans = encoded["input_ids"][0], encoded["offset_mapping"][0]
    tokens, framed = _tokens(text, ids, spans, loaded.processor)
    with torch.inference_mode(), _projections(loaded.model) as projected, eager_attention(loaded.model):
        found = loaded.model(input_ids=torch.tensor([ids]), output_attentions=True).attentions
    maps = [one[0].float() for one in found or () if one is not None and one.shape[-2:] == (len(ids), len(ids))]
    if not maps:
        raise BadInput("errors.no_attention", model=loaded.spec.shown_name)
    patterns = _patterns(torch.stack(maps).numpy(), tokens, framed)
    layer = patterns["answer"][0] if layer is None else layer
    if not 0 <= layer < len(maps):
        raise BadInput("errors.no_such_layer", layer=layer + 1, layers=len(maps))
    weights = maps[layer].numpy()
    vectors = _vectors(projected, layer, len(maps), weights)
    if vectors is not None:  # the same without the rounding, so that the numbers shown agree with each other
        weights = softmax(vectors.scores)
    is_cut = len(encoded["input_ids"]) > 1
    return Attention(tokens, is_cut, len(maps), layer, weights.astype(np.float16), vectors, patterns)


def _tokens(
    text: str, ids: Sequence[int], spans: Sequence[tuple[int, int]], tokenizer: Any
) -> tuple[tuple[str, ...], np.ndarray]:
    """(tokens as they stand in the text, which of them only frame it). A piece that shares its place is called by its name."""
    framed = np.array(tokenizer.get_special_tokens_mask(ids, already_has_special_tokens=True), bool)
    names = tokenizer.convert_ids_to_tokens(ids)
    starts = [start for start, _ in spans]
    tokens = tuple(
        name if frame or end == start or starts[place + 1 : place + 2] == [start] else text[start:end]
        for place, (name, frame, (start, end)) in enumerate(zip(names, framed, spans, strict=True))
    )
    return tokens, framed


@dataclass
class _Projected:
    queries: list[Tensor] = field(default_factory=list)
    keys: list[Tensor] = field(default_factory=list)
    values: list[Tensor] = field(default_factory=list)


@contextmanager
def _projections(model: nn.Module) -> Iterator[_Projected]:
    """Watches a forward pass for the outputs of the layers' projections, in the order of the layers."""
    seen = _Projected()
    with ExitStack() as hooks:
        for path, module in model.named_modules():
            for kind, names in _NAMES.items():
                if path.rpartition(".")[2] in names:
                    kept = getattr(seen, kind)
                    watch = module.register_forward_hook(
                        lambda _module, _inputs, output, kept=kept: kept.append(output)
                    )
                    hooks.callback(watch.remove)
        yield seen


def _vectors(seen: _Projected, layer: int, layers: int, weights: np.ndarray) -> Vectors | None:
    """The layer's, where the weights follow from them: not so with relative positions, or with other names."""
    if not len(seen.queries) == len(seen.keys) == len(seen.values) == layers:
        return None
    heads, tokens, _ = weights.shape
    split, bound = [], _SAME if seen.queries[layer].element_size() == 4 else _SAME_IN_HALF
    for projected in (seen.queries[layer], seen.keys[layer], seen.values[layer]):
        if projected.shape[:2] != (1, tokens) or projected.shape[2] % heads:
            return None
        split.append(projected[0].float().reshape(tokens, heads, -1).permute(1, 0, 2).numpy().astype(np.float16))
    vectors = Vectors(*split)
    return vectors if np.abs(softmax(vectors.scores) - weights).max() < bound else None


def softmax(scores: np.ndarray) -> np.ndarray:
    """Over the last axis."""
    raised = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return raised / raised.sum(axis=-1, keepdims=True)


def _patterns(maps: np.ndarray, tokens: Sequence[str], framed: np.ndarray) -> dict[str, tuple[int, int]]:
    """maps: (layers, heads, tokens, tokens). For each of PATTERNS the head that shows it best.

    answer: in the later half of the layers, where the first token, from which the answer is read, looks at few words;
    next and previous: at a neighbour; rest: at the tokens that only frame the text, as if there were nothing to look at.
    """
    words = np.array([any(char.isalnum() for char in token) for token in tokens]) & ~framed
    first = np.where(words, maps[:, :, 0], 0)
    shared = np.sort(first, axis=-1)[..., -_LOOKED_AT:].clip(max=_MOST_FOR_ONE).sum(axis=-1)
    shared[: len(maps) // 2] = -1
    looking = maps[:, :, ~framed] if (~framed).any() else maps
    strength = {
        "answer": shared,
        "next": np.diagonal(maps, offset=1, axis1=2, axis2=3).mean(axis=-1),
        "previous": np.diagonal(maps, offset=-1, axis1=2, axis2=3).mean(axis=-1),
        "rest": looking[..., framed].sum(axis=-1).mean(axis=-1),
    }
    places = {name: np.unravel_index(int(strength[name].argmax()), maps.shape[:2]) for name in PATTERNS}
    return {name: (int(layer), int(head)) for name, (layer, head) in places.items()}
