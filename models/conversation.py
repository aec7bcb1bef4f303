"""A conversation: messages as they arrive from a page or the API, made plain and short enough for a model.

Knows roles and lengths; how a message is spelt for a model is its chat template's affair.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from models.errors import BadInput

ROLES = ("system", "user", "assistant")
Turn = dict[str, str]  # {"role", "content"}


def plain(messages: Any) -> list[Turn]:
    """Messages as {"role", "content"} with a string for content, which Gradio sends as a list of parts.

    BadInput where they are no messages.
    """
    if not isinstance(messages, (list, tuple)) or not all(_is_message(message) for message in messages):
        raise BadInput("errors.bad_history", valid='[{"role": "user", "content": "…"}]')
    return [{"role": message["role"], "content": _text(message["content"])} for message in messages]


def asked(messages: Any) -> list[Turn]:
    """Plain messages that wait for an answer. BadInput where the last is not something a user said."""
    turns = plain(messages)
    if not turns or turns[-1]["role"] != "user" or not turns[-1]["content"].strip():
        raise BadInput("errors.empty_text")
    return turns


def _is_message(message: Any) -> bool:
    return isinstance(message, dict) and message.get("role") in ROLES and "content" in message


def _text(content: Any) -> str:
    """The text of a content; pictures and files in it are passed over."""
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        return str(content.get("text") or "")
    return "".join(_text(part) for part in content) if isinstance(content, (list, tuple)) else ""


def recent(turns: Sequence[Turn], characters: int) -> list[Turn]:
    """The newest turns with at most so many characters in all, and always the last."""
    kept: list[Turn] = []
    for turn in reversed(turns):
        characters -= len(turn["content"])
        if kept and characters < 0:
            break
        kept.insert(0, turn)
    return kept


def fitting(
    system: Sequence[Turn], turns: Sequence[Turn], length: Callable[[list[Turn]], int], room: int
) -> list[Turn]:
    """System turns and as many of the newest exchanges as fit `room` tokens; an exchange goes whole, oldest first.

    BadInput where the last message alone is too long.
    """
    rest = list(turns)
    while (tokens := length([*system, *rest])) > room:
        after = next((i for i, turn in enumerate(rest) if i and turn["role"] == "user"), None)
        if after is None:
            raise BadInput("errors.message_exceeds_window", tokens=tokens, limit=room)
        rest = rest[after:]
    return [*system, *rest]
