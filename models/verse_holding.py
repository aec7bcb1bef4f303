"""How sampling is held to a form of verse: the plan of a poem's tokens, and the mask that leaves only what it allows.

A plan is known before the first word: so many characters, a stop, a rhyme with what was written in another line, and so
on to the end. Knows nothing of how a model is loaded; torch is imported only where logits are masked.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from models.rhyme import rhyme_groups
from models.rhyme_books import Book
from models.verse import HAN, PoemRequest
from models.verse_forms import Form, Line, Tune

if TYPE_CHECKING:
    import torch

# A group is begun only where the vocabulary has so many characters of it for each line that it must end, or where it is
# the largest.
_PLENTY = 3
_ONE_HAN = re.compile(f"[{HAN}]")


@dataclass(frozen=True)
class Rhyme:
    """A character that rhymes with those at the earlier places, each of them read in the tone beside it."""

    earlier: tuple[tuple[int, bool], ...]  # places in the plan; True for the level tone
    level: bool
    tones: tuple[bool, ...]  # of all places of this rhyme
    opening: int | None = None  # the place of an end that is not asked to rhyme, but must where its tone is level


@dataclass(frozen=True)
class Tone:
    """A character that is read in an oblique tone, or in the level one."""

    level: bool


@dataclass(frozen=True)
class Repeat:
    """The token at an earlier place of the plan."""

    place: int


Slot = int | Rhyme | Tone | Repeat | None  # a token, or what holds for it; None: any Chinese character


def token_plan(shape: Form | Tune, acrostic: str, tokenizer: Any) -> tuple[Slot, ...]:
    """The poem token by token. A head of the acrostic outside the vocabulary is written in bytes."""
    plan: list[Slot] = []
    ended: dict[str, list[tuple[int, bool]]] = defaultdict(list)
    opening, start = None, 0
    for number, line in enumerate(shape.pattern):
        before, start = start, len(plan)
        if line.repeats:
            plan.extend(Repeat(place) for place in range(before, before + line.length))
        else:
            head = tokenizer.encode(acrostic[number], add_special_tokens=False) if acrostic else [None]
            plan.extend([*head, *[None] * (line.length - 1)])
        end = len(plan) - 1
        opening = end if line.may_join else opening
        if line.rhyme:
            tones = tuple(_is_level(other) for other in shape.pattern if other.rhyme == line.rhyme)
            plan[end] = Rhyme(tuple(ended[line.rhyme]), _is_level(line), tones, opening)
            ended[line.rhyme].append((end, _is_level(line)))
        elif line.level is not None:
            plan[end] = Tone(line.level)
        plan.extend(tokenizer.encode(line.stop, add_special_tokens=False))
    return tuple(plan)


def _is_level(line: Line) -> bool:
    return line.level is not False  # where either tone would do, verse rhymes in the level one


def shape_processor(request: PoemRequest, tokenizer: Any, prompt_length: int) -> ShapeProcessor:
    """What holds sampling to the request's shape, from the token after the prompt on.

    prompt_length: tokens before the poem, padding included.
    """
    plan = token_plan(request.shape, request.acrostic, tokenizer)
    characters = {token: number for token, number in tokenizer.get_vocab().items() if _ONE_HAN.fullmatch(token)}
    rhymes = RhymingTokens(characters, request.shape.book, len(tokenizer))
    return ShapeProcessor(plan, rhymes, tokenizer.eos_token_id, prompt_length)


class RhymingTokens:
    """The characters of a vocabulary, and which of them rhyme by a book."""

    def __init__(self, characters: Mapping[str, int], book: Book, size: int) -> None:
        import torch

        self.all = torch.zeros(size, dtype=torch.bool)  # (vocabulary): any Chinese character
        self.all[list(characters.values())] = True
        # (groups, vocabulary) for each tone: 1 where a character is read in that tone and group
        self._members = {level: _membership(characters, book, size, level) for level in (True, False)}

    def read(self, slot: Tone) -> torch.Tensor:
        """(vocabulary), True for the characters of a tone; for all where none is known to have it."""
        found = self._members[slot.level].any(dim=0)
        return found if found.any() else self.all

    def rhyming(self, written: torch.Tensor, slot: Rhyme) -> torch.Tensor:
        """written (rows, tokens of the poem so far) -> (rows, vocabulary), True for what may stand in the slot.

        Every row has something: what has no rhyme left, or never had one, may end on any character.
        """
        shared = self._shared(written, slot) if slot.earlier else self._begun(written, slot)
        found = (shared.float() @ self._members[slot.level]) > 0
        fresh = found.clone()
        opening = () if slot.opening is None else (slot.opening,)
        for place in (*(place for place, _ in slot.earlier), *opening):
            fresh.scatter_(1, written[:, place : place + 1], False)
        found = found.where(found.any(dim=1, keepdim=True), self.all)
        return fresh.where(fresh.any(dim=1, keepdim=True), found)

    def _shared(self, written: torch.Tensor, slot: Rhyme) -> torch.Tensor:
        """(rows, groups): those of all earlier ends."""
        shared = None
        for place, level in slot.earlier:
            groups = self._groups(written[:, place], level)
            asked = groups | ~groups.any(dim=1, keepdim=True)  # an end without a rhyme asks for none
            shared = asked if shared is None else shared & asked
        return shared

    def _begun(self, written: torch.Tensor, slot: Rhyme) -> torch.Tensor:
        """(rows, groups): those that are large enough to begin with; of the opening's, where it is level alone."""
        import torch

        sizes = torch.stack([self._members[level].sum(dim=1) for level in set(slot.tones)]).amin(dim=0)
        begun = (sizes >= min(_PLENTY * len(slot.tones), int(sizes.max()))).expand(len(written), -1)
        if slot.opening is None:
            return begun
        level, oblique = (self._groups(written[:, slot.opening], level) for level in (True, False))
        joined = begun & level
        joins = joined.any(dim=1, keepdim=True) & ~oblique.any(dim=1, keepdim=True)
        return joined.where(joins, begun)

    def _groups(self, tokens: torch.Tensor, level: bool) -> torch.Tensor:
        """tokens (rows) -> (rows, groups), True for those in which a token is read in a tone."""
        return self._members[level][:, tokens].T > 0


