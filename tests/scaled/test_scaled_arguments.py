"""Arguments and options of a scaled run, and what reads its log."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from inspect_ai import Task, task
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog
from inspect_ai.scorer import SampleScore
from inspect_ai.solver import Solver, generate
from inspect_ai.util import EarlyStop
from scripted import echo, last_words, prefer, run

from inspect_tts import UserError, pdr_rtv, problems_df, rollouts_df, rtv, votes_df
from inspect_tts.cli import main
from inspect_tts.scaled.rollout import rollout_score
from inspect_tts.scaled.task import scaled, scaled_options, scaled_strategy


class Stops:
    """An early stopping that looks at scores."""

    async def start_task(self, task: Any, samples: list[Sample], epochs: int) -> str:
        return "stops"

    async def schedule_sample(self, id: str | int, epoch: int) -> EarlyStop | None:
        return None

    async def complete_sample(
        self, id: str | int, epoch: int, scores: dict[str, SampleScore]
    ) -> None:
        pass

    async def complete_task(self) -> dict[str, Any]:
        return {}


def numbered(name: str, **options: Any) -> Task:
    samples = [Sample(id=f"p{i}", input=f"Solve #{i}.", target="#1") for i in range(3)]
    given: dict[str, Any] = {"solver": generate(), "scorer": last_words(), **options}
    return Task(dataset=samples, name=name, **given)


@task
def three(word: str = "a") -> Task:
    return numbered("three")


@task
def stopping() -> Task:
    return numbered("stopping", early_stopping=Stops())


@task
def strategic() -> Task:
    return numbered("strategic", solver=rtv(n=2))


@task
def named_as_a_part() -> Task:
    return Task(dataset=[Sample(id="p#t0", input="x")], solver=generate())


@task
def limited() -> Task:
    given = {"token_limit": "output:500", "turn_limit": 7, "score_on_error": True}
    return numbered("limited", version=3, fail_on_error=0.5, checkpoint=True, **given)


@task
def fussy() -> Task:
    raise ValueError("not today")


def test_what_is_not_about_samples_is_as_the_task_has_it() -> None:
    made = scaled(task="limited")
    assert (made.token_limit, made.token_limit_type, made.turn_limit) == (500, "output", 7)
    assert (made.name, made.version) == ("limited", 3)
    assert made.fail_on_error is False
    assert (made.score_on_error, made.checkpoint, made.sandbox) == (None, None, None)
    assert limited().fail_on_error == 0.5


SMALL: dict[str, Any] = {"n": 2, "top_k": 1, "votes": 1}


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"strategy": "rvt"}, "strategy='rvt' is not known; choose one of 'rtv', 'pdr', 'pdr_rtv'"),
        ({"strategy_args": {"n": 0}}, "n=0 is too small; give n >= 1"),
        ({"strategy_args": {"m": 1}}, "has no argument m"),
        ({"strategy_args": {"max_rollouts": 4}}, "Inspect's --max-samples"),
        ({"strategy_args": {"score_rollouts": True}}, "every rollout is graded"),
        ({"task": "no_such_task"}, "task='no_such_task' is not known"),
        (
            {"task": "nowhere.py"},
            "task='nowhere.py': there is no file nowhere.py",
        ),
        ({"task": "inspect_tts/dmo"}, "did you mean inspect_tts/demo"),
        ({"strategy_args": "n=2"}, "strategy_args='n=2' is not a mapping"),
        ({"task_args": 3}, "task_args=3 is not a mapping"),
        ({"task": "fussy"}, "task='fussy' with task_args={} could not be created: not today"),
        ({"limit": 0}, "limit=0 is too small"),
        (
            {"sample_id": "p9"},
            "sample_id='p9' is not a problem of the task; its problems include p0, p1, p2",
        ),
        ({"task": "stopping"}, "stops samples early by their scores"),
        ({"task": "strategic"}, "is inspect_tts/rtv, which needs an agent to run"),
        ({"task": "named_as_a_part"}, "'p#t0' looks like the id of a rollout"),
        ({"samples": 3}, "scaled has no argument samples"),
    ],
)
def test_a_bad_argument_is_refused_when_the_task_is_made(
    given: dict[str, Any], message: str
) -> None:
    with pytest.raises(UserError) as refused:
        scaled(**{"task": "three", **given})
    assert message in str(refused.value)


def run_three(folder: Path, solver: Solver | None = None, **options: Any) -> EvalLog:
    names = ("limit_problems", "sample_id_problems")
    chosen = {name.removesuffix("_problems"): options.pop(name, None) for name in names}
    made = scaled(task="three", strategy_args=SMALL, **chosen)
    asked: list[str] = []

    def agent(input: Any, config: Any) -> Any:
        asked.append(input[-1].text)
        return echo(input, config)

    log = run(made, solver, folder, agent=agent, judge=prefer("#1"), **options)
    if log.status == "error":
        assert asked == [], "refused before anything was paid for"
    return log


@pytest.mark.parametrize(
    ("option", "value", "message"),
    [
        ("limit", 1, "--limit counts rollouts here: give -T limit=..."),
        ("sample_id", "p0*", "--sample-id names rollouts here: give -T sample_id=..."),
        ("sandbox", "local", "--sandbox would start one for each vote: give -T sandbox=..."),
        ("solver", generate(), "--solver takes the strategy's place: give -T strategy=..."),
    ],
)
def test_an_option_that_would_not_do_what_it_says_is_refused(
    option: str, value: Any, message: str, tmp_path: Path
) -> None:
    log = run_three(tmp_path, **{option: value})
    assert log.status == "error"
    assert message in str(log.error)


def test_a_run_that_does_not_score_is_refused(tmp_path: Path) -> None:
    made = scaled(task="three", strategy_args=SMALL)
    log = run(made, None, tmp_path, judge=prefer("#1"), score=False)
    assert log.status == "error"
    assert "run it without --no-score" in str(log.error)


@pytest.mark.parametrize("step", ["scaled_options", "scaled_strategy"])
def test_the_steps_of_a_scaled_run_are_refused_elsewhere(step: str, tmp_path: Path) -> None:
    made = {"scaled_options": scaled_options(), "scaled_strategy": scaled_strategy(rtv(n=2))}[step]
    log = run(three(), made, tmp_path)
    assert log.status == "error"
    assert "belongs to the task inspect_tts/scaled" in str(log.error)


def test_the_score_of_rollouts_is_none_of_other_samples(tmp_path: Path) -> None:
    log = run(numbered("plain", scorer=rollout_score()), None, tmp_path)
    assert log.status == "success", log.error
    assert [sample.scores or {} for sample in log.samples or []] == [{}, {}, {}]


@pytest.mark.parametrize(
    ("given", "problems"),
    [
        ({"limit_problems": 2}, ["p0", "p1"]),
        ({"sample_id_problems": "p2"}, ["p2"]),
        ({"sample_id_problems": ["p2", "p0"]}, ["p0", "p2"]),
    ],
)
def test_problems_can_be_chosen(given: dict[str, Any], problems: list[str], tmp_path: Path) -> None:
    log = run_three(tmp_path, **given)
    assert log.status == "success", log.error
    ids = sorted(str(sample.id) for sample in log.samples or [])
    assert [id for id in ids if "#" not in id] == problems
    assert len(ids) == len(problems) * (2 + 1 + 2 + 1)


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Logs of the same strategy as a solver and as samples."""
    solver, samples = tmp_path_factory.mktemp("solver"), tmp_path_factory.mktemp("samples")
    made = pdr_rtv(**SMALL, score_rollouts=True)
    assert run(three(), made, solver, judge=prefer("#1")).status == "success"
    assert run_three(samples).status == "success"
    return solver, samples


