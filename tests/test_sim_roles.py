"""The simulated model as summarizer and as judge: pure functions of the prompt's text."""

import re

import pytest
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageTool,
    ChatMessageUser,
)
from inspect_ai.tool import ToolCall, ToolCallError

from inspect_tts.core.parsing import parse_verdict
from inspect_tts.core.summary import SummaryContent, parse_summary, summary_text
from inspect_tts.core.transcript import render_trajectory
from inspect_tts.prompts import load_prompt
from inspect_tts.sim.brain import respond
from inspect_tts.sim.config import SimConfig
from inspect_tts.sim.evidence import read_record
from inspect_tts.sim.judge import appraise
from inspect_tts.sim.playbook import Edit
from inspect_tts.sim.summarizer import summarize_text

PROBLEM = "# Sums are off\n\n`add.py` must add. It\nmust not print.\n"
EDIT = Edit(file="add.py", old="return a - b", new='return a + b  # "fixed"')
BAD_EDIT = Edit(file="add.py", old="return a - b", new="return a * b")
TEST = "python3 test_visible.py"
CHECK = "python3 - <<'EOF'\nfrom add import add\nassert add(2, -5) == -3\nEOF"
PASS, FAIL = (
    "PASS test_add\n1 passed, 0 failed",
    "FAIL test_add (AssertionError: )\n0 passed, 1 failed",
)
TRACEBACK = 'Traceback (most recent call last):\n  File "<stdin>", line 2\nAssertionError'


def trajectory(*turns: tuple[str, str, str], closing: str = "All done.") -> str:
    messages: list[ChatMessage] = [ChatMessageUser(content=PROBLEM)]
    for number, (thought, command, response) in enumerate(turns):
        call = ToolCall(id=str(number), function="bash", arguments={"command": command})
        messages.append(ChatMessageAssistant(content=thought, tool_calls=[call]))
        messages.append(ChatMessageTool(content=response, tool_call_id=str(number)))
    if closing:
        messages.append(ChatMessageAssistant(content=closing))
    return render_trajectory(messages, budget_tokens=8000)


def summarizer_prompt(text: str) -> str:
    return load_prompt("summarizer").format(problem=PROBLEM, trajectory=text, schema="{}")


def summary(*turns: tuple[str, str, str], closing: str = "All done.") -> SummaryContent:
    return summarize_text(summarizer_prompt(trajectory(*turns, closing=closing)))


LOOK = ("Let me look.", "cat add.py", "def add(a, b):\n    return a - b")
REPRODUCE = ("First the test.", TEST, FAIL)
SOLVED = (
    LOOK,
    REPRODUCE,
    ("I think minus is the cause.", EDIT.command(), ""),
    ("Test.", TEST, PASS),
)
CHECKED = (*SOLVED, ("More cases.", CHECK, ""))
DOUBTFUL = (*SOLVED, ("More cases.", CHECK, TRACEBACK))
UNTESTED = SOLVED[:3]
FAILED = (LOOK, REPRODUCE, ("Times?", BAD_EDIT.command(), ""), ("Test.", TEST, FAIL))
GAVE_UP = (LOOK, REPRODUCE)
LADDER = {
    "checked": CHECKED,
    "solved": SOLVED,
    "untested": UNTESTED,
    "failed": FAILED,
    "gave up": GAVE_UP,
}


# the summarizer


def test_summary_says_what_the_record_shows() -> None:
    content = summary(*SOLVED)
    assert [(c.file, c.before, c.after) for c in content.code_changes] == [
        ("add.py", EDIT.old, EDIT.new)
    ]
    assert content.exploration == ["cat add.py"]
    assert content.hypotheses == ["I think minus is the cause."]
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


@pytest.mark.parametrize("undo", [BAD_EDIT.undo().command(), "git checkout -- ."])
def test_change_taken_back_is_no_change(undo: str) -> None:
    first = (*FAILED, ("Back.", undo, ""))
    content = summary(*first)
    assert content.code_changes == []
    assert "a * b" in content.changes_of_approach[0]
    content = summary(*first, *SOLVED[2:])
    assert [change.after for change in content.code_changes] == [EDIT.new]
    assert all(error.resolved for error in content.errors)


