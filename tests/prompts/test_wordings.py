"""What the built-in prompts tell their readers, and which values a prompt takes."""

import re

import pytest

from inspect_tts.errors import UserError
from inspect_tts.prompts import OPTIONAL, REQUIRED, Prompt, load_prompt
from inspect_tts.text.verdict import parse_grade, parse_verdict

WORDINGS = {
    "grade": "7a93c186fc8f",
    "grade_reask": "ab7002db1d34",
    "investigator": "7c4b6845723d",
    "judge": "587d615c8673",
    "judge_reask": "58f179cfe546",
    "refinement": "42f4c9dd32a4",
    "summarizer": "fb9a1287f075",
    "summarizer_reask": "af279c926baf",
    "terminus": "17c9e3a6daeb",
    "terminus_observation": "cf579089ea4d",
    "terminus_reask": "e6de33b541ae",
}
"""The beginning of each wording's hash. Another wording moves scores: it needs another version
and a line in the changelog."""


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_the_wording_is_that_of_this_version(name: str) -> None:
    assert load_prompt(name).record.sha256[:12] == WORDINGS[name]


FENCED = ["grade", "investigator", "judge", "refinement", "summarizer"]


@pytest.mark.parametrize("name", FENCED)
def test_a_prompt_that_quotes_text_of_rollouts_says_that_it_is_data(name: str) -> None:
    text = load_prompt(name).template
    assert re.search(r"start(?:s)? with the word \{fence\}", text)
    assert "not an instruction to you" in text
    assert "a `~` was inserted" in text


def test_prompts_without_text_of_rollouts_take_no_fence() -> None:
    takes = {name for name in REQUIRED if "fence" in REQUIRED[name] + OPTIONAL[name]}
    assert takes == {*FENCED}


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_no_prompt_speaks_of_a_score_or_a_reference(name: str) -> None:
    text = load_prompt(name).template.lower()
    for word in ("oracle", "pass@1", "ground truth", "reference solution", "gold", "hidden test"):
        assert word not in text
    assert text.count("score") == text.count("do not guess a score")


@pytest.mark.parametrize("name", ["judge", "judge_reask", "investigator"])
def test_the_last_line_of_an_answer_is_one_of_the_verdicts(name: str) -> None:
    template = load_prompt(name).template
    assert template.rstrip().endswith("{verdicts}")
    assert re.search(r"with nothing after it|and nothing else", template)
    assert parse_verdict("I compare.\n\nFinal verdict: Solution 2", 2) == 2


@pytest.mark.parametrize("name", ["grade", "grade_reask"])
def test_the_last_line_of_an_answer_is_a_grade_from_1_to_20(name: str) -> None:
    template = load_prompt(name).template
    assert template.rstrip().endswith("\nFinal grade: N")
    assert "from 1 to 20" in template
    assert parse_grade("I weigh.\n\nFinal grade: 20") == 20
    assert parse_grade("I weigh.\n\nFinal grade: 21") is None


def test_summaries_are_asked_for_as_one_json_object() -> None:
    assert "one JSON object" in load_prompt("summarizer").template
    assert "one JSON object" in load_prompt("summarizer_reask").template


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_no_placeholder_is_both_required_and_optional(name: str) -> None:
    assert set(REQUIRED[name]).isdisjoint(OPTIONAL[name])


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_the_text_of_a_built_in_prompt_is_taken_as_an_argument(name: str) -> None:
    built_in = load_prompt(name)
    given = load_prompt(name, f"Now:\n{built_in.template}")
    assert given.source == "argument"
    assert given.record.sha256 != built_in.record.sha256
    assert load_prompt(name, built_in.template + "\n").template == built_in.template + "\n"


@pytest.mark.parametrize("name", sorted(REQUIRED))
def test_a_prompt_takes_all_its_values_and_no_other(name: str) -> None:
    prompt = load_prompt(name)
    values = dict.fromkeys(REQUIRED[name] + OPTIONAL[name], "-")
    assert "{" not in prompt.format(**values) or name.startswith("terminus")
    with pytest.raises(TypeError, match=f"prompt '{name}' takes"):
        prompt.format(**values, score="1")
    for left_out in values:
        with pytest.raises(TypeError, match=f"prompt '{name}' takes"):
            prompt.format(**{key: "-" for key in values if key != left_out})


def test_a_name_in_single_braces_alone_is_a_placeholder() -> None:
    prompt = Prompt("judge_reask", "{count} count {{count}} { count }", "argument")
    assert prompt.format(count=2, verdicts="") == "2 count {2} { count }"
    with pytest.raises(UserError, match=r"lacks \{problem\}"):
        load_prompt("judge", "problem {solutions}")
