"""mini-SWE-agent's own loop on Inspect's model and sandbox."""

from pathlib import Path
from typing import Any

import pytest
from helpers import Outcome, Script, eval_one, run_eval, say, shell
from inspect_ai import Task
from inspect_ai.agent import as_solver
from inspect_ai.dataset import Sample
from inspect_ai.event import ModelEvent
from inspect_ai.model import ChatMessageTool, ChatMessageUser, ModelOutput, ModelUsage
from inspect_ai.scorer import includes

from inspect_tts import mini_swe_agent, rtv

pytest.importorskip("minisweagent", reason="needs the extra `swe`")

SUBMIT = "echo COMPLETE_TASK_AND_SUBMIT_FINAL_OUTPUT"
HERE: dict[str, Any] = {"cwd": "."}


def text(command: str) -> ModelOutput:
    return say(f"THOUGHT: so.\n\n```mswea_bash_command\n{command}\n```")


def plays(*outputs: ModelOutput) -> Script:
    """A model whose every attempt makes these moves, and repeats the last."""
    return Script(act=lambda me, turn: outputs[min(turn, len(outputs) - 1)].model_copy(deep=True))


def task(setup: str = "git init -q .", **given: Any) -> Task:
    sample = Sample(input="Fix {{ the }} bug.", target="done", setup=setup)
    return Task(dataset=[sample], scorer=includes(), sandbox="local", **given)


def attempt(script: Script, log_dir: Path, given: dict[str, Any] = HERE, **options: Any) -> Any:
    """The log's only sample, of the plain agent."""
    solver = as_solver(mini_swe_agent(**given))
    log = run_eval(task(), solver, script, log_dir, **options)
    [sample] = log.samples or []
    return sample


def strategy(script: Script, log_dir: Path, n: int = 1, **options: Any) -> Outcome:
    given = options.pop("agent_args", HERE)
    solver = rtv(n=n, agent="inspect_tts/mini_swe_agent", agent_args=given, **options)
    return eval_one(task(), solver, script, log_dir)


# --- the loop


VARIANTS = {
    "tools": (
        shell("echo one; echo two >&2; exit 3"),
        shell(f"{SUBMIT} && echo done"),
        ChatMessageTool,
    ),
    "text": (
        text("echo one; echo two >&2; exit 3"),
        text(f"{SUBMIT} && echo done"),
        ChatMessageUser,
    ),
}


@pytest.mark.parametrize("variant", VARIANTS)
def test_both_variants_run_commands_and_submit(variant: str, tmp_path: Path) -> None:
    first, last, kind = VARIANTS[variant]
    script = plays(first, last)
    outcome = strategy(script, tmp_path, agent_args={**HERE, "variant": variant})
    [rollout] = outcome.pool.rollouts
    assert (rollout.status, rollout.exit_status) == ("completed", "Submitted")
    assert rollout.submission == "done\n"
    assert (rollout.turns, outcome.score("includes")) == (2, "C")
    [observation, submission] = [m for m in outcome.sample.messages if isinstance(m, kind)][-2:]
    assert observation.text == "<returncode>3</returncode>\n<output>\none\ntwo\n</output>"
    assert submission.text == "done\n"


def test_the_prompt_is_the_packages_own_around_the_plain_problem(tmp_path: Path) -> None:
    from minisweagent.config import builtin_config_dir

    script = plays(shell(SUBMIT))
    attempt(script, tmp_path)
    system, user = script.calls[0].messages
    published = (builtin_config_dir / "benchmarks" / "swebench.yaml").read_text()
    lines = [line.strip() for line in user.text.splitlines() if line.strip()]
    assert "Fix {{ the }} bug." in lines
    assert [line for line in lines if line not in published and "{{" not in line] == []
    assert system.text.strip() in published


