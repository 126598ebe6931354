"""`tenfold fit` as a program, without a daemon."""

import pytest


def test_a_no_says_why_and_what_instead(bare):
    done = bare("fit", "a game", status=1)
    assert done.out.startswith("No: Playing games\n")
    assert "no display output" in done.out and "consumer card" in done.out
    assert "white paper" in done.out
    assert not bare.home.exists()  # it leaves nothing, and starts nothing


def test_a_question_in_chinese_is_answered_in_chinese(bare):
    done = bare("fit", "我想玩遊戲", status=1)
    assert done.out.startswith("不適合：玩遊戲\n") and "顯示輸出" in done.out
    assert bare("fit", "我想玩遊戲", "--language", "en", status=1).out.startswith("No: ")


def test_a_yes_names_the_workload_that_is_there_or_ones_own_command(bare):
    there = bare("fit", "train a language model from scratch")
    assert there.out.startswith("Yes: ") and "tenfold run llm.pretrain" in there.out
    assert "not in the catalogue" not in there.out
    absent = bare("fit", "translate a novel")
    assert "not in the catalogue yet" in absent.out
    assert "tenfold run --gpus 1 -- python translate.py" in absent.out


def test_words_need_no_quotes_and_two_wishes_get_two_answers(bare):
    done = bare("fit", "can", "I", "game", "on", "it", "and", "fine-tune", "llama", "at", "night")
    assert done.out.startswith("In part\nNo: Playing games\n")
    assert "\nYes: Fine-tune" in done.out


@pytest.mark.parametrize("words", ["", "flumph zorbing", "養貓"])
def test_not_known_is_an_answer_of_its_own(bare, words):
    done = bare("fit", words, status=3)
    assert done.out.startswith(("I don't know.", "我不知道。"))
    assert "tenfold fit --list" in done.out and "tenfold workloads" in done.out
    assert bare("fit", words, "--json", status=3).json["answer"] == "unknown"


def test_json_has_all_of_it(bare):
    said = bare("fit", "影片轉檔", "--json", status=1).json
    assert (said["answer"], said["language"]) == ("no", "zh-Hant")
    (entry,) = said["because"]
    assert entry["id"] == "video-encoding" and entry["sources"] and not entry["command"]
    listed = bare("fit", "--list", "--json").json
    assert {entry["answer"] for entry in listed} == {"yes", "partly", "no"}
    assert "llm.pretrain" in {name for entry in listed for name in entry["workloads"]}


def test_the_list_is_in_the_language_that_was_asked_for(bare):
    assert "Playing games" in bare("fit", "--list").out
    assert "玩遊戲" in bare("fit", "--list", "--language", "zh-Hant").out


def test_ones_own_workload_and_ones_own_table_count(bare):
    mine = bare.home / "workloads" / "mine"
    mine.mkdir(parents=True)
    (mine / "loom.py").write_text('"""Loom: weaving drafts from a photograph."""\n')
    assert "tenfold run mine.loom" in bare("fit", "loom").out
    text = '[[entry]]\nid = "loom"\nanswer = "no"\ntitle = "Weaving"\nsays = ["loom"]\n'
    (bare.home / "fit.toml").write_text(text)
    assert bare("fit", "loom", status=1).out.startswith("No: Weaving")
    (bare.home / "fit.toml").write_text(text.replace('"no"', '"never"'))
    refused = bare("fit", "loom", "--json", status=2).json["refusal"]
    assert refused["code"] == "fit.table"
    assert "Entry 'loom', field 'answer'" in refused["why"]
    assert refused["next"] == f"edit {bare.home / 'fit.toml'}"


def test_nothing_asked_is_a_refusal(bare):
    assert "--list" in bare("fit", status=2).err
