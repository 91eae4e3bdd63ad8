import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageTool,
    ChatMessageUser,
    ContentReasoning,
    ContentText,
)
from inspect_ai.tool import ToolCall, ToolCallError

from inspect_tts.text.trajectory import (
    CHARS_PER_TOKEN,
    closed_fences,
    elide,
    render_trajectory,
    steps,
)

CUT = re.compile(r"\n\[\.\.\. (\d+) characters left out \.\.\.\]\n")
SKIPPED = re.compile(r"\[\.\.\. steps (\d+) to (\d+) left out \.\.\.\]")
BUDGETS = [500, 501, 1_000, 2_000, 7_777, 30_000, 200_000]


def call(function: str = "bash", parse_error: str | None = None, /, **arguments: Any) -> ToolCall:
    return ToolCall(id="1", function=function, arguments=arguments, parse_error=parse_error)


def agent(text: str, *calls: ToolCall) -> ChatMessageAssistant:
    return ChatMessageAssistant(content=text, tool_calls=list(calls) or None)


def tool(text: str, error: str | None = None) -> ChatMessageTool:
    return ChatMessageTool(
        content=text, error=None if error is None else ToolCallError("unknown", error)
    )


def user(text: str) -> ChatMessageUser:
    return ChatMessageUser(content=text)


def long_trajectory(count: int, size: int, *, action: int = 40) -> list[ChatMessage]:
    """Each action and observation begins and ends with its own mark."""
    messages: list[ChatMessage] = [user("Fix the bug.")]
    for i in range(1, count + 1):
        messages.append(agent(f"<a{i}>".ljust(action, "x") + f"</a{i}>"))
        if size:
            messages.append(tool(f"<o{i}>".ljust(size, "y") + f"</o{i}>"))
    return messages


# --- messages become steps

STEPS: list[Any] = [
    pytest.param([], [], id="nothing"),
    pytest.param([ChatMessageSystem(content="s"), user("Fix it.")], [], id="only the problem"),
    pytest.param([user("Fix it."), agent("Done.")], [("Done.", "")], id="the problem is left out"),
    pytest.param(
        [agent(" look\n", call(command="ls")), tool("a\nb\n")],
        [("look\nbash> ls", "a\nb")],
        id="one-text call: the text itself",
    ),
    pytest.param([agent("", call(command="ls"))], [("bash> ls", "")], id="call without a thought"),
    pytest.param([agent("", call("python", code="é\n1"))], [("python> é\n1", "")], id="any tool"),
    pytest.param(
        [agent("", call("edit", path="a.py", line=3, text="é"))],
        [('edit> {"path": "a.py", "line": 3, "text": "é"}', "")],
        id="several arguments: JSON",
    ),
    pytest.param(
        [agent("", call("sleep", seconds=3))],
        [('sleep> {"seconds": 3}', "")],
        id="one number: JSON",
    ),
    pytest.param(
        [agent("", call("run", cmd=["ls", "-l"]))],
        [('run> {"cmd": ["ls", "-l"]}', "")],
        id="one list: JSON",
    ),
    pytest.param(
        [agent("", call("edit", text="é", line=3))],
        [('edit> {"text": "é", "line": 3}', "")],
        id="a text and a number: JSON",
    ),
    pytest.param([agent("", call("submit"))], [("submit> {}", "")], id="no arguments"),
    pytest.param(
        [agent("both", call(command="ls"), call(command="pwd")), tool("a"), tool("/")],
        [("both\nbash> ls\nbash> pwd", "a\n/")],
        id="two calls are one step",
    ),
    pytest.param(
        [agent("", call("bash", "bad JSON", command="l"))],
        [("bash> l\n(malformed call: bad JSON)", "")],
        id="malformed call",
    ),
    pytest.param(
        [agent("a"), tool("partial\n", "timed out")],
        [("a", "(tool error: timed out)\npartial")],
        id="tool error with output",
    ),
    pytest.param(
        [agent("a"), tool("", "denied")], [("a", "(tool error: denied)")], id="tool error"
    ),
    pytest.param(
        [agent("a"), tool(""), tool("x"), tool(""), tool("y")],
        [("a", "x\n\ny")],
        id="an output that is empty keeps its place between others",
    ),
    pytest.param([agent(" \n")], [("(no text and no tool call)", "")], id="empty answer"),
    pytest.param([agent("a"), agent("b")], [("a", ""), ("b", "")], id="two answers are two steps"),
    pytest.param(
        [agent("a"), user("Go on."), ChatMessageSystem(content="s"), tool("o")],
        [("a", "Go on.\no")],
        id="the scaffold's messages are observations, system messages are not",
    ),
    pytest.param(
        [agent([ContentReasoning(reasoning="secret"), ContentText(text="said")])],  # type: ignore[arg-type]
        [("said", "")],
        id="reasoning is left out",
    ),
]


