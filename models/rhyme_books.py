"""The two books of rhymes that Chinese poets go by, as groups of the 206 rhymes of 广韵.

平水韵 is for regulated verse: 106 groups, 30 of them level. 词林正韵 is for ci: 19 parts, in most of which level and
oblique tones stand side by side. Data alone; which character has which rhyme is models.rhyme's to know.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from functools import cache

# A row a final; its groups in the level, rising, departing and entering tone: the group's name, then its rhymes in 广韵.
_PINGSHUI = """
东東|董董|送送|屋屋
冬冬鍾|肿腫|宋宋用|沃沃燭
江江|讲講|绛絳|觉覺
支支脂之|纸紙旨止|寘寘至志|
微微|尾尾|未未|
鱼魚|语語|御御|
虞虞模|麌麌姥|遇遇暮|
齐齊|荠薺|霁霽祭|
||泰泰|
佳佳皆|蟹蟹駭|卦卦怪夬|
灰灰咍|贿賄海|队隊代廢|
真真諄臻|轸軫準|震震稕|质質術櫛
文文欣|吻吻隱|问問焮|物物迄
元元魂痕|阮阮混很|愿願慁恨|月月沒
寒寒桓|旱旱緩|翰翰換|曷曷末
删刪山|潸潸產|谏諫襇|黠黠鎋
先先仙|铣銑獮|霰霰線|屑屑薛
萧蕭宵|筱篠小|啸嘯笑|
肴肴|巧巧|效效|
豪豪|皓晧|号号|
歌歌戈|哿哿果|个箇過|
麻麻|马馬|祃禡|
阳陽唐|养養蕩|漾漾宕|药藥鐸
庚庚耕清|梗梗耿靜|敬映諍勁|陌陌麥昔
青青|迥迥拯等|径徑證嶝|锡錫
蒸蒸登|||职職德
尤尤侯幽|有有厚黝|宥宥候幼|
侵侵|寝寑|沁沁|缉緝
覃覃談|感感敢|勘勘闞|合合盍
盐鹽添嚴|俭琰忝儼|艳豔㮇釅|叶葉怗業
咸咸銜凡|豏豏檻范|陷陷鑑梵|洽洽狎乏
"""

# A part a row. The book divides 佳, 卦 and 泰 between two parts character by character, and 灰 from 咍, which Song poets
# rhymed as in verse: all of these count for both parts here.
_CILIN = """
第一部 東董送冬宋鍾腫用
第二部 江講絳陽養漾唐蕩宕
第三部 支紙寘脂旨至之止志微尾未齊薺霽祭灰賄隊廢泰
第四部 魚語御虞麌遇模姥暮
第五部 皆蟹駭卦怪夬咍海代佳泰灰賄隊
第六部 真軫震諄準稕臻文吻問欣隱焮魂混慁痕很恨
第七部 元阮願寒旱翰桓緩換刪潸諫山產襇先銑霰仙獮線
第八部 蕭篠嘯宵小笑肴巧效豪晧号
第九部 歌哿箇戈果過
第十部 麻馬禡佳卦
第十一部 庚梗映耕耿諍清靜勁青迥徑蒸拯證登等嶝
第十二部 尤有宥侯厚候幽黝幼
第十三部 侵寑沁
第十四部 覃感勘談敢闞鹽琰豔添忝㮇咸豏陷銜檻鑑嚴儼釅凡范梵
第十五部 屋沃燭
第十六部 覺藥鐸
第十七部 質術櫛陌麥昔錫職德緝
第十八部 物迄月沒曷末黠鎋屑薛葉怗
第十九部 合盍業洽狎乏
"""

# Characters that 广韵 reads in both tones and poets in one: of the line ends they stand at, twenty or more, fewer than one
# in fifty is in the other. `python -m models.recipes.rhyme_usage` finds them; the most frequent first.
LEVEL_IN_USE = (
    "风中生深回空衣闲同烟凉吟何留光华闻亲轻如机钱忧沙收才缘经齐狂除离弦迎泥松伤先鸿围更鲜题寥栽能毛陈临荒盟编栖沈差"
    "颠莲莱封傍锄偏袍参滩蒙三零槎精坟评妨澜舆裁披嬉虹嵬摇巢科薰堤饶张装衙汀穿娱菲庵医寰牵虫汤潭烹隈娑煎腥奔单筒陂溟"
    "摩俦增熏涎兼娇延驱胥潜妃沤针敲盐邮幢吁沽油蚕攒膏秧稽穰臞潸髯培衷廷枰沾跻斤犹湫霆嘘僚蛾踈亨烘呈榔呵膻偿抛抟旄疴"
    "浇涵番尸翘纯棺谩员粼睛芊输僵颇凶囘欷猱蓂溶潢澌橙胖谗"
)
OBLIQUE_IN_USE = (
    "梦句冷了恶卷种浅异著折枕淡罢怨共岭比丽荡戏扇洞具样鉴颂料堕羡暝院顷若冻涨列榜献课胆泛澹众尚翳冉峤请讼委着镇阮妓"
    "蕴贯黯凛颔沌芋荠剂觜燎砥痒眩示"
)


@dataclass(frozen=True, eq=False)  # there are two, and each is itself
class Book:
    name: str
    groups: dict[str, frozenset[str]]  # of each rhyme of 广韵


@cache
def pingshui() -> Book:
    """For regulated verse (https://zh.wikisource.org/wiki/平水韻). A group has one tone."""
    cells = (cell for row in _PINGSHUI.split() for cell in row.split("|") if cell)
    return Book("平水韵", {rhyme: frozenset((cell[0],)) for cell in cells for rhyme in cell[1:]})


@cache
def cilin() -> Book:
    """For ci (https://zh.wikisource.org/wiki/詞林正韻). A part up to the fourteenth has both tones."""
    found: dict[str, set[str]] = defaultdict(set)
    for row in _CILIN.strip().splitlines():
        part, rhymes = row.split()
        for rhyme in rhymes:
            found[rhyme].add(part)
    return Book("词林正韵", {rhyme: frozenset(parts) for rhyme, parts in found.items()})


@cache
def level_rhymes() -> frozenset[str]:
    """The 57 rhymes of 广韵 in the level tone (平); all others are oblique (仄)."""
    return frozenset(rhyme for row in _PINGSHUI.split() for rhyme in row.split("|")[0][1:])