def told(command: str, *arguments: object) -> str:
    result = CliRunner().invoke(main, [command, *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output


def test_the_report_tells_the_same_of_both(both: tuple[Path, Path]) -> None:
    shown = [told("report", folder, "--markdown").split("Cost per problem")[0] for folder in both]
    assert shown[0] == shown[1]
    assert "pdr_rtv" in shown[0]
    for frame in (problems_df, rollouts_df, votes_df):
        left, right = (frame(folder).sort_values("id", kind="stable") for folder in both)
        left, right = left.reset_index(drop=True), right.reset_index(drop=True)
        same = [c for c in left.columns if c not in {"log", "eval_id", "sample_id", "seconds"}]
        assert len(left) == len(right) > 0
        assert left[same].equals(right[same])


def test_a_log_of_samples_is_a_pilot_for_estimates(both: tuple[Path, Path]) -> None:
    rows = [told("estimate", "pdr_rtv", "--pilot", folder, "--json") for folder in both]
    tokens = [
        [row for row in json.loads(text)["rows"] if "log" not in row["what"]] for text in rows
    ]
    assert tokens[0] == tokens[1]


def selections(command: str, logs: Path, folder: Path, *options: str) -> list[dict[str, Any]]:
    """What a command on recorded rollouts chose, by problem."""
    [log] = logs.glob("*.eval")
    into = ["--output", folder, "--log-dir", folder, "--model", "mockllm/model"]
    told(command, log, *into, *options)
    rows = [json.loads(line) for line in (folder / "selections.jsonl").open()]
    assert [row["id"] for row in rows] == ["p0", "p1", "p2"]
    return rows


def test_selections_of_samples_are_made_again(both: tuple[Path, Path], tmp_path: Path) -> None:
    rows = selections("replay", both[1], tmp_path, "--votes", "1")
    assert {row["chosen"].partition("-")[0] for row in rows} == {"t1"}


def test_the_rollouts_of_samples_are_selected_among(
    both: tuple[Path, Path], tmp_path: Path
) -> None:
    rows = selections("select", both[1], tmp_path, "--selection", "first")
    assert all(len(row["ranking"]) == 4 for row in rows)
