"""Every form of a report begins with what went wrong."""

import html
import re
from pathlib import Path

import pytest
from inspect_ai.log import EvalError, EvalLog
from inspect_ai.model import ModelOutput
from scripted import acting, problem, run, says
from test_report import numbers, report, samples, small, write

from inspect_tts import rtv

WARNINGS = [
    "error: 3 of 6 samples ended with an error and are not in the numbers (50 %): ImageNotFound: "
    "a (2); RuntimeError: <b> [red]x (1)",
    "warning: 1 of 24 rollouts was ended by an error (4 %): OutOfMemory",
    "note: 1 of 60 votes abstained (2 %): Error code: 429 - slow down",
]


def troubled() -> EvalLog:
    log = small()
    ends = ("ImageNotFound: a", "RuntimeError: <b> [red]x", "ImageNotFound: a")
    for sample, end in zip(samples(log)[3:], ends, strict=True):
        sample.error = EvalError(message=end, traceback="", traceback_ansi="")
    store = samples(log)[0].store
    store["RolloutPool:rollouts"][0] |= {"status": "error", "reason": "OutOfMemory\n  File x"}
    vote = store["RolloutPool:selections"][0]["rounds"][0]["matches"][0]["votes"][0]
    vote |= {"verdict": None, "abstention": "Error code: 429 - slow down (req_0123456789)"}
    return log


def test_terminal_markdown_json_and_page_begin_with_the_warnings(tmp_path: Path) -> None:
    write(troubled(), tmp_path)
    shown = report(tmp_path).stdout
    top = shown[: shown.index("Main table")]
    found = numbers(tmp_path)["runs"][0]["warnings"]
    told = [f"{warning['severity']}: {warning['text']}" for warning in found]
    for expected in WARNINGS:
        assert any(line.startswith(expected) for line in told), told
        assert any(line.startswith(expected) for line in top.splitlines()), top

    text = report(tmp_path, "--markdown").stdout
    assert text.startswith("## Warnings\n\n- **error** 3 of 6 samples ended with an error")
    assert "&lt;b>" in text[: text.index("## Main table")]

    page = (tmp_path / "report.html").read_text("utf-8")
    top = page[page.index('<ul class="warnings"') : page.index('<section id="scores"')]
    items = re.findall(r'<li class="(\w+)"><b>\1</b> (.*?)</li>', top)
    items_told = [f"{severity}: {html.unescape(text)}" for severity, text in items]
    assert [line.replace("\u00a0%", " %") for line in items_told] == told
    assert "<b> [red]" not in top


def test_a_run_in_which_nothing_went_wrong_has_no_warnings(tmp_path: Path) -> None:
    log = small()
    for sample in samples(log):
        for rollout in sample.store["RolloutPool:rollouts"]:
            rollout |= {"status": "completed", "limit": None}
        for selection in sample.store["RolloutPool:selections"]:
            for round in selection["rounds"]:
                for match in round["matches"]:
                    match["decided_by"] = "votes"
                    for vote in match["votes"]:
                        named = vote["verdict"] or vote["order"][0]
                        vote |= {"abstention": None, "reasked": False, "verdict": named}
    write(log, tmp_path)
    assert numbers(tmp_path)["runs"][0]["warnings"] == []
    shown = report(tmp_path).stdout
    assert not re.search(r"^(error|warning|note): \d", shown, re.MULTILINE)
    assert "## Warnings" not in report(tmp_path, "--markdown").stdout


@pytest.mark.parametrize("names", [("one",), ("one", "two")])
def test_of_several_runs_each_warning_names_its_run(names: tuple[str, ...], tmp_path: Path) -> None:
    for name in names:
        log = troubled()
        log.eval.model, log.eval.eval_id, log.eval.task_id = f"model/{name}", name, name
        for sample in samples(log):
            sample.uuid = f"{name}-{sample.id}"
        write(log, tmp_path, name)
    shown = report(tmp_path, "--no-html").stdout
    for name in names:
        assert (f"error: pdr_rtv (model/{name}): 3 of 6 samples" in shown) is (len(names) > 1)


def test_a_live_run_whose_judge_never_answers_says_so_first(tmp_path: Path) -> None:
    def gone(*_: object) -> ModelOutput:
        raise RuntimeError("Error code: 503 - overloaded")

    agent = acting(says("#good"), says("#bad"))
    run(problem(1), rtv(n=2, votes=2, agent=agent), tmp_path, judge=gone)
    found = {each["kind"]: each for each in numbers(tmp_path)["runs"][0]["warnings"]}
    abstained, drawn = found["votes_abstained"], found["winners_drawn"]
    assert (abstained["severity"], abstained["count"], abstained["total"]) == ("error", 2, 2)
    assert "Error code: 503 - overloaded" in abstained["text"]
    assert (drawn["severity"], drawn["count"], drawn["total"]) == ("error", 1, 1)
    assert "1 of 1 winner was drawn at random" in report(tmp_path, "--no-html").stdout
