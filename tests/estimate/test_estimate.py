"""What a run will cost, told beforehand, against what runs do cost."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from crowd import crowd
from scripted import calls, model, pool, problem, reply, run, summarize

from inspect_tts import pdr, pdr_rtv, rtv
from inspect_tts._inspect.command import parse_cli_args
from inspect_tts.cli import main
from inspect_tts.estimate.counts import counts, measured
from inspect_tts.method.records import Usage
from inspect_tts.options import PdrRtvOptions, SelectRecordedOptions
from inspect_tts.recorded.replay_plan import fresh_votes

FULL = PdrRtvOptions().arguments()


def asked(*words: str) -> Any:
    return CliRunner().invoke(main, ["estimate", *words])


@pytest.mark.parametrize(
    ("change", "rollouts", "votes"),
    [
        ({}, 32, 216),
        ({"group_size": 16, "iterations": 1}, 16, 8),
        ({"group_size": 8, "iterations": 1}, 16, 24),
        ({"votes": 16, "iterations": 1}, 16, 240),
        ({"context": "single"}, 32, 120),
        ({"iterations": 3}, 48, 312),
    ],
)
def test_the_counts_of_the_paper(change: dict[str, Any], rollouts: int, votes: int) -> None:
    found = counts({**FULL, **change})
    assert (found.rollouts, found.fewest_rollouts, found.votes) == (rollouts, rollouts, votes)
    assert found.fewest_votes == found.matches * (found.votes // found.matches // 2 + 1)


@pytest.mark.parametrize(
    ("change", "open_at_once"),
    [
        ({}, 16),
        ({"keep_parents": True}, 20),
        ({"keep_parents": True, "iterations": 1}, 16),
        ({"keep_parents": True, "close": "investigate"}, 21),
        ({"check": "make test"}, 17),
        ({"check": []}, 16),
        ({"evidence": "cross"}, 17),
        ({"evidence": "regression", "close": "investigate"}, 17),
    ],
)
def test_parents_and_what_is_executed_need_sandboxes_too(
    change: dict[str, Any], open_at_once: int
) -> None:
    assert counts({**FULL, **change}).sandboxes == open_at_once


def test_every_match_may_be_investigated() -> None:
    given = ["rtv", "-S", "n=4", "-S", "close=investigate", "-S", "investigation_turns=5"]
    costs = ["--tokens", "10,10,10", "--cost", "1,0,0", "-S", "investigation_cost=2"]
    rows = json.loads(asked(*given, *costs, "--json").output)["rows"]
    each = {row["what"]: row["each"] for row in rows}
    assert each["investigations"] == [0, 3]
    assert each["calls of investigations"] == [0, 15]
    assert each["dollars"] == [4.0, 4.0 + 6.0]
    plain = json.loads(asked("rtv", "-S", "n=4", "--json").output)["rows"]
    assert "investigations" not in {row["what"] for row in plain}


@pytest.mark.parametrize(
    "given",
    [
        {"selection": "swiss"},
        {"selection": "pivot"},
        {"selection": "round_robin"},
        {"selection": "listwise"},
        {"selection": "pointwise"},
        {"selection": "fewest_turns"},
        {"group_size": 3},
        {"keep_parents": True},
        {"iterations": 1},
    ],
    ids=str,
)
def test_a_run_asks_as_many_votes_as_were_told(tmp_path: Path, given: dict[str, Any]) -> None:
    args = {"n": 5, "top_k": 2, "votes": 2, "early_stop": False, **given}
    log = run(problem(), pdr_rtv(**args, agent=crowd()), tmp_path)
    found = counts({**FULL, **args})
    assert len(pool(log).rollouts) == found.rollouts
    matches = [m for each in pool(log).selections for r in each.rounds for m in r.matches]
    votes = sum(len(match.votes) for match in matches)
    assert found.fewest_votes <= votes <= found.votes
    # in a pivot tournament it depends on who wins whether the pivots have met in the ring already
    slack = 2 * args["votes"] if given.get("selection") == "pivot" else 0
    assert found.votes - found.fewest_votes == slack


@pytest.mark.parametrize(
    "given",
    [
        {},
        {"votes": "5"},
        {"votes": "auto"},
        {"votes": "auto", "min_votes": "1", "vote_error": "0.4"},
        {"close": "investigate"},
        {"dedupe": "true"},
        {"early_stop": "false"},
        {"selection": "swiss"},
        {"selection": "pivot"},
        {"selection": "pointwise"},
        {"selection": "first"},
    ],
    ids=str,
)
@pytest.mark.parametrize("n", [1, 3, 5])
def test_select_is_told_the_same_bounds(n: int, given: dict[str, str]) -> None:
    words = [word for each in given.items() for word in ("-S", "=".join(each))]
    told = asked("rtv", "-S", f"n={n}", "--problems", "2", "--json", *words)
    rows = {row["what"]: row for row in json.loads(told.output)["rows"]}
    found = fresh_votes([n, n], SelectRecordedOptions(**parse_cli_args(words[1::2])))
    assert [found.least, found.most] == rows["votes"]["all"]


@pytest.mark.parametrize(
    ("given", "each"),
    [
        ({"n": 3}, [10, 16]),
        ({"n": 3, "votes": 3}, [4, 6]),
        ({"n": 3, "close": "investigate"}, [10, 16]),
        ({"n": 3, "votes": 2, "close": "investigate"}, [4, 4]),
        ({"n": 3, "dedupe": "true"}, [0, 16]),
        ({"n": 3, "dedupe_behavior": "true", "check": "make test"}, [0, 16]),
        ({"n": 8, "votes": "auto"}, [14, 7 * 16]),
    ],
    ids=str,
)
def test_the_fewest_votes_are_those_of_every_match(given: dict[str, Any], each: list[int]) -> None:
    words = [word for name, value in given.items() for word in ("-S", f"{name}={value}")]
    rows = json.loads(asked("rtv", "--json", *words).output)["rows"]
    assert next(row for row in rows if row["what"] == "votes")["each"] == each


def test_plain_refinement_ends_without_votes(tmp_path: Path) -> None:
    args: dict[str, Any] = {"n": 4, "top_k": 2, "votes": 2, "early_stop": False}
    log = run(problem(), pdr(**args, agent=crowd()), tmp_path)
    assert counts({**FULL, **args}, final=False).votes == len(calls(log, "judge"))


def test_averages_are_those_of_the_pilot(tmp_path: Path) -> None:
    found = pool(run(problem(), rtv(n=4, votes=2, agent=crowd()), tmp_path))
    averages = measured(found.rollouts, found.selections)
    assert averages.rollout.total_tokens == 30  # two turns of 15
    assert averages.summary.total_tokens == averages.vote.total_tokens == 15
    whole = averages.total(4, votes=6)
    assert whole == Usage(input_tokens=180, output_tokens=90, total_tokens=4 * 30 + 4 * 15 + 6 * 15)


def test_stated_averages_give_tokens_and_dollars() -> None:
    done = asked(
        "pdr_rtv", "--problems", "500", "--tokens", "400,10,1", "--cost", "1,0,0.5", "--json"
    )
    rows = {row["what"]: row for row in json.loads(done.output)["rows"]}
    assert rows["rollouts"]["all"] == [16_000, 16_000]
    assert rows["votes"]["each"] == [135, 216]
    assert rows["tokens"]["each"] == [32 * 410 + 135, 32 * 410 + 216]
    assert rows["dollars"]["all"] == [500 * (32 + 67.5), 500 * (32 + 108)]


@pytest.mark.parametrize("given", ["early_stop=no", "early_stop=False", "early_stop=false"])
def test_arguments_are_read_as_inspect_reads_them(given: str) -> None:
    done = asked("rtv", "-S", given, "--json")
    rows = {row["what"]: row for row in json.loads(done.output)["rows"]}
    assert rows["votes"]["each"] == [120, 120]


def test_a_pilot_log_tells_the_rest(tmp_path: Path) -> None:
    log = run(problem(), rtv(n=4, votes=2, agent=crowd()), tmp_path)
    done = asked("rtv", "-S", "n=8", "--pilot", log.location, "--problems", "3")
    assert done.exit_code == 0, done.output
    assert "tokens" in done.output
    assert "log, MiB" in done.output


def test_a_pilot_of_several_logs_tells_the_mean_of_all_their_rollouts(tmp_path: Path) -> None:
    for n in (2, 4):
        run(problem(), rtv(n=n, votes=1, agent=crowd()), tmp_path)
    size = sum(file.stat().st_size for file in tmp_path.glob("*.eval"))
    done = asked("rtv", "-S", "n=8", "--pilot", str(tmp_path), "--problems", "3", "--json")
    rows = {row["what"]: row for row in json.loads(done.output)["rows"]}
    assert rows["log, MiB"]["all"] == pytest.approx([3 * 8 * size / 6 / 2**20] * 2)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["rtv", "-S", "vots=2"], "did you mean votes"),
        (["pdr_rtv", "-S", "n=many"], "n='many' is not a whole number"),
        (["rtv", "-S", "n"], "give -S name=value"),
        (["rtv", "--tokens", "1,2"], "is not three numbers"),
        (["oracle"], "'oracle' is not one of"),
        (["rtv", "--pilot", "/nowhere"], "does not exist"),
        (["rtv", "--pilot", __file__], "no log found in"),
        (["rtv", "--pilot", "nofs://x"], "'nofs://x' cannot be read"),
        (["rtv", "--cost", "1,2,3"], "--cost '1,2,3' needs --tokens"),
        (["rtv", "-S", "early_stop=nein"], "is neither true nor false"),
    ],
    ids=str,
)
def test_a_mistake_is_named(words: list[str], said: str) -> None:
    done = asked(*words)
    assert done.exit_code != 0
    assert said in done.output


def test_a_pilot_without_rollouts_is_refused(tmp_path: Path) -> None:
    log = run(problem(), crowd(), tmp_path)
    done = asked("rtv", "--pilot", log.location)
    assert "contains no rollouts of inspect_tts" in done.output


def test_votes_are_shared_by_judges_each_at_its_own_price(tmp_path: Path) -> None:
    def costs(tokens: int) -> Any:
        return lambda input, config: reply("Final verdict: Solution 1", tokens=tokens)

    given: dict[str, Any] = {"n": 2, "votes": 3, "early_stop": False, "judges": ["judge", "judge2"]}
    scripts = {"judge": costs(10), "judge2": costs(30), "summarizer": summarize}
    models = {name: model(script, name) for name, script in scripts.items()}
    log = run(problem(), rtv(**given, agent=crowd()), tmp_path, model_roles=models)
    found = pool(log)
    assert measured(found.rollouts, found.selections).vote.total_tokens in (17, 23)
    shared = measured(found.rollouts, found.selections, ["judge", "judge2"])
    assert shared.vote.total_tokens == 20
    words = [f"{name}={json.dumps(value)}" for name, value in given.items()]
    args = [each for word in words for each in ("-S", word)]
    told = asked("rtv", *args, "--pilot", str(tmp_path), "--json")
    rows = {row["what"]: row["each"] for row in json.loads(told.output)["rows"]}
    assert rows["votes of judge"] == rows["votes of judge2"] == [1.5, 1.5]
    assert rows["tokens"] == [2 * 30 + 2 * 15 + 3 * 20] * 2
