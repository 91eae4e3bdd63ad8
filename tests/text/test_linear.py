"""Whatever agents and models write is looked at in linear time."""

import re
from collections.abc import Callable
from typing import Any

import pytest
from growth import grows, grows_between
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageUser

from inspect_tts.agents.terminus.screen import (
    Screen,
    keystrokes,
    observation,
    parse_turn,
    quoted_tabs,
    shown,
    with_marker,
)
from inspect_tts.evidence.facts import (
    parse_numstat,
    patch_files,
    patch_fingerprint,
    shell_command,
)
from inspect_tts.evidence.injection import orders_in
from inspect_tts.evidence.leaks import leaks, revisions
from inspect_tts.evidence.patches import parse_patch
from inspect_tts.evidence.shell import argument_words, programs
from inspect_tts.execution.kits import kit_of
from inspect_tts.execution.outputs import comparable
from inspect_tts.recorded.readers.atif import without_preamble
from inspect_tts.text.fences import blocks, harmless, original
from inspect_tts.text.parsing import parse_json_object, spoken
from inspect_tts.text.summary import parse_summary
from inspect_tts.text.trajectory import closed_fences, render_trajectory, split_at
from inspect_tts.text.verdict import parse_grade, parse_verdict

UNITS = [
    *"'\"`<>(){}[]\\/-_.:;,&|#*~@=$a0 \n\t\r\0\u200b\u2028\u201d\ufb01",
    "a ",
    "0f",
    "x1_",
    "a-b.",
    "\\\\",
    '\\"',
    "'\"",
    " \n",
    "\n ",
    "$(",
    '"$(',
    "$(a ",
    "`a ",
    "(a) ",
    "<<a\n",
    "<<'a' ",
    "<<a <<b\n",
    "<<-a\nb\n",
    "<<<a ",
    "a;",
    "a=b ",
    "sudo ",
    "sudo -n ",
    "env A=1 timeout 5 ",
    "bash -c ",
    "bash -c '",
    "git ",
    "git log ",
    "git -C a ",
    "git log --all\n",
    "git show a..b ",
    "pip install ",
    "python -c ",
    "curl ",
    "github.com",
    "a.b.",
    "a@b",
    "```",
    "```bash\n",
    "```bash\n\n",
    "cat > a <<E\nE\n",
    "```mswea_bash_command\n",
    "\n```",
    "```json\n",
    "{",
    '{"',
    '{"a":',
    '{"a":1}',
    "[",
    '["a",',
    ", ",
    ",\n",
    "final verdict",
    "final verdict: ",
    "Final verdict: Solution 1\n",
    "Final grade: 3\n",
    "solution ",
    "\n#",
    "only ",
    "the first ",
    "has a ",
    "\n1 ",
    "<answer>1</answer>",
    "\\boxed{1} ",
    '{"verdict": 1}\n',
    '{"verdict": 1} ',
    "abcdefghijkl <a>\n",
    "abcdefghijkl </a>\n",
    "</solution_1>",
    "<solution_",
    "[observation]\n",
    "[step 1]\n",
    "<returncode>",
    "<returncode> ",
    "diff --git a/x b/x\n",
    "diff --git a/",
    "diff --git \n",
    "@@ -1,9 +1,9 @@\n",
    "+++ b/a\t",
    "1\t2\tx\n",
    "-\t-\t",
    "tmux set -g @tts1",
    "C-",
    "C-c ",
    "do ",
    "& ",
    "{} ",
    "<think>",
    "a <think> b ",
    "`<think>` ",
    "</think>",
    "\\boxed{1}\n",
    "Solution 1\n",
    "Winner: Solution 1\n",
    "final ",
    "~~a",
    "\u2460",
    "e\u0301",
    "| ",
    "|---|\n",
]
STARTS = ["git log ", 'python3 -c "', "'", "x "]


