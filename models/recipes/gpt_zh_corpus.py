"""The training texts of gpt-zh: poems, ci, prose and dialogues written out in the model's formats.

Gives lists of documents, each a string that names its form by a special token, and mixes them by their share of
characters. Knows nothing of torch or of training.
"""

from __future__ import annotations

import random
import re
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from models.recipes.common import read_lines
from models.recipes.gpt_zh_tokenizer import BODY, END_OF_MESSAGE, END_OF_TEXT, TITLE
from models.verse import FORMS, LONGEST_TITLE

SHARES = {"verse": 0.50, "ci": 0.12, "prose": 0.22, "dialogue": 0.16}  # of the characters that are trained on
FAMOUS_REPEATS = 8
GREETING_REPEATS = 20
SMALL_TALK_REPEATS = 6
SMILE_DIALOGUES = 1500
POEM_REQUESTS = 6000
UNTITLED = 1 / 3  # of the poems, so that the model also answers a prompt without a title
LONGEST = 500  # characters a document, within the model's 512 positions
PROSE_LENGTHS = (60, 180)  # characters a piece of prose: one that is continued comes to an end of its own
SENTENCE_ENDS = tuple("。！？…”』」）!?")
GREETINGS = Path(__file__).with_name("gpt_zh_greetings.txt")
SYSTEM_PROMPTS = {
    "crosswoz": "你是一位旅行客服，帮客人找景点、餐馆和酒店。",
    "kdconv": "你喜欢聊电影、音乐和旅行。",
    "smile": "你是一位耐心的倾听者。",
    "greetings": "你是模型茶馆的小助手。",
}


@dataclass(frozen=True)
class Poem:
    form: str  # a key of FORMS, 词 or 诗
    title: str  # empty where there is none worth asking for
    body: str


@dataclass(frozen=True)
class Corpus:
    documents: dict[str, list[str]]  # a list for each key of SHARES
    held_out: list[Poem]
    train_bodies: frozenset[str]  # the regulated poems, to see whether one was learnt by heart


def read_corpus(data: Path, seed: int) -> Corpus:
    """All texts, shuffled, with one regulated poem in a hundred held out."""
    text, rng = data / "text", random.Random(seed)
    poems = {name: list(regulated(text / f"poetry_{name}.txt.xz")) for name in ("tang", "songshi", "famous")}
    train = {name: [poem for poem in found if not is_held_out(poem)] for name, found in poems.items()}
    held_out = {poem.body: poem for found in poems.values() for poem in found if is_held_out(poem)}
    documents = {
        "verse": [write(p, rng) for p in (*train["tang"], *train["songshi"], *train["famous"] * FAMOUS_REPEATS)],
        "ci": [write(poem, rng) for poem in ci(text / "poetry_songci.txt.xz")],
        "prose": list(prose(text, rng)),
        "dialogue": list(dialogues(text, rng)) + list(requests(train["tang"] + train["famous"] * 2, rng)),
    }
    for found in documents.values():
        rng.shuffle(found)
    bodies = frozenset(poem.body for found in train.values() for poem in found)
    return Corpus(documents, list(held_out.values()), bodies)


def is_held_out(poem: Poem) -> bool:
    """By the text itself, so that a poem that stands in two collections is held out in both."""
    return zlib.crc32(poem.body.encode()) % 100 == 0


def without_rare(corpus: Corpus, known: frozenset[str]) -> Corpus:
    """Drops poems that hold a character outside the vocabulary."""
    documents = dict(corpus.documents)
    for kind in ("verse", "ci"):
        documents[kind] = [text for text in documents[kind] if set(plain(text)) <= known]
    held_out = [poem for poem in corpus.held_out if set(poem.title + poem.body) <= known]
    return Corpus(documents, held_out, corpus.train_bodies)


def rhyming(document: str) -> frozenset[int]:
    """The places, in tokens, of a regulated poem's rhyming characters: those before each 。. None in other documents."""
    start = document.find(BODY)
    if start < 0 or not document.startswith(tuple(f"<|{form}|>" for form in FORMS)):
        return frozenset()
    head = document[:start]
    first = len(plain(head)) + head.count("<|") + 1
    return frozenset(first + place - 1 for place, one in enumerate(plain(document[start:])) if one == "。")


def plain(document: str) -> str:
    """A document without its special tokens."""
    return re.sub(r"<\|[^|]+\|>", "", document)


