import json
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspect_tts.core.parsing import parse_json_object, parse_verdict

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
        "Final verdict: Solution 1\nOn reflection:\nFinal verdict: Solution 2", 2, id="last"
    ),
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
    pytest.param("Verdict: Solution 2", None, id="not final"),
    pytest.param("Final verdict: Solution N", None, id="the form itself"),
    pytest.param("Final verdict: Solution two", None, id="a word"),
    pytest.param("Final verdict: Solution A", None, id="a letter"),
    pytest.param("Final verdict:", None, id="cut off"),
    pytest.param("Final verdict: Solution 2 or 3", None, id="two"),
    pytest.param("Final verdict: Solution 1, 2", None, id="a list"),
    pytest.param("Final verdict: Solution 2.5", None, id="a fraction"),
    pytest.param("Final verdict: not Solution 2", None, id="negated"),
    pytest.param("Final verdict: Solution 2 by a margin", None, id="more on the line"),
    pytest.param('I end with "Final verdict: Solution 2".', None, id="quoted in a sentence"),
    pytest.param("So the final verdict: Solution 2", None, id="at the end of a sentence"),
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


@pytest.mark.parametrize("unit", ["\n", " ", "*", "# ", "-\n", "- ", "`\n", "\nFinal verdict"])
@pytest.mark.parametrize(
    "start", ["", "Final verdict", "Final verdict: Solution", "```", "```json"]
)
def test_an_answer_that_repeats_itself_costs_no_time(start: str, unit: str) -> None:
    text = start + unit * 50_000 + "x"
    began = process_time()
    assert parse_verdict(text, 2) is None
    with pytest.raises(ValueError, match="no JSON object"):
        parse_json_object(text)
    assert process_time() - began < 2


OBJECTS: list[Any] = [
    pytest.param('{"a": 1}', {"a": 1}, id="bare"),
    pytest.param("{}", {}, id="empty"),
    pytest.param('\n  {"a": 1}\n', {"a": 1}, id="blanks around"),
    pytest.param('```json\n{"a": 1}\n```', {"a": 1}, id="fenced"),
    pytest.param('{"a": ["x,]", 1,],}', {"a": ["x,]", 1]}, id="trailing commas"),
    pytest.param(r'{"a": "\d+ \$x \" \\w"}', {"a": r'\d+ \$x " \w'}, id="escapes of regexes"),
    pytest.param(r'{"a": "it\'s \u00e9 \uZZ"}', {"a": r"it's é \uZZ"}, id="other odd escapes"),
    pytest.param('With {braces}.\n{"a": 1}', {"a": 1}, id="braces in prose"),
    pytest.param('{"a": "fine \\\\"}', {"a": "fine \\"}, id="what is valid stays"),
    pytest.param('```\n{"a": 1}\n```', {"a": 1}, id="fenced without a language"),
    pytest.param('```JSON \r\n{"a": 1}\r\n```\r\n{}', {"a": 1}, id="fenced, Windows line ends"),
    pytest.param('So: ```json {"a": 1} ```', {"a": 1}, id="fenced on one line"),
    pytest.param('Here it is.\n```json\n{"a": 1}\n```\nDone {}.', {"a": 1}, id="fenced in prose"),
    pytest.param('Here it is: {"a": 1} Done.', {"a": 1}, id="prose around"),
    pytest.param('{"a": {"b": {"c": {}}}}', {"a": {"b": {"c": {}}}}, id="nested"),
    pytest.param('See: {"a": {"b": {}}} end', {"a": {"b": {}}}, id="nested in prose"),
    pytest.param('{"a": "} {"}', {"a": "} {"}, id="braces in a string"),
    pytest.param('Old:\n```\n{"a": 1}\n```\nNew:\n```\n{"a": 2}\n```', {"a": 2}, id="last fence"),
    pytest.param('```\n{"a": 1}\n```\n```\n{"a": }\n```', {"a": 1}, id="last readable fence"),
    pytest.param(
        '```json\n{"a": "```sh\\nls\\n```"}\n```', {"a": "```sh\nls\n```"}, id="fence in it"
    ),
    pytest.param('{"a": "```\\n{}\\n```"}', {"a": "```\n{}\n```"}, id="bare with a fence in it"),
    pytest.param('{"a": "x\ny\tz\x01"}', {"a": "x\ny\tz\x01"}, id="raw control characters"),
    pytest.param('[{"a": 1}]', {"a": 1}, id="the one object of an array"),
    pytest.param('{"é": "日本 🎉"}', {"é": "日本 🎉"}, id="beyond ASCII"),
]


@pytest.mark.parametrize(("text", "expected"), OBJECTS)
def test_json_object(text: str, expected: dict[str, Any]) -> None:
    assert parse_json_object(text) == expected


NO_OBJECTS = [
    pytest.param("", "no JSON object found", id="nothing"),
    pytest.param("I could not.", "no JSON object found", id="prose"),
    pytest.param("[1, 2]", "no JSON object found", id="array"),
    pytest.param('"a"', "no JSON object found", id="string"),
    pytest.param("}{", "no JSON object found", id="braces the wrong way round"),
    pytest.param('text {"a": 1', "no JSON object found", id="cut off in prose"),
    pytest.param('{"a": 1', "not valid JSON: .*column 8", id="cut off, with the place"),
    pytest.param('{"a": 1,,}', "not valid JSON: .*column", id="two commas"),
    pytest.param(
        '```json\n{"a" 1}\n```', "not valid JSON: .*column 6", id="fenced, with the place"
    ),
    pytest.param("{'a': 1}", "not valid JSON: .*line 1 column 2", id="single quotes"),
    pytest.param('{"a": 1} {"b": 2}', "not valid JSON: Extra data", id="two objects"),
    pytest.param('[{"a": 1}, {"b": 2}]', "not valid JSON: Extra data", id="array of objects"),
    pytest.param('{"a": ' * 100_000, "not valid JSON: .*recursion", id="nested without end"),
    pytest.param('{"a": ' + "1" * 5_000 + "}", "not valid JSON: .*digits", id="digits without end"),
]


@pytest.mark.parametrize(("text", "message"), NO_OBJECTS)
def test_what_is_no_json_object_is_an_error_that_says_why(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_json_object(text)


values = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.text()),
    lambda inner: st.one_of(st.lists(inner), st.dictionaries(st.text(), inner)),
    max_leaves=10,
)


@settings(deadline=None)
@given(
    value=st.dictionaries(st.text(), values),
    indent=st.sampled_from([None, 1]),
    around=st.sampled_from(["{}", "```json\n{}\n```", "Here it is:\n\n{}\n\nDone."]),
)
def test_any_object_survives_the_way(
    value: dict[str, Any], indent: int | None, around: str
) -> None:
    text = json.dumps(value, indent=indent, ensure_ascii=False)
    assert parse_json_object(around.replace("{}", text)) == value
