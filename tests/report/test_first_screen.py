"""What the page of a report answers at once, its links, its dialog, and who can read it."""

import json
import re
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser import NARROW, chromium, screenshot
from click.testing import CliRunner
from inspect_ai.log import EvalLog, write_eval_log
from playwright.sync_api import Browser, Page, expect
from test_report_page import LOOKS, open_page

from inspect_tts.cli import main

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from made_logs import Made, made_log

CODE = "Call `parse()` first:\n```python\nx = [1]\n```\nthen stop"


def written(folder: Path, *logs: EvalLog) -> Path:
    for number, log in enumerate(logs):
        write_eval_log(log, str(folder / f"2026-01-01T00-00-0{number}_made.eval"))
    found = CliRunner().invoke(main, ["report", str(folder)], catch_exceptions=False)
    assert found.exit_code == 0
    return folder / "report.html"


def two_tasks() -> list[EvalLog]:
    """Two tasks on a simulated model; in the first, one match has one vote and texts with code."""
    logs = [
        made_log(Made(problems=12, n=8, keep=2, votes=3, seed=seed, model="simulated/coder"))
        for seed in (1, 2)
    ]
    for log, task in zip(logs, ("tiny_bugs", "large_bugs"), strict=True):
        log.eval.task = task
    assert logs[0].samples is not None
    store = logs[0].samples[0].store
    match = store["RolloutPool:selections"][0]["rounds"][0]["matches"][0]
    match["tally"] = dict(zip(match["group"], (1, 2), strict=True))
    match["votes"][0]["text"] = CODE
    store["RolloutPool:rollouts"][-1] |= {"status": "error", "reason": "OutOfMemory"}
    for rollout in store["RolloutPool:rollouts"]:
        rollout["turns"] = 1
        change = {"file": "src/a.py", "before": "x = 0\ny = 0", "after": "x = 1\ny = 0"}
        rollout["summary"]["text"] = json.dumps({"strategy": CODE, "code_changes": [change]})
        rollout["patch"] = {"size": 9, "text": "--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old\n+new"}
    return logs


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("logs"), *two_tasks())


