"""Sentences in which a small word turns the whole: negations, double negations, contrasts, degrees, emoji.

The review sets hold too few of them. Half are written here from lists, half are two real short reviews of one kind
joined by a conjunction, whose second part decides. None is a sentence that the model is judged by
(models.recipes.sentiment_scores). Labels are 0 negative, 1 positive. It knows no model.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from itertools import chain, product

Labelled = tuple[str, int]

THINGS = (
    *("房间", "味道", "质量", "服务", "这本书", "屏幕", "物流", "客服态度", "环境", "菜品", "做工", "音质"),
    *("早餐", "这部电影", "包装", "电池", "性价比", "送餐速度", "手感", "位置", "内容", "这家店", "面料", "剧情"),
)
STATEMENTS: tuple[Labelled, ...] = (
    ("{}不好", 0),
    ("{}不怎么样", 0),
    ("{}不太行", 0),
    ("{}一点也不好", 0),
    ("{}没有想象中好", 0),
    ("{}远没有描述的好", 0),
    ("{}谈不上好", 0),
    ("{}说不上多好", 0),
    ("{}不值这个价", 0),
    ("{}没有哪里让人满意", 0),
    ("{}没一处好的", 0),
    ("从没见过{}这么差的", 0),
    ("没想到{}居然这么差", 0),
    ("{}不能再差了", 0),
    ("{}好不到哪里去", 0),
    ("不喜欢，{}太一般", 0),
    ("因为{}，不会再买了", 0),
    ("{}让人后悔来这一趟", 0),
    ("{}不是不好", 1),
    ("{}没什么不好的", 1),
    ("{}没有哪里不满意", 1),
    ("{}没得挑", 1),
    ("{}挑不出什么问题", 1),
    ("{}找不到缺点", 1),
    ("{}无可挑剔", 1),
    ("{}好得没话说", 1),
    ("从没见过{}这么好的", 1),
    ("从来没有遇到{}这么棒的", 1),
    ("没想到{}这么好", 1),
    ("{}不能再好了", 1),
    ("{}差不到哪里去，放心", 1),
    ("{}没有让人失望", 1),
    ("不得不夸一下{}", 1),
    ("{}果然名不虚传", 1),
    ("冲着{}，以后就认准这一家", 1),
    ("就冲{}，错过会可惜", 1),
    ("{}不比大牌差", 1),
    ("{}比不上别家", 0),
)
FAULTS = ("差", "贵", "脏", "吵", "慢", "旧", "难吃", "难用", "粗糙", "无聊", "让人失望")
DENIALS: tuple[Labelled, ...] = (
    ("{}一点都不{}", 1),
    ("{}并不{}", 1),
    ("{}不算{}", 1),
    ("{}真不{}", 1),
    ("{}实在太{}了", 0),
    ("{}不是一般的{}", 0),
    ("{}不但{}，还越来越{}", 0),
)
WHOLE: tuple[Labelled, ...] = (
    ("买了不后悔", 1),
    ("后悔没有早点买", 1),
    ("后悔买了", 0),
    ("早知道就不买了", 0),
    ("早知道这么好就多买几个", 1),
    ("下次不会再来", 0),
    ("下次不来才怪", 1),
    ("再也不去别家了", 1),
    ("再也不点这家了", 0),
    ("不来一次真的遗憾", 1),
    ("没有比这更糟的了", 0),
    ("没有比这更舒服的了", 1),
    ("不推荐大家买", 0),
    ("没有理由不推荐", 1),
    ("谁买谁后悔", 0),
    ("谁用谁知道，真的好", 1),
    ("这钱花得不冤", 1),
    ("这钱花得真冤", 0),
    ("不踩雷，放心点", 1),
    ("又踩雷了", 0),
    ("不会失望的", 1),
    ("别提多失望了", 0),
    ("别提多好吃了", 1),
    ("好吃到停不下来", 1),
    ("难吃到咽不下去", 0),
)
PRAISE = (
    *("服务很热情", "味道很好", "质量不错", "性价比很高", "用着很顺手", "老板人很好", "效果出乎意料地好", "住得很舒服"),
    *("分量很足", "音质很棒", "我很喜欢", "孩子特别爱看", "值得再来", "让人很满意", "拍照很清晰", "内容很精彩"),
)
BLAME = (
    *("价格太贵", "房间太吵", "做工粗糙", "等了很久", "电池不耐用", "服务态度很差", "味道实在一般", "没几天就坏了"),
    *(
        "送来都凉了",
        "内容很空洞",
        "让人很失望",
        "隔音太差",
        "和图片完全不一样",
        "客服不理人",
        "卡得没法用",
        "不会再买了",
    ),
)
# {0} is what stands first; the label is that of the second part.
TURNS = (
    *("虽然{0}，但是{1}", "虽说{0}，不过{1}", "{0}，但是{1}", "{0}，可是{1}", "{0}，不过{1}", "尽管{0}，{1}"),
    *("{0}倒是真的，可{1}", "本来以为{0}，结果{1}", "一开始觉得{0}，后来发现{1}", "都说{0}，我觉得{1}"),
)
EXCEPTIONS: tuple[tuple[str, str, int], ...] = (
    ("除了{}，其他都很好", "blame", 1),
    ("除了{}，没有别的毛病", "blame", 1),
    ("除了{}，别的都不行", "praise", 0),
    ("也就{}，其余一塌糊涂", "praise", 0),
    ("要不是{}，真想给满分", "blame", 1),
)
PLAIN = (
    *("今天收到了", "刚下班回家", "明天要去出差", "晚上在家做饭", "电影看完了", "周末去了一趟公园", "成绩出来了"),
    *("他给我发消息了", "刚刚试了一下", "在路上", "到站了", "又是星期一", "跟朋友见面了", "看到新闻了", "快递到了"),
)
SMILES = ("😄", "😊", "🥰", "😍", "🎉", "✨", "❤️", "😘", "🤗", "🌹", "💪", "😋", "[爱你]", "[鼓掌]", "[哈哈]", "[太阳]")
FROWNS = ("😡", "😭", "💔", "😖", "😤", "😞", "🤮", "😢", "😠", "🙄", "😩", "😰", "[怒]", "[泪]", "[失望]", "[怒骂]")
WRITTEN_TURNS, JOINED, DENIED, WITH_EMOJI = 1_500, 3_000, 800, 700


def examples(short: Sequence[tuple[str, int, str]], seed: int) -> list[Labelled]:
    """All of them in a fixed order; `short` are real reviews of one clause as (text, label, kind)."""
    order = random.Random(seed)
    denied = list(denials())
    written = list(written_turns())
    return [
        *statements(),
        *WHOLE,
        *exceptions(),
        *order.sample(denied, min(DENIED, len(denied))),
        *order.sample(written, min(WRITTEN_TURNS, len(written))),
        *joined(short, order),
        *emoji(order),
    ]


def statements() -> Iterator[Labelled]:
    for thing, (form, label) in product(THINGS, STATEMENTS):
        yield form.format(thing), label


def denials() -> Iterator[Labelled]:
    for thing, fault, (form, label) in product(THINGS, FAULTS, DENIALS):
        yield form.format(thing, fault, fault), label


def written_turns() -> Iterator[Labelled]:
    for turn, praise, blame in product(TURNS, PRAISE, BLAME):
        yield turn.format(blame, praise), 1
        yield turn.format(praise, blame), 0


def exceptions() -> Iterator[Labelled]:
    parts = {"praise": PRAISE, "blame": BLAME}
    for form, kind, label in EXCEPTIONS:
        yield from ((form.format(part), label) for part in parts[kind])


def joined(short: Sequence[tuple[str, int, str]], order: random.Random) -> Iterator[Labelled]:
    """Two real clauses of one kind and opposite labels; the second one decides."""
    kinds = sorted({kind for _, _, kind in short})
    pools = {
        (kind, label): [text for text, own, place in short if (own, place) == (label, kind)]
        for kind, label in product(kinds, (0, 1))
    }
    usable = [kind for kind in kinds if pools[kind, 0] and pools[kind, 1]]
    for _ in range(JOINED if usable else 0):
        kind, label = order.choice(usable), order.randrange(2)
        first, second = order.choice(pools[kind, 1 - label]), order.choice(pools[kind, label])
        yield order.choice(TURNS).format(first, second), label


def emoji(order: random.Random) -> Iterator[Labelled]:
    """Plain statements that only an emoji colours, and emoji alone."""
    signs = [*((sign, 1) for sign in SMILES), *((sign, 0) for sign in FROWNS)]
    yield from chain.from_iterable(((sign, label), (sign * 3, label)) for sign, label in signs)
    for _ in range(WITH_EMOJI):
        sign, label = order.choice(signs)
        yield order.choice(PLAIN) + sign * order.randint(1, 3), label
