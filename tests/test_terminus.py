"""Terminus in real containers: what is typed, what comes back, what ends it."""

import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from time import monotonic
from typing import Any

import pytest
from conftest import Box
from helpers import (
    IMAGE,
    TOKENS,
    compose_file,
    docker_missing,
    eval_one,
    processes,
    run_eval,
)
from inspect_ai import Task
from inspect_ai.dataset import Sample
from inspect_ai.event import SandboxEvent
from inspect_ai.log import EvalSample
from inspect_ai.model import ChatMessage, GenerateConfig, Model, ModelOutput, StopReason, get_model
from inspect_ai.scorer import Score, Scorer, Target, accuracy, includes, scorer
from inspect_ai.solver import TaskState

from inspect_tts import rtv
from inspect_tts.agents.terminus import terminus
from inspect_tts.agents.terminus.record import TerminusRecord
from inspect_tts.core.terminal import SOURCE
from inspect_tts.errors import UserError

Typing = tuple[str, bool, float]

pytestmark = pytest.mark.docker


def run(text: str, seconds: float = 10) -> Typing:
    """Keystrokes of a blocking command."""
    return f"{text}\n", True, seconds


def press(text: str, seconds: float = 0.5) -> Typing:
    """Keystrokes that are not waited for."""
    return text, False, seconds


def answer(*typed: Typing, done: bool = False) -> str:
    """An answer of the model."""
    commands = [
        {"keystrokes": text, "is_blocking": blocking, "timeout_sec": seconds}
        for text, blocking, seconds in typed
    ]
    return json.dumps(
        {
            "state_analysis": "I see.",
            "explanation": "I type.",
            "commands": commands,
            "is_task_complete": done,
        }
    )


DONE = answer(done=True)


def script(*answers: str, stop: StopReason = "stop", asked: list[int] | None = None) -> Model:
    """A model that gives these answers in turn, and again for each conversation."""

    def outputs(
        messages: list[ChatMessage], tools: Any, choice: Any, config: GenerateConfig
    ) -> ModelOutput:
        turn = sum(message.role == "assistant" for message in messages)
        if asked is not None:
            asked.append(turn)
        output = ModelOutput.from_content("mockllm", answers[turn], stop_reason=stop)
        output.usage = TOKENS
        return output

    return get_model("mockllm/model", custom_outputs=outputs, memoize=False)


def judge_and_summarizer() -> dict[str, str | Model]:
    def outputs(messages: list[ChatMessage], *rest: Any) -> ModelOutput:
        votes = "<solution_1>" in messages[0].text
        text = "Final verdict: Solution 1" if votes else '{"requirements": [], "final_state": "x"}'
        output = ModelOutput.from_content("mockllm", text)
        output.usage = TOKENS
        return output

    model = get_model("mockllm/other", custom_outputs=outputs, memoize=False)
    return {"judge": model, "summarizer": model}


def task(box: Box, **sample: Any) -> Task:
    return Task(
        name=box.task_name,
        dataset=[Sample(input="Work.", target="x", **sample)],
        scorer=includes(),
        sandbox=box.spec,
    )


def seen(sample: EvalSample) -> list[str]:
    """What the model read after each of its answers."""
    messages = sample.messages
    first = next(i for i, message in enumerate(messages) if message.role == "assistant")
    return [message.text for message in messages[first:] if message.role == "user"]


def play(
    box: Box, answers: Sequence[str], tmp_path: Path, *, user: str | None = None, **sample: Any
) -> EvalSample:
    """Run the agent without a strategy."""
    agent = terminus(user=user)
    model = script(*answers, DONE)
    outcome = eval_one(task(box, **sample), agent, model, tmp_path)  # type: ignore[arg-type]
    return outcome.sample


