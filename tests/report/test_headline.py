"""What a report says first: did it help, by how much, is that sure, and what did it cost."""

import re
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.log import EvalError, EvalLog, write_eval_log
from inspect_ai.model import ModelUsage
from outcome_cases import iterations
from test_report import numbers, plain_log, report, samples, write

from inspect_tts.report.estimates import row
from inspect_tts.report.logs import find_logs
from inspect_tts.report.numbers import runs
from inspect_tts.report.read import read_samples
from inspect_tts.report.tables.headline import FEW, Finding, findings

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from made_logs import Made, made_log

SETTLED = Made(problems=FEW, n=2, keep=1, votes=2)


def said(*paths: object) -> str:
    """What the terminal shows, as one line."""
    return " ".join(report(*paths, "--no-html").stdout.split())


def scored(made: Made, first: Iterable[float], selected: float) -> EvalLog:
    """A log whose rollouts of iteration 0 have a score for each problem, and its selected one."""
    log = made_log(made)
    for sample, score in zip(samples(log), first, strict=True):
        for rollout in sample.store["RolloutPool:rollouts"]:
            value = score if rollout["iteration"] == 0 else 0.0
            if rollout["scores"]:
                rollout["scores"] = {"tests": value}
        assert sample.scores is not None
        sample.scores["tests"].value = selected
    return log


def found(folder: Path) -> list[Finding]:
    files, _ = find_logs([str(folder)])
    return findings([run.numbers for run in runs(files, read_samples(files))])


