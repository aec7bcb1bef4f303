"""What gpt-zh is judged by: bits a character beside character 5-grams, and what its texts keep of form, rhyme and tune.

A free poem is sampled with nothing that holds the model to the form, a held one as the app writes it. Knows nothing of
training.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from models.recipes.gpt_zh_corpus import SENTENCE_ENDS, Corpus, Poem, plain, read_corpus, without_rare
from models.recipes.gpt_zh_samples import draw, poems
from models.recipes.gpt_zh_tokenizer import BODY, END_OF_MESSAGE, TITLE
from models.recipes.ngrams import Ngrams
from models.verse import CI, CIPAI, FORMS, FormReport, PoemRequest, check

TITLES = ("秋夜", "江上", "送别", "梅花", "山居")
TUNES = CIPAI[:20]
ACROSTICS = ("茶馆", "风花雪", "清风明月", "春暖花开", "生日快乐", "风花雪月夜", "山高水长春江花月")
OPENINGS = (
    *("从前有一座山，", "夜深了，", "小兔子推开门，", "我在年青时候", "今天早上，", "老师走进教室，", "这座城市位于"),
    *(
        "妈妈对他说：",
        "春天来了，",
        "很久很久以前，",
        "他出生于",
        "我不知道",
        "小明和小红",
        "雨下了一整天，",
        "在森林里，",
    ),
    *("那一年冬天，", "公园里有", "这部电影", "他终于明白，", "海边的村子里住着"),
)
QUESTIONS = (
    *("你好，我想去北京的故宫玩，门票多少钱？", "帮我找一家评分4.5分以上的酒店。", "故宫附近有什么好吃的餐馆？"),
    *("这个景点的电话是多少？", "从颐和园到天坛怎么坐地铁？", "我想找个免费的景点游玩。", "酒店有早餐吗？", "你好！"),
    *("你喜欢看什么电影？", "这首歌是谁唱的？", "请给我推荐一个可以玩半天的地方。", "餐馆几点开门？", "谢谢你！"),
    *(
        "长城在哪里？",
        "周边有什么酒店？",
        "人均消费多少？",
        "你知道周杰伦吗？",
        "我想吃烤鸭。",
        "今天天气怎么样？",
        "再见！",
    ),
)
PROSE_TOKENS, REPLY_TOKENS = 200, 128
BATCH = 64


@dataclass(frozen=True)
class Sample:
    request: PoemRequest
    text: str

    @property
    def report(self) -> FormReport:
        return check(self.request.shape, self.text, self.request.acrostic)

    def __str__(self) -> str:
        return f"{self.request.form}《{self.request.title}{self.request.acrostic}》{self.text}"


def score_folder(folder: Path, data: Path, seed: int = 0) -> dict[str, Any]:
    """The final table of a saved model."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    return measure(model, AutoTokenizer.from_pretrained(folder), data, seed)


def measure(model: Any, tokenizer: Any, data: Path, seed: int = 0) -> dict[str, Any]:
    """The final table of a model in evaluation mode."""
    return score(model, tokenizer, without_rare(read_corpus(data, seed), known_characters(tokenizer)), seed)


def known_characters(tokenizer: Any) -> frozenset[str]:
    """Those that are one token each."""
    return frozenset(token for token in tokenizer.get_vocab() if len(token) == 1)


def score(model: Any, tokenizer: Any, corpus: Corpus, seed: int) -> dict[str, Any]:
    """The final table, as plain data. Shares are of 1."""
    torch.manual_seed(seed)
    return {
        "parameters": sum(weights.numel() for weights in model.parameters()),
        "held_out_poems": len(corpus.held_out),
        "held_out_bits_per_character": round(bits_per_character(model, tokenizer, corpus.held_out), 3),
        "five_gram_bits_per_character": round(five_gram_bits(corpus), 3),
        **score_regulated(model, tokenizer, corpus.train_bodies),
        **score_ci(model, tokenizer),
        **score_acrostics(model, tokenizer),
        **score_prose(model, tokenizer),
        **score_replies(model, tokenizer),
    }


def score_regulated(model: Any, tokenizer: Any, train_bodies: frozenset[str]) -> dict[str, Any]:
    """A hundred poems of each form, free and held, half of them untitled; 200 of the free looked for in the corpus."""
    requests = {form: [(PoemRequest(form), 50), *((PoemRequest(form, t), 10) for t in TITLES)] for form in FORMS}
    free, held = (
        {form: _write(model, tokenizer, requests[form], held=held) for form in FORMS} for held in (False, True)
    )
    looked_for = [sample.text for samples in free.values() for sample in samples[::2]]
    lines = [line for samples in free.values() for sample in samples for line in sample.report.lines]
    return {
        "free_in_form": {form: _share(sample.report.holds for sample in found) for form, found in free.items()},
        "free_rhymed": {form: _share(sample.report.rhyme.holds for sample in found) for form, found in free.items()},
        "held_in_form": {form: _share(sample.report.holds for sample in found) for form, found in held.items()},
        "held_rhymed": {form: _share(sample.report.rhyme.holds for sample in found) for form, found in held.items()},
        "free_distinct_lines": round(len(set(lines)) / max(1, len(lines)), 3),
        "free_looked_for": len(looked_for),
        "free_whole_in_training_set": sum(text in train_bodies for text in looked_for),
        "samples": [str(sample) for samples in held.values() for sample in samples[::20]],
    }


