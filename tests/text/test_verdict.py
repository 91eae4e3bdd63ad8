from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspect_tts.text.verdict import parse_verdict

VERDICTS = [
    pytest.param("Final verdict: Solution 2", 2, id="as asked for"),
    pytest.param("A is worse.\n\nFinal verdict: Solution 2\n", 2, id="after a comparison"),
    pytest.param("final verdict: solution 2", 2, id="lower case"),
    pytest.param("FINAL VERDICT: SOLUTION 2", 2, id="upper case"),
    pytest.param("Final verdict: Solution 2.", 2, id="full stop"),
    pytest.param("Final verdict: Solution 2!", 2, id="exclamation mark"),
    pytest.param("  Final  verdict :\tSolution  2  ", 2, id="blanks"),
    pytest.param("Final verdict: Solution 2\r\nThanks.\r\n", 2, id="Windows line ends"),
    pytest.param("**Final verdict: Solution 2**", 2, id="bold line"),
    pytest.param("**Final verdict:** Solution 2.", 2, id="bold words"),
    pytest.param("Final verdict: ____", None, id="a line to fill in"),
    pytest.param("**Final verdict**: Solution 2", 2, id="bold words, colon outside"),
    pytest.param("Final verdict: **Solution 2**.", 2, id="bold solution"),
    pytest.param("Final verdict: Solution **2**", 2, id="bold number"),
    pytest.param("***Final verdict: Solution 2***", 2, id="bold and italic"),
    pytest.param("__Final verdict:__ _Solution 2_", 2, id="underscores"),
    pytest.param("`Final verdict: Solution 2`", 2, id="code"),
    pytest.param("```\nFinal verdict: Solution 2\n```", 2, id="code block"),
    pytest.param("### Final verdict: Solution 2", 2, id="heading"),
    pytest.param("## Final verdict\n\nSolution 2", 2, id="heading, solution below"),
    pytest.param("**Final verdict:**\n\n**Solution 2**\n", 2, id="bold words, solution below"),
    pytest.param("> Final verdict: Solution 2", 2, id="block quote"),
    pytest.param("- Final verdict: Solution 2", 2, id="list item"),
    pytest.param("Final verdict: Solution #2", 2, id="number sign"),
    pytest.param("Final verdict: solution_2", 2, id="tag name"),
    pytest.param("Final verdict: 2", 2, id="bare number"),
    pytest.param("Final verdict: the solution 2", 2, id="with an article"),
    pytest.param("Final verdict: Option 2", 2, id="option"),
    pytest.param("Final verdict: Candidate 2", 2, id="candidate"),
    pytest.param("Final verdict - Solution 2", 2, id="hyphen"),
    pytest.param("Final verdict \u2013 Solution 2", 2, id="en dash"),
    pytest.param("Final verdict \u2014 Solution 2", 2, id="em dash"),
    pytest.param("Final verdict = Solution 2", 2, id="equals sign"),
    pytest.param("Final verdict Solution 2", 2, id="no colon"),
    pytest.param("Final verdict: Solution 2\n\nThis is my decision.", 2, id="text after it"),
    pytest.param(
        "Final verdict: Solution 2\nFinal verdict: Solution N", None, id="last without a number"
    ),
    pytest.param("Final verdict: Solution 1", 1, id="first in range"),
    pytest.param("Final verdict: Solution 3", 3, id="last in range"),
    pytest.param("Final verdict: Solution 02", 2, id="leading zero"),
    pytest.param("Final verdict: Solution 4", None, id="out of range"),
    pytest.param("Final verdict: Solution 0", None, id="none is number 0"),
    pytest.param("Final verdict: Solution 12", None, id="12 is not 1"),
    pytest.param(
        "Final verdict: Solution 2\nFinal verdict: Solution 4", None, id="last out of range"
    ),
    pytest.param("Final verdict: Solution " + "1" * 5_000, None, id="a number without end"),
    pytest.param("", None, id="nothing"),
    pytest.param("Solution 2 is best.", None, id="no verdict"),
    pytest.param("Final verdict: Solution N", None, id="the form itself"),
    pytest.param("Final verdict: Solution A", None, id="a letter"),
    pytest.param("Final verdict:", None, id="cut off"),
    pytest.param("Final verdict: Solution 2 or 3", None, id="two"),
    pytest.param("Final verdict: Solution 1, 2", None, id="a list"),
    pytest.param("Final verdict: Solution 2.5", None, id="a fraction"),
    pytest.param("Final verdict: not Solution 2", None, id="negated"),
    pytest.param('I end with "Final verdict: Solution 2".', None, id="quoted in a sentence"),
    pytest.param('It says:\n"Final verdict: Solution 2"', None, id="quoted on its own line"),
    pytest.param("Semifinal verdict: Solution 2", None, id="within a word"),
]


@pytest.mark.parametrize(("text", "expected"), VERDICTS)
def test_verdict(text: str, expected: int | None) -> None:
    assert parse_verdict(text, 3) == expected


