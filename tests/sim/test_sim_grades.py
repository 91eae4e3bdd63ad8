"""What the simulated judge makes of evidence: grades, checks, and who is favored."""

from collections import Counter
from itertools import pairwise

import pytest
from sim_cases import CHECKED, FAIL, FENCE, GAVE_UP, PASS, PROBLEM, SOLVED, TEST, ask, summary

from inspect_tts.prompts import load_prompt
from inspect_tts.sim.chance import Stream
from inspect_tts.sim.config import SimConfig
from inspect_tts.sim.judge import appraise, choose, grade, is_judge_request, shown_solutions
from inspect_tts.text.fences import fenced
from inspect_tts.text.summary import Error, SummaryContent, summary_text
from inspect_tts.text.verdict import parse_grade

SURE = SimConfig(judge_accuracy=1, position_bias=0)


def grade_prompt(text: str) -> str:
    shown = [fenced(FENCE, "solution_1", text), fenced(FENCE, "facts_1", "- ended: completed")]
    return load_prompt("grade").format(problem=PROBLEM, solutions="\n\n".join(shown), fence=FENCE)


def test_a_prompt_for_a_grade_is_answered_with_one_and_better_evidence_has_the_higher() -> None:
    grades = []
    for turns in (CHECKED, SOLVED, GAVE_UP):
        prompt = grade_prompt(summary_text(summary(*turns)))
        assert is_judge_request(prompt)
        grades.append(parse_grade(ask(SURE, prompt, 1)))
    assert all(one is not None and two is not None and one > two for one, two in pairwise(grades))


@pytest.mark.parametrize(("score", "expected"), [(0, 10), (2, 14), (-4, 2), (9, 20), (-9, 1)])
def test_a_grade_is_from_1_to_20(score: float, expected: int) -> None:
    assert grade(SURE, score, Stream((0,))) == expected


def test_twice_the_errors_of_a_vote_are_random_grades() -> None:
    config = SimConfig(judge_accuracy=0.75)
    drawn = Counter(grade(config, 0, Stream((scope,))) for scope in range(4000))
    assert set(drawn) == set(range(1, 21))
    assert drawn[10] / 4000 == pytest.approx(0.5 + 0.5 / 20, abs=0.03)
    assert all(count / 4000 < 0.05 for number, count in drawn.items() if number != 10)


def test_equal_evidence_needs_no_accuracy() -> None:
    config = SimConfig(judge_accuracy=0, position_bias=0)
    drawn = {choose(config, [1.0, 1.0], Stream((scope,))) for scope in range(50)}
    assert drawn == {0, 1}
    assert {choose(config, [1.0, 0.0], Stream((scope,))) for scope in range(50)} == {1}


def test_another_seed_is_another_judge() -> None:
    prompt = grade_prompt(summary_text(summary(*SOLVED)))
    said = [
        [ask(SimConfig(seed=seed, judge_accuracy=0.5), prompt, scope) for scope in range(30)]
        for seed in (0, 0, 1)
    ]
    assert said[0] == said[1] != said[2]


def test_each_solution_has_its_own_checks() -> None:
    checks = "Solution 1: return code 0\nSolution 2, like the untouched copy: return code 1"
    shown = [fenced(FENCE, f"solution_{n}", f"text {n}") for n in (1, 2)]
    prompt = "\n\n".join([*shown, fenced(FENCE, "checks", f"{checks}\n{checks}")])
    assert shown_solutions(prompt) == [
        ("text 1", "", (True, True)),
        ("text 2", "", (False, False)),
    ]


@pytest.mark.parametrize(
    ("checks", "worth"), [((), 0.0), ((True,), 1.5), ((False,), -1.5), ((True, False), 0.0)]
)
def test_checks_count_for_and_against(checks: tuple[bool, ...], worth: float) -> None:
    text = summary_text(summary(*SOLVED))
    assert appraise(text, checks=checks).score - appraise(text).score == worth


def test_the_last_test_counts_and_no_more_than_two_errors() -> None:
    again = (*SOLVED, ("Another.", f"{TEST} --all", FAIL))
    assert (
        appraise(summary_text(summary(*again))).score
        < appraise(summary_text(summary(*SOLVED))).score
    )

    def with_errors(count: int) -> SummaryContent:
        errors = [Error(error=f"e{n}", resolved=False) for n in range(count)]
        return summary(*SOLVED).model_copy(update={"errors": errors})

    scores = [appraise(summary_text(with_errors(count))).score for count in range(5)]
    assert [one - two for one, two in pairwise(scores)] == [0.5, 0.5, 0.0, 0.0]


def test_prose_that_says_as_much_of_passes_as_of_failures_says_nothing() -> None:
    assert appraise("One test passes, one fails.").score == appraise("It was done.").score == 0.0


def test_a_test_that_passes_in_the_end_counts_more_than_one_that_failed_before() -> None:
    again = (*SOLVED[:3], ("All.", f"{TEST} --all", FAIL), ("Test.", TEST, PASS))
    assert (
        "the test passed after the last change" in appraise(summary_text(summary(*again))).reasons
    )
