"""The parts of mini-SWE-agent by themselves: its sandbox, its model, its arguments."""

from collections.abc import Sequence
from typing import Any

import pytest
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    ChatMessageTool,
    ModelOutput,
    ModelUsage,
    StopReason,
)
from inspect_ai.tool import ToolCall, ToolInfo
from inspect_ai.util import ExecResult, OutputLimitExceededError

pytest.importorskip("minisweagent", reason="needs the extra `swe`")

from inspect_tts.agents.mini_swe_agent.agent import PUBLISHED, MiniSweAgentOptions, _setup
from inspect_tts.agents.mini_swe_agent.environment import SandboxEnvironment
from inspect_tts.agents.mini_swe_agent.model import InspectModel
from inspect_tts.agents.mini_swe_agent.package import FormatError, load_config
from inspect_tts.evidence.facts import MERGED_OUTPUT

# --- the sandbox

CONFIG = {"cwd": "/work", "env": {"A": "1"}, "timeout": 60, "interpreter": ["zsh", "-c"]}


class Box:
    """Plays a sandbox: notes what is executed, and answers or fails as it is told."""

    def __init__(self, answer: ExecResult[str] | Exception) -> None:
        self.answer, self.asked = answer, list[tuple[list[str], dict[str, Any]]]()

    def __call__(self, cmd: list[str], **options: Any) -> ExecResult[str]:
        self.asked.append((cmd, options))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def printed(stdout: str = "", stderr: str = "", code: int = 0) -> ExecResult[str]:
    return ExecResult(success=code == 0, returncode=code, stdout=stdout, stderr=stderr)


def environment(box: Box, config: dict[str, Any] | None = None) -> SandboxEnvironment:
    return SandboxEnvironment(CONFIG if config is None else config, box, {"system": "Linux"})


def test_a_command_runs_with_merged_output_as_the_configuration_says() -> None:
    box = Box(printed("out", "no shell", 3))
    done = environment(box).execute({"command": "make"})
    assert done == {"output": "outno shell", "returncode": 3, "exception_info": ""}
    assert box.asked == [
        (
            ["sh", "-c", MERGED_OUTPUT, "sh", "zsh", "-c", "make"],
            {"cwd": "/work", "env": {"A": "1"}, "timeout": 60},
        )
    ]


def test_what_a_call_gives_comes_before_the_configuration() -> None:
    box = Box(printed())
    environment(box).execute({"command": "make"}, cwd="/other", timeout=5)
    environment(box, {}).execute({})
    assert [(options["cwd"], options["timeout"]) for _, options in box.asked] == [
        ("/other", 5),
        (None, 30),
    ]
    assert box.asked[1][0][4:] == ["bash", "-c", ""]


FAILS = {
    "too much output": (OutputLimitExceededError("1 MiB", "begun"), "begun", -1),
    "no permission": (PermissionError("no"), "", -1),
    "an invalid text": (ValueError("null byte"), "", -1),
}


@pytest.mark.parametrize(("error", "output", "code"), FAILS.values(), ids=FAILS)
def test_what_a_command_causes_is_its_output(error: Exception, output: str, code: int) -> None:
    done = environment(Box(error)).execute({"command": "make"})
    assert (done["output"], done["returncode"]) == (output, code)
    assert done["exception_info"] == f"An error occurred while executing the command: {error}"
    assert done["extra"] == {"exception_type": type(error).__name__, "exception": str(error)}


def test_a_timeout_before_its_time_is_one_inside_of_the_command() -> None:
    done = environment(Box(TimeoutError("late"))).execute({"command": "timeout 1 sleep 9"})
    assert done == {"output": "", "returncode": 124, "exception_info": ""}
    done = environment(Box(TimeoutError("late")), {"timeout": 0}).execute({"command": "sleep 9"})
    assert (done["returncode"], done["extra"]["exception_type"]) == (-1, "TimeoutError")


@pytest.mark.parametrize("error", [ConnectionError("gone"), RuntimeError("a bug")])
def test_what_no_command_causes_is_raised(error: Exception) -> None:
    with pytest.raises(type(error)):
        environment(Box(error)).execute({"command": "make"})