def score_ci(model: Any, tokenizer: Any) -> dict[str, Any]:
    """Ten ci to each of the twenty commonest tunes, free and held."""
    requests = [(PoemRequest(CI, tune), 10) for tune in TUNES]
    free, held = (_write(model, tokenizer, requests, held=held) for held in (False, True))
    return {
        "ci_free_in_pattern": _share(sample.report.holds for sample in free),
        "ci_free_rhymed": _share(sample.report.rhyme.holds for sample in free),
        "ci_held_in_pattern": _share(sample.report.holds for sample in held),
        "ci_held_rhymed": _share(sample.report.rhyme.holds for sample in held),
        "ci_samples": [str(sample) for sample in held[::20]],
    }


def score_acrostics(model: Any, tokenizer: Any) -> dict[str, Any]:
    requests = [(PoemRequest(form, acrostic=words), 4) for form in ("五绝", "七绝") for words in ACROSTICS]
    held = _write(model, tokenizer, requests, held=True)
    return {
        "acrostics": len(held),
        "acrostics_kept": _share(sample.report.holds for sample in held),
        "acrostics_rhymed": _share(sample.report.rhyme.holds for sample in held),
        "acrostic_samples": [str(sample) for sample in held[::8]],
    }


def _write(model: Any, tokenizer: Any, requests: Sequence[tuple[PoemRequest, int]], *, held: bool) -> list[Sample]:
    return [
        Sample(request, text)
        for request, count in requests
        for text in poems(model, tokenizer, request, count, held=held)
    ]


def score_prose(model: Any, tokenizer: Any, openings: Sequence[str] = OPENINGS) -> dict[str, Any]:
    """Two hundred continuations: which come to an end, and which stand in whole sentences, ended or cut."""
    count = 200 // len(openings)
    rows = {opening: _answers(model, tokenizer, f"<|文|>{opening}", count, PROSE_TOKENS) for opening in openings}
    texts = [opening + text for opening, found in rows.items() for text, _ in found]
    return {
        "continuations": len(texts),
        "continuations_ended": _share(ended for found in rows.values() for _, ended in found),
        "continuations_in_whole_sentences": _share(text.endswith(SENTENCE_ENDS) for text in texts),
        "continuation_samples": texts[:: 2 * count],
    }


def score_replies(model: Any, tokenizer: Any, questions: Sequence[str] = QUESTIONS) -> dict[str, Any]:
    """A hundred replies to travellers and others: which end with the end of a turn, after a whole sentence."""
    count = 100 // len(questions)
    rows = {
        question: _answers(model, tokenizer, f"<|user|>{question}{END_OF_MESSAGE}<|assistant|>", count, REPLY_TOKENS)
        for question in questions
    }
    found = [reply for replies in rows.values() for reply in replies]
    return {
        "replies": len(found),
        "replies_ended": _share(ended for _, ended in found),
        "replies_in_whole_sentences": _share(ended and text.endswith(SENTENCE_ENDS) for text, ended in found),
        "reply_samples": [f"{question} {replies[0][0]}" for question, replies in rows.items()],
    }


def _answers(model: Any, tokenizer: Any, prompt: str, count: int, limit: int) -> list[tuple[str, bool]]:
    """Texts after a prompt, and whether each ended before the limit."""
    rows = draw(model, tokenizer, tokenizer.encode(prompt, add_special_tokens=False), count, limit=limit)
    ends = {tokenizer.eos_token_id, tokenizer.convert_tokens_to_ids(END_OF_MESSAGE)}
    texts = tokenizer.batch_decode(rows, skip_special_tokens=True)
    return [(text.strip(), row[-1] in ends) for text, row in zip(texts, rows, strict=True)]


def _share(kept: Iterable[bool]) -> float:
    found = list(kept)
    return round(sum(found) / max(1, len(found)), 3)


@torch.inference_mode()
def bits_per_character(model: Any, tokenizer: Any, poems: Sequence[Poem]) -> float:
    """Of the poems' bodies, stops included and the end left out, given form and title."""
    training, nats, characters = model.training, 0.0, 0
    model.eval()
    for start in range(0, len(poems), BATCH):
        heads = [prompt_of(poem) for poem in poems[start : start + BATCH]]
        bodies = [poem.body for poem in poems[start : start + BATCH]]
        rows = [head + body for head, body in zip(heads, bodies, strict=True)]
        ids = tokenizer(rows, return_tensors="pt", padding=True, padding_side="right").input_ids
        labels = torch.full_like(ids, -100)
        for row, (head, body) in enumerate(zip(heads, bodies, strict=True)):
            begin = len(tokenizer(head).input_ids)
            labels[row, begin : begin + len(body)] = ids[row, begin : begin + len(body)]
        logits = model(input_ids=ids).logits[:, :-1].flatten(0, 1).float()
        nats += cross_entropy(logits, labels[:, 1:].flatten(), ignore_index=-100, reduction="sum").item()
        characters += int((labels != -100).sum())
    model.train(training)
    return nats / max(1, characters) / math.log(2)


def prompt_of(poem: Poem) -> str:
    return f"<|{poem.form}|>{TITLE + poem.title if poem.title else ''}{BODY}"


def five_gram_bits(corpus: Corpus) -> float:
    """Of the same characters, by a 5-gram model of the same poems; it knows neither form nor title beforehand."""
    bodies = [plain(document[document.index(BODY) :]) for document in corpus.documents["verse"]]
    return Ngrams(bodies).bits_per_character([poem.body for poem in corpus.held_out])
