"""`inspect-tts report` on logs: its numbers, its forms, and what it does with bad logs."""

import csv
import io
import json
import re
import sys
from pathlib import Path
from statistics import mean
from typing import Any

import pytest
from click.testing import CliRunner, Result
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.log import EvalLog, EvalSample, write_eval_log
from inspect_ai.scorer import Score
from scripted import acting, problem, run, says

from inspect_tts import RolloutPool, rtv
from inspect_tts.cli import main

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from made_logs import Made, made_log

SMALL = Made(problems=6, n=4, keep=2, votes=4, summary_words=210)


def small() -> EvalLog:
    return made_log(SMALL)


def write(log: EvalLog, folder: Path, name: str = "one") -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"2026-01-01T00-00-00_{name}.eval"
    write_eval_log(log, str(path))
    return path


def report(*args: object) -> Result:
    return CliRunner().invoke(main, ["report", *map(str, args)], catch_exceptions=False)


def numbers(*paths: object) -> Any:
    found = report(*paths, "--json")
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout)


def samples(log: EvalLog) -> list[EvalSample]:
    assert log.samples is not None
    return log.samples


def scores(sample: EvalSample) -> dict[str, float]:
    """The score of each rollout, read by hand."""
    pool = sample.store_as(RolloutPool)
    found = {r.id: float(str(r.scores["tests"])) for r in pool.rollouts if r.scores}
    assert pool.adopted is not None
    assert sample.scores is not None
    return found | {pool.adopted: float(str(sample.scores["tests"].value))}


def test_scores_are_what_the_log_says(tmp_path: Path) -> None:
    log = made_log(SMALL)
    write(log, tmp_path)
    [found] = numbers(tmp_path)["runs"]

    graded = [scores(sample) for sample in samples(log)]
    pools = [sample.store_as(RolloutPool) for sample in samples(log)]
    first, second = (
        [mean(s for id, s in each.items() if id.startswith(t)) for each in graded]
        for t in ("t0", "t1")
    )
    selected = [each[str(pool.adopted)] for each, pool in zip(graded, pools, strict=True)]
    context = [
        mean(each[id] for id in pool.selections[0].selected)
        for each, pool in zip(graded, pools, strict=True)
    ]
    oracle = [max(s for id, s in each.items() if id.startswith("t1")) for each in graded]
    expected = {
        "pass_1": mean(first),
        "select_k": mean(context),
        "iteration_1": mean(second),
        "selected": mean(selected),
        "oracle": mean(oracle),
        "gain": mean(selected) - mean(first),
        "headroom": (mean(selected) - mean(first)) / (mean(oracle) - mean(first)),
    }
    assert {n: e["value"] for n, e in found["scores"].items()} == pytest.approx(expected)
    assert all(e["low"] <= e["value"] <= e["high"] for e in found["scores"].values())
    assert all(e["problems"] == 6 for e in found["scores"].values())
    assert found["baselines"]["random"]["value"] == pytest.approx(mean(second))
    assert found["pass_at_k"]["4"]["value"] == mean(
        any(s for id, s in each.items() if id.startswith("t0")) for each in graded
    )
    assert (
        sum(found["pass_counts"]["0"]) == sum(map(sum, found["refinement"]["0-1"]["matrix"])) == 6
    )
    assert found["rates"]["votes"] == 6 * 4 * (2 + 2 + 1)
    assert {p["name"] for p in found["phases"]} == {"rollouts", "summaries", "votes"}
    assert found["phases"][0]["wall_seconds"] == 600
    assert (found["rollouts"], found["graded"], found["notes"]) == (48, 48, [])


def test_equal_logs_give_equal_reports(tmp_path: Path) -> None:
    write(made_log(SMALL), tmp_path)
    assert report(tmp_path, "--json").stdout == report(tmp_path, "--json").stdout


def test_what_was_not_graded_is_said_and_not_guessed(tmp_path: Path) -> None:
    write(made_log(Made(problems=6, n=4, keep=2, graded=False)), tmp_path)
    [found] = numbers(tmp_path)["runs"]
    assert found["scores"]["selected"]["problems"] == 6
    empty = ("pass_1", "select_k", "iteration_1", "gain", "oracle", "headroom")
    assert {found["scores"][name] for name in empty} == {None}
    assert set(found["baselines"].values()) == {None}
    assert found["pass_at_k"] == {}
    assert found["calibration"] == []
    assert "42 of 48 rollouts were not graded" in found["notes"][0]
    shown = " ".join(report(tmp_path, "--no-html").stdout.split())
    assert shown.count("-: rollouts that it needs were not graded.") == 1
    assert "whether that is a gain is unknown" in shown
    assert not {"nan", "None", "n/g"} & set(re.findall(r"[\w/]+", shown))


