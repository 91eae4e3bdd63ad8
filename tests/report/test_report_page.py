"""The page of a report in a real Chromium."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import NARROW, WIDE, chromium, screenshot
from click.testing import CliRunner
from inspect_ai.log import EvalLog, write_eval_log
from playwright.sync_api import Browser, Page, expect

from inspect_tts.cli import main

sys.path.insert(0, str(Path(__file__).parents[2] / "bench"))

from made_logs import Made, made_log

HOSTILE = (
    "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=2>"
    "<a href='javascript:window.hacked=3'>x</a> ${window.hacked=4} \u2028 \ud83d"
)
PATCH = f"diff --git a/x b/x\n--- a/x\n+++ b/x\n@@ -1 +1 @@\n-old {HOSTILE}\n+new line"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as found:
        yield found


def hostile(log: EvalLog) -> EvalLog:
    """Put markup into everything that a model, a problem or a user may write."""
    [*samples] = log.samples or []
    for sample in samples[:2]:
        sample.input = HOSTILE
        for rollout in sample.store["RolloutPool:rollouts"]:
            rollout["summary"]["text"] = json.dumps({"strategy": HOSTILE, HOSTILE: [HOSTILE]})
            rollout["reason"] = HOSTILE
            if rollout["index"] % 2:
                rollout["patch"] = {"size": 9, "notice": "more than are kept"}
            else:
                rollout["patch"] = {"size": 9, "text": PATCH}
            rollout["facts"]["last_commands"][0]["command"] = HOSTILE
            rollout["facts"]["files_changed"][0]["path"] = HOSTILE
            rollout["injections"] = [HOSTILE]
        for selection in sample.store["RolloutPool:selections"]:
            for match in selection["rounds"][0]["matches"]:
                match["votes"][0]["text"] = HOSTILE
    samples[1].id = f"<b>{HOSTILE}</b>"[:80]
    spec = log.eval.model_copy(update={"model": f"made/<i>{HOSTILE[:40]}"})
    return log.model_copy(update={"eval": spec, "samples": samples})


@pytest.fixture(scope="module")
def html(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("logs")
    logs = [made_log(Made(problems=12, n=8, keep=4)), hostile(made_log(Made(problems=4, seed=1)))]
    for i, log in enumerate(logs):
        write_eval_log(log, str(folder / f"2026-01-01T00-00-0{i}_made.eval"))
    found = CliRunner().invoke(main, ["report", str(folder)], catch_exceptions=False)
    assert found.exit_code == 0
    return folder / "report.html"


def open_page(browser: Browser, html: Path, errors: list[str], **look: Any) -> Page:
    """Open the page; whatever goes wrong or leaves the machine is an error."""
    page = browser.new_page(**({"viewport": WIDE} | look))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on(
        "request",
        lambda asked: (
            errors.append(asked.url)
            if not asked.url.startswith(("file:", "data:", "blob:"))
            else None
        ),
    )
    page.goto(html.as_uri())
    page.wait_for_selector("html[data-ready]")
    return page


LOOKS = {
    f"{name}-{scheme}": {"viewport": size, "color_scheme": scheme}
    for name, size in (("1280", WIDE), ("390", NARROW))
    for scheme in ("light", "dark")
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_it_renders_without_errors_and_fits(
    look: dict[str, Any], browser: Browser, html: Path, tmp_path: Path
) -> None:
    errors: list[str] = []
    page = open_page(browser, html, errors, **look)
    name = f"{look['viewport']['width']}-{look['color_scheme']}"
    expect(page.locator("#figures .plot .main-svg").first).to_be_visible()
    assert page.locator("#figures .plot").count() >= 8
    heads = page.locator("section.card thead th")
    assert heads.count() == page.locator("section.card thead th[scope=col]").count() > 0
    assert page.locator("section.card td[scope]").count() == 0
    screenshot(page, f"page-{name}", tmp_path, whole=True)
    page.select_option("#problem-run", index=2)
    page.locator("#list .open").first.click()
    expect(page.locator(".bracket")).to_have_count(2)
    screenshot(page, f"bracket-{name}", tmp_path)
    page.locator(".match").first.click()
    screenshot(page, f"match-{name}", tmp_path)
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= look["viewport"]["width"], "the page itself never scrolls sideways"
    light = page.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(246, 247, 249)"
    assert light == (look["color_scheme"] == "light")
    assert errors == []
    page.close()


def test_search_filters_and_sorting(browser: Browser, html: Path) -> None:
    errors: list[str] = []
    page = open_page(browser, html, errors)
    rows = page.locator("#list tr.row")
    expect(rows).to_have_count(16)
    page.fill("#search", "PROBLEM 011")
    expect(rows).to_have_count(1)
    expect(page.locator("#count")).to_have_text("1 of 16 shown")
    page.fill("#search", "")
    page.select_option("#problem-kind", "never")
    never = rows.count()
    assert 0 < never < 16
    page.select_option("#problem-kind", "all")

    page.locator("[data-sort=pass_1]").click()
    place = page.locator("#list thead th").all_inner_texts().index("pass@1")
    values = [float(row.locator("td").nth(place).inner_text()) for row in rows.all()]
    assert values == sorted(values, reverse=True)
    page.keyboard.press("Enter")  # the heading has kept the focus
    values = [float(row.locator("td").nth(place).inner_text()) for row in rows.all()]
    assert values == sorted(values)
    assert page.locator("th[aria-sort=ascending]").count() == 1
    assert errors == []
    page.close()


def test_a_bracket_tells_who_met_whom_and_a_match_opens_by_keyboard(
    browser: Browser, html: Path
) -> None:
    errors: list[str] = []
    page = open_page(browser, html, errors)
    page.fill("#search", "problem-003")
    page.select_option("#problem-run", index=2)
    page.locator("#list .open").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".bracket")).to_have_count(2)
    first, second = page.locator(".bracket").all()
    assert first.locator(".match").count() == 4
    assert second.locator(".match").count() == 4 + 2 + 1
    assert first.locator(".out").count() == 4
    # who won an earlier match plays the next
    won = second.locator("[data-match^=t1-r1] .won b").all_inner_texts()
    met = second.locator("[data-match^=t1-r2] .side b").all_inner_texts()
    assert sorted(won) == sorted(met)

    second.locator("[data-match^=t1-r3]").focus()
    page.keyboard.press("Enter")
    dialog = page.locator("dialog")
    expect(dialog).to_be_visible()
    assert dialog.locator(".sides > article").count() == 2
    assert dialog.locator(".sides > article.won").count() == 1
    assert dialog.locator(".votes tbody tr").count() == 8
    expect(dialog).to_contain_text("requirements")
    expect(dialog).to_contain_text("src/parser.py (+12 -3)")
    links = [link.get_attribute("href") for link in dialog.locator("#match-body a").all()]
    sample = (
        "http://127.0.0.1:7575/#/logs/2026-01-01T00-00-00_made.eval/samples/sample/problem-003/1"
    )
    assert links[0] == f"{sample}/transcript?event=t1-r3-m0"
    sides = second.locator("[data-match^=t1-r3] .side b").all_text_contents()
    assert links[1:] == [f"{sample}/transcript?event={id}" for id in sides]
    page.keyboard.press("Escape")
    expect(dialog).not_to_be_visible()
    assert errors == []
    page.close()


def test_what_models_write_is_text(browser: Browser, html: Path) -> None:
    errors: list[str] = []
    page = open_page(browser, html, errors)
    page.select_option("#problem-run", index=1)
    for button in page.locator("#list .open").all()[:4]:
        button.click()
    page.locator(".view summary").first.click()
    for match in page.locator(".match").all()[:6]:
        match.click()
        for reason in page.locator("dialog .votes summary").all()[:2]:
            reason.click()
        page.keyboard.press("Escape")
    page.locator(".chip").first.click()
    expect(page.locator("dialog")).to_contain_text("<img src=x onerror=")
    assert page.locator("dialog img, dialog script, dialog a[href^=javascript]").count() == 0
    assert page.evaluate("window.hacked") is None
    assert errors == []
    page.close()


def test_patches_are_shown_as_diffs_or_why_they_are_left_out(browser: Browser, html: Path) -> None:
    errors: list[str] = []
    page = open_page(browser, html, errors)
    page.select_option("#problem-run", index=1)
    page.locator("#list .open").first.click()
    expect(page.locator(".match").first).to_be_visible()
    shown = set()
    for match in page.locator(".match").all():
        match.click()
        shown |= {
            text.replace("\n", " ") for text in page.locator("dialog pre.diff").all_inner_texts()
        }
        lines = page.locator("dialog pre.diff .plus").all_inner_texts()
        assert lines == ["+new line"] * len(lines)
        assert page.locator("dialog pre.diff .minus").count() == len(lines)
        assert page.locator("dialog pre.diff .hunk").count() == len(lines)
        page.keyboard.press("Escape")
    assert len(shown) == 2
    assert "more than are kept" in shown
    assert page.evaluate("window.hacked") is None
    assert errors == []
    page.close()