@pytest.mark.parametrize(("messages", "expected"), STEPS)
def test_steps(messages: list[ChatMessage], expected: list[tuple[str, str]]) -> None:
    found = steps(messages)
    assert [(step.action, step.observation) for step in found] == expected
    assert [step.number for step in found] == list(range(1, len(found) + 1))


def test_a_short_trajectory_stands_verbatim() -> None:
    messages: list[ChatMessage] = [
        ChatMessageSystem(content="You are an agent."),
        user("Fix it."),
        agent("Look.", call(command="ls")),
        tool("a.py\nb.py"),
        agent("Done."),
    ]
    assert render_trajectory(messages, budget_tokens=500) == (
        "[step 1]\nLook.\nbash> ls\n[observation]\na.py\nb.py\n\n[step 2]\nDone."
    )


def test_what_a_step_says_cannot_be_taken_for_another_step() -> None:
    messages: list[ChatMessage] = [agent("a\n[step 2]\nb\n[observation]"), tool("[STEP 3]")]
    assert render_trajectory(messages, budget_tokens=500) == (
        "[step 1]\na\n[~step 2]\nb\n[~observation]\n[observation]\n[~STEP 3]"
    )


def test_a_text_is_cut_after_its_last_code_fence_at_the_start_of_a_line() -> None:
    assert closed_fences("a\n```sh\nls\n```\nuse ``` so") == "a\n```sh\nls\n```"
    assert closed_fences("use ``` so") == ""


def test_no_trajectory_is_an_empty_text() -> None:
    assert render_trajectory([user("Fix it.")], budget_tokens=500) == ""


@pytest.mark.parametrize("budget", [499, 0, -1])
def test_a_budget_that_is_too_small_is_an_error(budget: int) -> None:
    with pytest.raises(ValueError, match=f"budget_tokens={budget}: .* at least 500 tokens"):
        render_trajectory([], budget_tokens=budget)


# --- the budget

LONG = [
    pytest.param(250, 10_000, 40, id="250 steps of 10,000 characters"),
    pytest.param(250, 10_000, 20_000, id="250 steps of long actions"),
    pytest.param(1, 2_000_000, 40, id="one huge observation"),
    pytest.param(1, 0, 2_000_000, id="one huge action"),
    pytest.param(3_000, 0, 40, id="3,000 steps without observation"),
    pytest.param(12_000, 50, 40, id="12,000 steps"),
]


@pytest.mark.parametrize("budget", BUDGETS)
@pytest.mark.parametrize(("count", "size", "action"), LONG)
def test_a_long_trajectory_keeps_to_its_budget_its_head_and_its_tail(
    count: int, size: int, action: int, budget: int
) -> None:
    text = render_trajectory(long_trajectory(count, size, action=action), budget_tokens=budget)
    assert len(text) <= CHARS_PER_TOKEN * budget
    assert text.startswith("[step 1]\n<a1>")
    assert text.endswith(f"</o{count}>" if size else f"</a{count}>")
    kept = [int(number) for number in re.findall(r"^\[step (\d+)\]$", text, re.MULTILINE)]
    gap = SKIPPED.search(text)
    left_out = range(int(gap[1]), int(gap[2]) + 1) if gap else range(0)
    assert sorted([*kept, *left_out]) == list(range(1, count + 1))
    if gap:
        assert len(left_out) > 0
        assert abs(kept.index(gap_end := left_out[-1] + 1) - (len(kept) - kept.index(gap_end))) <= 1


@pytest.mark.parametrize("budget", BUDGETS)
def test_the_budget_is_used(budget: int) -> None:
    text = render_trajectory(long_trajectory(250, 10_000), budget_tokens=budget)
    wasted = CHARS_PER_TOKEN * budget - len(text)
    assert wasted < 600  # less than one step, or one character more of each observation


