"""The dataframes against the records that they are made of."""

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from commands import run_command
from inspect_ai.log import EvalLog, write_eval_log

import inspect_tts
from inspect_tts import RolloutPool
from inspect_tts.report.tables.columns import MATCHES, PROBLEMS, ROLLOUTS, VOTES
from inspect_tts.report.tables.evidence import CHECKS

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT / "bench"))

from made_logs import Made, made_log  # noqa: E402

FRAMES = {
    "rollouts_df": ROLLOUTS,
    "matches_df": MATCHES,
    "votes_df": VOTES,
    "checks_df": CHECKS,
    "problems_df": PROBLEMS,
}
DTYPES = {"str": "string", "int": "int64", "float": "double", "bool": "bool"}


@pytest.fixture(scope="module")
def log() -> EvalLog:
    return made_log(Made(problems=3, n=4, keep=2, votes=3, summary_words=210))


def pools(log: EvalLog) -> list[RolloutPool]:
    return [sample.store_as(RolloutPool) for sample in log.samples or []]


@pytest.mark.parametrize("name", FRAMES)
def test_columns_are_typed_and_documented(name: str, log: EvalLog) -> None:
    frame = getattr(inspect_tts, name)(log)
    assert {column: str(dtype) for column, dtype in frame.dtypes.items()} == {
        column: f"{DTYPES[kind]}[pyarrow]" for column, (kind, _) in FRAMES[name].items()
    }
    text = (ROOT / "docs" / "report.md").read_text(encoding="utf-8")
    for column, (kind, meaning) in FRAMES[name].items():
        assert f"| `{column}` | {kind} | {meaning} |" in text


def test_rollouts(log: EvalLog) -> None:
    frame = inspect_tts.rollouts_df(log)
    records = [rollout for pool in pools(log) for rollout in pool.rollouts]
    assert list(frame.rollout) == [rollout.id for rollout in records]
    assert list(frame.total_tokens) == [rollout.usage.total_tokens for rollout in records]
    assert list(frame[frame.adopted].rollout) == [pool.adopted for pool in pools(log)]
    assert frame.score.notna().all()
    refined = frame[frame.iteration == 1].iloc[0]
    context = frame[(frame.id == refined.id) & frame.rollout.isin(refined.context.split())]
    assert refined.context_passed == context.passed.sum()


def test_matches_and_votes_join(log: EvalLog) -> None:
    matches, votes = inspect_tts.matches_df(log), inspect_tts.votes_df(log)
    assert len(matches) == 3 * (2 + 2 + 1)
    assert len(votes) == matches.votes.sum()
    both = votes.merge(matches[["sample_id", "match", "winner", "winner_votes"]])
    counted = both[both.verdict == both.winner].groupby(["sample_id", "match"]).size()
    won = matches.set_index(["sample_id", "match"]).winner_votes
    assert (won == counted.reindex(won.index).fillna(0)).all()
    assert set(votes.position) == {1, 2}


def test_problems_from_files_and_from_logs_are_the_same(log: EvalLog, tmp_path: Path) -> None:
    path = tmp_path / "2026-01-01T00-00-00_made.eval"
    write_eval_log(log, str(path))
    from_log, from_file = inspect_tts.problems_df(log), inspect_tts.problems_df(path)
    same = [name for name in PROBLEMS if name not in ("log",)]
    pd.testing.assert_frame_equal(from_log[same], from_file[same])
    rollouts = inspect_tts.rollouts_df([log])
    first = rollouts[rollouts.iteration == 0].groupby("id").score.mean()
    assert list(from_log.pass_1) == pytest.approx(list(first))


def test_votes_tell_why_and_how_they_were_asked(tmp_path: Path) -> None:
    changed = made_log(Made(problems=1, n=4, keep=2, votes=3))
    [sample] = changed.samples or []
    round = sample.store["RolloutPool:selections"][0]["rounds"][0]
    told = {"verdict": None, "abstention": "nothing", "cause": "empty", "cut": True}
    round["matches"][0]["votes"][0].update(**told, schema_used=True, shortened_to=900)
    frame = inspect_tts.votes_df(changed)
    row = frame.iloc[0]
    assert (row.cause, row.cut, row.schema_used, row.shortened_to) == ("empty", True, True, 900)
    assert frame.cause.iloc[1:].isna().all()


@pytest.mark.parametrize("name", FRAMES)
def test_a_malformed_sample_is_named_and_the_others_are_read(
    name: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    changed = made_log(Made(problems=3, n=4, keep=2, votes=3))
    (changed.samples or [])[1].store["RolloutPool:rollouts"][0].pop("status")
    write_eval_log(changed, str(tmp_path / "2026-01-01T00-00-00_made.eval"))
    held = 0 if name == "checks_df" else 2  # without evidence from execution there is none
    assert getattr(inspect_tts, name)(tmp_path).id.nunique() == held
    assert "problem-001 is left out, it is malformed: ValidationError" in caplog.text


def test_the_example_makes_the_papers_table(log: EvalLog, tmp_path: Path) -> None:
    write_eval_log(log, str(tmp_path / "2026-01-01T00-00-00_made.eval"))
    found = run_command(ROOT / "docs" / "paper_table.py", tmp_path)
    found.check_returncode()
    frame = inspect_tts.problems_df(log)
    head, _, row = found.stdout.strip().split("\n")
    assert head.split() == ["iter", "0", "select-K", "iter", "1", "final", "gain", "problems"]
    assert float(row.split()[2]) == pytest.approx(100 * frame.pass_1.mean(), abs=0.01)


def test_the_package_does_not_import_pandas() -> None:
    script = "import sys, inspect_tts.cli; print({'pandas', 'plotly'} & set(sys.modules))"
    command = [sys.executable, "-c", script]
    found = subprocess.run(command, capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"
    with pytest.raises(AttributeError, match="no_df"):
        inspect_tts.no_df  # noqa: B018  # asked for, not used