def test_templates_see_nothing_of_this_machine() -> None:
    found = environment(Box(printed())).get_template_vars(more=1)
    assert found == {"cwd": "/work", "env": {"A": "1"}, "timeout": 60, "system": "Linux", "more": 1}
    assert environment(Box(printed())).serialize() == {}


# --- the model


class Answers:
    """Plays Inspect's model: notes what it is asked."""

    def __init__(self, *outputs: ModelOutput) -> None:
        self.outputs, self.asked = list(outputs), list[tuple[list[ChatMessage], list[str]]]()

    def __call__(self, messages: list[ChatMessage], tools: list[ToolInfo]) -> ModelOutput:
        self.asked.append((list(messages), [tool.name for tool in tools]))
        return self.outputs.pop(0)


def said(text: str, *calls: ToolCall, stop: StopReason = "stop", cost: float | None = None) -> Any:
    message = ChatMessageAssistant(content=text, tool_calls=list(calls) or None)
    output = ModelOutput.from_message(message, stop_reason=stop)
    output.usage = ModelUsage(total_tokens=1, total_cost=cost)
    return output


def bash(command: str, id: str = "c1") -> ToolCall:
    return ToolCall(id=id, function="bash", arguments={"command": command})


def model(*outputs: ModelOutput, tools: bool = True, **config: Any) -> tuple[InspectModel, Answers]:
    texts = {"format_error_template": "{{ finish_reason }}: {{ error }}"}
    texts["observation_template"] = "{{ output.output }} in {{ place }}"
    answers = Answers(*outputs)
    return InspectModel("m", {**texts, **config}, tools=tools, generate=answers), answers


ASKED: list[dict[str, Any]] = [
    {"role": "system", "content": "S"},
    {"role": "user", "content": "U"},
]


def commands(answer: dict[str, Any]) -> list[str]:
    return [action["command"] for action in answer["extra"]["actions"]]


def test_calls_are_commands_and_their_cost_is_known_or_nothing() -> None:
    ours, answers = model(said("so", bash("a"), bash("b", "c2"), cost=0.5), said("", bash("c")))
    first = ours.query(ASKED)
    assert (first["content"], commands(first), first["extra"]["cost"]) == ("so", ["a", "b"], 0.5)
    seen = ours.format_observation_messages(
        first, [{"output": "x", "returncode": 0}, {"output": "y", "returncode": 0}], {"place": "P"}
    )
    assert [message["content"] for message in seen] == ["x in P", "y in P"]
    second = ours.query([*ASKED, first, *seen])
    assert (commands(second), second["extra"]["cost"]) == (["c"], 0.0)
    roles = [[message.role for message in messages] for messages, _ in answers.asked]
    assert roles == [["system", "user"], ["system", "user", "assistant", "tool", "tool"]]
    assert [tools for _, tools in answers.asked] == [["bash"], ["bash"]]
    told = answers.asked[1][0][3:]
    assert [m.tool_call_id for m in told if isinstance(m, ChatMessageTool)] == ["c1", "c2"]
    assert ours.output is not None
    assert ours.output.message.tool_calls == [bash("c")]


UNREADABLE: dict[str, tuple[StopReason, str]] = {
    "cut off": ("max_tokens", "length"),
    "out of room": ("model_length", "length"),
    "other": ("content_filter", "content_filter"),
}


@pytest.mark.parametrize(("stop", "word"), UNREADABLE.values(), ids=UNREADABLE)
def test_an_unreadable_answer_costs_and_stays_in_the_trajectory(
    stop: StopReason, word: str
) -> None:
    ours, _ = model(said("no call", stop=stop, cost=0.25))
    with pytest.raises(FormatError) as raised:
        ours.query(ASKED)
    [told] = raised.value.messages
    assert told["content"].startswith(f"{word}: ")
    assert told["extra"]["cost"] == 0.25
    assert [message.role for message in ours.conversation] == ["system", "user"]
    assert [message.role for message in ours.trajectory] == ["system", "user", "assistant"]


