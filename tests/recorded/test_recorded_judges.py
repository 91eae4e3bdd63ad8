"""Several judges in `select` and `replay`: recorded ones vote again, or others in their place."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from commands import run_command
from helpers import Outcome, Script
from inspect_ai import eval as inspect_eval
from inspect_ai.log import read_eval_log
from inspect_ai.model import Model, get_model
from recorded_runs import BEST, agents, run

from inspect_tts import RolloutPool, UserError
from inspect_tts.cli import main
from inspect_tts.method.records import Vote
from inspect_tts.recorded import replay, replay_recorded

PANEL = ["judge", "judge2"]


def named(name: str, script: Script) -> Model:
    return get_model(f"mockllm/{name}", custom_outputs=script.answer, memoize=False)


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    """A run of pdr_rtv with two judges."""
    roles = {name: named(name, Script(judge=BEST)) for name in PANEL}
    folder = tmp_path_factory.mktemp("original")
    return run(folder, agents(), judges=PANEL, roles=roles)


def votes_of(pool: RolloutPool) -> list[Vote]:
    rounds = [round for selection in pool.selections for round in selection.rounds]
    return [vote for round in rounds for match in round.matches for vote in match.votes]


def again(original: Outcome, folder: Path, roles: dict[str, Any], **changes: Any) -> RolloutPool:
    [log] = inspect_eval(
        replay(log=original.log.location),
        solver=replay_recorded(**changes),
        model="none/none",
        model_roles=roles,
        log_dir=str(folder),
        display="none",
    )
    assert log.status == "success", log.error or (log.samples or [])[0].error
    return (log.samples or [])[0].store_as(RolloutPool)


def test_recorded_judges_vote_again_and_no_model_is_needed(
    original: Outcome, tmp_path: Path
) -> None:
    found = again(original, tmp_path, {})
    assert found.draws == original.pool.draws
    assert [vote.model_copy(update={"reused": False}) for vote in votes_of(found)] == votes_of(
        original.pool
    )
    assert found.adopted == original.pool.adopted
    assert found.discrepancies() == ()


def test_what_is_missing_is_asked_of_the_judge_whose_turn_it_is(
    original: Outcome, tmp_path: Path
) -> None:
    scripts = {name: Script(judge=BEST) for name in PANEL}
    roles = {name: named(name, script) for name, script in scripts.items()}
    found = again(original, tmp_path, roles, early_stop=False)
    asked = {name: len(script.asked("judge")) for name, script in scripts.items()}
    new = Counter(vote.judge for vote in votes_of(found) if not vote.reused)
    assert asked == dict(new)
    assert all(new[name] for name in PANEL)
    assert sum(vote.reused for vote in votes_of(found)) == len(votes_of(original.pool))
    assert found.discrepancies() == ()


def test_judges_can_be_replaced_by_others_or_by_one(original: Outcome, tmp_path: Path) -> None:
    third = Script(judge=BEST)
    roles = {"judge": named("judge", Script(judge=BEST)), "judge3": named("judge3", third)}
    found = again(original, tmp_path / "other", roles, judges=["judge", "judge3"])
    assert {vote.judge for vote in votes_of(found) if vote.reused} == {"judge"}
    assert len(third.asked("judge")) == sum(v.judge == "judge3" for v in votes_of(found)) > 0
    alone = again(original, tmp_path / "one", roles, judge="mockllm/judge2")
    assert {vote.judge for vote in votes_of(alone)} == {None}
    assert {v.model for v in votes_of(alone) if v.reused} == {"mockllm/judge2"}
    assert found.discrepancies() == alone.discrepancies() == ()


def test_one_and_several_at_once_are_refused() -> None:
    with pytest.raises(UserError, match=r"judge='m/a' names one .* give only one of the two"):
        replay_recorded(judge="m/a", judges=["m/a", "m/b"])


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (
            [],
            "to be reused: {all} votes of mockllm/judge and mockllm/judge2.\nModel calls: 0",
        ),
        (["--judges", "judge,m/other"], "cannot be used: cast by mockllm/judge2"),
        (["--model-role", "judge=m/other"], "cannot be used: cast by mockllm/judge2"),
        (["--model-role", "judge2=m/other"], "cannot be used: cast by mockllm/judge2"),
    ],
    ids=["as recorded", "others", "one", "another role"],
)
def test_the_command_says_whose_votes_it_uses(
    original: Outcome, words: list[str], told: str
) -> None:
    line = ["replay", original.log.location, *words, "--dry-run"]
    shown = CliRunner().invoke(main, line, catch_exceptions=False).output
    assert told.format(all=len(votes_of(original.pool))) in shown


def test_the_commands_with_several_simulated_judges(tmp_path: Path) -> None:
    judges = '["simulated/one","judge2"]'
    role = json.dumps({"model": "simulated/two", "model_args": {"judge_accuracy": 0.9}})
    words = ["inspect", "eval", "inspect_tts/demo", "--solver", "rtv", "-S", "n=4", "-S", "votes=4"]
    words += ["-S", f"judges={judges}", "--model-role", f"judge2={role}", "--limit", "1"]
    words += ["--model", "simulated/coder", "--display", "none", "--log-dir", str(tmp_path / "1")]
    done = run_command(*words)
    assert done.returncode == 0, done.stderr
    [log] = (tmp_path / "1").glob("*.eval")

    def judged(folder: str, *line: str) -> Counter[str]:
        done = run_command(*line, "--log-dir", str(tmp_path / folder), "--display", "none")
        assert done.returncode == 0, done.stderr
        [new] = (tmp_path / folder).glob("*.eval")
        pools = [s.store_as(RolloutPool) for s in read_eval_log(str(new)).samples or []]
        assert [pool.discrepancies() for pool in pools] == [()] * len(pools)
        return Counter(v.model for pool in pools for v in votes_of(pool) if not v.reused)

    assert judged("2", "inspect-tts", "replay", str(log)) == {}
    asked = judged("3", "inspect-tts", "replay", str(log), "--no-early-stop", "--votes", "6")
    assert set(asked) == {"simulated/one", "simulated/two"}
    line = ["inspect-tts", "select", str(log), "--votes", "2", "--model", "simulated/coder"]
    dry = run_command(*line, "--judges", "simulated/one,simulated/two", "--dry-run")
    assert dry.returncode == 0, dry.stderr
