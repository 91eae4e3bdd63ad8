import hashlib
import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from inspect_tts.errors import UserError
from inspect_tts.prompts import OPTIONAL, REQUIRED, Prompt, load_prompt

NAMES = sorted(REQUIRED)
TAKES = {
    "grade": {"problem", "solutions", "fence"},
    "grade_reask": set[str](),
    "investigator": {
        *("problem", "solutions", "count", "fence", "verdicts"),
        *("folder", "turns", "workspace"),
    },
    "judge": {"problem", "solutions", "count", "fence", "verdicts"},
    "judge_reask": {"count", "verdicts"},
    "refinement": {"summaries", "fence"},
    "summarizer": {"problem", "trajectory", "schema", "fence"},
    "summarizer_reask": {"error"},
    "terminus": set[str](),
    "terminus_observation": {"notes", "output"},
    "terminus_reask": {"error"},
}


def filled(prompt: Prompt, **values: object) -> str:
    names = REQUIRED[prompt.name] + OPTIONAL[prompt.name]
    return prompt.format(**(dict.fromkeys(names, "-") | values))


@pytest.mark.parametrize("name", NAMES)
def test_a_built_in_prompt_holds_exactly_its_placeholders(name: str) -> None:
    prompt = load_prompt(name)
    assert set(re.findall(r"\{(\w+)\}", prompt.template)) == TAKES[name]
    assert {*REQUIRED[name], *OPTIONAL[name]} == TAKES[name]
    assert not re.search(r"\{\w+\}", filled(prompt))


def test_every_prompt_file_is_a_prompt() -> None:
    folder = Path(__file__).parents[2] / "inspect_tts" / "prompts"
    assert sorted(path.stem for path in folder.glob("*.md")) == NAMES == sorted(OPTIONAL)


@pytest.mark.parametrize("name", NAMES)
def test_the_log_says_which_wording_was_used(name: str) -> None:
    prompt = load_prompt(name)
    assert prompt.record.name == name
    assert prompt.record.source == "built-in"
    assert prompt.record.sha256 == hashlib.sha256(prompt.template.encode()).hexdigest()
    other = load_prompt(name, prompt.template + "é")
    assert other.record.source == "argument"
    assert other.record.sha256 != prompt.record.sha256


OVERRIDES = [
    pytest.param("judge", "Judge {problem}:\n{solutions}", id="several lines"),
    pytest.param("judge", "Judge {problem}: {solutions}", id="one line"),
    pytest.param(
        "judge", "/judge {problem} by {solutions}.md", id="one line that looks like a path"
    ),
    pytest.param("judge", "{problem}{solutions}" + "x" * 5_000, id="a long line"),
    pytest.param("judge", "{count} {unknown} {{x}} {problem} {solutions} {}", id="other braces"),
    pytest.param("judge_reask", "Which one?", id="nothing required"),
]


@pytest.mark.parametrize(("name", "text"), OVERRIDES)
def test_a_text_replaces_a_prompt(name: str, text: str) -> None:
    assert load_prompt(name, text) == Prompt(name, text, "argument")


@pytest.mark.parametrize("file", ["judge.md", "judge.txt", "no suffix", "{problem}{solutions}"])
def test_a_path_replaces_a_prompt(file: str, tmp_path: Path) -> None:
    path = tmp_path / file
    path.write_text("É {problem} {solutions}\n", encoding="utf-8")
    assert load_prompt("judge", str(path)) == Prompt(
        "judge", "É {problem} {solutions}\n", str(path)
    )


def test_a_path_may_begin_with_the_home_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "reask.md").write_text("Which of {count}?")
    expected = Prompt("judge_reask", "Which of {count}?", str(tmp_path / "reask.md"))
    assert load_prompt("judge_reask", "~/reask.md") == expected


MISSING = [
    pytest.param("judge", "Pick one.\n", "{problem}, {solutions}", id="all"),
    pytest.param("judge", "{problem}\n", "{solutions}", id="one"),
    pytest.param("judge", "{ problem } {solutions}", "{problem}", id="blanks in the braces"),
    pytest.param("judge", "", "{problem}, {solutions}", id="empty text"),
    pytest.param("refinement", "Try again.", "{summaries}", id="one line"),
    pytest.param(
        "summarizer", "{problem} {schema}", "{trajectory}", id="optional ones do not help"
    ),
]