def test_what_is_typed_and_what_comes_back(docker_box: Box, tmp_path: Path) -> None:
    long = "seq 3000"
    answers = {
        "a command": answer(run("echo a$((1+1))b")),
        "a here-document": answer(run("cat > f <<'E'\n$HOME \"q\"\nE"), run("cat f")),
        "state stays": answer(run("cd /tmp; x=kept"), run("pwd; echo $x")),
        "a timeout": answer(run("sleep 30", 0.4), run("echo never-typed")),
        "Control-C": answer(press("C-c", 1)),
        "a long output": answer(run(long)),
        "a program that stays": answer(
            press("python3\n", 2), press("print(6 * 7)\n"), press("C-d")
        ),
        "a full screen": answer(press("watch -n 60 echo full\n", 1.5)),
        "out of it": answer(press("C-c", 1)),
        "the shell ends": answer(run("exit 3")),
        "a new shell": answer(run("echo back")),
        "just looking": answer(),
        "not ASCII": answer(run("echo 'ü☃'")),
        "a failing command": answer(run("false")),
        "a service": answer(run("sleep 4242 &")),
    }
    sample = play(docker_box, list(answers.values()), tmp_path)
    told = dict(zip(answers, seen(sample), strict=True))
    assert "\na2b\n" in told["a command"]
    assert told["a command"].startswith("New terminal output:\n")
    assert '\n$HOME "q"\n' in told["a here-document"]
    assert "\n/tmp\nkept\n" in told["state stays"]
    assert 'Command 1 ("sleep 30\\n") did not end within 0.4 seconds' in told["a timeout"]
    assert "were not typed" in told["a timeout"]
    assert "never-typed" not in told["a timeout"]
    assert "^C" in told["Control-C"]
    assert "characters left out" in told["a long output"]
    assert told["a long output"].count("\n3000\n") == 1
    assert "\n42\n" in told["a program that stays"]
    assert told["a full screen"].startswith("Current terminal screen:\nEvery 60.0s")
    assert "\nfull" in told["a full screen"]
    assert "/tmp#" in told["out of it"]
    assert "a new one was started" in told["the shell ends"]
    assert "did not end within" not in told["the shell ends"]
    assert "\nback\n" in told["a new shell"]
    assert "ü☃" in told["not ASCII"]
    assert not any("wait -S" in text for text in told.values())
    record = sample.store_as(TerminusRecord)
    assert (record.turns, record.format_errors, record.timeouts) == (len(answers) + 1, 0, 1)
    assert (record.ended, record.max_turns) == ("complete", 50)
    assert [prompt.source for prompt in record.prompts] == ["built-in"] * 3
    typed = [event.data for event in sample.events if event.event == "info"]
    assert typed[-2] == {"typed": [{"keystrokes": "false\n", "ending": "done", "returncode": 1}]}
    # one execution for the start, one for each turn that types or looks
    executed = [
        e for e in sample.events if isinstance(e, SandboxEvent) and e.cmd == f"sh -s {SOURCE}"
    ]
    assert len(executed) == 1 + len(answers)


def test_broken_answers_are_told_and_counted(docker_box: Box, tmp_path: Path) -> None:
    answers = ["Let me see.", answer(run("ls"))[:-9], '{"commands": 1}', answer(run("echo fine"))]
    sample = play(docker_box, answers, tmp_path)
    told = seen(sample)
    for text, reason in zip(
        told[:3], ["no JSON object", "not valid JSON", "commands: "], strict=True
    ):
        assert text.startswith("Your answer could not be used")
        assert reason in text
    assert "\nfine\n" in told[3]
    assert sample.store_as(TerminusRecord).format_errors == 3


def test_the_turn_cap_counts_broken_answers(docker_box: Box, tmp_path: Path) -> None:
    agent: Any = terminus(max_turns=3)
    sample = eval_one(task(docker_box), agent, script(*["no"] * 9), tmp_path).sample
    record = sample.store_as(TerminusRecord)
    assert (record.turns, record.format_errors, record.ended) == (3, 3, "max_turns")


@pytest.mark.parametrize("stop", ["max_tokens", "content_filter"])
def test_an_answer_that_was_stopped(stop: StopReason, docker_box: Box, tmp_path: Path) -> None:
    agent: Any = terminus(max_turns=1)
    model = script("{", stop=stop)
    sample = eval_one(task(docker_box), agent, model, tmp_path).sample
    record = sample.store_as(TerminusRecord)
    if stop == "max_tokens":
        assert "cut off at the limit of output tokens" in sample.messages[-1].text
    else:
        assert (record.ended, record.format_errors) == (stop, 0)


def test_prompts_and_user_can_be_replaced(docker_box: Box, tmp_path: Path) -> None:
    instructions = tmp_path / "own.md"
    instructions.write_text("Type as you like.", encoding="utf-8")
    agent: Any = terminus(
        prompt=str(instructions), observation_prompt="SCREEN {output}", reask_prompt="NO: {error}"
    )
    model = script("?", answer(run("whoami")), DONE)
    metadata = {"agent_user": "nobody"}
    sample = eval_one(task(docker_box, metadata=metadata), agent, model, tmp_path).sample
    assert sample.messages[0].text == "Type as you like."
    assert [text.split()[0] for text in seen(sample)] == ["NO:", "SCREEN"]
    assert "\nnobody\n" in seen(sample)[1]
    sources = [prompt.source for prompt in sample.store_as(TerminusRecord).prompts]
    assert sources == [str(instructions), "argument", "argument"]


GONE = {
    "tmux": ("tmux kill-server", "the terminal is gone"),
    "the container": ("kill -9 -1", ""),
}