@pytest.mark.parametrize("budget", BUDGETS)
def test_a_budget_that_just_suffices_cuts_nothing(budget: int) -> None:
    frame = len("[step 1]\n<a1>" + "</a1>\n[observation]\n<o1></o1>") - len("<o1>")
    whole = long_trajectory(1, CHARS_PER_TOKEN * budget - frame, action=4)
    text = render_trajectory(whole, budget_tokens=budget)
    assert len(text) == CHARS_PER_TOKEN * budget
    assert "left out" not in text
    more = long_trajectory(1, CHARS_PER_TOKEN * budget - frame + 1, action=4)
    assert "left out" in render_trajectory(more, budget_tokens=budget)


def test_observations_are_cut_to_one_length_before_any_step_goes() -> None:
    messages = [*long_trajectory(20, 3_000), agent("short"), tool("kept as it is")]
    text = render_trajectory(messages, budget_tokens=4_000)
    assert not SKIPPED.search(text)
    assert "[observation]\nkept as it is" in text
    lengths = [len(found) for found in re.findall(r"<o\d+>.*?</o\d+>", text, re.DOTALL)]
    assert len(lengths) == 20
    assert min(lengths) > 400
    assert max(lengths) - min(lengths) <= 1
    assert all(f"<o{i}>" in text and f"</o{i}>" in text for i in range(1, 21))


def test_steps_go_before_observations_fall_below_400_characters() -> None:
    text = render_trajectory(long_trajectory(100, 3_000), budget_tokens=10_000)
    assert SKIPPED.search(text)
    assert {len(o) for o in re.findall(r"<o\d+>.*?</o\d+>", text, re.DOTALL)} <= {399, 400}


def test_a_long_action_is_cut_at_12_000_characters_or_an_eighth_of_the_budget() -> None:
    for budget, longest in [(500, 187), (8_000, 3_000), (200_000, 12_000)]:
        text = render_trajectory(long_trajectory(1, 0, action=50_000), budget_tokens=budget)
        assert longest - 1 <= len(text.removeprefix("[step 1]\n")) <= longest


messages_of_any_kind = st.lists(
    st.builds(
        lambda kind, text, times: kind(content=text * times),
        st.sampled_from(
            [ChatMessageAssistant, ChatMessageAssistant, ChatMessageUser, ChatMessageTool]
        ),
        st.text(max_size=40),
        st.sampled_from([1, 1, 30, 1_000]),
    ),
    max_size=60,
)


@settings(deadline=None, max_examples=200)
@given(messages=messages_of_any_kind, budget=st.integers(500, 3_000))
def test_any_trajectory_keeps_to_its_budget(messages: list[ChatMessage], budget: int) -> None:
    text = render_trajectory(messages, budget_tokens=budget)
    assert len(text) <= CHARS_PER_TOKEN * budget
    whole = "\n\n".join(step.render() for step in steps(messages))
    most = CHARS_PER_TOKEN * budget
    if len(whole) <= most and all(len(s.action) <= most // 8 for s in steps(messages)):
        assert text == whole


# --- a cut text


@settings(deadline=None)
@given(size=st.integers(0, 30_000), limit=st.integers(60, 12_000))
def test_a_cut_text_keeps_head_and_tail_and_says_how_much_is_missing(size: int, limit: int) -> None:
    text = "".join(chr(0x4E00 + i % 20_000) for i in range(size))
    short = elide(text, limit)
    if size <= limit:
        assert short == text
        return
    assert limit - 3 <= len(short) <= limit  # the count in the notice may have fewer digits
    notice = CUT.search(short)
    assert notice
    head, tail = short[: notice.start()], short[notice.end() :]
    assert text.startswith(head)
    assert text.endswith(tail)
    assert 0 <= len(head) - len(tail) <= 1
    assert int(notice[1]) == size - len(head) - len(tail)


def test_a_cut_text_looks_like_this() -> None:
    assert elide("a" * 500 + "b" * 500, 60) == (
        "a" * 12 + "\n[... 976 characters left out ...]\n" + "b" * 12
    )


def test_a_notice_may_be_all_that_is_left() -> None:
    assert elide("a" * 1_000, 30) == "\n[... 1000 characters left out ...]\n"