@settings(deadline=None)
@given(text=st.text(), group_size=st.integers(1, 16))
def test_any_answer_gives_a_number_in_range_or_none(text: str, group_size: int) -> None:
    for answer in (text, f"Final verdict: {text}", f"Final verdict: Solution 1{text}"):
        assert parse_verdict(answer, group_size) in (None, *range(1, group_size + 1))


@settings(deadline=None)
@given(text=st.text(), number=st.integers(1, 16))
def test_the_form_is_read_after_any_text(text: str, number: int) -> None:
    assert parse_verdict(f"{text}\nFinal verdict: Solution {number}", 16) == number


@pytest.mark.parametrize(
    "unit",
    [
        "\n",
        " ",
        "*",
        "# ",
        "-\n",
        "- ",
        "`\n",
        "\nFinal verdict",
        "\\boxed{",
        "<answer>",
        '{"a',
        "<|",
    ],
)
@pytest.mark.parametrize("start", ["", "Final verdict", "Final verdict: Solution", "final", "}"])
def test_an_answer_that_repeats_itself_costs_no_time(start: str, unit: str) -> None:
    text = start + unit * (1_000_000 // len(unit)) + "x}"
    began = process_time()
    assert parse_verdict(text, 2) is None
    assert process_time() - began < 20


READ = [
    ("Final verdict: Solution 1 because it fixes the cause, which Solution 2 does not.", 1),
    ("Final verdict: Solution 1 since Solution 2 breaks 3 tests", 1),
    ("Final verdict: Solution 2 by a margin", 2),
    ("Final verdict: Solution 2 (not Solution 1)", 2),
    ("Final verdict: Solution 2 – it handles None.", 2),
    ("Final verdict: Solution 2. It is complete.", 2),
    ("Final verdict: Solution 2, which ran the tests.", 2),
    ("Final verdict: Solution 1 over Solution 2", 1),
    ("Final verdict: Solution 1 is better than Solution 2", 1),
    ("Final verdict: Solution 3 is the most likely to be correct", 3),
    ("Final verdict: Solution 2</s>", 2),
    ("Final verdict: Solution 2<|im_end|>", 2),
    ("Final verdict: Solution 2<|eot_id|>\n<|end_of_text|>", 2),
    ("Final verdict: Solution 2<end_of_turn>", 2),
    ("Final verdict: Solution 2 <｜end▁of▁sentence｜>", 2),
    ("Final verdict: Solution 2 [/INST]", 2),
    ('It ends.\n\n"Final verdict: Solution 2"', 2),
    ("“Final verdict: Solution 2”", 2),
    ("'Final verdict: Solution 2'", 2),
    ("«Final verdict: Solution 2»", 2),
    ('Final verdict: "Solution 2"', 2),
    ("\\boxed{Solution 2}", 2),
    ("Final verdict: \\boxed{2}", 2),
    ("Final verdict: $\\boxed{\\text{Solution 2}}$", 2),
    ("\\boxed{\\text{Final verdict: Solution 2}}", 2),
    ("$$\\boxed{2}$$", 2),
    ("<answer>Solution 2</answer>", 2),
    ("<answer>2</answer>", 2),
    ("<answer>\nFinal verdict: Solution 2\n</answer>", 2),
    ("<verdict>Solution 3</verdict>", 3),
    ("| Final verdict | Solution 2 |", 2),
    ("| Criterion | Best |\n|---|---|\n| Final verdict | **Solution 2** |", 2),
    ("Final verdict：Solution 2", 2),
    ("Ｆｉｎａｌ　ｖｅｒｄｉｃｔ：Ｓｏｌｕｔｉｏｎ　２", 2),
    ("Final\u00a0verdict:\u00a0Solution\u00a02", 2),
    ("Final verdict: Solution\u202f2", 2),
    ("Final verdict:\u200b Solution 2\u200b", 2),
    ("\ufeffFinal verdict: Solution 2", 2),
    ('{"comparison": "B is worse.", "verdict": "Solution 1"}', 1),
    ('{"final_verdict": 2}', 2),
    ('```json\n{\n  "final_verdict": "Solution 2"\n}\n```', 2),
    ('My comparison.\n\n{"verdict": "2"}', 2),
    ('{"comparison": "Short.\\n\\nFinal verdict: Solution 2", "verdict": "Solution 2"}', 2),
    ('{"winner": "solution_3"}', 3),
    ('{"verdict": "Solution 2"}<|im_end|>', 2),
    ("The final verdict is Solution 1.", 1),
    ("So the final verdict: Solution 2", 2),
    ("Therefore, my final verdict is **Solution 2**.", 2),
    ("After weighing all evidence, the final verdict goes to Solution 3.", 3),
    ("Final verdict is: Solution 2", 2),
    ("Final verdict = Solution 2", 2),
    ("Final verdict -> Solution 2", 2),
    ("Final judgment: Solution 2", 2),
    ("Final decision: Solution 2", 2),
    ("FINAL_VERDICT: 2", 2),
    ("Final verdict: <solution_1>", 1),
    ("Final verdict: <solution_1></solution_1>", 1),
    ("The second is worse.\n\n<solution_1>", 1),
    ("Final verdict: [Solution 2]", 2),
    ("Final verdict: {Solution 2}", 2),
    ("Final verdict: Solution No. 2", 2),
    ("Final verdict: Solution number 2", 2),
    ("Final verdict: Solution two", 2),
    ("Final verdict: Solution\n\n2", None),
    ("Verdict: Solution 2", 2),
    ("**Verdict:** Solution 2", 2),
    ("Fixed.\n\nFinal verdict: Solution 2\n\nFinal verdict: Solution 2", 2),
    (
        "I must end with the line\n\nFinal verdict: Solution N\n\nSo:\n\nFinal verdict: Solution 2",
        2,
    ),
    ("Endgültiges Urteil: Lösung 2", 2),
    ("**Abschließendes Urteil:** Lösung 2, weil Lösung 1 nichts prüft.", 2),
    ("Verdict final : Solution 2", 2),
    ("Veredicto final: Solución 2", 2),
    ("Veredito final: Solução 2", 2),
    ("Verdetto finale: Soluzione 2", 2),
    ("Eindoordeel: Oplossing 2", 2),
    ("Итоговый вердикт: Решение 2", 2),
    ("最终判决：方案2", 2),
    ("最终裁决：解决方案 2。", 2),
    ("最终结论：方案二", 2),
    ("最終判定：ソリューション2", 2),
    ("최종 판정: 솔루션 2", 2),
    ("Nihai karar: Çözüm 2", 2),
    ("الحكم النهائي: الحل 2", 2),
    ("Final verdict: Lösung 2", 2),
    ("Final verdict: 方案2更好", 2),
]
TRAPS = [
    "Final verdict: Solution 1\nOn reflection:\nFinal verdict: Solution 2",
    "Final verdict: Solution 1\n\nFinal verdict: Solution 4",
    "Final verdict: Solution 4\n\nFinal verdict: Solution 1",
    "Final verdict: Solution 1. No wait, Solution 2.",
    "Final verdict: Solution 1. Correction: 2.",
    "Final verdict: Solution 1 and Solution 2",
    "Final verdict: Solutions 1 and 2",
    "Final verdict: Solution 1/2",
    "Final verdict: Solution 1-2",
    "Final verdict: Solution 1 & 2",
    "Final verdict: both Solution 1 and Solution 2",
    "Final verdict: neither Solution 1 nor Solution 2",
    "Final verdict: Not Solution 2",
    "Final verdict: Solution 2 is not correct",
    "Final verdict: Solution 2 is wrong",
    "Final verdict: Solution 2 is worse than Solution 1",
    "Final verdict: Solution 2 loses to Solution 1",
    "Final verdict: Solution 1?",
    "Final verdict: Solution 1, or Solution 2",
    "Final verdict: Solution 1, but only if the hidden checks are lax",
    "Final verdict: Solution 1 unless the API is needed",
    "Final verdict: Solution -1",
    "Final verdict: -1",
    "Final verdict: tie between 1 and 2",
    "Final verdict: 2 of 3 are good",
    "Final verdict: 100%",
    "Final verdict: Solution 1b",
    "Final verdict: Solution 1st",
    "Final verdict: Solution II",
    "Final verdict: the first",
    "Final verdict: whichever is shorter; 2 is shorter",
    "| Final verdict | Solution 1 | Solution 2 |",
    "The final verdict is not Solution 2.",
    "The final verdict would be Solution 2 if it had been tested.",
    "The final verdict cannot be Solution 2.",
    "Whether the final verdict is Solution 2 depends on the tests.",
    "Solution 1 claims that the final verdict is Solution 1.",
    'Solution 2 says: "Final verdict: Solution 2" and that is an order to me.',
    'Its summary ends with:\n"Final verdict: Solution 2"',
    "Solution 1 is better than Solution 2.",
    "### Solution 2",
    "Verdict: Solution 2\n\nBut there is more to weigh.",
    "My verdict on correctness: 2",
    "<solution_1>\nIt adds a test.\n</solution_1>\n<solution_2>",
    "<answer>Solution 1</answer> <answer>Solution 2</answer>",
    "\\boxed{1} or \\boxed{2}",
    "\\boxed{x^2}",
    '{"verdict": "Solution 1"} is what Solution 2 prints.',
    '{"comparison": "Final verdict: Solution 1", "verdict": "Solution 2"}',
    '{"verdict": "Solution 4"}',
    '{"verdict": "none"}',
    '{"verdict": true}',
    '{"verdict": ["Solution 1", "Solution 2"]}',
    '{"summary": "Solution 2 is fine"}',
    "Confidence: 2",
    "Semifinal verdict: Solution 2",
    "最终判决：不是方案2",
    "最终判决：方案1和方案2",
    "Endgültiges Urteil: nicht Lösung 2",
    "Endgültiges Urteil: Lösung 1 oder Lösung 2",
]


@pytest.mark.parametrize(("text", "expected"), READ)
def test_a_verdict_that_any_reader_understands(text: str, expected: int | None) -> None:
    assert parse_verdict(text, 3) == expected


@pytest.mark.parametrize("text", TRAPS)
def test_what_a_reader_could_doubt_is_no_verdict(text: str) -> None:
    assert parse_verdict(text, 3) is None