def regulated(path: Path) -> Iterator[Poem]:
    """Poems whose line lengths and count are those of a form. Other stops become ，at odd and 。at even lines."""
    forms = {(form.lines, form.length): form for form in FORMS.values()}
    for title, body in read_poems(path):
        lines = re.split("[，。？！；]", body)
        lengths = {len(line) for line in lines[:-1]}
        if lines[-1] or len(lengths) != 1 or not re.fullmatch(r"[\u3400-\u9fff\U00020000-\U0003ffff]+", "".join(lines)):
            continue
        form = forms.get((len(lines) - 1, lengths.pop()))
        if form:
            stops = ("，", "。") * (form.lines // 2)
            yield Poem(form.name, title, "".join(line + stop for line, stop in zip(lines[:-1], stops, strict=True)))


def ci(path: Path) -> Iterator[Poem]:
    """Ci under the name of their tune alone."""
    for title, body in read_poems(path):
        tune = re.split(r"[·・（(]", title)[0]
        if "□" not in body and tune not in {"失调名", "句", ""} and len(body) < LONGEST:
            yield Poem("词", tune, body)


def read_poems(path: Path) -> Iterator[tuple[str, str]]:
    for line in read_lines(path):
        title, _, body = line.split("\t")
        yield title.split(" ")[0], body.replace("|", "")


def write(poem: Poem, rng: random.Random) -> str:
    """A poem in the model's format; the title of a ci always stays, since it says which pattern the lines follow."""
    keep = poem.form == "词" or rng.random() > UNTITLED
    titled = keep and 0 < len(poem.title) <= LONGEST_TITLE and poem.title != "句"
    return f"<|{poem.form}|>{TITLE + poem.title if titled else ''}{BODY}{poem.body}{END_OF_TEXT}"


def prose(text: Path, rng: random.Random) -> Iterator[str]:
    """Modern prose in pieces of whole sentences, and modern verse with its line breaks."""
    for name in ("stories_tiny_chinese_gpt35", "prose_luxun_pd"):
        for paragraphs in blocks(read_lines(text / f"{name}.txt.xz")):
            yield from pieces("\n".join(paragraphs), rng)
    for name in ("wiki_drcd_cmrc_paragraphs", "fairytale_cft"):
        for line in read_lines(text / f"{name}.txt.xz"):
            yield from pieces(line, rng)
    for line in read_lines(text / "tatoeba_zh_sentences.txt.xz"):
        yield f"<|文|>{line}"  # a sentence is no whole text: no end is learnt from it
    for line in read_lines(text / "poetry_modern_pd.txt.xz"):
        title, _, body = line.split("\t")
        if len(body) < LONGEST:
            yield write(Poem("诗", title, body.replace("|", "\n")), rng)


def pieces(text: str, rng: random.Random) -> Iterator[str]:
    """A long text in pieces of whole sentences; each of them ends. A rest without an end mark is left out."""
    return (f"<|文|>{piece[:LONGEST].strip()}{END_OF_TEXT}" for piece in _grouped(text, rng) if piece.strip())


def _grouped(text: str, rng: random.Random) -> Iterator[str]:
    """Sentences together until they have one of PROSE_LENGTHS, and the last ones."""
    piece, length = "", rng.randint(*PROSE_LENGTHS)
    for sentence in re.findall(r"[^。！？!?…]*[。！？!?…]+[”』」）]*\s*", text):
        piece += sentence
        if len(piece) >= length:
            yield piece
            piece, length = "", rng.randint(*PROSE_LENGTHS)
    yield piece


def blocks(lines: Iterable[str]) -> Iterator[list[str]]:
    """Runs of lines between blank ones."""
    for filled, run in groupby(lines, key=bool):
        if filled:
            yield list(run)


def dialogues(text: Path, rng: random.Random) -> Iterator[str]:
    """Dialogues in the chat format, now and then under the system prompt of their kind."""
    for name, repeats, most in (
        ("crosswoz", 1, None),
        ("kdconv", 1, None),
        ("smile_subset", 1, SMILE_DIALOGUES),
        ("chatterbot_zh", SMALL_TALK_REPEATS, None),
    ):
        found = list(blocks(read_lines(text / f"dialogue_{name}.txt.xz")))[:most] * repeats
        yield from (chat(turns, SYSTEM_PROMPTS.get(name.removesuffix("_subset"), ""), rng) for turns in found)
    greetings = list(blocks(GREETINGS.read_text(encoding="utf-8").splitlines())) * GREETING_REPEATS
    yield from (chat(turns, SYSTEM_PROMPTS["greetings"], rng) for turns in greetings)


def chat(turns: list[str], system: str, rng: random.Random) -> str:
    """Turns `A：…` `B：…` as messages, as many as fit."""
    roles = {"A": "user", "B": "assistant"}
    messages = [message("system", system)] if system and rng.random() < 0.3 else []
    size = sum(map(len, messages))
    for turn in turns:
        messages.append(message(roles[turn[0]], ended(turn[2:])))
        size += len(turn) + 2
        if size > LONGEST:
            return "".join(messages[:-1])
    return "".join(messages) + END_OF_TEXT


def message(role: str, content: str) -> str:
    return f"<|{role}|>{content}{END_OF_MESSAGE}"


def ended(content: str) -> str:
    """A turn with its last sentence closed, as people seldom trouble to."""
    return content if content.endswith(SENTENCE_ENDS) or not content[-1:].isalnum() else content + "。"


def requests(poems: list[Poem], rng: random.Random) -> Iterator[str]:
    """Poems asked for in words, from those whose titles people would ask for."""
    short = [poem for poem in poems if 1 <= len(poem.title) <= 4]
    for poem in rng.sample(short, min(POEM_REQUESTS, len(short))):
        asked = rng.choice(
            (f"写一首{poem.form}", f"请以“{poem.title}”为题写一首{poem.form}。", f"写一首关于{poem.title}的诗")
        )
        yield message("user", asked) + message("assistant", poem.body) + END_OF_TEXT


def mixed(documents: dict[str, list[str]]) -> Iterator[str]:
    """Documents without end, each time of the kind that is furthest behind its share; a list that ends begins anew."""
    served = dict.fromkeys(documents, 0)
    turn = dict.fromkeys(documents, 0)
    while True:
        kind = min(documents, key=lambda name: served[name] / SHARES[name])
        document = documents[kind][turn[kind] % len(documents[kind])]
        served[kind] += len(plain(document))
        turn[kind] += 1
        yield document
