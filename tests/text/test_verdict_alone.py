"""Verdicts without the label that was asked for, in marks, and what only looks like one."""

import pytest

from inspect_tts.text.verdict import parse_verdict

READ = [
    ("Final verdict: Solution 1 > Solution 2", 1),
    ("Final verdict: **Solution 3** > Solution 1 > Solution 2", 3),
    ("Final verdict: Solution 2 ≻ Solution 1 = Solution 3.", 2),
    ("Both work.\n\nFinal verdict: 2 >> 1", 2),
    ("Final verdict: Solution ①", 1),
    ("Final verdict: ❷", 2),
    ("Final verdict: Solution 2️⃣", 2),
    ('{"verdict": [2]}', 2),
    ('{"verdict": ["Solution 2"]}', 2),
    ('{"comparison": "x", "verdict": {"solution": 2}}', 2),
    ('[{"verdict": 2}]', 2),
    ('{"verdict": 2.0}', 2),
    ("{'verdict': 'Solution 2'}", 2),
    ("It passes all.\n\n**1**", 1),
    ("**1**", 1),
    ("1", 1),
    ("[2]", 2),
    ("#2", 2),
    ("Solution one", 1),
    ("Solution 2", 2),
    ('"Solution 2"', 2),
    ("It passes all.\n\n**Solution 2**", 2),
    ("Solution 1 breaks the parser.\n\nSolution 2.", 2),
    ("### My choice\n\nSolution 2", 2),
    ("The better solution is:\n\nSolution 2", 2),
    ("Winner → 2", 2),
    ("Solution 1 breaks it.\n\n**Winner:** Solution 2", 2),
    ("Winner:\n\n**2**", 2),
    ("My vote: Solution 2", 2),
    ("I vote for Solution 2", 2),
    ("I choose Solution 2.", 2),
    ("The winner is Solution 2.", 2),
    ("The better solution is Solution 2.", 2),
    ("Better: Solution 2, because it was run.", 2),
    ("**Final Answer: Solution 2**", 2),
    ("Final choice: 2", 2),
    ("<winner>2</winner>", 2),
    ("<final_answer>Solution 2</final_answer>", 2),
    ("Verdict — Solution 2", 2),
    ("最终答案：方案2", 2),
    ("Final verdict: I choose Solution 2", 2),
    ("Final verdict: ~~Solution 1~~ Solution 2", 2),
    ("Final verdict\n=============\nSolution 2", 2),
    ("Final verdict: Solution 2, no doubt.", 2),
    ("Final verdict: Solution 2\n\nConfidence: high. No other one comes close.", 2),
]
NONE = [
    "Final verdict: Solution 1 < Solution 2",
    "Final verdict: Solution 1 >= Solution 2",
    "Final verdict: Solution 1 => 2",
    "Final verdict: Solution 1 -> 2",
    "Final verdict: Solution 1 = Solution 2 > Solution 3",
    "Final verdict: Solution 1 > Solution 2 > Solution 1",
    "Final verdict: Solution 1 > Solution 2?",
    "Final verdict: Solution 1 > Solution 2 for style",
    "Final verdict: Solution 1 > Solution 2, or the other way round",
    "Final verdict: ①②",
    '{"verdict": [1, 2]}',
    '{"verdict": []}',
    '{"verdict": {"loser": 1}}',
    '{"verdict": {"solution": 1, "score": 2}}',
    '{"verdict": {"1": "partial", "2": "full"}}',
    '{"verdict": 1.5}',
    "My vote: B",
    "Final verdict: Solution B",
    "### Solution 2",
    "**Solution 1**\nIt is fine.\n\n**Solution 2**",
    "Solution 1:\nfine\nSolution 2:",
    "Solution 1 is better.\n\nSolution 2",
    "2.",
    "It fails.\n\n2",
    "The failed tests of the first:\n\n**2**",
    "The weaker one is:\n\nSolution 1",
    "### Weaknesses\nSolution 1",
    "Which one is worse?\n\nSolution 1",
    "Not selected:\nSolution 1",
    "Not selected: Solution 1",
    "Second choice: Solution 1",
    "Winner: Solution 1\nRunner-up: Solution 2",
    "Loser: Solution 1",
    "! Solution 1",
    "❌ Solution 1",
    "**12**",
    "#9",
    "-1",
    "2/3",
    "2?",
    "**2**?",
    "Winner: Solution 1\nStyle\nWinner: Solution 2",
    "Winner: none",
    "The winner is not Solution 2.",
    "Correctness winner: Solution 2",
    "If forced, I choose Solution 2.",
    "I choose not to choose.",
    "I choose Solution 1 for tests, Solution 2 for style.",
    "I prefer Solution 1 less than Solution 2.",
    "The expected answer is 2.",
    "Winner: Solution 2\n\nNow let me check the other one.",
    "My verdict:\nboth fail\nSolution 1 is better",
    "Final verdict: ❌ Solution 1",
    "Final verdict: 🚫 Solution 1",
    "Final verdict: Solution 1 👎",
    "Final verdict: ≠ Solution 1",
    "Final verdict != Solution 1",
    "Final verdict: ! Solution 1",
    "~~Final verdict: Solution 1~~",
    "<del>Final verdict: Solution 1</del>",
    "Final verdict: Solution 1: No",
    "Final verdict: Solution 1 (no)",
    "Final verdict: Solution 1 (disqualified)",
    "Final verdict: Solution 1 (loser)",
    "Final verdict: Solution 1, since it is worse",
    "Final verdict: Solution 1 as the loser",
    "Final verdict: Solution 1 due for rejection",
    "Final verdict: Solution 1 on style only",
    "Final verdict: Solution 1\n\nNo: 2",
    "Final verdict: Solution 1\nEdit: 2",
    "Final verdict: Solution 1\n\nSorry, the other one.",
]


@pytest.mark.parametrize(("text", "expected"), READ)
def test_a_verdict_of_another_form(text: str, expected: int) -> None:
    assert parse_verdict(text, 3) == expected


@pytest.mark.parametrize("text", NONE)
def test_what_a_reader_could_doubt_is_asked_again(text: str) -> None:
    assert parse_verdict(text, 3) is None


@pytest.mark.parametrize("text", ["Comparing.\n\n**Solution 2**", "Winner: Solution 2", "**2**"])
def test_the_last_line_of_an_answer_that_was_cut_off_is_not_its_last(text: str) -> None:
    assert parse_verdict(text, 3) == 2
    assert parse_verdict(text, 3, cut=True) is None
    answer = "Final verdict: Solution 1\n\nConfidence: high\nIt"
    assert parse_verdict(answer, 3, cut=True) == 1
