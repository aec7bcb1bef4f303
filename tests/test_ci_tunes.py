"""What the tunes promise: patterns that the texts give, told in one short line each."""

from __future__ import annotations

import pytest

from models.ci_tunes import TUNES
from models.recipes.ci_tunes import pattern
from models.verse import check
from models.verse_forms import tune

PUSAMAN = [
    "平林漠漠烟如织。寒山一带伤心碧。暝色入高楼。有人楼上愁。玉阶空伫立。宿鸟归飞急。何处是归程。长亭更短亭。",
    "小山重叠金明灭。鬓云欲度香腮雪。懒起画蛾眉。弄妆梳洗迟。照花前后镜。花面交相映。新帖绣罗襦。双双金鹧鸪。",
    "人人尽说江南好。游人只合江南老。春水碧于天。画船听雨眠。垆边人似月。皓腕凝霜雪。未老莫还乡。还乡须断肠。",
]
OTHERS = ["昨夜雨疏风骤。", "平林漠漠烟如织，寒山一带伤心碧。"]
RUMENGLING = [
    "昨夜雨疏风骤。浓睡不消残酒。试问卷帘人，却道海棠依旧。知否。知否。应是绿肥红瘦。",
    "常记溪亭日暮。沉醉不知归路。兴尽晚回舟，误入藕花深处。争渡。争渡。惊起一滩鸥鹭。",
]
KNOWN = {
    "浣溪沙": "一曲新词酒一杯。去年天气旧亭台。夕阳西下几时回。无可奈何花落去，似曾相识燕归来。小园香径独徘徊。",
    "蝶恋花": "花褪残红青杏小。燕子飞时，绿水人家绕。枝上柳绵吹又少。天涯何处无芳草。"
    "墙里秋千墙外道。墙外行人，墙里佳人笑。笑渐不闻声渐悄。多情却被无情恼。",
    "鹊桥仙": "纤云弄巧，飞星传恨，银汉迢迢暗度。金风玉露一相逢，便胜却、人间无数。"
    "柔情似水，佳期如梦，忍顾鹊桥归路。两情若是久长时，又岂在、朝朝暮暮。",
    "卜算子": "驿外断桥边，寂寞开无主。已是黄昏独自愁，更著风和雨。无意苦争春，一任群芳妒。零落成泥碾作尘，只有香如故。",
    "渔家傲": "塞下秋来风景异。衡阳雁去无留意。四面边声连角起。千嶂里。长烟落日孤城闭。"
    "浊酒一杯家万里。燕然未勒归无计。羌管悠悠霜满地。人不寐。将军白发征夫泪。",
    "如梦令": RUMENGLING[1],
    "菩萨蛮": PUSAMAN[2],
}


def test_the_pattern_is_the_most_frequent_shape_with_its_rhymes() -> None:
    found, share = pattern([*PUSAMAN, *OTHERS], 4)
    assert found == "7a。7a。5B。5B。/5c。5c。5D。5D。" == TUNES["菩萨蛮"]
    assert share == 3 / 5


def test_a_line_that_is_always_repeated_is_found() -> None:
    assert pattern(RUMENGLING, 0)[0] == TUNES["如梦令"]


@pytest.mark.parametrize("name", TUNES)
def test_every_tune_can_be_read_whole(name: str) -> None:
    shape = tune(name)
    written = "".join(f"{line.length}{line.stop}" for line in shape.pattern)
    assert written == "".join(each for each in TUNES[name] if each.isdigit() or each in "，。、")
    assert 0 < shape.first_stanza <= len(shape.pattern)
    assert shape.pattern[shape.first_stanza - 1].stop == shape.pattern[-1].stop == "。"
    rhymes = [line.rhyme for line in shape.pattern if line.rhyme]
    assert all(rhymes.count(letter) > 1 for letter in rhymes)


@pytest.mark.parametrize("name", KNOWN)
def test_the_ci_that_everybody_knows_keep_their_tunes(name: str) -> None:
    report = check(tune(name), KNOWN[name])
    assert report.holds
    assert report.rhyme.holds, report.rhyme
