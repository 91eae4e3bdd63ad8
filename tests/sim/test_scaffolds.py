"""The three scaffolds of the simulated agent: what it says in each, and how that is read back."""

import pytest
from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageUser
from inspect_ai.tool import ToolCall
from sim_cases import REACT

from inspect_tts.agents.mini_swe_agent.agent import PUBLISHED, Variant
from inspect_tts.agents.terminus.screen import parse_turn
from inspect_tts.prompts import load_prompt
from inspect_tts.sim.config import SimConfig
from inspect_tts.sim.respond import respond
from inspect_tts.sim.scaffolds import Scaffold, find_scaffold, read_action
from inspect_tts.text.trajectory import steps

END = "COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"
MINI = f"To end: `echo {END} && cat patch.txt`"


def test_react_calls_bash_and_submit() -> None:
    scaffold = find_scaffold("", REACT)
    assert scaffold is not None
    call = scaffold.command("why", "ls").calls[0]
    assert (call.function, call.arguments) == ("bash", {"command": "ls"})
    assert scaffold.finish("done").calls[0].arguments == {"answer": "done"}
    assert scaffold.malformed("why", "ls").calls[0].parse_error
    assert scaffold.prepare is None


def test_mini_swe_agent_ends_by_a_command() -> None:
    scaffold = find_scaffold(MINI, REACT[:1])
    assert scaffold == Scaffold("tools", patch=True)
    assert scaffold.prepare == "git diff > patch.txt"
    ending = {"command": f"echo {END} && cat patch.txt"}
    assert scaffold.finish("done").calls[0].arguments == ending


def test_its_variant_text_writes_one_block() -> None:
    scaffold = find_scaffold(f"Answer with ONE ```mswea_bash_command. echo {END}", [])
    assert scaffold == Scaffold("text")
    assert scaffold.command("why", "ls").text == "THOUGHT: why\n\n```mswea_bash_command\nls\n```"
    assert scaffold.finish("done").text.endswith(f"echo {END}\n```")
    assert "```" not in scaffold.malformed("why", "ls").text


def test_terminus_types_keys() -> None:
    scaffold = find_scaffold(load_prompt("terminus").format(), [])
    assert scaffold == Scaffold("terminus")
    [command] = parse_turn(scaffold.command("why", "ls").text).commands
    assert (command.keystrokes, command.is_blocking) == ("ls\n", True)
    assert parse_turn(scaffold.finish("done").text).is_task_complete
    with pytest.raises(ValueError, match="JSON"):
        parse_turn(scaffold.malformed("why", "ls").text)


@pytest.mark.parametrize(
    "scaffold", [Scaffold("text"), Scaffold("terminus"), Scaffold("react")], ids=lambda s: s.name
)
def test_what_is_said_is_read_back(scaffold: Scaffold) -> None:
    said = scaffold.command("Why not?", "ls -A\necho done")
    message = ChatMessageAssistant(
        content=said.text,
        tool_calls=[
            ToolCall(id="1", function=c.function, arguments=c.arguments) for c in said.calls
        ],
    )
    [step] = steps([message])
    assert read_action(step.action) == (["ls -A\necho done"], "Why not?")


@pytest.mark.parametrize("variant", ["tools", "text"])
def test_the_published_prompts_are_known(variant: Variant) -> None:
    pytest.importorskip("minisweagent")
    from inspect_tts.agents.mini_swe_agent.package import load_config

    told = load_config(PUBLISHED[variant])["agent"]
    prompt = told["system_template"] + told["instance_template"]
    tools = REACT[:1] if variant == "tools" else []
    assert find_scaffold(prompt, tools) == Scaffold(variant, patch=True)


@pytest.mark.parametrize(("prompt", "tools", "same"), [(MINI, 1, True), ("", 2, False)])
def test_mini_swe_agent_takes_unreadable_answers_out(prompt: str, tools: int, same: bool) -> None:
    answer, told = ChatMessageAssistant(content="..."), ChatMessageUser(content="told")
    begun: list[ChatMessage] = [ChatMessageUser(content=prompt), answer, told]
    config = SimConfig(failure_rate=0)
    kept = respond(config, [], [*begun, answer, told], REACT[:tools], 1)
    assert (respond(config, [], [*begun, told], REACT[:tools], 1) == kept) == same