def _membership(characters: Mapping[str, int], book: Book, size: int, level: bool) -> torch.Tensor:
    import torch

    names = sorted({name for found in book.groups.values() for name in found})
    rows = {name: row for row, name in enumerate(names)}
    found = [
        (rows[name], token) for each, token in characters.items() for name in rhyme_groups(each, book, level=level)
    ]
    members = torch.zeros(len(names), size)
    if found:
        members[tuple(torch.tensor(found).T)] = 1
    return members


class ShapeProcessor:
    """A logits processor that leaves at each step only what the plan allows.

    The rows of a batch share prompt length and shape, so the step alone tells the place in the poem. A token the plan
    names gets logit 0, so that no filter before it can have taken it away.
    """

    def __init__(self, plan: tuple[Slot, ...], rhymes: RhymingTokens, end: int, prompt_length: int) -> None:
        self._plan = plan
        self._rhymes = rhymes
        self._end = end
        self._prompt_length = prompt_length
        self.tokens = len(plan) + 1  # and the end

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
        """input_ids (rows, tokens so far), scores (rows, vocabulary) -> scores with -inf where the form forbids."""
        written = input_ids[:, self._prompt_length :]
        step = written.shape[1]
        slot = self._plan[step] if step < len(self._plan) else self._end
        if isinstance(slot, Rhyme):
            return _only(self._rhymes.rhyming(written, slot), scores)
        if isinstance(slot, Tone):
            return _only(self._rhymes.read(slot), scores)
        if slot is None:
            return _only(self._rhymes.all, scores)
        tokens = written[:, slot.place] if isinstance(slot, Repeat) else written.new_full((len(written),), slot)
        return scores.new_full(scores.shape, float("-inf")).scatter(1, tokens[:, None], 0.0)


def _only(allowed: torch.Tensor, scores: torch.Tensor) -> torch.Tensor:
    """allowed (…, vocabulary of the tokenizer); a model may have rows to spare, which stay forbidden."""
    import torch

    allowed = torch.nn.functional.pad(allowed, (0, scores.shape[1] - allowed.shape[-1]))
    masked = scores.masked_fill(~allowed, float("-inf"))
    taken_away = masked.isneginf().all(dim=1, keepdim=True)
    return masked.masked_fill(taken_away & allowed, 0.0)