@pytest.mark.parametrize("text", ["```mswea_bash_command\nls -l", "```bash\nls -l\n```"])
def test_a_text_without_a_whole_block_is_unreadable(text: str) -> None:
    ours, _ = model(said(text), tools=False)
    with pytest.raises(FormatError):
        ours.query(ASKED)


def test_a_call_that_inspect_cannot_read_is_unreadable() -> None:
    broken = ToolCall(id="c", function="bash", arguments={}, parse_error="no JSON")
    ours, _ = model(said("", broken))
    with pytest.raises(FormatError):
        ours.query(ASKED)


TEXTS = {
    "the package's block": ("```mswea_bash_command\nls -l\n```", {}, ["ls -l"]),
    "with text around": ("So.\n```mswea_bash_command\nls -l\n```\nThat is all.", {}, ["ls -l"]),
    "a pattern of its own": ("RUN ls -l.", {"action_regex": r"RUN (.*)\."}, ["ls -l"]),
}


@pytest.mark.parametrize(("text", "config", "expected"), TEXTS.values(), ids=TEXTS)
def test_the_command_of_a_text(text: str, config: Any, expected: Sequence[str]) -> None:
    ours, answers = model(said(text), tools=False, **config)
    answer = ours.query(ASKED)
    assert commands(answer) == expected
    assert answers.asked[0][1] == [], "it has no tools"
    [seen] = ours.format_observation_messages(answer, [{"output": "x"}], {"place": "P"})
    assert (seen["role"], seen["content"]) == ("user", "x in P")


@pytest.mark.parametrize(("tools", "role"), [(True, "tool"), (False, "user")])
@pytest.mark.parametrize(("word", "kept"), [("Submitted", True), ("LimitsExceeded", False)])
def test_what_was_submitted_ends_the_trajectory(
    tools: bool, role: str, word: str, kept: bool
) -> None:
    output = (
        said("", bash("a"), bash("b", "c2")) if tools else said(TEXTS["the package's block"][0])
    )
    ours, _ = model(output, tools=tools)
    answer = ours.query(ASKED)
    ours.follow([*ASKED, answer, {"role": "exit", "content": "P", "extra": {"exit_status": word}}])
    last = ours.trajectory[-1]
    assert ((last.role, last.text) == (role, "P")) is kept
    assert len(ours.conversation) == 3, "the agent itself does not read it"
    if kept and isinstance(last, ChatMessageTool):
        assert (last.tool_call_id, last.function) == ("c2", "bash")


def test_templates_see_the_name_of_the_model() -> None:
    ours, _ = model(more=1)
    assert ours.get_template_vars()["model_name"] == "m"
    assert ours.get_template_vars()["more"] == 1
    assert ours.serialize() == {}


# --- arguments


def test_what_is_not_given_is_as_published() -> None:
    for variant, name in PUBLISHED.items():
        published, setup = load_config(name), _setup(MiniSweAgentOptions(variant=variant))
        assert (setup.environment, setup.model) == (published["environment"], published["model"])
        assert setup.tools is (variant == "tools")
        assert {"agent_class", "output_path"}.isdisjoint(setup.agent)
        assert setup.agent.items() <= published["agent"].items()


def test_what_is_given_replaces_what_is_published() -> None:
    given: dict[str, Any] = {"step_limit": 0, "cost_limit": 0.0, "timeout": 7, "cwd": "/app"}
    setup, published = _setup(MiniSweAgentOptions(**given)), load_config("swebench")
    assert (setup.agent["step_limit"], setup.agent["cost_limit"]) == (0, 0.0)
    assert (setup.environment["timeout"], setup.environment["cwd"]) == (7, "/app")
    env = published["environment"]["env"]
    assert "BASH_ENV" in env
    assert setup.environment["env"] == {k: v for k, v in env.items() if k != "BASH_ENV"}
    assert _setup(MiniSweAgentOptions(cwd=".")).environment["cwd"] == ""
    other = _setup(MiniSweAgentOptions(config="swebench_backticks"))
    assert other.model == load_config("swebench_backticks")["model"]
    assert other.tools, "the variant stays"
