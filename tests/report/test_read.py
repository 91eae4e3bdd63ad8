"""What is kept of a sample that was read: all that a number needs, and no text."""

import pickle
import sys
from pathlib import Path

import pytest
from inspect_ai.log import write_eval_log

from inspect_tts.report.logs import find_logs
from inspect_tts.report.read import read_samples

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from made_logs import Made, made_log


@pytest.mark.parametrize("processes", [1, 2])
def test_texts_of_models_are_not_kept_in_memory(processes: int, tmp_path: Path) -> None:
    log = made_log(Made(problems=3, n=4, keep=2, votes=3, summary_words=210))
    for sample in log.samples or []:
        for rollout in sample.store["RolloutPool:rollouts"]:
            rollout["patch"] = {"size": 20_000, "text": "+line\n" * 4000}
            rollout["submission"] = "x" * 20_000
    write_eval_log(log, str(tmp_path / "2026-01-01T00-00-00_made.eval"))
    files, _ = find_logs([str(tmp_path)])
    read = read_samples(files, processes=processes)
    outcomes = [each.outcome for each in read if each.outcome]
    assert [len(outcome.rollouts) for outcome in outcomes] == [8, 8, 8]
    votes = [v for outcome in outcomes for *_, match in outcome.matches() for v in match.votes]
    assert len(votes) == 3 * 3 * (2 + 2 + 1)
    assert {vote.text for vote in votes} == {""}
    assert all(vote.usage.total_tokens and vote.verdict for vote in votes)
    rollouts = [rollout for outcome in outcomes for rollout in outcome.rollouts]
    assert {(r.summary.text, r.patch, r.facts.last_commands) for r in rollouts} == {("", None, ())}
    assert all(rollout.facts.fingerprint and rollout.usage.total_tokens for rollout in rollouts)
    assert len(pickle.dumps(read)) < 100_000


@pytest.mark.parametrize(("given", "epochs"), [(None, 1), (3, 3)])
def test_epochs_are_those_of_the_run_whichever_have_ended(
    given: int | None, epochs: int, tmp_path: Path
) -> None:
    log = made_log(Made(problems=2, n=2))
    log.eval.config.epochs = given
    write_eval_log(log, str(tmp_path / "2026-01-01T00-00-00_made.eval"))
    [file], _ = find_logs([str(tmp_path)])
    assert (file.epochs, {epoch for _, epoch in file.samples}) == (epochs, {1})
