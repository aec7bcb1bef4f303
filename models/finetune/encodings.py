"""The bytes of a file -> its text and the encoding they were in, with what had to be taken out or was lost.

Knows no table: what the characters mean is for others to say.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from models.errors import BadInput

READABLE = "UTF-8, GB18030, GBK, Big5, UTF-16"
LOST = "\ufffd"  # what stands where bytes were no character
_BINARY_MARKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0", b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"\x1f\x8b")
_UTF16_MARKS = (b"\xff\xfe", b"\xfe\xff")
_LOOKED_AT = 200_000  # bytes that a guess is made from
_MOST_LOST = 0.02  # of the characters beyond ASCII; more, and the encoding is another one
_MOST_CONTROLS = 0.1  # of all characters; more, and it is no text
_LEAST_SURE = 0.1
_CONTROLS = re.compile(r"[\x00-\x08\x0e-\x1f]")
# Names of chardet in lower case -> how Python reads it, how people call it. Only what tables come in: chardet also knows
# encodings of terminals long gone, for which a short Chinese file is easily taken.
_GUESSES = {
    "gb18030": ("gb18030", "GB18030"),
    "gbk": ("gb18030", "GB18030"),
    "gb2312": ("gb18030", "GB18030"),
    "big5": ("big5hkscs", "Big5"),
    "big5-hkscs": ("big5hkscs", "Big5"),
    "cp950": ("big5hkscs", "Big5"),
    "utf-16": ("utf-16", "UTF-16"),
    "utf-16-le": ("utf-16-le", "UTF-16"),
    "utf-16-be": ("utf-16-be", "UTF-16"),
    "cp932": ("cp932", "Shift_JIS"),
    "shift_jis": ("cp932", "Shift_JIS"),
    "euc-jp": ("euc-jp", "EUC-JP"),
    "euc-kr": ("cp949", "EUC-KR"),
    "cp949": ("cp949", "EUC-KR"),
}
_USUAL = (("gb18030", "GB18030"), ("big5hkscs", "Big5"))
_WESTERN = ("cp1252", "Windows-1252")


@dataclass(frozen=True)
class Decoded:
    text: str  # lines end with \n; NUL characters are still in it
    encoding: str  # as people call it; "UTF-8" with or without its mark


def decode(raw: bytes, name: str) -> Decoded:
    """The text of a file. BadInput where the bytes are none, or in an encoding that cannot be told."""
    if raw.startswith(_BINARY_MARKS):
        raise BadInput("errors.not_a_table", file=name)
    found = _marked(raw) or _as_utf8(raw) or _guessed(raw) or _western(raw)
    if found is None:
        raise BadInput("errors.file_encoding", file=name, valid=READABLE)
    if len(_CONTROLS.findall(found.text)) > _MOST_CONTROLS * len(found.text):
        raise BadInput("errors.not_a_table", file=name)
    return Decoded(found.text.replace("\r\n", "\n").replace("\r", "\n"), found.encoding)


def _marked(raw: bytes) -> Decoded | None:
    """A file that says its encoding in its first bytes."""
    return _tolerant(raw, "utf-16", "UTF-16") if raw.startswith(_UTF16_MARKS) else None


def _as_utf8(raw: bytes) -> Decoded | None:
    """Other encodings are hardly ever valid UTF-8 by chance, but UTF-16 of plain ASCII is: every second byte a NUL."""
    is_wide = raw.count(b"\x00") > len(raw) / 4
    return None if is_wide else _tolerant(raw, "utf-8-sig", "UTF-8")


def _guessed(raw: bytes) -> Decoded | None:
    """The likeliest encoding that reads every byte; else one that reads nearly every."""
    candidates = list(dict.fromkeys(filter(None, [_guess(raw), *_USUAL])))
    for codec, shown in candidates:
        try:
            return Decoded(raw.decode(codec), shown)
        except UnicodeDecodeError:
            continue
    return next(filter(None, (_tolerant(raw, codec, shown) for codec, shown in candidates)), None)


def _western(raw: bytes) -> Decoded | None:
    """Mostly ASCII letters with a few accents; nearly any bytes would pass, so it is asked last."""
    accents = sum(byte > 127 for byte in raw)
    return _tolerant(raw, *_WESTERN) if accents < len(raw) / 4 else None


def _guess(raw: bytes) -> tuple[str, str]:
    """(codec, name), or the most usual for a file too short to tell."""
    import chardet  # 0.2 s, and most files are UTF-8

    ranked = chardet.detect_all(raw[:_LOOKED_AT])
    for found in ranked:
        known = _GUESSES.get((found["encoding"] or "").lower())
        if known and found["confidence"] >= _LEAST_SURE:
            return known
    return _USUAL[0]


def _tolerant(raw: bytes, codec: str, shown: str) -> Decoded | None:
    """The text, with a few characters lost at most; None where they would be more."""
    text = raw.decode(codec, errors="replace")
    lost = text.count(LOST)
    if lost and lost > _MOST_LOST * sum(character > "\x7f" for character in text):
        return None
    return Decoded(text, shown)
