"""The scripts that Terminus runs in the sandbox, what is read of their output, and what is told."""

import re
from base64 import b64decode

import pytest

from inspect_tts.agents.terminus.agent import _notes
from inspect_tts.agents.terminus.screen import (
    Command,
    Screen,
    Typed,
    keystrokes,
    parse_turn,
    shown,
    with_marker,
)
from inspect_tts.agents.terminus.script import (
    Ended,
    Seen,
    marker,
    read_output,
    start_script,
    turn_script,
)


def command(text: str, seconds: float = 10, *, blocking: bool = True) -> Command:
    return Command(keystrokes=text, is_blocking=blocking, timeout_sec=seconds)


def typed(*commands: Command, first: int = 0) -> list[str]:
    """The lines of a turn's script in which it types and waits."""
    lines = turn_script("socket", "fence", commands, first).splitlines()
    begin = max(i for i, line in enumerate(lines) if line == "stop=")
    end = next(i for i, line in enumerate(lines) if "'pane #{pane_dead} #{history_size}'" in line)
    return lines[begin + 1 : end]


def pasted(line: str) -> str:
    found = re.search(r"(?:printf %s |text=)([A-Za-z0-9+/=]+)", line)
    assert found
    return b64decode(found[1]).decode()


WAITS = {
    "slices and the rest": (command("ls\n", 7.5), "await tts0 3 1.500"),
    "whole slices": (command("ls\n", 4), "await tts0 2 0.050"),
    "no time": (command("ls\n", 0), "await tts0 0 0.050"),
    "keys, briefly": (command("C-c", 10), "sleep 3.000"),
    "keys, more briefly": (command("C-c", 1), "sleep 1.000"),
    "not blocking": (command("ls\n", 9, blocking=False), "sleep 9.000"),
}


@pytest.mark.parametrize(("given", "waits"), WAITS.values(), ids=WAITS)
def test_how_long_a_command_is_waited_for(given: Command, waits: str) -> None:
    assert waits in typed(given)


def test_commands_are_numbered_on_and_skipped_after_one_that_did_not_end() -> None:
    lines = typed(command("a\n"), command("q"), command("b\n"), first=5)
    texts = [pasted(line) for line in lines if "load-buffer" in line]
    assert texts == [f"a; {marker(5)}\n", "q", f"b; {marker(7)}\n"]
    assert [line.split()[1] for line in lines if line.startswith("await")] == ["tts5", "tts7"]
    assert lines.count('if [ -n "$stop" ]; then echo skipped; else') == 3
    assert lines.count("echo waited") == 1


def test_keys_bytes_and_text_go_in_by_themselves() -> None:
    assert typed(command("Up C-c"))[1:3] == [
        "t send-keys -t main 'Up' || die 'tmux is gone'",
        "t send-keys -t main 'C-c' || die 'tmux is gone'",
    ]
    lines = typed(command("a\x03b"))
    assert "t send-keys -t main -H 03 || die 'tmux is gone'" in lines
    assert [pasted(line) for line in lines if "load-buffer" in line] == ["a", "b"]


def test_tabs_are_quoted_at_a_shell_only() -> None:
    quoted, at_shell, paste = typed(command("a\tb", blocking=False))[1:4]
    assert pasted(quoted) == "a\x16\tb"
    assert pasted(at_shell.replace("at_shell || ", "")) == "a\tb"
    assert at_shell.startswith("at_shell || text=")
    assert paste.startswith('printf %s "$text" | base64 -d | tmux -u -L socket load-buffer')


def test_the_session_has_the_size_and_the_history_that_are_told() -> None:
    script = start_script("socket", "fence", 123, 45)
    for words in (
        "-x 123 -y 45",
        "history-limit 5000",
        "-L socket",
        "exit 42",
        "exit 43",
        "'fence'",
    ):
        assert words in script


READ = "done 0\ndone 7\ndone\ntimeout\nwaited\nskipped\n"


def test_what_a_script_prints_is_read() -> None:
    seen = read_output(f"{READ}pane 0 12\nscreen\nfence\nline\nscreen\n", "fence")
    codes = [(each.ending, each.returncode) for each in seen.ended]
    assert codes[:3] == [("done", 0), ("done", 7), ("done", None)]
    assert codes[3:] == [(word, None) for word in ("timeout", "waited", "skipped")]
    assert seen.screen == Screen("screen\n", "line\nscreen\n")
    assert (seen.shell_ended, seen.lines_lost) == (False, False)


