"""The small lexicon behind minimal pairs: words that praise or blame and can be negated and graded, and their neighbours.

Only words that take 不 and a degree word in plain Chinese; a word that does not (死机, 骗人) is no place to edit.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


PRAISE = _words(
    """
    好 好吃 好喝 好看 好听 好用 好玩 美味 可口 新鲜 香 香浓 浓郁 鲜美 地道 精致 漂亮 美丽 好闻 美 清新 清爽 干净
    整洁 卫生 舒服 舒适 舒心 宽敞 明亮 安静 温馨 方便 便利 便宜 实惠 划算 值 值得 满意 喜欢 开心 高兴 快乐 愉快
    幸福 感动 惊喜 热情 周到 贴心 耐心 细心 细致 友好 友善 亲切 礼貌 专业 认真 负责 及时 迅速 流畅 稳定 结实 耐用
    轻便 柔软 合适 合身 清晰 清楚 精彩 有趣 好笑 感人 丰富 充实 生动 深刻 优秀 出色 完美 精美 高级 大方 可爱 推荐
    放心 安心 靠谱 棒 赞 不错 强 厉害 给力 优美 顺利 顺滑 入味 筋道 细腻 温柔 温和 聪明 准时 准确 有用 有效 实用
    简单 喜爱 欣赏 享受 足 公道 正宗 暖和 透气 讲究 成功
    """
)
BLAME = _words(
    """
    差 难吃 难喝 难看 难听 难用 难闻 糟 糟糕 烂 差劲 脏 乱 臭 破 破旧 旧 陈旧 简陋 吵 嘈杂 拥挤 狭小 潮湿 阴暗
    贵 坑 坑人 黑心 慢 拖沓 冷淡 冷漠 粗鲁 敷衍 恶劣 傲慢 失望 后悔 生气 愤怒 难过 伤心 难受 郁闷 烦 烦人 讨厌
    恶心 恐怖 可怕 害怕 担心 无聊 无趣 枯燥 空洞 尴尬 生硬 混乱 麻烦 复杂 卡 卡顿 模糊 粗糙 劣质 单薄 油腻 腥 酸
    苦 涩 柴 咸 油 腻 硬 心寒 痛苦 不满 不足 不便 不爽 不快 难忍 失败 离谱 过分 严重 马虎 随便 僵硬 昂贵
    """
)
# What 不 would make odd of: the whole phrase is replaced.
NEGATED = {
    "不错": "不怎么样",
    "棒": "不怎么样",
    "赞": "不怎么样",
    "给力": "不给力",
    "厉害": "不怎么样",
    "强": "不怎么样",
    "惊喜": "不惊喜",
    "不满": "满意",
    "不足": "充足",
    "不便": "方便",
    "不爽": "爽",
    "不快": "愉快",
}
VERBS = _words(
    """
    推荐 喜欢 值得 喜爱 欣赏 享受 担心 讨厌 害怕 后悔
    """
)
# No degree word of these: 还算推荐, 非常成功地.
UNGRADED = _words(
    """
    推荐 不错 完美 失败 成功 准时 过分 离谱
    """
)

STRONG = ("极其", "极", "非常", "特别", "十分", "超级", "超", "太", "相当", "最", "无比", "格外", "强烈")
PLAIN = ("很", "真", "好", "蛮", "挺")
WEAK = ("还算", "比较", "有点儿", "有点", "有些", "稍微有点", "略", "稍微")
BEFORE_DEGREE = ("真的", "实在", "确实", "真是")
DEGREES = (*STRONG, *PLAIN, *WEAK)
NEGATIONS = ("不是很", "不太", "不怎么", "不够", "并不", "不", "没那么")
WHOLLY = (
    "一点都",
    "一点也",
    "一点儿都",
    "一点儿也",
    "完全",
    "根本",
    "很",
    "非常",
    "特别",
)  # that may stand before a negation
JOINING = (
    "但是",
    "可是",
    "不过",
    "而且",
    "并且",
    "所以",
    "因为",
    "虽然",
    "但",
    "而",
    "就是",
    "只是",
    "另外",
    "总之",
    "总的来说",
)
# Fixed turns of phrase and what says the opposite; the second is what the first's speaker feels.
TURNS = (
    ("再也不会来", "下次还会来", "negative"),
    ("再也不来", "下次还来", "negative"),
    ("不会再来", "还会再来", "negative"),
    ("不会再买", "还会再买", "negative"),
    ("再也不买", "下次还买", "negative"),
    ("再也不点", "下次还点", "negative"),
    ("下次还会来", "再也不会来", "positive"),
    ("下次还来", "再也不来", "positive"),
    ("还会再来", "不会再来", "positive"),
    ("会再来", "不会再来", "positive"),
    ("还会回购", "不会回购", "positive"),
    ("会回购", "不会回购", "positive"),
    ("没得说", "不怎么样", "positive"),
    ("不虚此行", "白跑一趟", "positive"),
)
