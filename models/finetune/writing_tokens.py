"""Writings -> token ids, spelt as the chat and the continuation will spell them, and which of them are learned.

Of a question and its answer only the answer is learned, with the mark that ends it. Knows tokenizers and no training.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import torch

from models.finetune.course import Item
from models.finetune.writing_data import Writings
from models.spelling import text_ids, turn_ids

IGNORED = -100  # label of a token that is read and not learned, as torch's cross entropy has it
# For a base that was never taught to talk. Its end mark is the tokenizer's own.
PLAIN_TEMPLATE = (
    "{% for message in messages %}{% if message['role'] == 'assistant' %}{{ '答：' + message['content'] + eos_token }}"
    "{% elif message['role'] == 'user' %}{{ '问：' + message['content'] + '\n' }}{% else %}"
    "{{ message['content'] + '\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '答：' }}{% endif %}"
)


class Speller:
    """ends: the tokens that end what the model says. max_length: tokens a row, at most."""

    def __init__(self, tokenizer: Any, ends: set[int], max_length: int) -> None:
        self._tokenizer, self._ends, self._longest = tokenizer, ends, max_length
        self._end = [min(ends) if tokenizer.eos_token_id is None else tokenizer.eos_token_id] if ends else []

    def encode(self, writings: Writings, rows: Sequence[int]) -> list[Item]:
        """The rows in their order. A long answer is cut, a long text comes in pieces; a question that leaves no room is left out."""
        spell = self._exchange if writings.has_questions else self._text
        return [piece for row in rows for piece in spell(writings, row)]

    def question(self, question: str) -> list[int]:
        """What the model is given to answer it."""
        return turn_ids(self._tokenizer, [{"role": "user", "content": question}])

    def opening(self, text: str) -> list[int]:
        """What the model is given to continue it."""
        return text_ids(self._tokenizer, text)

    def _exchange(self, writings: Writings, row: int) -> Iterator[Item]:
        asked = self.question(writings.questions[row])
        if len(asked) < self._longest:
            ids = asked + self._answer(asked, writings.questions[row], writings.answers[row])
            yield _item(ids[: self._longest], learned_from=len(asked))

    def _answer(self, asked: list[int], question: str, answer: str) -> list[int]:
        """As the template writes it, up to its first end mark. Where the template thinks aloud before an answer, the bare text."""
        told = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        whole = turn_ids(self._tokenizer, told, ask=False)
        if whole[: len(asked)] == asked:
            ids = whole[len(asked) :]
        else:
            ids = self._tokenizer.encode(answer, add_special_tokens=False)
        ended = next((place for place, token in enumerate(ids) if token in self._ends), None)
        return [*ids, *self._end] if ended is None else ids[: ended + 1]

    def _text(self, writings: Writings, row: int) -> Iterator[Item]:
        """The first token of a piece is given, not learned: nothing stands before it that it could be told from."""
        ids = [*text_ids(self._tokenizer, writings.answers[row]), *self._end]
        for start in range(0, len(ids) - 1, self._longest - 1):
            yield _item(ids[start : start + self._longest], learned_from=1)


def collate(items: Sequence[Item], padding: int) -> dict[str, torch.Tensor]:
    """input_ids, attention_mask and labels, (rows, longest), padded on the right: positions count from the left."""
    longest = max(len(item["input_ids"]) for item in items)

    def padded(values: Sequence[int], filler: int) -> list[int]:
        return [*values, *[filler] * (longest - len(values))]

    columns = {
        "input_ids": [padded(item["input_ids"], padding) for item in items],
        "attention_mask": [padded([1] * len(item["input_ids"]), 0) for item in items],
        "labels": [padded(item["labels"], IGNORED) for item in items],
    }
    return {name: torch.tensor(values) for name, values in columns.items()}


def _item(ids: list[int], *, learned_from: int) -> Item:
    return {"input_ids": ids, "labels": [IGNORED] * learned_from + ids[learned_from:]}
