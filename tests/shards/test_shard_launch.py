"""What begins and continues a set: costs from a pilot, refusals, loads, and how shards end."""

from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from inspect_ai.log import EvalConfig, EvalDataset, EvalLog, EvalSample, EvalSpec, write_eval_log
from inspect_ai.model import ModelUsage
from test_shard_arguments import begun, folder  # noqa: F401 - the fixture

from inspect_tts import UserError
from inspect_tts._inspect.command import eval_parameters
from inspect_tts.shards import command, executors
from inspect_tts.shards.command import shard
from inspect_tts.shards.launch import changed_load, check_again, new_plan
from inspect_tts.shards.sets import ShardSet


def pilot(file: str, *costs: float | None) -> str:
    """Write the log of a run in which `a` used 10 tokens, `b` 20 and `c` 30, for these dollars."""
    samples = [
        EvalSample(
            id=id,
            epoch=1,
            input="x",
            target="",
            model_usage={"m": ModelUsage(total_tokens=10 * number, total_cost=cost)},
        )
        for number, (id, cost) in enumerate(zip("abc", costs, strict=True), start=1)
    ]
    spec = EvalSpec(
        created="2026-01-01T00:00:00+00:00",
        task="made",
        model="m",
        dataset=EvalDataset(),
        config=EvalConfig(),
    )
    write_eval_log(EvalLog(status="success", eval=spec, samples=samples), file)
    return file


@pytest.mark.parametrize("ending", ["eval", "json"])
@pytest.mark.parametrize(
    ("costs", "loads"), [((1.0, 2.0, 7.0), [3.0, 7.0]), ((1.0, None, 7.0), [30, 30])]
)
def test_a_pilot_costs_dollars_if_all_are_known_else_tokens(
    costs: tuple[float | None, ...], loads: list[float], ending: str, tmp_path: Path
) -> None:
    file = pilot(f"{tmp_path}/pilot.{ending}", *costs)
    plan = begun(pilot=file)
    assert sorted(shard.cost for shard in plan.shards) == loads
    assert plan.pilot == file


def saved(*words: str) -> list[str]:
    """Where the shards of a run would save results."""
    plan = new_plan(
        ("task.py", "--log-dir", "logs", *words), shards=2, at_once=None, seed=0, pilot=None
    )
    return [each for each in eval_parameters(plan.arguments)["s"] if each.startswith("resume=")]


def test_results_are_saved_beside_the_set_unless_the_user_chose_a_place() -> None:
    [place] = saved("--solver", "inspect_tts/rtv")
    assert place.endswith(".plan/saved")
    assert saved("--solver", "rtv", "-S", "resume=off") == ["resume=off"]
    assert saved() == saved("--solver", "generate") == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["inspect_tts/scaled"], "adds its samples while it runs"),
        (["scaled"], "adds its samples while it runs"),
        (["task.py", "task.py"], "give one task"),
        ([], "give one task"),
        (["task.py", "-T", 'ids=[1, "1"]'], "two problems with the same id"),
        (["task.py", "--sample-shuffle"], "--sample-shuffle is not possible"),
        (["task.py", "--run-config", "run.yaml"], "--run-config is not possible"),
        (["task.py", "--detach"], "--detach is not possible"),
    ],
)
def test_what_cannot_be_split_is_refused(words: list[str], said: str) -> None:
    with pytest.raises(UserError, match=said):
        new_plan((*words, "--log-dir", "logs"), shards=1, at_once=None, seed=0, pilot=None)


def test_no_more_shards_run_at_once_than_there_are() -> None:
    assert begun(at_once=9).at_once == 2
    assert changed_load(begun(at_once=1), 9, ()).at_once == 2
    assert changed_load(begun(at_once=1), None, ()).at_once == 1
    kept = changed_load(begun("--max-connections", "8", at_once=1), None, ())
    assert kept.max_connections == 8


def test_a_resume_may_say_what_the_plan_says_and_other_connections() -> None:
    plan = begun("-S", "n=2")
    place = f"resume={ShardSet(plan.set).saved}"
    check_again(plan, ["-S", "n=2", "-S", place])
    check_again(plan, ["--max-connections", "9"])