def plain_log(epochs: int = 3) -> EvalLog:
    """The log of a task without a strategy: p0 passes in its first epoch only, p1 always."""
    made = made_log(Made(problems=2, n=2, keep=1))
    spec = made.eval.model_copy(update={"solver": None, "solver_args_passed": {}})
    spec.config.epochs = epochs
    score = Score(value="I")
    rows = [
        EvalSample(
            id=f"problem-00{i}",
            epoch=epoch,
            input="x",
            target="",
            scores={"tests": score.model_copy(update={"value": value})},
            turn_count=5 * epoch,
            uuid=f"plain-{i}-{epoch}",
            total_time=1.0,
        )
        for epoch in range(1, epochs + 1)
        for i, value in ((0, "C" if epoch == 1 else "I"), (1, "C"))
    ]
    plan = made.plan.model_copy(update={"steps": []})
    made.eval, made.samples, made.plan = spec, rows, plan
    return made


def test_epochs_of_a_plain_run_are_its_rollouts(tmp_path: Path) -> None:
    write(plain_log(), tmp_path)
    [found] = numbers(tmp_path)["runs"]
    assert (found["strategy"], found["problems"], found["rollouts"]) == ("plain", 2, 6)
    assert found["scores"]["pass_1"]["value"] == pytest.approx((1 / 3 + 1) / 2)
    assert set(found["scores"]) == {"pass_1", "oracle"}, "nothing was selected"
    assert found["pass_at_k"]["2"]["value"] == pytest.approx((2 / 3 + 1) / 2)
    assert found["baselines"]["first"]["value"] == 1.0
    assert found["baselines"]["fewest_turns"]["value"] == 1.0


def test_a_plain_run_that_ran_twice_has_twice_the_rollouts(tmp_path: Path) -> None:
    write(plain_log(), tmp_path, "one")
    again = plain_log()
    for sample in samples(again):
        sample.uuid = f"again-{sample.uuid}"
    samples(again)[0].scores = {"tests": Score(value="I")}  # problem-000 passed there before
    write(again, tmp_path, "two")
    [found] = numbers(tmp_path)["runs"]
    assert (found["problems"], found["rollouts"], found["graded"]) == (2, 12, 12)
    assert found["scores"]["pass_1"]["value"] == pytest.approx((1 / 6 + 1) / 2)


def test_a_folder_may_mix_runs_and_a_retried_sample_counts_once(tmp_path: Path) -> None:
    write(plain_log(), tmp_path, "plain")
    log = made_log(SMALL)
    write(log, tmp_path, "first")
    later = log.eval.model_copy(update={"created": "2026-02-01T00:00:00+00:00", "eval_id": "again"})
    write(log.model_copy(update={"eval": later}), tmp_path, "retried")
    plain, scaled = numbers(tmp_path)["runs"]
    assert (plain["strategy"], scaled["strategy"]) == ("plain", "pdr_rtv")
    assert (scaled["problems"], scaled["samples"], len(scaled["logs"])) == (6, 6, 2)


def test_bad_logs_are_named_and_the_rest_is_read(tmp_path: Path) -> None:
    (tmp_path / "2026-01-01T00-00-00_broken.eval").write_bytes(b"no zip")
    log = made_log(SMALL)
    samples(log)[0].store["RolloutPool:rollouts"][0]["of_the_future"] = 1
    write(log, tmp_path)
    found = numbers(tmp_path)
    assert "broken.eval could not be read" in found["notes"][0]
    [run] = found["runs"]
    assert run["problems"] == 5
    assert run["notes"][0].startswith("problem-000: its record could not be read")


def test_a_selection_that_had_nothing_to_play_is_read(tmp_path: Path) -> None:
    write(made_log(Made(problems=2, n=4, keep=4)), tmp_path)
    [found] = numbers(tmp_path)["runs"]
    assert (found["samples"], found["notes"]) == (2, [])