@pytest.mark.parametrize(
    ("given", "printed"),
    [({}, "profile\nhere"), ({"cwd": "."}, "here"), ({"cwd": "inside"}, "here")],
    ids=["as configured", "its own folder", "another folder"],
)
def test_where_the_folder_is_given_commands_read_no_profile_first(
    given: dict[str, Any], printed: str, tmp_path: Path
) -> None:
    from minisweagent.config import builtin_config_dir

    (tmp_path / "profile").write_text("echo profile\n", encoding="utf-8")
    config = (builtin_config_dir / "benchmarks" / "swebench.yaml").read_text()
    for old, new in {"/root/.bashrc": str(tmp_path / "profile"), "/testbed": "."}.items():
        assert old in config
        config = config.replace(old, new)
    (tmp_path / "own.yaml").write_text(config, encoding="utf-8")
    agent = as_solver(mini_swe_agent(config=str(tmp_path / "own.yaml"), **given))
    script = plays(shell("echo here"), shell(SUBMIT))
    sample = eval_one(task(setup="mkdir inside"), agent, script, tmp_path / "logs").sample
    first = next(m.text for m in sample.messages if isinstance(m, ChatMessageTool))
    assert f"<output>\n{printed}\n</output>" in first


def test_inspect_keeps_the_tokens_the_events_and_the_context_of_a_rollout(tmp_path: Path) -> None:
    script = plays(shell("pwd"), shell(SUBMIT))
    outcome = strategy(script, tmp_path, n=3, votes=1)
    for rollout in outcome.pool.rollouts:
        assert rollout.usage.total_tokens == 30
        assert [fact.command for fact in rollout.facts.last_commands[-2:]] == ["pwd", SUBMIT]
    calls = [event for event in outcome.sample.events if isinstance(event, ModelEvent)]
    assert sum(bool(event.tools) for event in calls) == 6
    folders = {
        message.text
        for call in script.asked("agent")
        for message in call.messages
        if isinstance(message, ChatMessageTool)
    }
    assert len(folders) == 3, "each in the sandbox of its own rollout"


def test_an_answer_that_cannot_be_read_is_complained_about_and_not_sent_again(
    tmp_path: Path,
) -> None:
    script = plays(say("I think."), shell("echo hi"), shell(SUBMIT))
    script.act = lambda me, turn: [say("I think."), shell("echo hi"), shell(SUBMIT)][
        min(len(script.calls) - 1, 2)
    ]
    sample = attempt(script, tmp_path)
    second = script.calls[1].messages
    assert [message.role for message in second] == ["system", "user", "user"]
    assert "No tool calls found" in second[2].text
    roles = [message.role for message in sample.messages]
    assert roles[:4] == ["system", "user", "assistant", "user"], "the trajectory has it"


@pytest.mark.parametrize(
    ("given", "moves", "status", "word"),
    [
        ({"step_limit": 2}, [shell("true")], "limit", "LimitsExceeded"),
        ({}, [say("no command")], "error", "RepeatedFormatError"),
        ({"cost_limit": 0.5}, [shell("true")], "limit", "LimitsExceeded"),
    ],
    ids=["step_limit", "unreadable", "cost_limit"],
)
def test_what_ends_the_agent_itself_is_in_the_record(
    given: dict[str, Any], moves: list[ModelOutput], status: str, word: str, tmp_path: Path
) -> None:
    for move in moves:
        move.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2, total_cost=0.3)
    outcome = strategy(plays(*moves), tmp_path, agent_args={**HERE, **given})
    [rollout] = outcome.pool.rollouts
    assert (rollout.status, rollout.exit_status) == (status, word)
    assert word in str(rollout.reason)


def test_the_configurations_limit_of_wall_time_is_a_limit(tmp_path: Path) -> None:
    from minisweagent.config import builtin_config_dir

    published = (builtin_config_dir / "benchmarks" / "swebench.yaml").read_text()
    config = tmp_path / "config.yaml"
    config.write_text(published.replace("agent:\n", "agent:\n  wall_time_limit_seconds: 1\n", 1))
    script = plays(shell("sleep 1"))
    outcome = strategy(script, tmp_path, agent_args={**HERE, "config": str(config)})
    [rollout] = outcome.pool.rollouts
    assert (rollout.status, rollout.exit_status) == ("limit", "TimeExceeded")


def test_the_published_limits_hold() -> None:
    from inspect_tts.agents.mini_swe_agent.package import load_config

    for name in ("swebench", "swebench_backticks"):
        config = load_config(name)
        assert (config["agent"]["step_limit"], config["agent"]["cost_limit"]) == (250, 3.0)
        assert config["environment"]["timeout"] == 60


