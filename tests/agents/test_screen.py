"""What Terminus types and reads: any answer gives a turn or says what is wrong with it."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from inspect_tts.agents.terminus.screen import (
    MARKER,
    Command,
    Screen,
    Turn,
    Typed,
    keystrokes,
    observation,
    parse_turn,
    quoted_tabs,
    shown,
    typed_commands,
    with_marker,
)
from inspect_tts.agents.terminus.script import turn_script

LS = {"keystrokes": "ls\n", "is_blocking": True, "timeout_sec": 5}


def turn(**changes: Any) -> dict[str, Any]:
    whole = {
        "state_analysis": "A prompt.",
        "explanation": "Look.",
        "commands": [LS],
        "is_task_complete": False,
    }
    return {key: value for key, value in (whole | changes).items() if value is not ...}


READABLE = {
    "bare": json.dumps(turn()),
    "fenced": f"Here it is:\n```json\n{json.dumps(turn(), indent=1)}\n```",
    "with text around": f"I look first. {json.dumps(turn())} That is all.",
    "with keys of its own": json.dumps(turn(mood="good")),
    "raw line feeds in strings": json.dumps(turn()).replace("\\n", "\n"),
}


@pytest.mark.parametrize("text", READABLE.values(), ids=READABLE)
def test_a_turn_is_read(text: str) -> None:
    read = parse_turn(text)
    assert read.commands == (Command(keystrokes="ls\n", is_blocking=True, timeout_sec=5),)
    assert (read.state_analysis, read.explanation) == ("A prompt.", "Look.")
    assert not read.is_task_complete


def test_a_command_blocks_for_three_minutes_unless_it_says_otherwise() -> None:
    [command] = parse_turn(json.dumps(turn(commands=[{"keystrokes": "make"}]))).commands
    assert command == Command(keystrokes="make", is_blocking=True, timeout_sec=180)


BROKEN = {
    "nothing": ("", "no JSON object"),
    "prose": ("I will look around.", "no JSON object"),
    "a list": (json.dumps([turn()["commands"]]), "state_analysis: Field required"),
    "cut off": (json.dumps(turn())[:-20], "not valid JSON"),
    "two objects": (json.dumps(turn()) * 2, "not valid JSON: Extra data"),
    "single quotes": (str(turn()), "not valid JSON"),
    "a comment": ('{"commands": [] // none\n}', "not valid JSON"),
    "too deep": ('{"a":' * 100_000, "no"),
    "a huge number": (f'{{"commands": {"9" * 5_000}}}', "no"),
    "no analysis": (json.dumps(turn(state_analysis=...)), "state_analysis: Field required"),
    "no end": (json.dumps(turn(is_task_complete=...)), "is_task_complete: Field required"),
    "an end in words": (json.dumps(turn(is_task_complete="yes")), "is_task_complete: "),
    "no commands": (json.dumps(turn(commands=...)), "commands: Field required"),
    "commands as text": (json.dumps(turn(commands="ls")), "commands: "),
    "a command as text": (json.dumps(turn(commands=["ls"])), "commands.0: "),
    "null for commands": (json.dumps(turn(commands=None)), "commands: "),
    "keystrokes as list": (
        json.dumps(turn(commands=[{"keystrokes": ["ls"]}])),
        "commands.0.keystrokes: ",
    ),
    "no keystrokes": (json.dumps(turn(commands=[LS, {}])), "commands.1.keystrokes: Field required"),
    "time below zero": (json.dumps(turn(commands=[LS | {"timeout_sec": -1}])), "timeout_sec: "),
    "time without end": (json.dumps(turn(commands=[LS | {"timeout_sec": 1e999}])), "timeout_sec: "),
    "time not a number": (
        json.dumps(turn(commands=[LS | {"timeout_sec": float("nan")}])),
        "timeout_sec: ",
    ),
    "half a character": (json.dumps(turn(commands=[LS | {"keystrokes": "\ud83d"}])), "surrogate"),
    "many mistakes": (json.dumps(turn(commands=[{}] * 9)), "; and 4 more"),
}


@pytest.mark.parametrize(("text", "told"), BROKEN.values(), ids=BROKEN)
def test_what_is_wrong_is_told(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=re.escape(told)) as caught:
        parse_turn(text)
    assert len(str(caught.value)) < 1000


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)


def readable_or_told(text: str) -> Turn | None:
    try:
        return parse_turn(text)
    except ValueError as error:
        told = str(error)
    assert told
    told.encode()  # can be sent and logged
    return None


@given(st.text())
def test_any_text_is_a_turn_or_a_mistake(text: str) -> None:
    readable_or_told(text)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(turn(), JSON)))
def test_any_values_are_a_turn_or_a_mistake(value: dict[str, Any]) -> None:
    readable_or_told(json.dumps(turn() | value))


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(LS, JSON)))
def test_any_command_is_a_turn_or_a_mistake(value: dict[str, Any]) -> None:
    read = readable_or_told(json.dumps(turn(commands=[value])))
    for command in read.commands if read else ():
        assert 0 <= command.timeout_sec < float("inf")
        for part in keystrokes(command.keystrokes):
            part.value.encode()


@given(st.data())
def test_a_damaged_turn_is_a_turn_or_a_mistake(data: st.DataObject) -> None:
    text = json.dumps(turn(), indent=1)
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, len(text)))
    readable_or_told(text[:start] + data.draw(st.text(max_size=5)) + text[end:])


KEYS = {
    "a word": ("ls", [("text", "ls")]),
    "a line": ("ls -la\n", [("text", "ls -la\n")]),
    "control and a letter": ("C-c", [("key", "C-c")]),
    "several": ("Up Up Enter", [("key", "Up"), ("key", "Up"), ("key", "Enter")]),
    "several modifiers": ("C-M-x", [("key", "C-M-x")]),
    "control and a named key": ("C-Left", [("key", "C-Left")]),
    "function keys": ("F1 F12", [("key", "F1"), ("key", "F12")]),
    "keys with a line feed after them": ("Escape\n", [("key", "Escape")]),
    "keys among words": ("Escape :wq", [("text", "Escape :wq")]),
    "a word that begins like a key": ("C-compiler", [("text", "C-compiler")]),
    "lower case": ("enter", [("text", "enter")]),
    "a control character": ("\x03", [("byte", "03")]),
    "control characters in text": (
        "a\x1b:wq\r",
        [("text", "a"), ("byte", "1b"), ("text", ":wq\n")],
    ),
    "tabs stay": ("a\tb", [("text", "a\tb")]),
    "Windows line ends": ("a\r\nb", [("text", "a\nb")]),
    "nothing": ("", []),
    "blanks": ("  ", [("text", "  ")]),
}


@pytest.mark.parametrize(("text", "parts"), KEYS.values(), ids=KEYS)
def test_keys_are_pressed_and_text_is_pasted(text: str, parts: list[tuple[str, str]]) -> None:
    assert keystrokes(text) == tuple(Typed(*part) for part in parts)


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_all_keystrokes_arrive(text: str) -> None:
    parts = keystrokes(text)
    if all(part.kind == "key" for part in parts):
        assert " ".join(part.value for part in parts).split() == text.split() or not text
    else:
        typed = "".join(chr(int(p.value, 16)) if p.kind == "byte" else p.value for p in parts)
        assert typed == text.replace("\r\n", "\n").replace("\r", "\n")


MARKED = {
    "a command": ("ls\n", "ls; M\n"),
    "without Enter": ("ls", None),
    "an answer to a pager": ("q", None),
    "two lines": ("cd x\nls\n", "cd x\nls; M\n"),
    "a here-document": ("cat <<E\nx\nE\n", "cat <<E\nx\nE\nM\n"),
    "a comment": ("ls # all\n", "ls # all\nM\n"),
    "in the background": ("sleep 9 &\n", "sleep 9 &\nM\n"),
    "a semicolon": ("ls;\n", "ls;\nM\n"),
    "goes on": ("ls \\\n", "ls \\\nM\n"),
    "just Enter": ("\n", "M\n"),
    "keys": ("C-c", None),
    "a control character": ("\x04", None),
}


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("ls\n", "ls\n"),
        ("cat >M <<E\na:\n\tb\nE\n", "cat >M <<E\na:\n\x16\tb\nE\n"),
        ("cd /ap\t", "cd /ap\t"),
        ("a\tb\t\t", "a\x16\tb\t\t"),
    ],
)
def test_tabs_are_no_completions_but_at_the_end(text: str, typed: str) -> None:
    assert quoted_tabs(text) == typed


@pytest.mark.parametrize(("text", "marked"), MARKED.values(), ids=MARKED)
def test_a_marker_follows_where_it_can_run(text: str, marked: str | None) -> None:
    assert with_marker(text, "M") == marked


@pytest.mark.parametrize(
    ("text", "blocking", "waits"),
    [
        ("q", True, "\nsleep 3.000\n"),
        ("q", False, "\nsleep 100.000\n"),
        ("ls\n", True, "\nawait tts0 "),
    ],
)
def test_keys_that_end_no_command_are_waited_for_briefly(
    text: str, blocking: bool, waits: str
) -> None:
    typed = Command(keystrokes=text, is_blocking=blocking, timeout_sec=100)
    assert waits in turn_script("socket", "fence", [typed], 0)


M = "tmux set -g @tts7 $? \\; wait -S tts7"
SEEN = {
    "what follows the prompt": ("$", "$ ls\na\n$", "New terminal output:\n$ ls\na\n$"),
    "after other lines": (
        "$ pwd\n/\n$",
        "$ pwd\n/\n$ ls\na\n$",
        "New terminal output:\n$ ls\na\n$",
    ),
    "without the marker": ("$", f"$ ls; {M}\na\n$", "New terminal output:\n$ ls\na\n$"),
    "with a marker on its own line": ("$", f"$ x &\n$ {M}\n$", "New terminal output:\n$ x &\n$\n$"),
    "the screen where it was redrawn": ("$ a\n$", "vim\n~", "Current terminal screen:\nvim\n~"),
    "the screen at first": ("", "$", "Current terminal screen:\n$"),
    "the screen after clear": ("$ a\nb\n$", "$", "Current terminal screen:\n$"),
    "nothing new": ("$ a\nb\n$", "$ a\nb\n$", "New terminal output:\n$"),
}


@pytest.mark.parametrize(("before", "now", "told"), SEEN.values(), ids=SEEN)
def test_an_observation_is_what_is_new(before: str, now: str, told: str) -> None:
    padded = f"{before}   \n\n\n"
    assert observation(padded, Screen(now, f"{now}  \n\n"), limit=1000) == told


def test_a_long_observation_is_cut_with_a_notice() -> None:
    now = "$ seq\n" + "\n".join(map(str, range(5000))) + "\n$"
    told = observation("$", Screen(now, now), limit=500)
    assert len(told) < 530
    assert "characters left out" in told
    assert told.startswith("New terminal output:\n$ seq\n0\n1\n")
    assert told.endswith("4999\n$")


def test_the_marker_is_recognized() -> None:
    assert MARKER.fullmatch(M)
    assert MARKER.fullmatch(f"; {M}")


@pytest.mark.parametrize(
    ("data", "commands"),
    [
        ({"typed": [{"keystrokes": "ls\n", "ending": "done", "returncode": 0}]}, [("ls", 0)]),
        ({"typed": [{"keystrokes": "q", "ending": "waited", "returncode": None}]}, [("q", None)]),
        ({"typed": [{"keystrokes": "x", "ending": "skipped", "returncode": None}]}, []),
        ({}, []),
        ("a text", []),
    ],
    ids=["done", "without return code", "not typed", "empty", "of another shape"],
)
def test_typed_commands_are_read_back(data: object, commands: list[tuple[str, int | None]]) -> None:
    assert typed_commands(data) == commands


@given(st.text())
def test_any_text_can_be_shown_on_one_line(text: str) -> None:
    line = shown(text)
    assert "\n" not in line
    assert len(line) <= 210
    line.encode()
