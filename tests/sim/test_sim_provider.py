"""The simulated model as Inspect calls it, and the forms of its scaffolds."""

import asyncio
import json
from typing import Any

import pytest
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageSystem,
    ChatMessageUser,
    ModelOutput,
    get_model,
)
from inspect_ai.tool import ToolCall
from sim_cases import REACT

import inspect_tts.sim.provider  # noqa: F401 - registers the simulated model
from inspect_tts.agents.terminus.screen import parse_turn
from inspect_tts.sim.config import SimConfig
from inspect_tts.sim.playbook import demo_playbooks
from inspect_tts.sim.respond import respond
from inspect_tts.sim.scaffolds import Reply, Scaffold, find_scaffold, read_action

END = "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"
MINI = f"Write patch.txt, then `echo {END} && cat patch.txt`"
OTHER, BOOK = demo_playbooks()[:2]
MARKER = BOOK.marker


def generate(messages: list[ChatMessage], tools: list[Any], **given: Any) -> ModelOutput:
    model = get_model("simulated/coder", memoize=False, **given)
    return asyncio.run(model.generate(messages, tools=tools))


def test_tokens_are_four_characters_and_prices_those_of_the_log() -> None:
    [short, long] = [generate([ChatMessageUser(content="x" * n)], []) for n in (400, 4400)]
    assert short.usage is not None
    assert long.usage is not None
    assert long.usage.input_tokens - short.usage.input_tokens == 1000
    assert long.usage.output_tokens == short.usage.output_tokens == len(short.completion) // 4 + 1
    cost = (3 * 1000) / 1_000_000
    assert (long.usage.total_cost or 0) - (short.usage.total_cost or 0) == pytest.approx(cost)
    assert short.stop_reason == "stop"
    api = get_model("simulated/coder", memoize=False).api
    assert asyncio.run(api.count_text_tokens("x" * 400)) == 101
    assert api.max_connections() >= 1000


def test_calls_have_ids_of_their_own_that_a_rerun_repeats() -> None:
    asked: list[ChatMessage] = [ChatMessageUser(content=MARKER)]
    first, again = (generate(asked, REACT, failure_rate=1, seed=3) for _ in range(2))
    assert first.stop_reason == "tool_calls"
    assert first.message.tool_calls == again.message.tool_calls
    told: list[ChatMessage] = [ChatMessageAssistant(content="..."), ChatMessageUser(content="...")]
    late = [
        [call for turns in (30, 31) for call in looping(seed, [*asked, *told * turns])]
        for seed in range(12)
    ]
    same = [calls for calls in late if calls[0].function == "bash"]
    assert same, "an agent that loops repeats its last command"
    assert all(one.arguments == other.arguments for one, other in same)
    assert all(one.id != other.id for one, other in same)


def looping(seed: int, messages: list[ChatMessage]) -> list[ToolCall]:
    """The calls of an agent that fails."""
    return generate(messages, REACT, failure_rate=1, seed=seed).message.tool_calls or []


def moves(prompt: str, tools: list[Any], *, system: str = "") -> list[Reply]:
    """The answers of an agent until it ends."""
    messages: list[ChatMessage] = [ChatMessageUser(content=prompt)]
    if system:
        messages.insert(0, ChatMessageSystem(content=system))
    config, replies = SimConfig(failure_rate=0), list[Reply]()
    while not replies or not ended(replies[-1]):
        replies.append(respond(config, demo_playbooks(), messages, tools, 1))
        answer = ChatMessageAssistant(content=replies[-1].text)
        messages += [answer, ChatMessageUser(content=f"told, {OTHER.marker}")]
        assert len(replies) < 60
    return replies


def ended(reply: Reply) -> bool:
    return reply.calls[0].function == "submit" or END in str(reply.calls[0].arguments)


def test_the_patch_is_written_once_before_the_end() -> None:
    said = [reply.calls[0].arguments["command"] for reply in moves(f"{MARKER}\n{MINI}", REACT[:1])]
    assert said.count("git diff > patch.txt") == 1
    assert said[-2:] == ["git diff > patch.txt", f"echo {END} && cat patch.txt"]


def test_the_problem_is_read_from_the_system_message_and_not_from_outputs() -> None:
    replies = moves("Begin.", REACT, system=MARKER)
    said = "\n".join(str(reply.calls[0].arguments.get("command")) for reply in replies)
    assert any(fix.found_in(said) for fix in (BOOK.right, *BOOK.wrong))
    assert not any(fix.found_in(said) for fix in (OTHER.right, *OTHER.wrong))


# --- scaffolds


@pytest.mark.parametrize(
    ("action", "commands", "thought"),
    [
        ("Why.\nbash> ls", ["ls"], "Why."),
        ("Why.\nbash> ls\nbash> pwd", ["ls", "pwd"], "Why."),
        ("Done.\nsubmit> It is fixed.", [], "Done.\nIt is fixed."),
        (f"Done.\nbash> echo {END} && cat patch.txt", [], "Done."),
        (f"THOUGHT: End.\n\n```mswea_bash_command\necho {END}\n```", [], "End."),
        ('{"broken": ', [], '{"broken": '),
    ],
)
def test_a_step_is_read_without_its_end(action: str, commands: list[str], thought: str) -> None:
    assert read_action(action) == (commands, thought)


def test_a_tool_alone_is_no_scaffold() -> None:
    assert find_scaffold("Use bash.", REACT[:1]) is None
    assert find_scaffold(f"echo {END}", REACT[:1]) == Scaffold("tools")


def test_terminus_waits_for_a_command() -> None:
    turn = json.loads(Scaffold("terminus").command("why", "ls").text)
    assert turn["commands"][0]["timeout_sec"] >= 600
    assert not parse_turn(Scaffold("terminus").command("why", "ls").text).is_task_complete