@pytest.mark.parametrize(("deadly", "reason"), GONE.values(), ids=GONE)
def test_a_dead_terminal_fails_its_rollout_alone(
    deadly: str, reason: str, docker_box: Box, tmp_path: Path
) -> None:
    lives: list[int] = []

    def outputs(messages: list[ChatMessage], *rest: Any) -> ModelOutput:
        turn = sum(message.role == "assistant" for message in messages)
        if turn == 0:
            lives.append(1)
        first = len(lives) == 1 and turn == 0
        text = answer(run(deadly if first else "echo alive")) if turn < 2 else DONE
        output = ModelOutput.from_content("mockllm", text)
        output.usage = TOKENS
        return output

    model = get_model("mockllm/model", custom_outputs=outputs, memoize=False)
    outcome = eval_one(
        task(docker_box),
        rtv(n=2, votes=1, agent="inspect_tts/terminus", max_rollouts=2),
        model,
        tmp_path,
        model_roles=judge_and_summarizer(),
    )
    ended = {rollout.status: rollout for rollout in outcome.pool.rollouts}
    assert set(ended) == {"error", "completed"}
    assert ended["error"].reason is not None
    assert reason in ended["error"].reason
    assert ended["completed"].facts.last_commands[-1].command == "echo alive"
    assert ended["completed"].facts.last_commands[-1].returncode == 0
    assert docker_box.alive() == []


def test_a_time_limit_ends_a_rollout_in_the_middle_of_a_command(
    docker_box: Box, tmp_path: Path
) -> None:
    started = monotonic()
    outcome = eval_one(
        task(docker_box, metadata={"agent_time_limit": 3}),
        rtv(n=1, agent="inspect_tts/terminus"),
        script(answer(run("sleep 600", 600)), DONE),
        tmp_path,
        model_roles=judge_and_summarizer(),
    )
    [rollout] = outcome.pool.rollouts
    assert (rollout.status, rollout.limit) == ("limit", "time")
    assert monotonic() - started < 40
    assert docker_box.alive() == []


def test_what_runs_in_the_terminal_outlives_the_agent(docker_box: Box, tmp_path: Path) -> None:
    found: list[str] = []

    @scorer(metrics=[accuracy()])
    def watch() -> Scorer:
        async def score(state: TaskState, target: Target) -> Score:
            found.extend(processes(name) for name in docker_box.alive())
            return Score(value=1)

        return score

    job = task(docker_box)
    job.scorer = [watch()]
    agent: Any = terminus()
    eval_one(job, agent, script(answer(run("sleep 4242 &")), DONE), tmp_path)
    assert ["sleep 4242" in each for each in found] == [True]


def test_the_bench_counts_one_execution_a_turn() -> None:
    missing = docker_missing()
    if missing:
        pytest.skip(missing)
    bench = Path(__file__).parents[1] / "bench" / "terminus.py"
    ran = subprocess.run(
        [sys.executable, str(bench), "--turns", "2", "--json"],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = json.loads(ran.stdout)
    assert found["executions a turn"] == 1
    assert found["terminus ms"] > 0
    assert found["bare ms"] > 0
    assert found["ratio"] > 0


def image_without_tmux() -> str:
    tag = "tts-terminal/no-tmux"
    dockerfile = f"FROM {IMAGE}\nRUN dpkg --purge tmux\n"
    subprocess.run(
        ["docker", "build", "--quiet", "--tag", tag, "-"],
        input=dockerfile.encode(),
        check=True,
        capture_output=True,
    )
    return tag


@pytest.mark.parametrize("network", [False, True], ids=["without a network", "with a network"])
def test_where_tmux_is_missing(network: bool, docker_box: Box, tmp_path: Path) -> None:
    tag = image_without_tmux()
    line = "network_mode: bridge" if network else "network_mode: none"
    path = Path(compose_file(tmp_path, network=line))
    path.write_text(path.read_text(encoding="utf-8").replace(IMAGE, tag), encoding="utf-8")
    asked: list[int] = []
    agent: Any = terminus()
    model = script(answer(run("echo here")), DONE, asked=asked)
    log = run_eval(task(docker_box), agent, model, tmp_path)
    [sample] = log.samples or []
    if network:
        assert log.status == "success", sample.error
        assert "\nhere\n" in seen(sample)[0]
    else:
        assert sample.error is not None
        assert "Terminus needs tmux" in sample.error.message
        assert "Put tmux into the image, or give the sandbox a network" in sample.error.message
        assert asked == []


@pytest.mark.parametrize(
    "arguments",
    [{"max_turns": 0}, {"max_turns": "many"}, {"width": 3}, {"max_seconds": float("nan")}],
    ids=str,
)
def test_arguments_out_of_range_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(UserError, match=f"{next(iter(arguments))}=.*needs a number of at least"):
        terminus(**arguments)
