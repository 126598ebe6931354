"""Every language says everything, in its own characters, with the same fields and commands."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from string import Formatter
from typing import Any

import pytest

from tenfold.catalogue.listing import PACKAGED, listing
from tenfold.catalogue.loading import load
from tenfold.terms.refusal import refusal
from tenfold.terms.texts import TEXTS
from tenfold.web.words import EN, LANGUAGES, ZH, texts, words

ROOT = Path(__file__).parents[2]

PARTS = ("what", "why", "next")
NO_HOME = Path("/nonexistent")  # so that nobody's own workloads come in

HAN = re.compile("[\u3400-\u9fff]")
# What is typed: it stays as it is in every language.
TYPED = re.compile(r"\btenfold(?: [a-z]+)?|\bkill\b|--[a-z-]*|\$PORT|TENFOLD_HOME=\S+|/docs")

# Characters that Traditional Chinese never has. Big5's first level, the common characters of
# Taiwan, has none of them (tested below), so 于, 云, 台, 后, 里, 几 and the like cannot be here.
SIMPLIFIED = (
    "们这个为时对会过还进说没让动发务线网络页数据图来国学长门问间关开书车东马见贝风飞鸟鱼龙龟齐齿电话语请认识读"
    "写讲该谁谢记设计证试词译议论许诉评费资质购买卖贵贸贴账货负责败则财贫贮钱钟铁银错键锁镜销针钢铜链级纪约红纯"
    "纸终组织结给绝统续维编缓缩罗义乌乐习乡乱争亏亚产亩亲亵从仅仓仪价众优伟传伤伦伪体侠侣侦侧侨债倾偿储党兰兴"
    "养兽内冈册军农冯冲决况冻净凉减凑凤凭凯击凿刘创删别刚刹剂剧劝办劢励劲劳势勋匀区医华协单卢卧卫却厂厅历厉压厌"
    "县参双变叙叠号叹吓吗启员响哗唤啬喷嘱团园围圆圣场块坚坛坝坞坟坠垄垦垫墙壮声壳处备复够头夹夺奋奖妆妇妈娱婴孙"
    "宁宝实审宪宽宾寻导寿将尔尘尝层屉届属屡岁岂岛岭币帅师帐带帮广庆庐库应庙废异弃张弯弹强归录彻径忆忧怀态怜总恋"
    "恳恶悬惊惧惩惯愤懒战戏户执扩扫扬扰抚抛抢护报担拟拢拥择挡挤挥损换捣掷搅携摄摆摇撑敌断无旧旷昼显晓暂术杀杂权"
    "条极构枪柜标栈栋栏树样档桥梦检楼横欢欧残毁毕毙气汇汉汤沟泪泽洁浅测济浓涂涛润涨渐湾湿满滚滤滥灭灯灵灾炉炼烂"
    "烟烧热爱爷牵状犹独狭猎环现琐疗疮疯监盖盘睁矫矿码砖础确离种积称稳穷窃窍竞笔笋签简类粮紧纤罚职联聋肃肠肤胁胜"
    "胶脑脚脸舰艺节芦苏苹荣药获莹营萧蓝虑虚虽蚀补装观规视览觉触订训讯误诱诺谈谋谐谓贡贤赏赖赛赞赵跃践踪轨转轮软"
    "轻载较辅辆辈输辞边达迁运远违连迟适选递逻遗邮邻郑释鉴闭闯闲闹闻阅阳阴阵阶际陆陈险随隐难雾静韩顶项顺须预领频题"
    "颜额饭饮饰饱馆驱验骗骤鲜黄点"
)


@pytest.fixture(scope="module")
def refusals() -> dict[str, Any]:
    return table("refusals.zh-Hant")


@pytest.fixture(scope="module")
def workloads() -> dict[str, Any]:
    return table("workloads.zh-Hant")


@pytest.fixture(scope="module")
def catalogue() -> dict[str, set[str]]:
    """The params of every workload that comes with the package."""
    packaged = [one.name for one in listing(NO_HOME) if one.path.is_relative_to(PACKAGED)]
    return {name: set(load(name, NO_HOME).params.model_fields) for name in packaged}


def table(name: str) -> dict[str, Any]:
    file = resources.files("tenfold.web") / "texts" / f"{name}.toml"
    return tomllib.loads(file.read_text(encoding="utf-8"))


def sentences(tree: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, str]]:
    for name, value in tree.items():
        if isinstance(value, Mapping):
            yield from sentences(value, f"{before}{name}.")
        else:
            yield before + name, value


def fields(*said: str) -> set[tuple[str, str, str]]:
    """Name, conversion and format of every field."""
    return {
        (name, conversion or "", spec or "")
        for text in said
        for _, name, spec, conversion in Formatter().parse(text)
        if name is not None
    }


def bare(text: str) -> str:
    """`text` without its fields."""
    return "".join(literal for literal, *_ in Formatter().parse(text))


# --- refusals


def test_every_refusal_is_there_and_no_other(refusals: dict[str, Any]) -> None:
    assert set(TEXTS) - set(refusals) == set(), "missing"
    assert set(refusals) - set(TEXTS) == set(), "stale"
    assert {code for code, own in refusals.items() if set(own) != set(PARTS)} == set()


@pytest.mark.parametrize("code", TEXTS)
def test_a_refusal_has_the_same_fields(code: str, refusals: dict[str, Any]) -> None:
    own = refusals[code]
    assert fields(*own.values()) == fields(*TEXTS[code])


@pytest.mark.parametrize("code", TEXTS)
def test_a_refusal_is_said_in_chinese(code: str, refusals: dict[str, Any]) -> None:
    for part, english in zip(PARTS, TEXTS[code], strict=True):
        chinese = refusals[code][part]
        if part == "next" or not bare(english).strip():  # a command, or given whole: `{why}`
            assert HAN.search(chinese) or chinese == english, part
        else:
            assert HAN.search(chinese), part


@pytest.mark.parametrize("code", TEXTS)
def test_commands_stay_as_they_are_typed(code: str, refusals: dict[str, Any]) -> None:
    english, chinese = TEXTS[code][2], refusals[code]["next"]
    assert sorted(TYPED.findall(chinese)) == sorted(TYPED.findall(english))


def test_a_refusal_is_filled() -> None:
    told = refusal("job.memory", needed=12.345, basis="7 B", given=4.0)
    what, why, _ = words(ZH).refused(told)
    assert HAN.search(what)
    assert "12.3 GiB" in why and "7 B" in why and "4 GiB" in why
    assert words(EN).refused(told) == (told.what, told.why, told.next)


# --- workloads


def test_every_workload_is_there_and_no_other(
    workloads: dict[str, Any], catalogue: dict[str, set[str]]
) -> None:
    assert set(workloads) == set(catalogue)
    for name, own in workloads.items():
        assert set(own) == {"name", "title", "about", "params"}, name


def test_every_param_is_there_and_no_other(
    workloads: dict[str, Any], catalogue: dict[str, set[str]]
) -> None:
    english = table("workloads.en")
    assert set(english) == set(catalogue)
    for name, params in catalogue.items():
        assert set(workloads[name]["params"]) == params, name
        assert set(english[name]["params"]) == params, name
        for param, own in workloads[name]["params"].items():
            assert set(own) == {"label", "help"}, f"{name}: {param}"


def test_a_workload_is_said_in_chinese(workloads: dict[str, Any]) -> None:
    assert [key for key, said in sentences(workloads) if not HAN.search(said)] == []
    for name, own in workloads.items():
        assert own["about"].count("。") == 2, name
    for key, said in sentences(workloads):
        assert key.endswith((".label", ".name")) != said.endswith("。"), key


def test_english_labels_are_english() -> None:
    labels = dict(sentences(table("workloads.en")))
    assert [key for key, said in labels.items() if not said.isascii() or len(said) > 30] == []


# --- all that is said


def test_every_language_has_every_key() -> None:
    english = texts(EN)
    for language in LANGUAGES:
        own = texts(language)
        assert set(english) - set(own) == set(), f"missing in {language}"
        assert set(own) - set(english) == set(), f"stale in {language}"
        differ = {key for key, said in own.items() if fields(said) != fields(english[key])}
        assert differ == set(), f"fields in {language}"


def spoken() -> Iterator[tuple[str, str]]:
    """All sentences of the files, in every language."""
    for name in ("refusals.zh-Hant", "workloads.zh-Hant", "workloads.en"):
        yield from sentences(table(name), f"{name}: ")
    for language in LANGUAGES:
        yield from sentences(texts(language), f"{language}: ")


def test_nothing_is_empty() -> None:
    assert [key for key, said in spoken() if not isinstance(said, str) or not said.strip()] == []


def test_nothing_is_simplified() -> None:
    assert [(key, found) for key, said in spoken() if (found := set(said) & set(SIMPLIFIED))] == []


def test_the_simplified_characters_are_of_no_use_in_taiwan() -> None:
    def common(character: str) -> bool:
        return b"\xa4\x40" <= character.encode("big5", "ignore") <= b"\xc6\x7e"

    assert [one for one in SIMPLIFIED if common(one)] == []
    assert common("后") and common("里")


def test_every_key_that_a_page_says_is_there() -> None:
    said: dict[str, str] = {}
    for file in sorted((ROOT / "src" / "tenfold" / "web").rglob("*.py")):
        if file.name == "words.py":  # its docstring has an example
            continue
        for key in re.findall(
            r"\bt\(\s*\"([a-z_]+\.[a-z0-9_.]*[a-z0-9])\"[,)]", file.read_text("utf-8")
        ):
            said[key] = file.name
    assert len(said) > 200
    missing = {key: file for key, file in said.items() if key not in texts("en")}
    assert not missing