def messages(text: str) -> list[ChatMessage]:
    """A conversation of many messages, from one text."""
    size = max(1, len(text) // 500)
    parts = [text[at : at + size] for at in range(0, len(text), size)]
    return [ChatMessageAssistant(content=text), *(ChatMessageUser(content=p) for p in parts)]


def tried(function: Callable[[str], object]) -> Callable[[str], object]:
    def run(text: str) -> object:
        try:
            return function(text)
        except ValueError:
            return None

    return run


def fenced_actions(text: str) -> list[str]:
    found: list[str] = re.findall(
        r"```mswea_bash_command\s*\n(.*?)\n```", closed_fences(text), re.DOTALL
    )
    return found


def kit(text: str) -> object:
    return kit_of("a", [ChatMessageAssistant(content=f"```bash\n{text}\n```")], text, top="/x")


LOOKS: dict[str, Callable[[str], Any]] = {
    "programs": programs.__wrapped__,
    "leaks": lambda text: leaks([text, text[1:]]),
    "revisions": lambda text: revisions([text, text[2:]]),
    "shell_command": shell_command,
    "shell_command of a shell": lambda text: shell_command(f"bash -c {text}"),
    "numstat": tried(parse_numstat),
    "preamble": without_preamble,
    "patch_files": tried(patch_files),
    "patch_fingerprint": patch_fingerprint,
    "harmless": lambda text: original(harmless(text)),
    "blocks": blocks,
    "injections": lambda text: orders_in(text[: 2**17]),
    "verdict": lambda text: parse_verdict(text, 4),
    "verdict in its line": lambda text: parse_verdict(f"Final verdict: Solution 1 {text}", 4),
    "verdict before": lambda text: parse_verdict(f"Final verdict: Solution 1\n{text}x", 4),
    "grade": parse_grade,
    "json": tried(parse_json_object),
    "json of an object": tried(lambda text: parse_json_object('{"a":' + text)),
    "summary": tried(parse_summary),
    "output": lambda text: comparable(text + "x", top="/a/b", home="/root"),
    "kit": kit,
    "spoken": spoken,
    "words": argument_words,
    "patch_parts": parse_patch,
    "patch_parts of a file": lambda text: parse_patch(f"diff --git a/x b/x\n{text}"),
    "turn": tried(parse_turn),
    "keystrokes": keystrokes,
    "with_marker": lambda text: with_marker(text + "\n", "true"),
    "quoted_tabs": quoted_tabs,
    "shown": shown,
    "screen": lambda text: observation(text[::2], Screen(text, text), limit=1_000),
    "fences": fenced_actions,
    "trajectory": lambda text: render_trajectory(messages(text), budget_tokens=20_000),
    "pieces": lambda text: split_at(text, [m.text for m in messages(text[::-1])]),
}


@pytest.mark.parametrize("look", LOOKS)
def test_repeats_cost_time_by_their_length(look: str) -> None:
    starts = STARTS if look in {"programs", "leaks", "revisions"} else []
    units = [*UNITS, *(start + unit for start in starts for unit in UNITS[::9])]
    found = [grows(LOOKS[look], unit, 2**11, 2**13) for unit in units]
    assert [each for each in found if each] == []


@pytest.mark.parametrize("look", LOOKS)
def test_half_a_megabyte_of_everything_costs_four_times_a_quarter_of_it(look: str) -> None:
    runs = "".join(unit * 50 for unit in UNITS)
    for unit in (runs, "{} ", '{"a":1}', f"python3 -c \"bytes.fromhex('{'0f' * 2**15}')\"\n"):
        # a cost may step up once, where a search takes another way
        assert (
            grows(LOOKS[look], unit, 2**17, 2**19) is None
            or grows(LOOKS[look], unit, 2**19, 2**21) is None
        )


MANY: dict[str, tuple[str, int, Callable[[int], str]]] = {
    "blocks of a preamble": ("preamble", 20_000, lambda at: "<app></app>\n"),
    "blocks never closed": ("blocks", 500, lambda at: f"{fence(at)} <a>\n"),
    "scripts": ("kit", 1_000, lambda at: f"cat > a{at}.py <<E\nE\npython a{at}.py\n"),
    "files without a name": ("patch_parts of a file", 25_000, lambda at: f"diff --git \n-{at}\n"),
}


def fence(at: int) -> str:
    return f"{at:012d}".translate({ord("0") + digit: "bcdfghjklm"[digit] for digit in range(10)})


@pytest.mark.parametrize(("look", "count", "each"), MANY.values(), ids=MANY)
def test_many_different_ones_cost_time_by_their_number(
    look: str, count: int, each: Callable[[int], str]
) -> None:
    few, many = ("".join(map(each, range(number))) for number in (count, 4 * count))
    assert grows_between(LOOKS[look], few, many) is None
