"""用旁边的模型给文字分类：python classify.py 一句话 又一句；不带参数时从标准输入逐行读。

Classifies with the model beside this file: python classify.py "a text" "another", or lines from standard input. Writes a
line for each text: label, probability, text. Needs torch and transformers (see requirements.txt), and no network.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from transformers import AutoModelForSequenceClassification, AutoTokenizer

FOLDER = Path(__file__).resolve().parent
MAX_LENGTH = 128  # tokens of a text that training read
BATCH = 32


def main() -> None:
    sys.stdout.reconfigure(encoding="utf-8")
    texts = sys.argv[1:] or lines()
    tokenizer = AutoTokenizer.from_pretrained(FOLDER)
    model = AutoModelForSequenceClassification.from_pretrained(FOLDER, dtype=torch.float32).eval()
    for start in range(0, len(texts), BATCH):
        batch = texts[start : start + BATCH]
        inputs = tokenizer(batch, truncation=True, max_length=MAX_LENGTH, padding=True, return_tensors="pt")
        with torch.inference_mode():
            shares, classes = model(**inputs).logits.softmax(dim=-1).max(dim=-1)
        for text, share, index in zip(batch, shares.tolist(), classes.tolist(), strict=True):
            print(model.config.id2label[index], f"{share:.4f}", text, sep="\t")


def lines() -> list[str]:
    sys.stdin.reconfigure(encoding="utf-8")
    return [line.strip() for line in sys.stdin if line.strip()]


if __name__ == "__main__":
    main()
