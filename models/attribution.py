"""What each token of a text did for a class: integrated gradients for every token, occlusion for every word.

Integrated gradients (Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365) share out the change of a class's
log-odds on the straight way from a text whose every token is masked to the text. They add up to that change as far as
the integral is exact, so the way is halved where the answer turns sharply, until it is. Occlusion (Zeiler & Fergus
2014, https://arxiv.org/abs/1311.2901) masks one word at a time and looks how far the log-odds fall. Call everything here
on the inference thread; no weight of a shared model gets a gradient. Knows no words and no page.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import deepcopy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from models.loading import LoadedModel
from models.spec import MB

if TYPE_CHECKING:
    from torch import Tensor

TOLERANCE = 0.04  # of the change of the log-odds that the attributions may miss before the way is halved
SMALLEST_CHANGE = 0.5  # of log-odds: a smaller change is measured against this; it moves a probability by 0.12 at most
_POINTS = 4  # a stretch of the way, placed by Gauss-Legendre
_FIRST, _MOST = 4, 40  # stretches to begin with, and at most in all
_GRADIENT_TOKENS = 1536  # in one pass with gradients: some 300 MB of the bundled models
_FORWARD_TOKENS = 3072
_LARGEST_COPY = 1024 * MB  # in single precision: a BERT of 250 M parameters


@dataclass(frozen=True)
class Attribution:
    weights: tuple[float, ...]  # one a token, in log-odds of the class; specials have 0
    change: float  # of the class's log-odds, from all tokens masked to the text


@dataclass(frozen=True)
class _Stretch:
    start: float  # share of the way
    end: float
    weights: Tensor  # (tokens,)
    missing: float  # of the log-odds' change between start and end


def attributions(ids: Sequence[int], target: int, loaded: LoadedModel) -> Iterator[float | Attribution]:
    """The share of the work done after each step of it, then the Attribution of one window's token ids."""
    import torch

    model, tokenizer = loaded.model, loaded.processor
    tokens = torch.tensor([ids])
    framed = torch.tensor([tokenizer.get_special_tokens_mask(ids, already_has_special_tokens=True)])
    with torch.no_grad():
        embed = model.get_input_embeddings()
        embedded = embed(tokens)  # (1, tokens, width)
        absent = embed(torch.full_like(tokens, absent_token(tokenizer)))
    kind = embedded.dtype
    baseline = torch.where(framed.bool().unsqueeze(-1), embedded, absent)

    def answer(inputs: Tensor) -> Tensor:
        return log_odds(model(inputs_embeds=inputs.to(kind)).logits.float(), target)

    # In single precision: the way between them, and sums of many small gradients.
    yield from _integrated(answer, baseline.float(), embedded.float())


def _integrated(
    answer: Callable[[Tensor], Tensor], baseline: Tensor, embedded: Tensor
) -> Iterator[float | Attribution]:
    import torch

    at_once = max(_GRADIENT_TOKENS // (_POINTS * embedded.shape[1]), 1)
    wanted = [(place / _FIRST, (place + 1) / _FIRST) for place in range(_FIRST)]
    found: list[_Stretch] = []
    change = 0.0
    while wanted:
        now, wanted = wanted[:at_once], wanted[at_once:]
        found += _stretches(now, answer, baseline, embedded)
        if not wanted:
            with torch.no_grad():
                change = float(answer(embedded) - answer(baseline))
            wanted, found = _refined(found, max(abs(change), SMALLEST_CHANGE))
        yield len(found) / (len(found) + len(wanted) + 1)
    yield Attribution(tuple(sum(stretch.weights for stretch in found).tolist()), change)


def _stretches(
    spans: Sequence[tuple[float, float]], answer: Callable[[Tensor], Tensor], baseline: Tensor, embedded: Tensor
) -> list[_Stretch]:
    """The integral over several stretches of the way in one pass: each is a way of its own, from its start to its end."""
    import torch
    from captum.attr import IntegratedGradients

    way = embedded - baseline
    starts, ends = (torch.cat([baseline + span[side] * way for span in spans]) for side in (0, 1))
    weights = IntegratedGradients(answer).attribute(ends, starts, n_steps=_POINTS).sum(dim=-1).detach()
    with torch.no_grad():
        changes = answer(ends) - answer(starts)
    missing = (weights.sum(dim=-1) - changes).tolist()
    return [_Stretch(*span, part, short) for span, part, short in zip(spans, weights.unbind(), missing, strict=True)]


def _refined(found: list[_Stretch], scale: float) -> tuple[list[tuple[float, float]], list[_Stretch]]:
    """(stretches to integrate anew, those to keep): the two that miss most are halved while too much is missing."""
    missed = abs(sum(stretch.missing for stretch in found))
    ranked = sorted(found, key=lambda stretch: -abs(stretch.missing))
    is_exact = missed <= TOLERANCE * scale and abs(ranked[0].missing) <= 2 * TOLERANCE * scale
    if is_exact or len(found) >= _MOST:
        return [], found
    halved = [stretch for stretch in ranked[:2] if abs(stretch.missing) > TOLERANCE * scale / 2] or ranked[:1]
    middles = [(stretch.start + stretch.end) / 2 for stretch in halved]
    wanted = [
        span
        for stretch, middle in zip(halved, middles, strict=True)
        for span in ((stretch.start, middle), (middle, stretch.end))
    ]
    return wanted, [stretch for stretch in found if stretch not in halved]


def occlusions(
    ids: Sequence[int], groups: Sequence[Sequence[int]], target: int, loaded: LoadedModel
) -> Iterator[float | list[float]]:
    """How far the log-odds fall when the tokens of each group are masked, in their order; before that the share done."""
    import torch

    rows = [list(ids)]
    for group in groups:
        masked = list(ids)
        for place in group:
            masked[place] = absent_token(loaded.processor)
        rows.append(masked)
    at_once = max(_FORWARD_TOKENS // len(ids), 1)
    answers: list[float] = []
    for start in range(0, len(rows), at_once):
        with torch.inference_mode():
            logits = loaded.model(input_ids=torch.tensor(rows[start : start + at_once])).logits.float()
        answers += log_odds(logits, target).tolist()
        yield len(answers) / len(rows)
    yield [answers[0] - answer for answer in answers[1:]]


def in_single_precision(loaded: LoadedModel) -> LoadedModel:
    """The model itself, or where it computes in half precision a copy of its own: gradients rounded to 8 bits add up to
    something else, and processors without hardware for them take longer too. A large model stays as it is.
    """
    import torch

    parameters = sum(weight.numel() for weight in loaded.model.parameters())
    if loaded.model.dtype == torch.float32 or 4 * parameters > _LARGEST_COPY:
        return loaded
    return replace(loaded, model=deepcopy(loaded.model).float())


def absent_token(tokenizer) -> int:
    """The token that stands for no word: deleting what weighs most hurts more with the mask than with padding."""
    return next((token for token in (tokenizer.mask_token_id, tokenizer.pad_token_id) if token is not None), 0)


def log_odds(logits: Tensor, target: int) -> Tensor:
    """(N, classes) -> (N,): the target's logit against all others together."""
    others = [index for index in range(logits.shape[1]) if index != target]
    return logits[:, target] - logits[:, others].logsumexp(dim=1) if others else logits[:, target]