def test_a_command_that_takes_too_long_ends_with_what_it_printed(tmp_path: Path) -> None:
    ended = tmp_path / "ended"
    script = plays(shell(f"echo begun; sleep 8; touch {ended}"), shell(SUBMIT))
    sample = attempt(script, tmp_path, {**HERE, "timeout": 1})
    assert not ended.exists(), "it is not waited for"
    [seen, _] = [m.text for m in sample.messages if isinstance(m, ChatMessageTool)]
    assert "<exception>An error occurred while executing the command: " in seen
    assert "<returncode>-1</returncode>" in seen


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ("echo a\0b", "null byte"),
        ("echo " + "x" * 200_000, "Argument list too long"),
        ("echo begun; timeout 1 sleep 9", "<returncode>124</returncode>"),
    ],
    ids=["null", "long", "its own timeout"],
)
def test_a_command_that_cannot_run_is_told_and_the_rollout_goes_on(
    command: str, told: str, tmp_path: Path
) -> None:
    sample = attempt(plays(shell(command), shell(SUBMIT)), tmp_path)
    [seen, _] = [m.text for m in sample.messages if isinstance(m, ChatMessageTool)]
    assert told in seen
    assert ("<exception>" in seen) == (told[0] != "<")


def test_output_without_end_is_cut_as_the_configuration_says(tmp_path: Path) -> None:
    script = plays(shell("yes x | head -c 30000"), shell("head -c 300 /dev/urandom"), shell(SUBMIT))
    sample = attempt(script, tmp_path)
    [long, binary, _] = [m.text for m in sample.messages if isinstance(m, ChatMessageTool)]
    assert "20000 characters elided" in long
    assert binary.startswith("<returncode>0</returncode>")


# --- limits, cancellation, concurrency


@pytest.mark.parametrize(
    ("limits", "kind"),
    [
        ({"turn_limit": 3}, "turn"),
        ({"token_limit": 40}, "token"),
        ({"message_limit": 7}, "message"),
        ({"time_limit": 2}, "time"),
    ],
)
def test_inspects_limits_end_a_rollout_and_its_thread(
    limits: dict[str, Any], kind: str, tmp_path: Path
) -> None:
    ended = tmp_path / "ended"
    slow = shell(f"sleep 20 >/dev/null 2>&1; touch {ended}" if kind == "time" else "true")
    outcome = strategy(plays(slow), tmp_path, **limits)
    assert not ended.exists(), "nothing waits for the command"
    [rollout] = outcome.pool.rollouts
    assert (rollout.status, rollout.limit) == ("limit", kind)
    assert len(outcome.sample.messages) > 2


def test_a_limit_of_the_sample_ends_all_threads(tmp_path: Path) -> None:
    ended = tmp_path / "ended"
    solver = rtv(n=3, votes=1, agent="inspect_tts/mini_swe_agent", agent_args=HERE)
    script = plays(shell(f"sleep 20 >/dev/null 2>&1; touch {ended}"))
    log = run_eval(task(), solver, script, tmp_path, time_limit=3)
    assert not ended.exists()
    [sample] = log.samples or []
    assert sample.limit is not None
    assert sample.limit.type == "time"


def test_forty_wait_at_once_without_holding_each_other_up(tmp_path: Path) -> None:
    """More than the threads of anyio's pool: each command ends once all others have begun."""
    here, n = tmp_path / "here", 41
    here.mkdir()
    wait = f"until [ $(ls {here} | wc -l) = {n} ]; do sleep 0.5; done"
    script = plays(shell(f"touch {here}/$$; {wait}; echo all-met-$((6*7))"), shell(SUBMIT))
    given: dict[str, Any] = {"selection": "first", "agent_args": {**HERE, "timeout": 600}}
    outcome = strategy(script, tmp_path, n, max_rollouts=n, **given)
    assert {rollout.exit_status for rollout in outcome.pool.rollouts} == {"Submitted"}
    assert sum("all-met-42" in call.text for call in script.asked("agent")) == n, "all have met"


def test_a_sandbox_without_the_folder_is_one_message(tmp_path: Path) -> None:
    sample = attempt(plays(shell("true")), tmp_path, {"cwd": "/no/such"}, fail_on_error=False)
    assert sample.error is not None
    for words in ("no folder '/no/such'", "agent_args"):
        assert words in sample.error.message
