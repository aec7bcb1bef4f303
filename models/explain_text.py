"""Why a text classifier answered as it did: which words spoke for the class, and which against it.

Integrated gradients (Sundararajan et al. 2017, https://arxiv.org/abs/1703.01365) of the class's log-odds with respect to
the token embeddings, on the way from a text whose every token is masked to the text. All of it runs on the inference
thread and changes nothing in the shared models. Knows no page.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from models.engine import Engine
from models.library import Library
from models.loading import LoadedModel
from models.sentiment import TASK, WINDOW, SentimentRunner
from models.settings import Settings

EXPLAINED_WINDOWS = 2  # of WINDOW tokens: as much as a visitor waits for
STEPS = 8  # points on the way to the text; Gauss-Legendre places them


@dataclass(frozen=True)
class TokenWeight:
    text: str
    weight: float  # -1 to 1; above 0 it spoke for the label, below 0 against it


@dataclass(frozen=True)
class TextExplanation:
    """The texts of the tokens, joined, are the text."""

    label: str
    tokens: tuple[TokenWeight, ...]


class TextExplainer:
    def __init__(self, library: Library, engine: Engine, settings: Settings) -> None:
        self._library = library
        self._engine = engine
        self._sentiment = SentimentRunner(library, engine, settings)

    def text(self, text: str, model: str = "") -> TextExplanation:
        """What each token did for the class of the whole text; the largest weight is 1 or -1.

        A long text is explained in its first EXPLAINED_WINDOWS windows of sentiment.WINDOW tokens; the rest of it follows
        as one token of weight 0. BadInput where the text is empty or longer than settings.max_characters.
        """
        label = self._sentiment.classify(text, model).best.label
        with self._library.lease(model, TASK) as loaded:
            target = loaded.labels.index(label)
            spans: list[tuple[int, int, float]] = []
            for ids, offsets in _windows(text, loaded)[:EXPLAINED_WINDOWS]:
                weights = self._engine.call(partial(_attributed, ids, target, loaded))
                spans += [(*offset, weight) for offset, weight in zip(offsets, weights, strict=True)]
        return TextExplanation(label, _scaled(stretches(text, spans)))


def _windows(text: str, loaded: LoadedModel) -> list[tuple[list[int], list[tuple[int, int]]]]:
    """(token ids with specials, their places in the text) for each window; here windows do not overlap."""
    encoded = loaded.processor(
        text,
        truncation=True,
        max_length=min(WINDOW, getattr(loaded.model.config, "max_position_embeddings", WINDOW) - 2),
        return_overflowing_tokens=True,
        return_offsets_mapping=True,
    )
    return list(zip(encoded["input_ids"], encoded["offset_mapping"], strict=True))


def _attributed(ids: list[int], target: int, loaded: LoadedModel) -> list[float]:
    """One attribution a token, in log-odds. Gradients are those of the embedded input: no weight of the model needs one."""
    import torch
    from captum.attr import IntegratedGradients

    model, tokenizer = loaded.model, loaded.processor
    tokens = torch.tensor([ids])
    framed = torch.tensor([tokenizer.get_special_tokens_mask(ids, already_has_special_tokens=True)])
    with torch.no_grad():
        embed = model.get_input_embeddings()
        embedded = embed(tokens)  # (1, tokens, width)
        absent = embed(torch.full_like(tokens, _absent(tokenizer)))
    kind = embedded.dtype
    baseline = torch.where(framed.bool().unsqueeze(-1), embedded, absent)

    def log_odds(inputs: torch.Tensor) -> torch.Tensor:
        return _log_odds(model(inputs_embeds=inputs.to(kind)).logits.float(), target)

    embedded, baseline = embedded.float(), baseline.float()  # the way between them, and sums of many small gradients
    return IntegratedGradients(log_odds).attribute(embedded, baseline, n_steps=STEPS)[0].sum(dim=-1).tolist()


def _absent(tokenizer) -> int:
    """The token that stands for no word: deleting what weighs most hurts more with the mask than with padding."""
    return next((token for token in (tokenizer.mask_token_id, tokenizer.pad_token_id) if token is not None), 0)


def _log_odds(logits, target: int):
    """(N, classes) -> (N,): the target's logit against all others together."""
    others = [index for index in range(logits.shape[1]) if index != target]
    return logits[:, target] - logits[:, others].logsumexp(dim=1) if others else logits[:, target]


def stretches(text: str, spans: Sequence[tuple[int, int, float]]) -> list[TokenWeight]:
    """Spans (start, end, weight) as stretches that join to the text.

    A gap before a token belongs to the token; tokens that share their last character, as the bytes of a rare one do, are
    one; what follows the last token has weight 0.
    """
    found: list[TokenWeight] = []
    done = 0
    for _, end, weight in spans:
        if end > done:
            found.append(TokenWeight(text[done:end], weight))
            done = end
        elif end == done and found:
            found[-1] = TokenWeight(found[-1].text, found[-1].weight + weight)
    return found + [TokenWeight(text[done:], 0.0)] * (done < len(text))


def _scaled(tokens: Sequence[TokenWeight]) -> tuple[TokenWeight, ...]:
    largest = max((abs(token.weight) for token in tokens), default=0.0) or 1.0
    return tuple(TokenWeight(token.text, token.weight / largest) for token in tokens)