@pytest.mark.parametrize(
    ("first", "selected", "verdict", "words"),
    [
        ([0.0] * FEW, 1.0, "helps", "pdr_rtv helps: selected 100.0 %, pass@1 0.0 %, gain +100.0"),
        ([1.0] * FEW, 0.0, "hurts", "pdr_rtv hurts: selected 0.0 %, pass@1 100.0 %, gain -100.0"),
        ([0.0, 1.0] * (FEW // 2), 0.5, "unsure", "pdr_rtv may or may not help: "),
    ],
)
def test_it_helps_or_hurts_where_the_interval_is_on_one_side_of_zero(
    first: list[float], selected: float, verdict: str, words: str, tmp_path: Path
) -> None:
    write(scored(SETTLED, first, selected), tmp_path)
    [each] = found(tmp_path)
    assert each.verdict == verdict
    assert each.text.startswith(words)
    gain = numbers(tmp_path)["runs"][0]["scores"]["gain"]
    low, high = (f"{100 * gain[end]:+.1f}" for end in ("low", "high"))
    assert f"points (95 % interval {low} to {high}, {FEW} problems)" in each.text
    assert each.text in said(tmp_path)


def test_on_few_problems_nothing_is_sure(tmp_path: Path) -> None:
    made = Made(problems=1, n=2, keep=1, votes=2)
    write(scored(made, [0.0], 1.0), tmp_path)
    [each] = found(tmp_path)
    assert each.verdict == "unsure"
    assert "ran on 1 problem, too few to be sure: selected 100.0 %" in each.text


def test_one_problem_has_no_interval_anywhere(tmp_path: Path) -> None:
    log = scored(Made(problems=1, n=2, keep=1, votes=2), [0.0], 1.0)
    samples(log)[0].model_usage = {"made/model": ModelUsage(total_tokens=10, total_cost=5.76)}
    write(log, tmp_path)
    told = said(tmp_path)
    assert "pass@1 0.0 %, gain +100.0 points (1 problem); $5.76 for 1 problem." in told
    markdown = report(tmp_path, "--markdown").stdout
    for shown in (told, markdown, report(tmp_path, "--no-html").stdout):
        assert not re.search(r"(\S+)(\.\.| to )\1\b", shown)
        assert "95 % interval " not in shown
    assert re.search(r"^\| pdr_rtv .*\| 100.0 \| \+100.0 \| 0.0 \|", markdown, re.MULTILINE)
    gain = numbers(tmp_path)["runs"][0]["scores"]["gain"]
    assert gain == {"value": 1.0, "low": None, "high": None, "problems": 1}
    assert ",1.0,,,1," in report(tmp_path, "--csv").stdout


def test_the_cost_is_that_of_a_problem_and_of_all(tmp_path: Path) -> None:
    log = made_log(SETTLED)
    for sample in samples(log):
        sample.model_usage = {"made/model": ModelUsage(total_tokens=10, total_cost=1.5)}
    write(log, tmp_path)
    assert f"; $1.50 per problem ($1.50 to $1.50), $15.00 for {FEW} problems." in said(tmp_path)


def test_what_asked_no_model_cost_nothing() -> None:
    found = row([iterations([0.0])])
    assert (found["tokens"], found["dollars"]) == (0, 0.0)


def test_costs_that_nobody_knows_are_a_dash_with_one_reason(tmp_path: Path) -> None:
    log = made_log(SETTLED)
    for sample in samples(log):
        sample.model_usage = {"made/model": ModelUsage(total_tokens=2_000_000)}
    write(log, tmp_path)
    shown = said(tmp_path)
    assert "; 2.0M tokens per problem, at an unknown price." in shown
    assert shown.count("-: the price of a model is unknown.") == 1
    assert "nan" not in shown
    assert "None" not in shown


def test_a_free_baseline_that_does_as_well_is_named(tmp_path: Path) -> None:
    log = made_log(SETTLED)
    write(log, tmp_path)
    [run] = numbers(tmp_path)["runs"]
    selected = run["scores"]["selected"]["value"]
    better = {n for n, e in run["baselines"].items() if e["value"] >= selected}
    [each] = found(tmp_path)
    named = set(re.findall(r"([a-z ]+) \d", each.remark.partition(": ")[2].replace(",", "")))
    assert {name.strip().replace(" ", "_") for name in named} == better
    for sample in samples(log):
        assert sample.scores is not None
        sample.scores["tests"].value = 0.0
    write(log, tmp_path)
    [worst] = found(tmp_path)
    assert worst.remark.startswith("As good or better without asking a model: random ")


def test_a_run_without_a_strategy_comes_last_and_claims_no_gain(tmp_path: Path) -> None:
    write(plain_log(), tmp_path, "plain")
    write(made_log(SETTLED), tmp_path, "other")
    first, second = found(tmp_path)
    assert first.text.startswith("pdr_rtv ")
    assert second.text.startswith("plain has pass@1 66.7 % (95 % interval ")
    assert second.verdict == "unknown"


@pytest.mark.parametrize("model", ["simulated/coder", "mockllm/model"])
def test_simulated_models_are_named_above_all(model: str, tmp_path: Path) -> None:
    write(made_log(Made(problems=2, n=2, keep=1, model=model)), tmp_path)
    banner = f"Simulated: {model}. These numbers say nothing about real models."
    assert f"{banner} warning" in said(tmp_path) or f"{banner} pdr_rtv" in said(tmp_path)
    assert report(tmp_path, "--markdown").stdout.startswith(f"**{banner}**")


def test_a_real_model_has_no_such_banner(tmp_path: Path) -> None:
    write(made_log(Made(problems=2, n=2, keep=1)), tmp_path)
    assert "Simulated" not in said(tmp_path)


def test_the_main_table_begins_with_the_answer_and_shows_settings_that_differ(
    tmp_path: Path,
) -> None:
    for n in (2, 4):
        log = made_log(Made(problems=2, n=n, keep=1, model=f"made/{n}"))
        write(log, tmp_path, str(n))
    table = report(tmp_path, "--markdown").stdout.partition("## Main table")[2]
    head, _, *rows = table.strip().splitlines()[:4]
    assert head.split(" | ")[:4] == ["| model", "strategy", "selected", "gain"]
    assert head.endswith("| problems |")
    assert [re.findall(r"\bn=\d", row) for row in rows] == [["n=2"], ["n=4"]]
    assert "top_k" not in "".join(rows), "what all have alike is not shown"


def two_tasks(folder: Path) -> None:
    """Of each task a run with and one without refinement, which differ in a setting."""
    for task, more in (("swe", {"tie": "evidence"}), ("terminal", {"tie": "random"})):
        for keep in (True, False):
            log = made_log(Made(problems=2, n=2, keep=1))
            name = f"{task}-{keep}"
            log.eval.task, log.eval.eval_id, log.eval.task_id = task, name, name
            passed = log.plan.steps[0].params_passed
            assert passed is not None
            passed |= {**more, "keep_parents": keep}
            for sample in samples(log):
                sample.uuid = f"{name}-{sample.id}"
                sample.store["RolloutPool:rollouts"][0] |= {"status": "error", "reason": task}
            write(log, folder, name)


def test_settings_are_compared_within_a_task_and_warnings_name_it(tmp_path: Path) -> None:
    two_tasks(tmp_path)
    shown = report(tmp_path, "--no-html").stdout
    table = shown.partition("Main table")[2].partition("Cost per problem")[0]
    assert "keep_parents=" in table
    assert "tie=" not in table, "all rows of a task have it alike"
    for task in ("swe", "terminal"):
        told = [line for line in shown.splitlines() if line.endswith(f": {task}")]
        assert len(told) == 2
        assert all(f"({task}, made/model): " in line for line in told)


@pytest.mark.parametrize(
    ("width", "first_words"),
    [
        (120, {"made/a-model-of-25-letters", "openrouter/meta-llama/llama-4-maverick"}),
        (80, {"made/a-model-of-25-letters", "openrouter/meta-llama/", "llama-4-maverick"}),
    ],
)
def test_a_terminal_breaks_words_only_where_they_have_a_sign(
    width: int, first_words: set[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for model in ("made/a-model-of-25-letters", "openrouter/meta-llama/llama-4-maverick"):
        write(made_log(Made(problems=2, n=2, keep=1, model=model)), tmp_path, model[-3:])
    monkeypatch.setenv("COLUMNS", str(width))
    table = report(tmp_path, "--no-html").stdout.partition("Main table")[2]
    lines = {line.split()[0] for line in table.splitlines() if line.strip()}
    assert first_words <= lines


@pytest.mark.parametrize("width", [60, 80])
def test_tables_of_two_tasks_fit_a_terminal(
    width: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    models = ("openai/gpt-5.1", "anthropic/claude-opus-4-5")
    for task, model in zip(("swe_verified", "terminal_bench"), models, strict=True):
        log = made_log(Made(problems=4, n=4, keep=2, model=model, seed=len(task)))
        log.eval.task = task
        write(log, tmp_path, task)
    monkeypatch.setenv("COLUMNS", str(width))
    shown = report(tmp_path, "--no-html").stdout
    tables = shown[shown.index("Main table") :]
    assert max(map(len, tables.splitlines())) <= width
    for heading in ("selected", "pass@1", "select-K", "headroom", "problems", "wall time"):
        assert len(re.findall(rf"{heading}(?: |\n)", tables)) >= 2, "no heading is broken or cut"
    assert "…" not in tables
    gains = [run["scores"]["gain"]["value"] for run in numbers(tmp_path)["runs"]]
    assert all(f"{100 * gain:+.1f}" in tables for gain in gains)
    assert "Main table, terminal_bench, anthropic/claude-opus-4-5" in " ".join(tables.split())


def test_cancelled_logs_and_samples_are_called_cancelled(tmp_path: Path) -> None:
    log = made_log(Made(problems=4, n=2, keep=1)).model_copy(update={"status": "cancelled"})
    for sample in samples(log)[2:]:
        sample.error = EvalError(message="CancelledError()", traceback="", traceback_ansi="")
    write_eval_log(log, str(tmp_path / "2026-01-01T00-00-00_one.eval"))
    data = numbers(tmp_path)
    assert data["notes"] == [
        "2026-01-01T00-00-00_one.eval was cancelled: its 2 finished samples count"
    ]
    [warning] = [w for w in data["runs"][0]["warnings"] if w["kind"].startswith("samples")]
    assert warning["text"] == "2 of 4 samples were cancelled and are not in the numbers (50 %)"
    assert "ended with an error" not in said(tmp_path)


@pytest.mark.parametrize("status", ["cancelled", "error"])
@pytest.mark.parametrize(("strategy", "unknown"), [("pdr_rtv", 7), ("rtv", 5), (None, 2)])
def test_numbers_of_a_run_without_a_sample_are_dashes_if_its_strategy_has_them(
    strategy: str | None, unknown: int, status: Any, tmp_path: Path
) -> None:
    write(made_log(SETTLED), tmp_path, "other")
    log = made_log(Made(problems=1, n=2, keep=1, model="made/ended"))
    log = log.model_copy(update={"status": status})
    log.eval.task_id = log.eval.eval_id = "ended"
    log.plan.steps[0].solver = f"inspect_tts/{strategy}" if strategy else "generate"
    [sample] = samples(log)
    sample.uuid = "ended"
    message = "CancelledError()" if status == "cancelled" else "NoRolloutError('none of it\\'s')"
    sample.error = EvalError(message=message, traceback="", traceback_ansi="")
    write(log, tmp_path, "ended")
    shown = report(tmp_path, "--markdown").stdout
    table = shown.partition("## Main table")[2].partition("##")[0]
    [row] = [line for line in table.splitlines() if line.startswith("| made/ended")]
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    # selected, gain, pass@1, select-K, iter 1, oracle, headroom
    assert (cells[2:-1].count("-"), cells[2:-1].count("")) == (unknown, 7 - unknown)
    assert "has no score because no sample ended" in shown
    assert "1 of 1 sample " in shown
    assert ("(100 %): none of it's" in shown) is (status == "error")


def test_a_command_in_the_settings_is_named_by_its_first_word(tmp_path: Path) -> None:
    for number in (1, 2):
        log = made_log(Made(problems=2, n=2, keep=1))
        log.eval.task_id = log.eval.eval_id = str(number)
        passed = log.plan.steps[0].params_passed
        assert passed is not None
        passed["check"] = f'python3 -c "from versions import {number}"'
        for sample in samples(log):
            sample.uuid = f"{number}-{sample.id}"
        write(log, tmp_path, str(number))
    labels = [run["label"] for run in numbers(tmp_path)["runs"]]
    assert len(set(labels)) == 2
    assert all(re.fullmatch(r"pdr_rtv check=python3…[0-9a-f]{4}", label) for label in labels)