@pytest.mark.parametrize(
    ("state", "ended", "lost"),
    [("1 0", True, False), ("0 4499", False, False), ("0 4500", False, True)],
)
def test_the_end_of_the_shell_and_lost_lines_are_seen(state: str, ended: bool, lost: bool) -> None:
    seen = read_output(f"pane {state}\na\nfence\na\n", "fence")
    assert (seen.shell_ended, seen.lines_lost) == (ended, lost)


@pytest.mark.parametrize(
    "output", ["", "done 0\n", "pane 0 1", "pane 0 1\na\n", "pane 0\na\nfence\nb\n"]
)
def test_output_that_is_cut_short_is_refused(output: str) -> None:
    with pytest.raises(ValueError, match="the terminal answered"):
        read_output(output, "fence")


def notes(*endings: str, shell: bool = False, lost: bool = False) -> list[str]:
    ended = tuple(Ended(each) for each in endings)  # type: ignore[arg-type]
    commands = [command(f"c{i}\n", 2.5) for i in range(1, 4)]
    return _notes(Seen(ended, shell, lost, Screen("", "")), commands)


def test_notes_tell_what_the_screen_does_not_show() -> None:
    assert notes("done", "waited", "done") == []
    assert notes("done", "timeout", "skipped") == [
        'Command 2 ("c2\\n") did not end within 2.5 seconds and may still be running. The commands '
        "after it were not typed."
    ]
    assert notes("done", "done", "timeout") == [
        'Command 3 ("c3\\n") did not end within 2.5 seconds and may still be running.'
    ]
    assert notes(shell=True, lost=True) == [
        "The shell of the terminal ended; a new one was started.",
        "More than 5000 lines were printed; the first of them are lost.",
    ]


# --- what is typed

NAMED = (
    *[
        "Enter",
        "Tab",
        "BTab",
        "Escape",
        "Space",
        "BSpace",
        "Up",
        "Down",
        "Left",
        "Right",
        "Home",
        "End",
        "PageUp",
        "PageDown",
        "PgUp",
    ],
    *[
        "PgDn",
        "PPage",
        "NPage",
        "IC",
        "DC",
        "Insert",
        "Delete",
        "F1",
        "F9",
        "F10",
        "F11",
        "F12",
        "C-a",
        "M-x",
        "S-Up",
        "C-]",
        "C-M-S-F5",
    ],
)


@pytest.mark.parametrize("name", NAMED)
def test_a_key_is_pressed_by_its_name(name: str) -> None:
    assert keystrokes(name) == (Typed("key", name),)


@pytest.mark.parametrize("text", ["F0", "F13", "X-a", "C-", "C-ab", "EnterUp", "C-é"])
def test_what_is_no_key_is_text(text: str) -> None:
    assert keystrokes(text) == (Typed("text", text),)


OPEN = (
    "a &",
    "a;",
    "a |",
    "a \\",
    "a && (",
    "a {",
    "while a; do",
    "if a; then",
    "else",
    "for x in",
)


@pytest.mark.parametrize("line", [*OPEN, "a # b", "a <<E", "a;  ", "a\t&"])
def test_a_line_that_cannot_be_continued_gets_its_marker_below(line: str) -> None:
    assert with_marker(f"{line}\n", "M") == f"{line}\nM\n"


@pytest.mark.parametrize("line", ["a", "a; done", "a }", "begin", "undo", "a 'b'"])
def test_another_line_gets_its_marker_behind(line: str) -> None:
    assert with_marker(f"{line}\n", "M") == f"{line}; M\n"
    assert with_marker(f"x\r\n{line}\r\n\r\n", "M") == f"x\n{line}; M\n"


def test_blank_lines_only_get_a_marker() -> None:
    assert with_marker("  \n", "M") == "  M\n"


def test_of_several_turns_in_fences_the_last_is_read() -> None:
    def turn(text: str) -> str:
        rest = '"explanation": "", "commands": [], "is_task_complete": false'
        return f'```json\n{{"state_analysis": "{text}", {rest}}}\n```\n'

    assert parse_turn(turn("one") + turn("two")).state_analysis == "two"


def test_what_was_typed_is_shown_to_200_characters() -> None:
    assert shown("x" * 198) == '"' + "x" * 198 + '"'
    assert "x" * 190 not in shown("x" * 199)
    assert shown("a\nb\t") == '"a\\nb\\t"'