@pytest.mark.parametrize(
    ("command", "file", "after"),
    [
        ("sed -i 's/a - b/a + b/' add.py", "add.py", "a + b"),
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


def test_fenced_commands_are_read_too() -> None:
    text = (
        f"[step 1]\nTHOUGHT: Try.\n\n```bash\n{EDIT.command()}\n```\n[observation]\n"
        f"<returncode>0</returncode>\n\n[step 2]\n```bash\n{TEST}\n```\n[observation]\n{PASS}\n\n"
        "[step 3]\nTHOUGHT: Good.\n\n```bash\necho COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT\n```"
    )
    content = summarize_text(summarizer_prompt(text))
    assert content.code_changes[0].after == EDIT.new
    assert content.strategy == "Try."
    assert "passes" in content.final_state


def test_text_without_steps_gives_an_empty_summary() -> None:
    content = summarize_text(summarizer_prompt("nothing of use"))
    assert content.final_state.startswith("No result")


def ask(config: SimConfig, prompt: str, lane: int, *later: str) -> str:
    messages: list[ChatMessage] = [ChatMessageUser(content=prompt)]
    for text in later:
        messages += [ChatMessageAssistant(content="..."), ChatMessageUser(content=text)]
    reply = respond(config, [], messages, [], lane)
    assert reply.calls == ()
    return reply.text


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

    first = [unreadable(ask(config, prompt, lane)) for lane in range(400)]
    second = [unreadable(ask(config, prompt, lane, reask)) for lane in range(400)]
    assert abs(sum(second) / 400 - 0.3) < 0.07
    assert abs(sum(first) / 400 - 0.51) < 0.07
    assert all(a for a, b in zip(first, second, strict=True) if b)


# the judge


def judge_prompt(*solutions: str) -> str:
    blocks = [f"<solution_{n}>\n{text}\n</solution_{n}>" for n, text in enumerate(solutions, 1)]
    return load_prompt("judge").format(
        problem=PROBLEM, solutions="\n\n".join(blocks), count=len(solutions)
    )


def shown(turns: tuple[tuple[str, str, str], ...], facts: str = "- ended: completed") -> str:
    return f"{summary_text(summary(*turns))}\n\nFacts recorded by the harness:\n{facts}"


def verdicts(config: SimConfig, prompt: str, count: int = 2, lanes: int = 400) -> list[int | None]:
    return [parse_verdict(ask(config, prompt, lane), count) for lane in range(lanes)]


def test_evidence_is_ranked() -> None:
    scores = [appraise(shown(turns)).score for turns in LADDER.values()]
    assert scores == sorted(scores, reverse=True)
    assert len(set(scores)) == len(scores)
    assert appraise(shown(DOUBTFUL)).score < appraise(shown(SOLVED)).score


def test_whole_trajectories_are_ranked_alike() -> None:
    for turns in LADDER.values():
        assert appraise(trajectory(*turns)).score == appraise(shown(turns)).score


def test_facts_outweigh_the_summary() -> None:
    best = appraise(shown(CHECKED)).score
    for facts in (
        "- ended: limit (message limit), after 30 turns",
        "- ended: completed\n- files changed: none",
        f"- ended: completed\n- command, return code 0: {TEST}\n- command, return code 1: {TEST}",
    ):
        assert appraise(shown(CHECKED, facts)).score < best
    fine = f"- ended: completed\n- files changed: add.py (+1 -1)\n- command, return code 0: {TEST}"
    assert appraise(shown(CHECKED, fine)).score == best


@pytest.mark.parametrize(("text", "better"), [("It passes the test.", True), ("It fails.", False)])
def test_prose_is_read_for_what_it_says(text: str, better: bool) -> None:
    score = appraise(text).score
    assert (score > appraise("A change was made.").score) == better
    assert score > appraise("The agent did nothing: there is no trajectory.").score


@pytest.mark.parametrize("place", [1, 2])
def test_judge_accuracy_is_met_in_either_place(place: int) -> None:
    pair = [shown(SOLVED), shown(FAILED)]
    prompt = judge_prompt(*(pair if place == 1 else reversed(pair)))
    votes = verdicts(SimConfig(judge_accuracy=0.75, position_bias=0), prompt)
    assert abs(votes.count(place) / 400 - 0.75) < 0.07
    assert None not in votes


def test_equal_evidence_is_decided_by_lot() -> None:
    prompt = judge_prompt(*[shown(SOLVED)] * 4)
    votes = verdicts(SimConfig(judge_accuracy=1, position_bias=0), prompt, 4)
    assert all(abs(votes.count(n) / 400 - 0.25) < 0.07 for n in (1, 2, 3, 4))


def test_position_bias_takes_the_first() -> None:
    prompt = judge_prompt(shown(FAILED), shown(SOLVED))
    votes = verdicts(SimConfig(judge_accuracy=1, position_bias=0.4), prompt)
    assert abs(votes.count(1) / 400 - 0.4) < 0.07
    assert set(verdicts(SimConfig(position_bias=1), prompt, lanes=20)) == {1}
    assert set(verdicts(SimConfig(judge_accuracy=1, position_bias=0), prompt, lanes=20)) == {2}


def test_larger_groups_are_judged() -> None:
    prompt = judge_prompt(*(shown(turns) for turns in (GAVE_UP, FAILED, CHECKED, SOLVED)))
    assert set(verdicts(SimConfig(judge_accuracy=1, position_bias=0), prompt, 4, 30)) == {3}


def test_verdict_is_the_last_line_and_gives_reasons() -> None:
    text = ask(SimConfig(), judge_prompt(shown(SOLVED), shown(GAVE_UP)), 1)
    assert re.fullmatch(r"Final verdict: Solution [12]", text.splitlines()[-1])
    assert "Solution 1: changes add.py; the test passed" in text
    assert "Solution 2: no change is shown" in text


def test_reask_is_answered_with_just_the_verdict() -> None:
    prompt = judge_prompt(shown(SOLVED), shown(GAVE_UP))
    reask = load_prompt("judge_reask").format(count=2)
    config = SimConfig(judge_accuracy=1, position_bias=0)
    assert ask(config, prompt, 1, reask) == "Final verdict: Solution 1"


def test_abstentions_at_their_rate() -> None:
    prompt = judge_prompt(shown(SOLVED), shown(GAVE_UP))
    reask = load_prompt("judge_reask").format(count=2)
    config = SimConfig(abstain_rate=0.2)
    first = verdicts(config, prompt)
    second = [parse_verdict(ask(config, prompt, lane, reask), 2) for lane in range(400)]
    assert abs(second.count(None) / 400 - 0.2) < 0.06
    assert abs(first.count(None) / 400 - 0.36) < 0.07


def test_prompts_with_tools_are_for_the_agent() -> None:
    from inspect_ai.tool import ToolInfo, ToolParam, ToolParams

    params = ToolParams(properties={"command": ToolParam(type="string")}, required=["command"])
    bash = ToolInfo(name="bash", description="", parameters=params)
    prompt = [ChatMessageUser(content=judge_prompt(shown(SOLVED), shown(FAILED)))]
    assert respond(SimConfig(), [], prompt, [bash], 1).calls
    assert not respond(SimConfig(), [], prompt, [], 1).calls