@pytest.mark.parametrize("path", ["nowhere", "."], ids=["no such folder", "no log in it"])
def test_without_a_log_it_says_what_to_give(
    path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    found = report(path)
    assert found.exit_code == 1
    assert "give a folder with .eval logs, or log files" in found.output
    assert "Traceback" not in found.output


def test_two_paths_are_compared_on_the_problems_that_both_have(tmp_path: Path) -> None:
    one, other = made_log(SMALL), made_log(Made(**{**vars(SMALL), "problems": 4, "seed": 1}))
    write(one, tmp_path / "a")
    write(other, tmp_path / "b")
    found = numbers(tmp_path / "a", tmp_path / "b")
    [comparison] = found["comparisons"]
    assert (comparison["both"], comparison["only_a"], comparison["only_b"]) == (4, 2, 0)
    selected = next(d for d in comparison["differences"] if d["name"] == "selected")
    pairs = list(zip(samples(one)[:4], samples(other), strict=True))
    values = [[float(str(s.scores["tests"].value)) for s in p if s.scores] for p in pairs]
    assert selected["difference"]["value"] == pytest.approx(mean(b - a for a, b in values))
    assert selected["difference"]["low"] <= selected["difference"]["value"]
    assert "Paired, on the 4 problems" in report(tmp_path / "a", tmp_path / "b").stdout


def test_other_forms(tmp_path: Path) -> None:
    write(made_log(SMALL), tmp_path)
    [row] = csv.DictReader(io.StringIO(report(tmp_path, "--csv").stdout))
    [run] = numbers(tmp_path)["runs"]
    assert float(row["selected"]) == run["scores"]["selected"]["value"]
    assert float(row["baseline_first_low"]) == run["baselines"]["first"]["low"]
    text = report(tmp_path, "--markdown").stdout
    for title in ("Main table", "Judge accuracy", "Calibration of vote margins", "Spending"):
        assert f"## {title}" in text
    assert not (tmp_path / "report.html").exists(), "other forms write no page"
    shown = report(tmp_path)
    assert "select-K" in shown.stdout
    assert (tmp_path / "report.html").exists()


def test_the_page_may_go_to_a_new_folder(tmp_path: Path) -> None:
    write(made_log(SMALL), tmp_path)
    page = tmp_path / "new" / "folder" / "page.html"
    assert report(tmp_path, "--html", page).exit_code == 0
    assert page.is_file()


def test_a_folder_that_cannot_be_made_ends_the_command_before_logs_are_read(
    tmp_path: Path,
) -> None:
    (tmp_path / "file").touch()
    found = report(tmp_path / "no-logs", "--html", tmp_path / "file" / "page.html")
    assert found.exit_code == 1
    assert "page.html could not be written" in found.output


def test_every_row_has_a_cell_for_each_heading(tmp_path: Path) -> None:
    write(made_log(SMALL), tmp_path, "one")
    write(made_log(Made(problems=3, n=4, keep=2, model="made/other")), tmp_path, "two")
    for table in report(tmp_path, "--markdown").stdout.split("\n## ")[2:]:
        title, *lines = table.splitlines()
        rows = [line for line in lines if line.startswith("|")]
        assert len({line.count("|") for line in rows}) == 1, title
        headings = [cell.strip() for cell in rows[0].split("|")]
        assert headings[1:3] == ["model", "strategy"], title
        assert headings.count("strategy") == 1, title


def test_a_live_run_reports_what_its_log_says(tmp_path: Path) -> None:
    task = problem(1)
    task.dataset = MemoryDataset([Sample(id=f"p{i}", input="x", target="#good") for i in range(2)])
    agent = acting(says("#bad"), says("#good"), says("#bad"), says("#good"))
    log = run(task, rtv(n=2, votes=2, agent=agent, score_rollouts=True), tmp_path)
    assert log.results is not None
    means = {s.name: s.metrics["mean"].value for s in log.results.scores if "mean" in s.metrics}
    [found] = numbers(tmp_path)["runs"]
    roles = "judge=mockllm/judge n=2 summarizer=mockllm/summarizer votes=2"
    assert (found["strategy"], found["settings"]) == ("rtv", f"agent=acting {roles}")
    assert found["scores"]["pass_1"]["value"] == means["iteration_0"]
    assert found["scores"]["selected"]["value"] == means["selected"]
    assert means["votes"] * 2 == found["rates"]["votes"]
    walls = {phase["name"]: phase["wall_seconds"] for phase in found["phases"]}
    assert walls["rollouts"] > 0 < walls["votes"]
