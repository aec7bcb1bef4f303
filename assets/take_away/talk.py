"""和旁边的模型说话：python talk.py 一个问题；不带参数时一问一答，空行结束。

Talks with the model beside this file: python talk.py "a question", or a conversation of single questions, which an empty
line ends. A model that learnt plain texts goes on with yours. Needs torch and transformers (see requirements.txt), and no
network.
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

FOLDER = Path(__file__).resolve().parent
CONTINUES = False  # whether training read plain texts
PROSE = "<|文|>"  # what gpt-zh wants before a text
LONGEST = 200  # tokens of an answer


def main() -> None:
    sys.stdout.reconfigure(encoding="utf-8")
    tokenizer = AutoTokenizer.from_pretrained(FOLDER)
    model = AutoModelForCausalLM.from_pretrained(FOLDER, dtype=torch.float32).eval()
    for question in sys.argv[1:] or asked():
        print(answer(model, tokenizer, question))


def asked():
    """Lines typed, until an empty one."""
    sys.stdin.reconfigure(encoding="utf-8")
    while line := sys.stdin.readline().strip():
        yield line


def answer(model, tokenizer, text: str) -> str:
    """The likeliest words."""
    inputs = continued(tokenizer, text) if CONTINUES else told(tokenizer, text)
    padding = tokenizer.eos_token_id if tokenizer.pad_token_id is None else tokenizer.pad_token_id
    with torch.inference_mode():
        ids = model.generate(**inputs, max_new_tokens=LONGEST, do_sample=False, pad_token_id=padding)
    return tokenizer.decode(ids[0, inputs["input_ids"].shape[1] :], skip_special_tokens=True)


def told(tokenizer, question: str):
    turns = [{"role": "user", "content": question}]
    return tokenizer.apply_chat_template(turns, add_generation_prompt=True, return_dict=True, return_tensors="pt")


def continued(tokenizer, text: str):
    knows_prose = PROSE in tokenizer.get_vocab()
    prefix = PROSE if knows_prose else ""
    return tokenizer(prefix + text, add_special_tokens=not knows_prose, return_tensors="pt")


if __name__ == "__main__":
    main()
