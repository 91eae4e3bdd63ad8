"""Tokens and cost of recorded rollouts, as the files of each tool tell them."""

import json
from pathlib import Path

import pytest
from recorded_files import RESPONSES, atif, mini, read_one, row, trial, write


def test_mini_swe_agents_usage_and_cost_are_read(tmp_path: Path) -> None:
    stats = {"instance_cost": 0.25, "api_calls": 9}
    content = mini(RESPONSES, model_stats=stats) | {"instance_id": "named"}
    found = read_one("mini-swe-agent", write(tmp_path / "p.traj.json", content))
    assert (found.problem, found.turns) == ("named", 9)
    usage = found.usage
    assert (usage.input_tokens, usage.cache_read_tokens, usage.output_tokens) == (40, 60, 7)
    assert (usage.total_tokens, usage.cost) == (107, 0.25)


def test_a_cost_of_nothing_for_tokens_is_unknown(tmp_path: Path) -> None:
    content = mini(RESPONSES, model_stats={"instance_cost": 0.0, "api_calls": 9})
    used = read_one("mini-swe-agent", write(tmp_path / "p.traj.json", content)).usage
    assert (used.total_tokens, used.cost) == (107, None), "cost_tracking: ignore_errors"


COUNTED = {"n_input_tokens": 50, "n_cache_tokens": 20, "n_output_tokens": 5, "cost_usd": 0.5}


@pytest.mark.parametrize(
    ("counted", "used"),
    [
        (None, (6, 4, 3, None)),
        (COUNTED, (30, 20, 5, 0.5)),  # subagents wrote trajectories of their own
        ({"n_input_tokens": 5, "cost_usd": 0.5}, (6, 4, 3, 0.5)),
        ({"cost_usd": 0.5}, (6, 4, 3, 0.5)),
        ({}, (6, 4, 3, None)),
    ],
    ids=["not counted", "more", "fewer", "only the cost", "empty"],
)
def test_what_harbor_counted_completes_the_usage(
    counted: dict[str, float] | None, used: tuple[float | None, ...], tmp_path: Path
) -> None:
    found = read_one("atif", trial(tmp_path, agent_result=counted)).usage
    parts = (found.input_tokens, found.cache_read_tokens, found.output_tokens, found.cost)
    assert parts == used


def test_a_trial_without_a_trajectory_has_the_usage_that_harbor_counted(tmp_path: Path) -> None:
    trial(tmp_path, agent_result=COUNTED).unlink()
    found = read_one("atif", tmp_path / "build-it__a1" / "result.json")
    assert (found.usage.total_tokens, found.usage.cost) == (55, 0.5)


@pytest.mark.parametrize(
    ("first", "last", "read"),
    [
        (None, None, 13),
        ({"total_prompt_tokens": 12}, {"total_prompt_tokens": 90}, 90),  # as Terminus: all so far
        ({"total_prompt_tokens": 10}, {"total_prompt_tokens": 3}, 13),
    ],
    ids=["steps alone", "totals of the run", "totals of each file"],
)
def test_the_tokens_of_a_continued_trajectory_are_all(
    first: dict[str, int] | None, last: dict[str, int] | None, read: int, tmp_path: Path
) -> None:
    steps = [{"source": "agent", "message": "More.", "metrics": {"prompt_tokens": 3}}]
    write(tmp_path / "cont-1.json", atif(steps=steps, final_metrics=last))
    given = atif(continued_trajectory_ref="cont-1.json", final_metrics=first)
    used = read_one("atif", write(tmp_path / "trajectory.json", given)).usage
    assert used.input_tokens + used.cache_read_tokens == read


@pytest.mark.parametrize(
    ("total", "used"),
    [
        ({"total_cost_usd": 0.5}, (13, 0.5)),
        ({"total_completion_tokens": 8}, (13, 0.25)),
        ({"total_prompt_tokens": 20, "total_cost_usd": 0.0}, (20, 0.0)),
    ],
    ids=["only the cost", "only what was said", "free"],
)
def test_what_the_totals_of_a_trajectory_lack_is_in_its_steps(
    total: dict[str, float], used: tuple[int, float], tmp_path: Path
) -> None:
    given = atif(final_metrics=total)
    given["steps"][1]["metrics"]["cost_usd"] = 0.25
    found = read_one("atif", write(tmp_path / "trajectory.json", given)).usage
    assert (found.total_tokens, found.cost) == used


@pytest.mark.parametrize(
    ("counted", "used"),
    [
        ({"n_input_tokens": 5, "cost_cents": None}, (13, None)),
        ({"n_input_tokens": 20, "n_output_tokens": 2, "cost_cents": 50}, (22, 0.5)),
    ],
)
def test_a_row_has_the_usage_that_is_counted_in_it(
    counted: dict[str, float | None], used: tuple[int, float | None], tmp_path: Path
) -> None:
    line = json.dumps(row("a", 1, "2026-01", **counted))
    found = read_one("rows", write(tmp_path / "pool.jsonl", line)).usage
    assert (found.total_tokens, found.cost) == used
