"""Words that say nothing about what is asked, that negate, and that part one thing from another."""

from __future__ import annotations

HARD = "|"  # what ends a negation
SOFT = "/"  # what ends a clause only

_ENGLISH = """
a about after all also am an any anyone are as at awesome b be been being best better big box
buy by can cannot cant capable card century computer could data dataset day did do does each
enough ever every everything five for from get give go good gpu gpus great h100 h100s h200
hardware have having help here hey home house how i id if ill im in into is it its ive just k
let lets like lot machine make maybe me million millions model models more much my need new next
nice night nvidia of off ok on one only onto our out over own owner pc per please possible
program rig run server should simulate simulation so some someone something sort start suitable
suited ten tenfold than thanks that the their them then there these they thing this those
thousand thousands three to tomorrow too try two up us use used useful user using very want was
we well were what when where whether which who why will with work would yes yet you your
yourself
"""
ENGLISH_FILLERS = frozenset(_ENGLISH.split())

# A negation takes out what follows, up to the next hard break. These are words of their own ...
NEGATION_WORDS = frozenset(
    {"not", "no", "without", "never", "dont", "doesnt", "didnt", "isnt", "arent", "wasnt", "wont"}
    | {"neither", "nor", "except"}
)

# ... and these stand anywhere.
NEGATIONS = frozenset(
    {"不是", "不要", "不想", "不用", "不玩", "不做", "不打", "不需要", "不打算", "沒有", "而非"}
    | {"並非", "不必", "不再", "不挖", "別玩", "instead of", "rather than"}
)

# "and" parts two wishes but not what a negation covers; "but" parts that too.
ENGLISH_BREAKS = {
    "and": SOFT,
    "or": SOFT,
    "plus": SOFT,
    "while": SOFT,
    "also": SOFT,
    "but": HARD,
    "however": HARD,
}
CHINESE_SOFT_BREAKS = ("還有", "以及", "同時", "並且", "順便", "然後", "和", "跟", "與", "或")
TURNS = ("而是", "但是", "可是", "不過")  # hard breaks without a mark

# They look like a negation and are a question, or take nothing back.
NOT_NEGATIONS = (
    "是不是",
    "要不要",
    "想不想",
    "用不用",
    "有沒有",
    "能不能",
    "可不可以",
    "會不會",
    "好不好",
    "行不行",
    "適不適合",
    "不只是",
    "不只",
    "不僅",
    "不知道",
    "not only",
    "not just",
    "not sure",
    "why not",
    "dont know",
    "no idea",
    "can not",
)

_CHINESE = """
我 我們 你 你們 您 他 她 它 想 想要 要 用 用來 來 拿 拿來 可以 能 會 嗎 呢 吧 啊 的 了 在 上 裡
裡面 把 給 讓 請 請問 幫 幫我 幫忙 一個 一些 一台 一張 一份 一起 這 這台 這個 那 那個 機器 電腦
主機 家 家裡 家中 自己 自己的 是 有 做 做成 些 很 適合 好 怎麼 如何 什麼 對 為 為了 於 也 都 就
並 之 從 到 成 變成 當 當作 作為 去 跑 使用 十張 十 幾 個 張 台 顯卡 顯示卡 買 卡 伺服器 晚上
白天 模擬 模型 資料 程式
"""
CHINESE_FILLERS = tuple(_CHINESE.split())