@pytest.fixture(scope="module")
def wide_bracket(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return written(tmp_path_factory.mktemp("logs"), made_log(Made(problems=1, n=64, votes=1)))


def at(page: Page, link: str) -> None:
    page.evaluate("link => { location.hash = link; }", link)


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_the_answer_stands_on_the_first_screen(
    look: dict[str, Any], browser: Browser, html: Path, tmp_path: Path
) -> None:
    errors: list[str] = []
    page = open_page(browser, html, errors, **look)
    screenshot(page, f"first-{look['viewport']['width']}-{look['color_scheme']}", tmp_path)
    assert page.title().startswith("large_bugs, tiny_bugs, pdr_rtv")
    expect(page.locator("h1")).to_contain_text("large_bugs, tiny_bugs")
    expect(page.locator(".subtitle")).to_contain_text("24 problems")
    tops = []
    for part in (".banner", ".warnings", ".findings", "#scores table"):
        box = page.locator(part).first.bounding_box()
        assert box is not None
        tops.append(box["y"])
    assert tops == sorted(tops), "warnings stand above all"
    first = page.locator(".findings li").first
    expect(first).to_contain_text("95 % interval")
    expect(first).to_contain_text("$")
    box = first.bounding_box()
    assert box is not None
    assert box["y"] + box["height"] <= look["viewport"]["height"]
    page.close()


def test_on_a_telephone_nothing_of_it_is_off_screen(browser: Browser, html: Path) -> None:
    page = open_page(browser, html, [], viewport=NARROW)
    parts = "h1, .banner, .warnings li, .findings li, #scores td, #scores .caption"
    outside = page.evaluate(
        """parts => [...document.querySelectorAll(parts)].map((e) => e.getBoundingClientRect())
            .filter((box) => box.width && (box.left < 0 || box.right > innerWidth)).length""",
        parts,
    )
    assert outside == 0
    hidden = (
        "[...document.querySelectorAll('#scores .scroll')].some(e => e.scrollWidth > e.clientWidth)"
    )
    assert not page.evaluate(hidden)
    label = "getComputedStyle(document.querySelector('#scores td:not(.words)'), '::before').content"
    assert "selected" in page.evaluate(label), "each number keeps its heading"
    page.close()


def test_a_long_name_of_a_task_fits_a_telephone(browser: Browser, tmp_path: Path) -> None:
    log = made_log(Made(problems=1, n=2, keep=1))
    log.eval.task = "a_task_with_a_name_that_is_far_too_long_for_the_width_of_a_telephone"
    page = open_page(browser, written(tmp_path, log), [], viewport=NARROW)
    assert page.evaluate("document.documentElement.scrollWidth") <= NARROW["width"]
    page.close()


def test_no_line_ends_between_a_number_and_its_percent(browser: Browser, html: Path) -> None:
    page = open_page(browser, html, [], viewport=NARROW)
    texts = page.locator(".findings li, .warnings li, .caption, .notes li").all_text_contents()
    assert any("\u00a0%" in text for text in texts)
    assert not any(re.search(r"\d %", text) for text in texts)
    page.close()


def test_in_the_dialog_the_link_stands_beside_the_title(browser: Browser, html: Path) -> None:
    page = open_page(browser, html, [])
    page.locator("#list .open").first.click()
    page.locator(".match").first.click()
    places = [page.locator(part).bounding_box() for part in ("#match-title", "#match-link")]
    close, header = (page.locator(f"dialog {part}").bounding_box() for part in ("#close", "header"))
    [title, link] = places
    assert title
    assert link
    assert close
    assert header
    assert 0 <= link["x"] - (title["x"] + title["width"]) < 20
    assert close["x"] + close["width"] > header["x"] + header["width"] - 30
    page.close()


def test_each_problem_and_match_has_a_link(browser: Browser, html: Path) -> None:
    errors: list[str] = []
    page = open_page(browser, html, errors)
    line = page.locator("#list tr.row", has_text="problem-004").first
    link = line.locator("a.anchor").get_attribute("href")
    assert link is not None
    line.locator(".open").click()
    page.locator(".match").first.click()
    match = page.locator("#match-link").get_attribute("href")
    title = page.locator("#match-title").inner_text()
    assert match is not None
    assert match != link
    assert page.url.endswith(match), "the address is that of what is shown"
    page.keyboard.press("Escape")
    expect(page.locator("dialog")).not_to_be_visible()
    page.wait_for_function("link => location.hash === link", arg=link)
    page.close()

    page = open_page(browser, html, errors)
    page.fill("#search", "another")
    at(page, match)
    expect(page.locator("dialog")).to_be_visible()
    expect(page.locator("#match-title")).to_have_text(title)
    at(page, link)
    expect(page.locator("dialog")).not_to_be_visible()
    expect(page.locator("#list .view")).to_have_count(1)
    expect(page.locator(f'tr.row[data-link="{link}"]')).to_be_in_viewport()
    at(page, "#problem=nobody")
    assert errors == []
    page.close()


def test_a_link_opens_a_fresh_page_there(browser: Browser, html: Path) -> None:
    page = open_page(browser, html, [])
    links = page.locator("a.anchor[href^='#problem']").all()
    link = links[-1].get_attribute("href")
    page.close()
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{html.as_uri()}{link}&rollout=t1-n00")
    expect(page.locator("#match-title")).to_have_text("t1-n00")
    page.close()


def test_the_dialog_shows_code_as_code_and_counts_in_words(browser: Browser, html: Path) -> None:
    page = open_page(browser, html, [])
    page.fill("#search", "problem-000")
    row = page.locator("#list tr.row", has_text="tiny_bugs")
    row.locator(".open").click()
    page.locator(".match").first.click()
    first, second = page.locator("dialog article").all()
    expect(first.locator("h3")).to_contain_text("1 vote")
    assert "1 votes" not in first.inner_text()
    expect(second.locator("h3")).to_contain_text("2 votes")
    assert "1 turn," in first.inner_text()
    code = first.locator("code").all_inner_texts()
    assert {"parse()", "src/a.py"} <= set(code)
    blocks = first.locator("pre").all_inner_texts()
    assert "x = [1]" in blocks
    assert "x = 1\ny = 0" in blocks
    expect(page.locator("dialog .votes code").first).to_have_text("parse()")
    for part in ("pre.diff", "code", ".facts code"):
        font = first.locator(part).first.evaluate("e => getComputedStyle(e).fontFamily")
        assert "monospace" in font
    page.close()


def test_a_wide_bracket_keeps_its_headings_in_view(browser: Browser, wide_bracket: Path) -> None:
    page = open_page(browser, wide_bracket, [])
    page.locator("#list .open").first.click()
    bracket = page.locator(".bracket").first
    bracket.evaluate("e => { e.scrollTop = e.scrollHeight; }")
    tall, top = bracket.evaluate("e => [e.scrollHeight > e.clientHeight, e.scrollTop]")
    assert tall
    assert top > 0
    box = bracket.bounding_box()
    heads = bracket.locator(".round-name").all()
    assert [head.inner_text() for head in heads][:2] == ["Round 1", "Round 2"]
    for head in heads:
        place = head.bounding_box()
        assert box is not None
        assert place is not None
        assert box["y"] <= place["y"] < box["y"] + 40
    page.close()


@pytest.mark.parametrize("look", [LOOKS["1280-dark"], LOOKS["390-light"]], ids=["wide", "narrow"])
def test_ticks_have_units_and_room(look: dict[str, Any], browser: Browser, html: Path) -> None:
    page = open_page(browser, html, [], **look)
    cost = page.locator("#figure-cost-all")
    scores, dollars = (
        [text for text in cost.locator(tick).all_text_contents() if text]
        for tick in (".ytick", ".xtick")
    )
    assert scores
    assert all(text.endswith("%") for text in scores)
    assert dollars
    assert all(text.startswith("$") for text in dollars)
    ticks = [tick.bounding_box() for tick in cost.locator(".xtick text").all()]
    places = sorted((box["x"], box["x"] + box["width"]) for box in ticks if box and box["width"])
    assert all(end < start for (_, end), (start, _) in pairwise(places))
    page.close()


@pytest.mark.faults
@pytest.mark.parametrize("look", [LOOKS["1280-dark"], LOOKS["390-light"]], ids=["dark", "light"])
def test_axe_finds_nothing_serious(look: dict[str, Any], browser: Browser, html: Path) -> None:
    page = open_page(browser, html, [], bypass_csp=True, **look)
    page.locator("#list .open").first.click()
    expect(page.locator(".bracket").first).to_be_visible()
    page.locator("#tables summary").click()
    named = {"rules": {"label-content-name-mismatch": {"enabled": True}}}  # off in some versions
    found = Axe().run(page, options=named).response["violations"]
    page.locator(".match").first.click()
    found += Axe().run(page, options=named).response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
    page.close()
