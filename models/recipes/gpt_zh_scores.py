"""What gpt-zh is judged by: bits a character on held-out poems, and the shape of a hundred free quatrains.

The quatrains are sampled with nothing that holds the model to the form. Knows nothing of training.
"""

from __future__ import annotations

import math
from collections import Counter
from itertools import chain, cycle, islice

import torch
from torch.nn.functional import cross_entropy

from models.recipes.gpt_zh_corpus import Corpus, Poem
from models.recipes.gpt_zh_tokenizer import BODY, TITLE
from models.verse import FORMS, check

TITLES = ("春", "秋夜", "江上", "送别", "登楼", "梅花", "山居", "月", "雪", "归雁")
BATCH = 64


def score(model, tokenizer, corpus: Corpus, seed: int) -> dict[str, object]:
    """The final table, as plain data."""
    poems = sample_quatrains(model, tokenizer, seed)
    lines = [line for _, text in poems for line in text.replace("，", "。").split("。") if line]
    return {
        "parameters": sum(weights.numel() for weights in model.parameters()),
        "held_out_poems": len(corpus.held_out),
        "held_out_bits_per_character": round(bits_per_character(model, tokenizer, corpus.held_out), 3),
        "quatrains_of_right_shape": sum(check(FORMS[form], text).holds for form, text in poems),
        "quatrains_tried": len(poems),
        "distinct_lines": round(len(set(lines)) / max(1, len(lines)), 3),
        "quatrains_in_training_set": sum(text in corpus.train_bodies for _, text in poems),
        "samples": [f"{form} {text}" for form, text in poems[::5]],
    }


@torch.inference_mode()
def bits_per_character(model, tokenizer, poems: list[Poem]) -> float:
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


def sample_quatrains(model, tokenizer, seed: int) -> list[tuple[str, str]]:
    """50 五绝 and 50 七绝, half of each under a title: pairs of form and text."""
    torch.manual_seed(seed)
    titles = Counter(chain([""] * 25, islice(cycle(TITLES), 25)))
    return [
        (form, text)
        for form in ("五绝", "七绝")
        for title, count in titles.items()
        for text in sample(model, tokenizer, prompt_of(Poem(form, title, "")), count)
    ]


@torch.inference_mode()
def sample(model, tokenizer, prompt: str, count: int) -> list[str]:
    """`count` texts after a prompt, at temperature 0.9 and top-p 0.9."""
    inputs = tokenizer([prompt] * count, return_tensors="pt")
    output = model.generate(
        input_ids=inputs.input_ids,
        attention_mask=inputs.attention_mask,
        max_new_tokens=120,
        do_sample=True,
        temperature=0.9,
        top_p=0.9,
        top_k=0,
    )
    return tokenizer.batch_decode(output[:, inputs.input_ids.shape[1] :], skip_special_tokens=True)
