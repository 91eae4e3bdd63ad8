"""What is refused as `agent`, with what to write instead."""

from pathlib import Path

import pytest
from given_agents import IN_A_FILE, heard, talker, worker
from inspect_ai.agent import AgentState
from inspect_ai.solver import chain, generate
from scripted import problem, run

from inspect_tts import UserError, pdr_rtv, rtv, tournament


class Solo:
    """A class in place of an agent."""


def plain_function(state: AgentState) -> AgentState:
    return state


SEVERAL = (
    IN_A_FILE
    + """

@agent
def other() -> Agent:
    return filed()


def helper(state):
    return state
"""
)


@pytest.mark.parametrize(
    ("text", "member", "words"),
    [
        (SEVERAL, "", ["does not say which", "several.py@filed or agent=", "several.py@other"]),
        (SEVERAL, "@helper", ["has no agent or solver helper", "decorate the function helper"]),
        (SEVERAL, "@nothere", ["has no agent or solver nothere", "several.py@filed"]),
        ("def helper(state): ...", "@helper", ["defines no agent", "@agent or @solver"]),
    ],
)
def test_a_file_that_leaves_the_agent_open_says_what_to_write(
    tmp_path: Path, text: str, member: str, words: list[str]
) -> None:
    file = tmp_path / "several.py"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as raised:
        rtv(agent=f"{file}{member}")
    for word in words:
        assert word in str(raised.value)


def test_a_file_whose_agent_runs_a_strategy_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "nested.py"
    file.write_text(
        "from inspect_ai.solver import chain, solver\nfrom inspect_tts import rtv\n\n\n"
        "@solver\ndef nested():\n    return chain(rtv())\n"
    )
    with pytest.raises(UserError, match="nested' runs inspect_tts/rtv, which is"):
        rtv(agent=str(file))


def test_a_file_with_one_agent_names_it(tmp_path: Path) -> None:
    file = tmp_path / "single.py"
    file.write_text(IN_A_FILE.replace("filed", "single"), encoding="utf-8")
    assert heard(run(problem(), rtv(n=2, votes=1, agent=str(file)), tmp_path)) == ["#single"] * 2


FACTORIES = """
import json
from inspect_ai.agent import Agent, agent

@agent
def fails() -> Agent:
    raise RuntimeError("factory failed: no config")

@agent
def mistyped() -> Agent:
    return len(3)

@agent
def unread(text: str) -> Agent:
    return json.loads(text)

@agent
def needy(path: str, *, mode: str) -> Agent:
    return fails()
"""


@pytest.mark.parametrize(
    ("text", "member", "args", "told"),
    [
        (FACTORIES, "fails", None, "could not be created: RuntimeError: factory failed: no config"),
        (
            FACTORIES,
            "mistyped",
            None,
            "could not be created: TypeError: object of type 'int' has no",
        ),
        (FACTORIES, "unread", {"text": "{"}, "could not be created: JSONDecodeError: Expecting"),
        (FACTORIES, "needy", None, "Give -S agent_args='{\"path\": ...}'"),
        (FACTORIES, "needy", {"path": "x"}, "Give -S agent_args='{\"mode\": ...}'"),
        (FACTORIES, "needy", {"way": "x"}, "does not take agent_args={'way': 'x'}: "),
        ("import no_such" + FACTORIES, "fails", None, "ModuleNotFoundError: No module named"),
        (FACTORIES + "\ndef f(:\n", "fails", None, "SyntaxError: invalid syntax ({file}, line 21)"),
        ("def f():\npass", "fails", None, "IndentationError: expected an indented block after"),
    ],
)
def test_what_goes_wrong_in_an_agents_file_is_told_in_one_line(
    tmp_path: Path, text: str, member: str, args: dict[str, str] | None, told: str
) -> None:
    file = tmp_path / "factories.py"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(UserError) as raised:
        rtv(agent=f"{file}@{member}", agent_args=args)
    message = str(raised.value)
    assert told.replace("{file}", str(file)) in message
    assert f"{file}@{member}'" in message
    assert "\n" not in message
    assert "package/name" not in message
    assert raised.value.__cause__ is not None


@pytest.mark.parametrize(
    ("given", "args", "words"),
    [
        ("talkr", None, ["'talkr'", "did you mean", "talker"]),
        ("no_such/agent_at_all", None, ["'no_such/agent_at_all'", "'package/name'"]),
        ("nowhere.py@filed", None, ["there is no file nowhere.py; give agent=FILE.py@name"]),
        ("nowhere.py", None, ["there is no file nowhere.py; give agent=FILE.py@name"]),
        ("nowhere@filed", None, ["there is no file nowhere; give agent=FILE.py@name"]),
        (f"{Path(__file__).parent}@filed", None, ["rollout is not a .py file"]),
        ("talker", {"txet": "#x"}, ["'talker'", "txet"]),
        ("talker", "text=#x", ["agent_args='text=#x'", "mapping"]),
        (None, {"text": "#x"}, ["agent_args=", "needs an agent given by name"]),
        (talker(), {"text": "#x"}, ["agent_args=", "needs an agent given by name"]),
        (42, None, ["agent=42", "neither an agent"]),
        (talker, None, ["write agent=talker()"]),
        (Solo, None, ["write agent=Solo()"]),
        ([talker(), worker()], None, ["a list of 2", "agent=chain(first, second)"]),
        (pdr_rtv(), None, ["runs inspect_tts/pdr_rtv, which is a strategy"]),
        (chain(generate(), rtv()), None, ["runs inspect_tts/rtv, which is a strategy"]),
        (tournament(), None, ["runs inspect_tts/tournament, which is a strategy, or a stage"]),
        (plain_function, None, ["takes (state)", "@agent or @solver", "agent=plain_function()"]),
    ],
)
def test_a_wrong_agent_is_refused_when_the_strategy_is_built(
    given: object, args: object, words: list[str]
) -> None:
    with pytest.raises(UserError) as raised:
        rtv(agent=given, agent_args=args)  # type: ignore[arg-type]  # that is the mistake
    for word in words:
        assert word in str(raised.value)
