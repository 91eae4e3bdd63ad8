"""Terminus in real containers: what is typed and what comes back."""

from pathlib import Path
from typing import Any

import pytest
from conftest import Box
from helpers import (
    eval_one,
)
from inspect_ai.event import SandboxEvent
from inspect_ai.model import StopReason
from typist import DONE, answer, play, press, run, script, seen, task

from inspect_tts.agents.ending import AgentEnd
from inspect_tts.agents.terminus import terminus
from inspect_tts.agents.terminus.record import TerminusRecord
from inspect_tts.agents.terminus.screen import SOURCE

pytestmark = pytest.mark.docker


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
    end = sample.store_as(AgentEnd)
    assert (end.exit_status, end.status) == ("max_turns", "limit")


def test_no_command_may_take_longer_than_max_seconds(docker_box: Box, tmp_path: Path) -> None:
    agent: Any = terminus(max_seconds=1)
    model = script(answer(run("sleep 300", 9999)), DONE)
    sample = eval_one(task(docker_box), agent, model, tmp_path).sample
    assert "did not end within 1 seconds" in seen(sample)[0]
    assert sample.store_as(TerminusRecord).timeouts == 1


def test_tabs_of_a_here_document_arrive_and_keys_do_not_wait(
    docker_box: Box, tmp_path: Path
) -> None:
    lines = "cat > M <<'E'\nall:\n\techo a\tb\nE\n"
    look, leave = ("od -c M | head -2; read -n 1 key\n", False, 2), ("q", True, 100)
    answers = [answer((lines, True, 10)), answer(look), answer(leave)]
    sample = play(docker_box, [*answers, answer(run("echo got $key"))], tmp_path)
    assert "\\t   e   c   h   o       a  \\t   b" in " ".join(seen(sample))
    assert "syntax error" not in " ".join(seen(sample))
    assert "\ngot q\n" in seen(sample)[-1]
    assert sample.store_as(AgentEnd).status == "completed"


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


def test_a_user_who_is_given_types_instead_of_the_samples_own(
    docker_box: Box, tmp_path: Path
) -> None:
    agent: Any = terminus(user="daemon")
    metadata = {"agent_user": "nobody"}
    model = script(answer(run("whoami")), DONE)
    sample = eval_one(task(docker_box, metadata=metadata), agent, model, tmp_path).sample
    assert "\ndaemon\n" in seen(sample)[0]


def test_a_command_has_ended_once_its_return_code_is_noted(docker_box: Box, tmp_path: Path) -> None:
    # its signal is lost where it meets a client whose slice of the wait ends in that moment
    answers = [answer(run("tmux set -g @tts0 7; sleep 30", 60)), answer(press("C-c", 1))]
    sample = play(docker_box, answers, tmp_path)
    typed: list[Any] = [event.data for event in sample.events if event.event == "info"]
    [first] = typed[0]["typed"]
    assert (first["ending"], first["returncode"]) == ("done", 7)
