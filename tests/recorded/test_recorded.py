"""Select among the epochs of a log: a real eval of ours on the log of another."""

import json
from math import isnan
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
from commands import run_command
from helpers import Outcome, Script, prefer, say
from inspect_ai import Task, eval_retry, score
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog, read_eval_log
from inspect_ai.scorer import includes
from inspect_ai.solver import generate
from recorded_logs import SECRETS, lines, problems, run_epochs

from inspect_tts import RolloutPool, UserError, adopt, tournament
from inspect_tts.recorded import (
    chosen_epoch,
    recorded,
    recorded_rollouts,
    select_recorded,
    write_selections,
)


@pytest.fixture(scope="module")
def epochs(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A log of two problems with four epochs: a0, a2, a4, a6 and a1, a3, a5, a7."""
    return run_epochs(tmp_path_factory.mktemp("epochs"), "p", "q", patch=True).location


def select(log: str, script: Script, folder: Path, **options: Any) -> EvalLog:
    given = {"votes": 2, **options}
    [found] = inspect_eval(
        recorded(paths=log),
        solver=select_recorded(**given),
        model=script.model(),
        log_dir=str(folder),
        display="none",
    )
    assert found.status == "success", found.error
    return found


def outcomes(log: EvalLog) -> dict[str, Outcome]:
    samples = log.samples or []
    return {str(s.id): Outcome(log, s, s.store_as(RolloutPool)) for s in samples}


@pytest.fixture(scope="module")
def played(epochs: str, tmp_path_factory: pytest.TempPathFactory) -> tuple[Script, EvalLog]:
    """A selection that prefers a4 and a3, and the script that was asked."""
    script = Script(judge=prefer("I am a4.", "I am a3."))
    return script, select(epochs, script, tmp_path_factory.mktemp("selected"))


def test_epochs_become_the_rollouts_that_a_live_run_would_have_made(
    played: tuple[Script, EvalLog],
) -> None:
    pool = outcomes(played[1])["p"].pool
    assert [rollout.id for rollout in pool.rollouts] == ["t0-n00", "t0-n01", "t0-n02", "t0-n03"]
    first = pool.rollouts[0]
    assert (first.status, first.turns, first.facts.turns) == ("completed", 2, 2)
    assert first.usage.total_tokens == 30
    commands = [(fact.command, fact.returncode) for fact in first.facts.last_commands]
    assert commands == [("echo a0 > who", 0)], "those of the agent, none of the scorer"
    assert first.facts.fingerprint is not None
    assert len({rollout.facts.fingerprint for rollout in pool.rollouts}) == 4
    assert first.summary.status == "structured"
    assert first.patch is not None
    assert (first.patch.text, first.patch.commit) == ("+ by a0\n", None)
    assert pool.discrepancies() == ()


def test_no_agent_runs_and_no_model_reads_a_score(played: tuple[Script, EvalLog]) -> None:
    script, _ = played
    assert {call.role for call in script.calls} == {"summarizer", "judge"}
    assert len(script.asked("summarizer")) == 8
    told = [(c.role, secret) for c in script.calls for secret in SECRETS if secret in c.text]
    assert told == []


def test_the_numbers_are_those_of_the_sealed_scores(played: tuple[Script, EvalLog]) -> None:
    found = outcomes(played[1])
    numbers = dict(found["p"].score("inspect_tts/rollouts"))
    assert isnan(numbers.pop("cost"))
    assert numbers.pop("votes") == 6
    assert numbers == {
        "iteration_0": 0.8125 + mean([0, 2, 4, 6]),
        "selected": 4.8125,
        "oracle": 6.8125,
    }
    assert found["p"].score("recorded_score") == 4.8125
    results = played[1].results
    assert results is not None
    metrics = {each.name: each.metrics["mean"].value for each in results.scores[1:]}
    assert metrics["selected"] == mean([4.8125, 3.8125])
    sealed = {r.id: r.scores for r in found["p"].pool.rollouts}
    assert sealed["t0-n03"] == {"grades": 6.8125}
    assert sealed["t0-n02"] is None, "the chosen one's is the sample's"


def test_the_chosen_epoch_becomes_the_sample(played: tuple[Script, EvalLog]) -> None:
    sample = outcomes(played[1])["q"].sample
    assert "a3" in sample.output.completion
    assert sample.metadata["source"]["part"] == "q/2"


def test_selections_and_predictions_are_written_beside_the_log(
    played: tuple[Script, EvalLog],
) -> None:
    folder = Path(played[1].location).with_suffix("")
    first, second = lines(folder / "selections.jsonl")
    assert (first["id"], first["chosen"], first["source"]["part"]) == ("p", "t0-n02", "p/3")
    assert first["ranking"][0]["source"]["part"] == "p/3"
    assert len(first["ranking"]) == 4
    assert {vote["verdict"] for vote in first["votes"] if "t0-n02" in vote["order"]} == {"t0-n02"}
    assert second["chosen"] == "t0-n01"
    told = (folder / "selections.jsonl").read_text(encoding="utf-8")
    assert [secret for secret in SECRETS if secret in told] == []
    assert lines(folder / "predictions.jsonl")[0] == {
        "instance_id": "p",
        "model_name_or_path": "mockllm",
        "model_patch": "+ by a4\n",
    }


def test_judges_may_read_the_trajectories(epochs: str, tmp_path: Path) -> None:
    script = Script(judge=prefer("echo a2 > who"))
    found = select(epochs, script, tmp_path, judge_input="trajectory")
    assert outcomes(found)["p"].pool.adopted == "t0-n01"
    told = [s for call in script.calls for s in SECRETS if s in call.text]
    assert told == []


def test_a_free_baseline_asks_no_judge(epochs: str, tmp_path: Path) -> None:
    script = Script()
    assert outcomes(select(epochs, script, tmp_path, selection="first"))["p"].pool.adopted == (
        "t0-n00"
    )
    assert script.asked("judge") == []


def test_two_logs_of_one_task_are_one_population(epochs: str, tmp_path: Path) -> None:
    other = run_epochs(tmp_path, "p", epochs=2).location
    task = recorded(paths=[epochs, other])
    assert {str(s.id): len(s.metadata["sources"]) for s in task.dataset if s.metadata} == {
        "p": 6,
        "q": 4,
    }


def test_samples_numbered_by_inspect_are_found_again(tmp_path: Path) -> None:
    task = Task(
        dataset=[Sample(input="Say it."), Sample(input="Say that.")],
        solver=generate(),
        scorer=includes(),
    )
    script = Script(act=lambda me, turn: say(f"I did {me}"))
    [log] = inspect_eval(
        task, model=script.model(), epochs=2, log_dir=str(tmp_path), display="none"
    )
    found = outcomes(select(log.location, script, tmp_path))
    assert {name: len(each.pool.rollouts) for name, each in found.items()} == {"1": 2, "2": 2}
    fingerprints = {r.facts.fingerprint for r in found["1"].pool.rollouts}
    assert all(each and each.startswith("answer:") for each in fingerprints)


def test_the_stage_can_be_chained_by_hand(epochs: str, tmp_path: Path) -> None:
    script = Script(judge=prefer("I am a6.", "I am a5."))
    task = recorded(paths=epochs)
    steps = [recorded_rollouts(), tournament(keep=2, votes=1), tournament(votes=1), adopt()]
    task = Task(dataset=task.dataset, solver=steps, scorer=task.scorer)
    [log] = inspect_eval(task, model=script.model(), log_dir=str(tmp_path), display="none")
    assert {name: each.pool.adopted for name, each in outcomes(log).items()} == {
        "p": "t0-n03",
        "q": "t0-n02",
    }


def test_a_retry_pays_only_for_what_is_missing(tmp_path: Path) -> None:
    logs = [Path(run_epochs(tmp_path / name, name, epochs=2).location) for name in "pq"]
    task = recorded(paths=[str(path) for path in logs])
    hidden = logs[1].rename(tmp_path / "hidden")
    folder = str(tmp_path / "logs")
    [log] = inspect_eval(task, model="simulated/coder", log_dir=folder, display="none")
    assert log.status == "error"
    assert log.error is not None
    assert "must not be moved or changed" in log.error.message
    done = [sample for sample in log.samples or [] if sample.error is None]
    hidden.rename(logs[1])

    [again] = eval_retry(log, log_dir=folder, display="none")
    assert again.status == "success", again.error
    samples = {sample.id: sample.uuid for sample in again.samples or []}
    assert [samples[sample.id] for sample in done] == [sample.uuid for sample in done]
    written = Path(again.location).with_suffix("") / "selections.jsonl"
    assert sorted(row["id"] for row in lines(written)) == ["p", "q"]


def test_summaries_and_votes_that_are_kept_are_not_paid_for_again(
    epochs: str, tmp_path: Path
) -> None:
    first, second = Script(), Script()
    before = select(epochs, first, tmp_path, resume=str(tmp_path / "units"))
    after = select(epochs, second, tmp_path, resume=str(tmp_path / "units"))
    assert first.calls
    assert second.calls == []
    pools = [outcomes(log)["p"].pool for log in (before, after)]
    assert pools[0].selections == pools[1].selections
    assert pools[1].taken_over["summary"] == 4


def test_scoring_the_log_marks_the_chosen_epoch(
    epochs: str, played: tuple[Script, EvalLog]
) -> None:
    selections = Path(played[1].location).with_suffix("") / "selections.jsonl"
    scored = score(read_eval_log(epochs), chosen_epoch(selections=str(selections)), display="none")
    marks = {
        f"{sample.id}/{sample.epoch}": (sample.scores or {})["chosen_epoch"].value
        for sample in scored.samples or []
    }
    chosen = {name: mark for name, mark in marks.items() if mark["chosen"] == 1}  # type: ignore[index,call-overload]  # it is a dict
    assert set(chosen) == {"p/3", "q/2"}
    assert chosen["p/3"] == {"chosen": 1.0, "rank": 1.0, "selected": 4.8125}
    assert scored.results is not None
    [selected] = [each for each in scored.results.scores if each.name == "selected"]
    assert selected.metrics["mean"].value == mean([4.8125, 3.8125])
    assert {"grades", "chosen_epoch"} <= set((scored.samples or [])[0].scores or {})


def test_a_selection_among_several_logs_scores_none_of_them(
    played: tuple[Script, EvalLog], tmp_path: Path
) -> None:
    rows = lines(Path(played[1].location).with_suffix("") / "selections.jsonl")
    rows[0]["ranking"][0]["source"]["path"] = "another.eval"
    path = tmp_path / "selections.jsonl"
    path.write_text("\n".join(json.dumps(row) for row in rows), encoding="utf-8")
    with pytest.raises(UserError, match="epochs of 2 logs"):
        chosen_epoch(selections=str(path))


def test_the_command_score_takes_the_file(
    epochs: str, played: tuple[Script, EvalLog], tmp_path: Path
) -> None:
    selections = Path(played[1].location).with_suffix("") / "selections.jsonl"
    words = ["inspect", "score", epochs, "--scorer", "inspect_tts/chosen_epoch"]
    words += ["-S", f"selections={selections}", "--action", "append"]
    output = tmp_path / "scored.eval"
    done = run_command(*words, "--output-file", output)
    assert done.returncode == 0, done.stdout + done.stderr
    results = read_eval_log(str(output)).results
    assert results is not None
    means = {each.name: each.metrics for each in results.scores}
    assert means["selected"]["mean"].value == mean([4.8125, 3.8125])
    assert "accuracy" in means["grades"], "the log's own scores stay"


def test_scoring_needs_the_file_of_a_selection(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"give the selections\.jsonl"):
        chosen_epoch(selections=str(tmp_path / "absent.jsonl"))


def test_a_log_in_which_nothing_was_chosen_has_nothing_to_write(epochs: str) -> None:
    with pytest.raises(UserError, match="nothing to write"):
        write_selections(epochs)


def test_without_a_model_nothing_is_made_up(epochs: str, tmp_path: Path) -> None:
    [log] = inspect_eval(
        recorded(paths=epochs), model="none/none", log_dir=str(tmp_path), display="none"
    )
    assert log.error is not None
    assert "no model to summarize 4 rollouts" in log.error.message


def test_the_stage_needs_samples_that_say_where_the_rollouts_are(tmp_path: Path) -> None:
    script = Script()
    [log] = inspect_eval(
        problems("p"),
        solver=select_recorded(),
        model=script.model(),
        log_dir=str(tmp_path),
        display="none",
    )
    assert log.error is not None
    assert "use it with the task inspect_tts/recorded" in log.error.message
    assert script.calls == []
