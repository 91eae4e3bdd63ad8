"""The simulated summarizer: a pure function of the prompt's text."""

import pytest
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageTool
from inspect_ai.tool import ToolCall, ToolCallError
from sim_cases import (
    BAD_EDIT,
    CHECK,
    CHECKED,
    DOUBTFUL,
    EDIT,
    FAIL,
    FAILED,
    LOOK,
    PASS,
    SOLVED,
    TEST,
    TRACEBACK,
    ask,
    summarizer_prompt,
    summary,
    trajectory,
)

from inspect_tts.prompts import load_prompt
from inspect_tts.sim.config import SimConfig
from inspect_tts.sim.evidence import read_record
from inspect_tts.sim.summarizer import summarize_text
from inspect_tts.text.summary import parse_summary
from inspect_tts.text.trajectory import render_trajectory


def test_summary_says_what_the_record_shows() -> None:
    content = summary(*SOLVED)
    assert [(c.file, c.before, c.after) for c in content.code_changes] == [
        ("add.py", EDIT.old, EDIT.new)
    ]
    assert content.exploration == ["cat add.py"]
    assert [(c.result.split(":")[0], c.after_last_change) for c in content.verified] == [
        ("passed", True)
    ]
    assert [error.resolved for error in content.errors] == [True]
    assert "The visible test passes" in content.final_state
    assert content.never_verified
    assert [r.requirement for r in content.requirements] == [
        "`add.py` must add.",
        "It must not print.",
    ]
    assert content.requirements[0].covered == "partly"


def test_summary_is_taken_from_the_text_alone() -> None:
    prompt = summarizer_prompt(trajectory(*SOLVED))
    assert summarize_text(prompt) == summarize_text(prompt)
    renamed = summarize_text(prompt.replace("add.py", "plus.py").replace(PASS, FAIL))
    assert renamed.code_changes[0].file == "plus.py"
    assert "fails" in renamed.final_state


def test_own_check_counts_only_after_the_last_change() -> None:
    assert summary(*CHECKED).requirements[0].covered == "yes"
    assert summary(*DOUBTFUL).requirements[0].covered == "no"
    stale = summary(*CHECKED, ("One more thing.", "sed -i 's/x/y/' add.py", ""))
    assert [check.after_last_change for check in stale.verified] == [False, False]
    assert "No test was run after the last change" in stale.final_state
    assert stale.unconfirmed_claims == ["All done."]


def test_what_was_checked_before_the_first_change_verifies_nothing() -> None:
    first = ("Does it add?", CHECK, TRACEBACK)
    assert [check.check for check in summary(first, *SOLVED).verified] == [f"visible test: {TEST}"]


def test_change_taken_back_is_no_change() -> None:
    first = (*FAILED, ("Back.", BAD_EDIT.undo().command(), ""))
    content = summary(*first)
    assert content.code_changes == []
    assert "a * b" in content.changes_of_approach[0]
    content = summary(*first, *SOLVED[2:])
    assert [change.after for change in content.code_changes] == [EDIT.new]
    assert all(error.resolved for error in content.errors)


@pytest.mark.parametrize(
    ("command", "file", "after"),
    [
        ("git apply - <<'EOF'\n+a + b\nEOF", "(unknown)", "git apply - <<'EOF'\n+a + b\nEOF"),
        ("cat > lib/new.py <<'EOF'\nX = 1 > 0\nEOF", "lib/new.py", "X = 1 > 0"),
        ("echo 'X = 1' >> conf.py", "conf.py", "echo 'X = 1' >> conf.py"),
    ],
)
def test_other_ways_to_edit_are_seen(command: str, file: str, after: str) -> None:
    changes = summary(("Edit.", command, "")).code_changes
    assert [(c.file, c.after) for c in changes] == [(file, after)]


@pytest.mark.parametrize(
    "command", ["ls 2>/dev/null", "git diff 2>&1 | head", "grep '>' add.py", "cat test_visible.py"]
)
def test_looking_is_no_edit_and_no_test(command: str) -> None:
    content = summary(("Look.", command, "def f() -> None: raise ValueError"))
    assert (content.code_changes, content.verified, content.errors) == ([], [], [])
    assert content.exploration == [command]


def test_failed_edit_changes_nothing() -> None:
    content = summary(LOOK, ("Edit.", EDIT.command(), TRACEBACK))
    assert content.code_changes == []
    assert [error.resolved for error in content.errors] == [False]


def test_malformed_call_and_loops_are_failure_modes() -> None:
    call = ToolCall(id="1", function="bash", arguments={}, parse_error="bad JSON")
    error = ToolCallError(type="parsing", message="bad JSON")
    broken: list[ChatMessage] = [
        ChatMessageAssistant(content="Now.", tool_calls=[call]),
        ChatMessageTool(content="", tool_call_id="1", error=error),
    ]
    record = read_record(render_trajectory(broken, budget_tokens=1000))
    assert (record.malformed, record.runs) == ((1,), ())
    content = summary(LOOK, LOOK, LOOK, LOOK, closing="")
    assert any("repeated one command" in mode for mode in content.failure_modes)
    for steps in ((LOOK, LOOK), (LOOK, LOOK, ("Else.", "ls -A", ""))):
        content = summary(*steps, closing="")
        assert not any("repeated one command" in mode for mode in content.failure_modes)


def test_fenced_commands_are_read_too() -> None:
    block = "```mswea_bash_command\n{}\n```".format
    end = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"
    text = (
        f"[step 1]\nTHOUGHT: Try.\n\n{block(EDIT.command())}\n[observation]\n"
        f"<returncode>0</returncode>\n\n[step 2]\n{block(TEST)}\n[observation]\n{PASS}\n\n"
        f"[step 3]\nTHOUGHT: Good.\n\n{block(end)}"
    )
    content = summarize_text(summarizer_prompt(text))
    assert content.code_changes[0].after == EDIT.new
    assert content.strategy == "Try."
    assert "passes" in content.final_state


def test_text_without_steps_gives_an_empty_summary() -> None:
    content = summarize_text(summarizer_prompt("nothing of use"))
    assert content.final_state.startswith("No result")


def test_summarizer_answers_with_the_schema() -> None:
    prompt = summarizer_prompt(trajectory(*SOLVED))
    assert parse_summary(ask(SimConfig(), prompt, 1)) == summarize_text(prompt)


def test_unreadable_summaries_at_their_rate() -> None:
    prompt = summarizer_prompt(trajectory(*SOLVED))
    reask = load_prompt("summarizer_reask").format(error="not valid JSON")
    config = SimConfig(summary_failure_rate=0.3)

    def unreadable(text: str) -> bool:
        try:
            parse_summary(text)
        except ValueError:
            return True
        return False

    first = [unreadable(ask(config, prompt, scope)) for scope in range(400)]
    second = [unreadable(ask(config, prompt, scope, reask)) for scope in range(400)]
    assert abs(sum(second) / 400 - 0.3) < 0.07
    assert abs(sum(first) / 400 - 0.51) < 0.07
    assert all(a for a, b in zip(first, second, strict=True) if b)


def test_another_seed_draws_other_failures() -> None:
    prompt = summarizer_prompt(trajectory(*SOLVED))
    drawn = [
        [ask(SimConfig(seed=seed, summary_failure_rate=0.3), prompt, scope) for scope in range(40)]
        for seed in (0, 0, 1)
    ]
    assert drawn[0] == drawn[1] != drawn[2]
