"""The commonest tunes of Song ci and the lines that each asks for. Data alone; models.verse_forms reads it.

A line is its number of characters, the letter of its rhyme and its stop; / stands before the second stanza. A capital
rhymes in the level tone, a small letter in an oblique one, and both of one letter in the same part of 词林正韵; = says
that the line before is repeated. Of the shapes a tune has this is the most frequent among its Song ci, and the share
of those that keep it to the last stop stands behind it. `python -m models.recipes.ci_tunes` finds all this in the
texts, but for the stanzas.
"""

from __future__ import annotations

# The most frequent tune first.
TUNES = {
    "浣溪沙": "7A。7A。7A。/7，7A。7A。",  # 89 %
    "水调歌头": "5，5A。6，5A。6，6，5A。5，5A。/3，3，3A。6，5A。6，6，5A。5，5A。",  # 33 %
    "鹧鸪天": "7A。7A。7，7A。/3，3A。7A。7，7A。",  # 96 %
    "菩萨蛮": "7a。7a。5B。5B。/5c。5c。5D。5D。",  # 91 %
    "满江红": "4，3、4a。3、4，4a。7，7a。3、5，3a。/3，3a。3，3a。5，4a。7，7a。3、5，3a。",  # 62 %
    "临江仙": "7，6A。7A。5，5A。/7，6A。7A。5，5A。",  # 73 %
    "西江月": "6，6A。7A。6a。/6，6A。7A。6a。",  # 94 %
    "减字木兰花": "4a。7a。4B。7B。/4c。7c。4D。7D。",  # 96 %
    "沁园春": "4，4，4A。5，4，4，4A。4，4，7A。3，5，4A。/6A。8A。5，4，4，4A。4，4，7A。3，5，4A。",  # 54 %
    "念奴娇": "4，5，4a。7，6a。4，4，5a。4，6a。/6，4，5a。7，6a。4，4，5a。4，6a。",  # 36 %
    "蝶恋花": "7a。4，5a。7a。7a。/7a。4，5a。7a。7a。",  # 95 %
    "点绛唇": "4，7a。4a。5a。/4，5a。3a。4a。5a。",  # 97 %
    "清平乐": "4a。5a。7a。6a。/6B。6B。6，6B。",  # 91 %
    "贺新郎": "5a。3、4，4a。7，6a。3、4a。7，3、5a。3，3a。/7a。3、4，4a。7，6a。3、4a。7，3、5a。3，3a。",  # 57 %
    "虞美人": "7a。5a。7B。6、3B。/7c。5c。7D。6、3D。",  # 75 %
    "满庭芳": "4，4，6A。4，5A。6，3、4A。3，4，5A。/2，3，4，4A。5，4A。6，3、4A。3，4，5A。",  # 34 %
    "好事近": "5，6a。6，5a。/7，5a。6，5a。",  # 96 %
    "水龙吟": "6，7a。4，4，4a。4，4，4a。5，4，3、3a。/6a。3、4a。4，4，4a。4，4，4a。5，4，4a。",  # 23 %
    "朝中措": "7A。5A。6，6A。/4，4，4A。6，6A。",  # 91 %
    "渔家傲": "7a。7a。7a。3a。7a。/7a。7a。7a。3a。7a。",  # 95 %
    "谒金门": "3a。6a。7a。5a。/6a。6a。7a。5a。",  # 92 %
    "卜算子": "5，5a。7，5a。/5，5a。7，5a。",  # 83 %
    "南乡子": "5A。7A。7，2A。7A。/5A。7A。7，2A。7A。",  # 85 %
    "玉楼春": "7a。7a。7，7a。/7a。7a。7，7a。",  # 91 %
    "南歌子": "5，5A。7A。6、3A。/5，5A。7A。6、3A。",  # 79 %
    "踏莎行": "4，4a。7a。7，7a。/4，4a。7a。7，7a。",  # 92 %
    "望江南": "3，5A。7，7A。5A。/3，5A。7，7A。5A。",  # 81 %
    "柳梢青": "4A。4，4A。4，4，4A。/6A。3、4A。4，4，4A。",  # 47 %
    "生查子": "5，5a。5，5a。/5，5a。5，5a。",  # 93 %
    "浪淘沙": "5A。4A。7A。7，4A。/5A。4A。7A。7，4A。",  # 92 %
    "鹊桥仙": "4，4，6a。7，3、4a。/4，4，6a。7，3、4a。",  # 77 %
    "蓦山溪": "4，5a。5，3、4a。4，5，3，3，5a。/4，5a。5，3、4a。4，5，3，3，5a。",  # 55 %
    "如梦令": "6a。6a。5，6a。2a。2=。6a。",  # 97 %
}