def test_another_version_is_told_and_another_machine_refused(
    capsys: pytest.CaptureFixture[str],
) -> None:
    plan = begun()
    check_again(plan, ())
    assert capsys.readouterr().err == ""
    check_again(plan.model_copy(update={"versions": {"inspect_ai": "0.1"}}), ())
    assert "but was 0.1 when the set began" in capsys.readouterr().err
    with pytest.raises(UserError, match="/nowhere of the plan does not exist on this machine"):
        check_again(plan.model_copy(update={"folder": "/nowhere"}), ())


# --- the command


def ended(monkeypatch: pytest.MonkeyPatch, failed: list[int], *words: str) -> tuple[int, str]:
    """The exit code and the output of a launcher, some shards of which failed."""
    monkeypatch.setattr(command, "run_local", lambda *given: failed)
    given = ["task.py", "--solver", "rtv", "--shards", "2", "--log-dir", "logs"]
    done = CliRunner().invoke(shard, [*(words or given)])
    return done.exit_code, done.output + str(done.exception or "")


def test_a_launcher_fails_if_a_shard_did(monkeypatch: pytest.MonkeyPatch) -> None:
    code, said = ended(monkeypatch, [1])
    assert code == 1
    assert "1 shards failed: 1\nto continue: inspect-tts shard --resume " in said
    [place] = Path("logs").glob("*.plan")
    found = str(place.with_suffix(".shards"))
    code, said = ended(monkeypatch, [], "--resume", found)
    assert (code, "0 of 2 shards are finished" in said) == (0, True)
    code, said = ended(monkeypatch, [], "--resume", found, "--shards", "3")
    assert (code, "--shards is 2 in the plan, but 3 was given" in said) == (1, True)
    code, said = ended(monkeypatch, [], "--merge", found)
    assert "not finished yet: shards 0, 1" in said


@pytest.mark.parametrize("text", ['{"gpu": true}', '{"gpu": -1}', '{"gpu": "1"}', "[1]"])
def test_resources_are_amounts(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    words = ["task.py", "--shards", "2", "--log-dir", "logs", "--ray-resources", text]
    code, said = ended(monkeypatch, [], *words)
    assert (code, "is not a JSON object of numbers" in said) == (1, True)


# --- running shards


def each(numbers: list[int], codes: dict[int, int], at_once: int = 1) -> list[int]:
    return executors._each(
        numbers, at_once, lambda k: codes.get(k, 0), lambda k: f"why {k}", lambda: None
    )


def test_shards_start_when_there_is_room_and_failures_are_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert each([2, 0, 1], {2: 1, 1: 9}) == [1, 2]
    told = capsys.readouterr()
    assert told.out.splitlines() == [
        "shard 2 starts",
        "shard 0 starts",
        "shard 0 completed",
        "shard 1 starts",
    ]
    assert told.err.splitlines() == ["shard 2 failed (1): why 2", "shard 1 failed (9): why 1"]


def test_an_interruption_stops_the_shards_that_run() -> None:
    stopped = list[bool]()

    def interrupted(number: int) -> int:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        executors._each([0], 1, interrupted, str, lambda: stopped.append(True))
    assert stopped == [True]


def test_a_shard_has_the_display_that_the_user_chose(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("INSPECT_DISPLAY", "rich")
    assert executors._environment()["INSPECT_DISPLAY"] == "rich"
    monkeypatch.delenv("INSPECT_DISPLAY")
    assert executors._environment()["INSPECT_DISPLAY"] == "plain"


def test_the_output_of_a_shard_is_added_to_that_of_earlier_attempts(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan: Any = begun()
    found = ShardSet(f"{tmp_path}/x.shards")  # without a plan, so that the shard fails at once
    output = tmp_path / "x.plan" / "output" / "0.txt"
    output.parent.mkdir(parents=True)
    output.write_text("earlier\n", encoding="utf-8")
    assert executors.run_local(found, plan, [0]) == [0]
    said = output.read_text(encoding="utf-8")
    assert said.startswith("earlier\n")
    assert "has no plan" in said
    assert "shard 0 failed (1): " in capsys.readouterr().err