@pytest.mark.parametrize(("name", "text", "lacking"), MISSING)
@pytest.mark.parametrize("source", ["argument", "file"])
def test_a_missing_placeholder_is_named(
    name: str, text: str, lacking: str, source: str, tmp_path: Path
) -> None:
    path = tmp_path / "prompt.md"
    path.write_text(text)
    required = ", ".join("{" + key + "}" for key in REQUIRED[name])
    shown = "argument" if source == "argument" else str(path)
    with pytest.raises(UserError) as caught:
        load_prompt(name, text if source == "argument" else str(path))
    expected = f"the {name} prompt from {shown} lacks {lacking}; it must contain {required}"
    assert expected in str(caught.value)


NEEDED = [
    ("grade", "problem"),
    ("grade", "solutions"),
    ("investigator", "folder"),
    ("investigator", "problem"),
    ("investigator", "solutions"),
    ("judge", "problem"),
    ("judge", "solutions"),
    ("refinement", "summaries"),
    ("summarizer", "problem"),
    ("summarizer", "trajectory"),
    ("terminus_observation", "output"),
    ("terminus_reask", "error"),
]
"""What the reader of a prompt cannot do without."""


@pytest.mark.parametrize(("name", "place"), NEEDED)
def test_a_prompt_that_hides_what_its_reader_needs_is_refused(name: str, place: str) -> None:
    others = " ".join("{" + each + "}" for each in sorted(TAKES[name] - {place}))
    with pytest.raises(UserError, match=f"lacks {{{place}}}; it must contain"):
        load_prompt(name, f"Answer. {others}")


PATHS = ["no/such/file.md", "judge.txt", "a.prompt", "/no/such", "./no/such", "~/no/such"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", NAMES)
def test_what_looks_like_a_path_but_is_no_file_is_an_error(name: str, path: str) -> None:
    with pytest.raises(UserError) as caught:
        load_prompt(name, path)
    assert f"the {name} prompt {path!r} looks like a path but is not a file" in str(caught.value)


def test_a_line_longer_than_any_file_name_is_a_text() -> None:
    text = "{problem} {solutions}" + "x" * 300
    assert load_prompt("judge", text).template == text


def test_a_line_that_begins_with_a_tilde_is_a_text() -> None:
    assert load_prompt("judge", "~10 {problem} {solutions}").source == "argument"


# --- filling in


def test_values_are_filled_in_wherever_their_placeholder_stands() -> None:
    prompt = Prompt("judge", "{count}: {problem} {solutions} {problem} {x} {{count}}", "argument")
    text = filled(prompt, problem="P", solutions="S", count=2)
    assert text == "2: P S P {x} {2}"


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("{", id="an open brace"),
        pytest.param("{}", id="empty braces"),
        pytest.param("{0} {x!r} {{y}}", id="format fields"),
        pytest.param('{"a": {"b": 1}}', id="JSON"),
        pytest.param(r"\1 \g<1> \n", id="regex templates"),
        pytest.param("{problem} {solutions} {count}", id="placeholders"),
    ],
)
@pytest.mark.parametrize("field", ["problem", "solutions"])
def test_a_value_stands_as_it_is(value: str, field: str) -> None:
    prompt = Prompt("judge", "<{problem}|{solutions}|{count}>", "argument")
    values = {"problem": "P", "solutions": "S", "count": "2"} | {field: value}
    expected = f"<{values['problem']}|{values['solutions']}|2>"
    assert filled(prompt, **values) == expected


@settings(deadline=None)
@given(problem=st.text(), solutions=st.text(), count=st.integers())
def test_any_values_stand_as_they_are(problem: str, solutions: str, count: int) -> None:
    prompt = Prompt("judge", "{problem}\0{solutions}\0{count}", "argument")
    text = filled(prompt, problem=problem, solutions=solutions, count=count)
    assert text == f"{problem}\0{solutions}\0{count}"


@pytest.mark.parametrize(
    "values",
    [
        pytest.param({"problem": "P", "solutions": "S"}, id="too few"),
        pytest.param({"problem": "P", "solutions": "S", "count": 2, "score": 1}, id="too many"),
        pytest.param({"problem": "P", "solutions": "S", "counts": 2}, id="misspelt"),
    ],
)
def test_the_values_must_be_exactly_the_placeholders(values: dict[str, object]) -> None:
    with pytest.raises(
        TypeError,
        match=r"prompt 'judge' takes \('problem', 'solutions', 'count', 'fence', 'verdicts'\)",
    ):
        load_prompt("judge").format(**values)
