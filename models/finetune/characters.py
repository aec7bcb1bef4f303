"""Letters that a text should not have: read in a wrong encoding, lost, unseen; and text that is mostly markup.

Judges and heals one string at a time. Knows no table.
"""

from __future__ import annotations

import html
import re

import ftfy
from ftfy.badness import is_bad

# What remains of UTF-8 that went through GBK and back, of memory that was never written, and of bytes that were no letter.
_LOST = re.compile("锟斤拷|烫烫烫|屯屯屯|\ufffd")
# Zero width, soft hyphen, marks of direction, controls. The zero-width joiner stays: emoji are put together with it.
_UNSEEN = re.compile("[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2064\ufeff\u00ad\x01-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_WIDE_BLANKS = re.compile("[\u00a0\u2007\u202f]")
# Letters with accents, one of which stands in whatever was UTF-8 and taken for Latin: they tell where to look closer.
_ACCENTS = re.compile("[\u0080-\u017f]")
_CHINESE = re.compile("[\u3000-\u303f\u3400-\u9fff\uff01-\uff5e]")
_TAG = re.compile(r"<(?:/?[a-zA-Z][^<>]{0,200}|!--.*?--)>|&(?:nbsp|lt|gt|amp|quot|#\d+);", re.DOTALL)
_LINK = re.compile(r"https?://\S+|www\.\S+", re.IGNORECASE)
_MOSTLY = 0.5  # of a text's characters


def is_lost(text: str) -> bool:
    """Whether letters are gone for good."""
    return _LOST.search(text) is not None


def is_mojibake(text: str) -> bool:
    """Whether the text was read in a wrong encoding and can be read in the right one."""
    return healed(text) != text


def healed(text: str) -> str:
    """The text read anew: from UTF-8 taken for Latin letters (ftfy), or for GBK. The same where nothing speaks for it."""
    if text.isascii():
        return text
    if _ACCENTS.search(text):
        return ftfy.fix_encoding(text) if is_bad(text) else text
    return _from_gbk(text)


def _from_gbk(text: str) -> str:
    """Real texts hardly ever are valid UTF-8 in their GBK bytes, and never Chinese of three bytes a character.

    The bytes went by twos, so of an odd number of them the last is lost, and with it a character.
    """
    try:
        raw = text.encode("gb18030")
        read = raw.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.end < len(raw) or error.start < 6:
            return text
        read = raw[: error.start].decode("utf-8")
    except UnicodeEncodeError:
        return text
    letters = [character for character in read if not character.isascii()]
    is_chinese = len(_CHINESE.findall(read)) > 0.8 * len(letters) > 0
    return read if is_chinese and len(read) < len(text) else text


def has_unseen(text: str) -> bool:
    """Whether it holds characters that no one sees."""
    return _UNSEEN.search(text) is not None


def seen(text: str) -> str:
    """The text without them; blanks of unusual width become plain ones."""
    return _WIDE_BLANKS.sub(" ", _UNSEEN.sub("", text))


def is_markup(text: str) -> bool:
    """Whether it holds tags of HTML, or is mostly a link."""
    if _TAG.search(text):
        return html.unescape(text) != text or "<" in text
    return len(text) > 0 and sum(map(len, _LINK.findall(text))) > _MOSTLY * len(text)


def about_tokens(text: str) -> float:
    """How many tokens a model takes for a text, roughly: 0.72 for a Chinese character, 0.3 for another."""
    if len(text) * 0.3 < 1:
        return float(len(text))
    ascii_letters = sum(character < "\u2e80" for character in text)
    return 0.72 * (len(text) - ascii_letters) + 0.3 * ascii_letters
