"""What Inspect's own viewer shows of a strategy's log, in a real Chromium."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import sleep

from browser import WIDE, chromium, screenshot
from inspect_ai.log import read_eval_log
from inspect_ai.viewer import TaskSamplesView, ViewerConfig
from playwright.sync_api import Page, expect
from scripted import acting, problem, run, says

from inspect_tts import RolloutPool, pdr_rtv, rtv
from inspect_tts.scores import LABELS

AGENT = says("#good"), says("#bad")


@contextmanager
def inspect_view(log_dir: Path) -> Iterator[str]:
    """Run `inspect view` on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).parent / "inspect"), "view", "start"]
    process = subprocess.Popen(
        [*command, "--log-dir", str(log_dir), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while process.poll() is None:
            with socket.socket() as asked:
                if asked.connect_ex(("127.0.0.1", port)) == 0:
                    break
            sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def headings(page: Page) -> list[str]:
    return [text.strip().lower() for text in page.get_by_role("columnheader").all_inner_texts()]


def test_the_viewer_lists_the_numbers_and_folds_the_stages(tmp_path: Path) -> None:
    strategy = pdr_rtv(n=2, top_k=1, votes=2, agent=acting(*AGENT), score_rollouts=True)
    log = run(problem(2), strategy, tmp_path)  # one alone would be opened at once
    assert log.samples is not None
    pool = log.samples[0].store_as(RolloutPool)
    name = Path(log.location).name
    with inspect_view(tmp_path) as address, chromium() as browser:
        page = browser.new_page(viewport=WIDE)  # type: ignore[arg-type]  # a typed dict of its own
        page.goto(f"{address}/#/logs/{name}/samples")
        expect(page.get_by_text("p0", exact=True).first).to_be_visible(timeout=30_000)
        shown = headings(page)
        for label in ("selected", "pass@1", "oracle", "votes", "cost, $"):
            assert label in shown
        screenshot(page, "viewer-list", tmp_path / "shots")

        # the address that links of the report have
        page.goto(f"{address}/#/logs/{name}/samples/sample/p0/1/")
        card = page.get_by_text("tournament 0: 2 to 1", exact=False)
        expect(card.first).to_be_visible(timeout=30_000)
        screenshot(page, "viewer-sample", tmp_path / "shots")
        for title in ("iteration 0", "iteration 1", "tournament 1: 2 to 1"):
            expect(page.get_by_text(title, exact=False).first).to_be_visible()
        assert page.get_by_text("inspect_tts/rollouts").count() == 0
        assert page.get_by_text("Final verdict").count() == 0, "votes are folded"
        page.get_by_text("sub-agent: tournament 1: 2 to 1").click()
        met = " ".join(pool.selections[-1].rounds[0].matches[0].group)
        expect(page.get_by_text(f"match {met}", exact=False).first).to_be_visible()
        screenshot(page, "viewer-tournament", tmp_path / "shots")

        other = browser.new_page(viewport=WIDE)  # type: ignore[arg-type]  # a typed dict of its own
        other.goto(f"{address}/#/logs/{name}/samples/sample/p0/1/transcript?event=t0-n01")
        card = other.get_by_text("rollout t0-n01", exact=False)
        expect(card.first).to_be_visible(timeout=30_000)
        screenshot(other, "viewer-rollout", tmp_path / "shots")


def test_numbers_stand_beside_the_scores_also_where_nothing_else_was_graded(
    tmp_path: Path,
) -> None:
    log = run(problem(1), pdr_rtv(n=2, top_k=1, votes=2, agent=acting(*AGENT)), tmp_path)
    assert log.samples is not None
    assert log.results is not None
    [sample] = log.samples
    assert sample.scores is not None
    assert set(dict(sample.scores["inspect_tts/rollouts"].value)) == {"selected", "votes", "cost"}  # type: ignore[arg-type]  # a dict
    means = {s.name: s.metrics["mean"].value for s in log.results.scores if "mean" in s.metrics}
    pool = sample.store_as(RolloutPool)
    votes = [v for s in pool.selections for r in s.rounds for m in r.matches for v in m.votes]
    assert means["votes"] == len(votes)
    told = sample.scores["inspect_tts/rollouts"].explanation
    assert told is not None
    assert told.startswith(f"adopted {pool.adopted}, won ")
    assert f"4 rollouts, {len(votes)} votes" in told
    assert log.eval.viewer is not None
    view = log.eval.viewer.task_samples_view
    assert isinstance(view, TaskSamplesView)
    assert view.score_labels == LABELS


def test_a_view_that_the_task_has_stays(tmp_path: Path) -> None:
    own = ViewerConfig(task_samples_view=TaskSamplesView(name="mine"))
    task = problem(1, viewer=own)
    log = run(task, pdr_rtv(n=2, top_k=1, votes=2, agent=acting(*AGENT)), tmp_path)
    assert log.eval.viewer == own


def test_logs_of_a_list_are_told_apart_by_strategy_and_n(tmp_path: Path) -> None:
    first = run(problem(2), rtv(n=2, votes=2, agent=acting(*AGENT)), tmp_path, tags=["mine"])
    assert read_eval_log(first.location, header_only=True).tags == ["mine", "rtv n=2"]
    second = run(problem(1), pdr_rtv(n=3, top_k=1, votes=2, agent=acting(*AGENT)), tmp_path)
    assert second.tags == ["pdr_rtv n=3"]
