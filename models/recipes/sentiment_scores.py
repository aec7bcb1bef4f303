"""How sentiment-zh is judged: accuracy and calibration by domain, and short sentences of our own.

It knows scores and labels; it knows no training.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from models.recipes.classifier_scores import accuracy, calibration_error
from models.recipes.common import Example

NEGATION = (
    ("这个味道不好", 0),
    ("这个味道不是不好", 1),
    ("没有一个地方让我满意", 0),
    ("没有什么可挑剔的", 1),
    ("不得不说真香", 1),
    ("再也不会来第二次了", 0),
    ("以后不会再去别家了，就认准这里", 1),
    ("并没有宣传的那么好", 0),
    ("一点都不后悔买了它", 1),
    ("不能说不好看，但也不值这个价", 0),
    ("从来没吃过这么好吃的面", 1),
    ("从来没见过这么差的态度", 0),
    ("说不上喜欢", 0),
    ("不愧是老字号", 1),
    ("谈不上有多好", 0),
    ("没想到这么便宜还这么好用", 1),
    ("没想到这么贵还这么难用", 0),
    ("挑不出毛病", 1),
    ("完全不推荐", 0),
    ("不买会后悔", 1),
)
CONTRAST = (
    ("虽然贵了一点，但是物有所值", 1),
    ("虽然便宜，但是用了两天就坏了", 0),
    ("位置偏是偏，可是老板人特别好", 1),
    ("环境倒是优雅，就是菜实在难以下咽", 0),
    ("除了快递慢一点，其他都很完美", 1),
    ("除了包装好看，一无是处", 0),
    ("开头有些闷，后面越看越精彩", 1),
    ("开头很吸引人，结尾烂得一塌糊涂", 0),
    ("等了一个小时，不过味道对得起这个时间", 1),
    ("名气很大，去了以后大失所望", 0),
    ("外观一般，性能却让人惊喜", 1),
    ("外观漂亮，一开机就死机", 0),
    ("孩子很喜欢，我却觉得内容粗制滥造，不建议买", 0),
    ("本来没抱希望，结果超出预期", 1),
    ("本来很期待，结果令人失望", 0),
    ("房间小了点，但干净又安静，下次还住", 1),
    ("早餐还行，可隔音太差，一夜没睡", 0),
    ("尽管屏幕不大，我还是很喜欢", 1),
    ("尽管客服道了歉，我还是很生气", 0),
    ("如果能再便宜一点就更完美了，总体很满意", 1),
)
EVERYDAY = (
    ("今天好开心😄", 1),
    ("又下雨了，烦死了😡", 0),
    ("终于拿到offer了🎉🎉", 1),
    ("心都碎了💔", 0),
    ("爱了爱了❤️", 1),
    ("呵呵，这就是你们的服务", 0),
    ("无语，浪费我一下午", 0),
    ("谢谢你一直陪着我", 1),
    ("想家了，一个人偷偷哭😭", 0),
    ("yyds，无限回购", 1),
    ("垃圾软件，赶紧卸载", 0),
    ("太好吃了吧！！！", 1),
    ("我的手机又摔坏了", 0),
    ("和老朋友聊了一晚上，真好", 1),
    ("👍👍👍", 1),
    ("👎", 0),
    ("加班到凌晨，累得不想说话", 0),
    ("春天来了，花都开了🌸", 1),
    ("这部電影讓我感動到哭，值得一看", 1),
    ("服務態度惡劣，不會再來", 0),
)
PROBES = {"negation": NEGATION, "contrast": CONTRAST, "everyday": EVERYDAY}


def probe_examples() -> list[Example]:
    """Sixty sentences written for this recipe, as examples."""
    return [Example(text, label, f"probe: {name}") for name, pairs in PROBES.items() for text, label in pairs]


def table(examples: list[Example], chances: np.ndarray, baseline: np.ndarray) -> Iterator[str]:
    """A markdown table: accuracy and calibration error of each domain, beside the baseline's accuracy."""
    domains = np.array([example.domain for example in examples])
    labels = np.array([example.label for example in examples])
    yield "| domain | texts | accuracy | calibration error | n-gram baseline |"
    yield "|---|---|---|---|---|"
    for domain in dict.fromkeys(domains):
        own = domains == domain
        right, lower = (accuracy(rows[own], labels[own]) for rows in (chances, baseline))
        error = calibration_error(chances[own], labels[own])
        yield f"| {domain} | {own.sum()} | {right:.1f} % | {error:.3f} | {lower:.1f} % |"


def mistakes(examples: list[Example], chances: np.ndarray) -> Iterator[str]:
    """The probe sentences it gets wrong."""
    for example, row in zip(examples, chances, strict=True):
        if example.domain.startswith("probe") and row.argmax() != example.label:
            yield f"{example.text} (positive {row[1]:.2f})"
