import json
from contextlib import suppress
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspect_tts.text.parsing import json_objects, parse_json_object, spoken


@pytest.mark.parametrize(
    "unit", ["\n", " ", "*", "- ", "`\n", '{"a":', '{"', '{"a":[{},', "}", '"', "\\"]
)
@pytest.mark.parametrize("start", ["", "```", "```json", '{"a": 1} '])
def test_an_answer_that_repeats_itself_costs_no_time(start: str, unit: str) -> None:
    text = start + unit * (1_000_000 // len(unit)) + "x"
    began = process_time()
    with suppress(ValueError):
        json_objects(text)
    assert process_time() - began < 20


SPOKEN = [
    pytest.param("Yes.", "Yes.", id="nothing thought"),
    pytest.param("<think>No?</think>Yes.", "Yes.", id="thought before"),
    pytest.param("No?</think>\nYes.", "\nYes.", id="without an opening tag"),
    pytest.param("<think>a</think>b<think>c</think>Yes.", "Yes.", id="thought twice"),
    pytest.param("<think>No? Final verdict: Solution 1", "", id="never closed"),
    pytest.param("a</think>b <think>c", "b <think>c", id="a mention in the answer"),
    pytest.param("a</think>  <THINK>c", "", id="the last one never closed"),
    pytest.param("<thinking>a</thinking>Yes.", "Yes.", id="thinking"),
    pytest.param("<seed:think>a</seed:think>Yes.", "Yes.", id="with a prefix"),
    pytest.param("[THINK]a[/THINK]Yes.", "Yes.", id="Magistral"),
    pytest.param(
        "<|channel|>analysis<|message|>a<|end|><|channel|>final<|message|>Yes.",
        "Yes.",
        id="gpt-oss",
    ),
    pytest.param('{"a": "strips </think>"}', '{"a": "strips </think>"}', id="within JSON"),
    pytest.param("The tag `<think>` is kept.", "The tag `<think>` is kept.", id="in a sentence"),
    pytest.param("half \ud83d", "half ?", id="half a surrogate pair"),
    pytest.param("<think >a</think >Yes.", "Yes.", id="a blank in the tag"),
    pytest.param("< think >a</ think >Yes.", "Yes.", id="blanks in the tag"),
    pytest.param("◁think▷a◁/think▷Yes.", "Yes.", id="Kimi"),
    pytest.param("<|begin_of_thought|>a<|end_of_thought|>Yes.", "Yes.", id="Sky-T1"),
    pytest.param("<|channel>thought\nNo<channel|>Yes.", "Yes.", id="Gemma"),
    pytest.param("<|channel>thought\nNo", "", id="Gemma, never closed"),
    pytest.param("<|START_THINKING|>No<|END_THINKING|>Yes.", "Yes.", id="Cohere"),
    pytest.param("<|START_THINKING|>No", "", id="Cohere, never closed"),
    pytest.param("<unused94>thought\nNo<unused95>Yes.", "Yes.", id="MedGemma"),
    pytest.param("<longcat_think>No</longcat_think>Yes.", "Yes.", id="LongCat"),
    pytest.param("analysisWe say no.assistantfinalYes.", "Yes.", id="channels without tokens"),
    pytest.param("analysisWe say no.", "", id="channels without tokens, never closed"),
    pytest.param("Analysis: no.", "Analysis: no.", id="a heading"),
    pytest.param("analysis of both: no.", "analysis of both: no.", id="a word"),
    pytest.param("Okay. <think>No", "", id="never closed, after a sentence"),
    pytest.param('I say "go". <think>No', "", id="never closed, after a quotation"),
    pytest.param("Okay\n<reasoning>\nNo", "", id="never closed, on its line"),
    pytest.param("Let me see<think>No", "", id="never closed, within a sentence"),
    pytest.param("◁think▷No", "", id="Kimi, never closed"),
    pytest.param("<|begin_of_thought|>No", "", id="Sky-T1, never closed"),
    pytest.param("So <|channel|>analysis<|message|>a", "", id="gpt-oss, never closed"),
    pytest.param("<think>a</think>Yes. <think>No", "", id="another one never closed"),
    pytest.param("It strips <think> tags.", "It strips <think> tags.", id="a mention"),
    pytest.param("It strips `</think>` now.", "It strips `</think>` now.", id="an end in code"),
    pytest.param("<think>a `</think>` b</think>Yes.", "Yes.", id="an end in code in a thought"),
    pytest.param('It cuts "</think>" now.', 'It cuts "</think>" now.', id="an end in quotes"),
    pytest.param('5" wide.\n<think>No', "", id="never closed, below a lone quotation mark"),
    pytest.param(
        'So:\n{"a": "Lost. <think> is"}', 'So:\n{"a": "Lost. <think> is"}', id="within JSON below"
    ),
    pytest.param(
        "So:\n```\n<think>\n```\nYes.", "So:\n```\n<think>\n```\nYes.", id="within a code block"
    ),
    pytest.param(
        "<analysis>a</analysis>Yes.", "<analysis>a</analysis>Yes.", id="analysis meant to be read"
    ),
]


@pytest.mark.parametrize(("text", "expected"), SPOKEN)
def test_what_a_model_thought_is_no_answer(text: str, expected: str) -> None:
    assert spoken(text) == expected


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
    pytest.param('{"a": 1} {"b": 2}', {"b": 2}, id="the last of two"),
    pytest.param('First {"a": 1}. Then:\n```\n{"a": 2}\n```', {"a": 2}, id="fenced after bare"),
    pytest.param('```\n{"a": 1}\n```\nNo, {"a": 2}', {"a": 2}, id="bare after fenced"),
    pytest.param('{"a": 1}\n{"a": 2,}', {"a": 2}, id="the last, with a trailing comma"),
    pytest.param('{"a": 1}\n{"a": ', {"a": 1}, id="the last is cut off"),
    pytest.param('Use {"x" here. {"a": {"b": 1,}}', {"a": {"b": 1}}, id="a brace never closed"),
    pytest.param('[{"a": 1}, {"b": 2}]', {"b": 2}, id="the last of an array"),
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
