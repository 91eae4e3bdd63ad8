"""Results of recorded rollouts are executed in containers of their problem's image."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from executed import REPOSITORY, TRY, checks_shown, tries
from helpers import IMAGE, docker_missing
from images import image
from investigating import only_match, roles, tries_both
from recorded_files import mini, prediction, write
from scripted import calls, pool, run

from inspect_tts import UserError
from inspect_tts.cli import main
from inspect_tts.execution.records import UNTOUCHED
from inspect_tts.recorded import recorded, select_recorded

UNIT = "python3 -c 'from sums import add; assert add(2, 5) == 7'"
TEMPLATE = "tts-recorded/{id}"
ID = "add__sums-1"


def patch(line: str, before: str = "return a - b") -> str:
    return (
        "diff --git a/sums.py b/sums.py\n--- a/sums.py\n+++ b/sums.py\n@@ -1,2 +1,2 @@\n"
        f" def add(a, b):\n-    {before}\n+    {line}\n"
    )


RIGHT, WRONG, UNFIT = patch("return a + b"), patch("return a * b"), patch("return 0", "return 1")


@pytest.fixture(scope="module")
def template() -> str:
    """An image whose working directory is a repository, as those of SWE-bench are."""
    if missing := docker_missing():
        pytest.skip(missing)
    text = f"FROM {IMAGE}\nCOPY start /start\nRUN mkdir /testbed && cd /testbed && bash /start\n"
    text += "WORKDIR /testbed\n"
    files = {"Dockerfile": text.encode(), "start": REPOSITORY.encode()}
    image(TEMPLATE.format(id=ID), text + REPOSITORY, files)
    return TEMPLATE


def texts(folder: Path, *ids: str) -> str:
    rows = [{"instance_id": id, "problem_statement": "Make add add."} for id in ids]
    return str(write(folder / "problems.jsonl", "\n".join(map(json.dumps, rows))))


def predictions(folder: Path, id: str, *patches: str) -> Path:
    for number, each in enumerate(patches):
        write(folder / f"{number}.preds.json", {id: prediction(id, f"m/{number}", each)})
    return folder


@pytest.mark.docker
def test_patches_are_put_on_their_image_and_checked(template: str, tmp_path: Path) -> None:
    folder = predictions(tmp_path / "p", ID, RIGHT, WRONG, UNFIT, RIGHT, "")
    task = recorded(paths=str(folder), problems=texts(tmp_path, ID), image_template=template)
    log = run(task, select_recorded(check={"unit": UNIT}, tie="evidence", votes=1), tmp_path)
    found = pool(log)
    [taken] = found.executions
    right, wrong, unfit, again, none = (rollout.id for rollout in found.rollouts)
    assert taken.reason is None
    assert taken.results == {right: right, wrong: wrong, again: right, none: UNTOUCHED}
    assert "does not apply" in taken.unavailable[unfit]
    assert taken.attributions["u01"] == {
        right: "fixed",
        wrong: "still failing",
        again: "fixed",
        none: "still failing",
    }
    assert any("a check of the user" in text for text in checks_shown(log))
    assert found.discrepancies() == ()


@pytest.mark.docker
@pytest.mark.parametrize(
    ("other", "ended"), [(WRONG, "verdict"), (UNFIT, "not run")], ids=["wrong", "unfit"]
)
def test_close_matches_of_patches_are_investigated_on_their_image(
    template: str, other: str, ended: str, tmp_path: Path
) -> None:
    folder = predictions(tmp_path / "p", ID, other, RIGHT)
    task = recorded(paths=str(folder), problems=texts(tmp_path, ID), image_template=template)
    strategy = select_recorded(close="investigate", votes=2)
    log = run(task, strategy, tmp_path, model_roles=roles(tries_both))
    found = pool(log)
    _, looked = only_match(found)
    assert looked.ended == ended
    if ended == "verdict":
        assert looked.verdict == found.adopted == found.rollouts[1].id
    else:
        assert "does not apply" in (looked.reason or "")
    assert found.discrepancies() == ()


@pytest.mark.docker
def test_what_recorded_rollouts_made_is_run_on_all_results(template: str, tmp_path: Path) -> None:
    for number, each in enumerate((WRONG, RIGHT)):
        steps = [{"role": "user", "content": "Make add add."}]
        steps += [{"role": "assistant", "content": f"```bash\n{tries()}\n```"}] * number
        given = mini(steps, submission=each) | {"instance_id": ID}
        write(tmp_path / f"run{number}" / f"{ID}.traj.json", given)
    task = recorded(paths=str(tmp_path), format="mini-swe-agent", image_template=template)
    strategy = select_recorded(evidence="cross", selection="behavior")
    log = run(task, strategy, tmp_path / "logs")
    found = pool(log)
    [taken] = found.executions
    assert [check.files for check in taken.checks] == [{"try_it.py": TRY}]
    assert len(taken.classes) == 2
    assert calls(log, "judge") == []
    assert found.discrepancies() == ()


@pytest.mark.docker
def test_without_its_image_a_problem_is_judged_without_evidence(tmp_path: Path) -> None:
    folder = predictions(tmp_path / "p", "none__none-1", RIGHT, WRONG)
    task = recorded(
        paths=str(folder),
        problems=texts(tmp_path, "none__none-1"),
        image_template="tts-recorded/absent-{id}",
    )
    log = run(task, select_recorded(check=UNIT, votes=1), tmp_path)
    assert log.status == "success"
    found = pool(log)
    assert "could not be opened" in (found.executions[0].reason or "")
    assert found.adopted is not None


REFUSED: dict[str, Any] = {
    "no image": ([], "which needs the image of each problem: give image_template"),
    "another placeholder": (["--image-template", "x/{name}"], "may contain {org}, {repo}"),
    "one image for all": (["--image-template", "x/y"], "names the same image, 'x/y', for all"),
    "a name without its parts": (["--image-template", "x/{repo}-{issue}"], "use {id}"),
}


@pytest.mark.parametrize(("words", "told"), REFUSED.values(), ids=REFUSED)
def test_a_missing_or_wrong_template_is_refused(
    words: list[str], told: str, tmp_path: Path
) -> None:
    given = ["select", str(predictions(tmp_path / "p", "p", RIGHT, WRONG))]
    given += ["--problems", texts(tmp_path, "p"), "--check", "true", "--check", "false"]
    done = CliRunner().invoke(main, [*given, "--dry-run", *words], catch_exceptions=False)
    assert done.exit_code != 0
    assert told in done.output
    looked = ["select", given[1], *given[2:4], "--close", "investigate", "--dry-run"]
    if not words:
        assert told in CliRunner().invoke(main, looked, catch_exceptions=False).output
    priced = CliRunner().invoke(main, [*looked, "--image-template", "x/{id}"]).output
    assert "Investigations: at most 1, with 30 model calls in total." in priced
    fine = [*given, "--dry-run", "--image-template", "x/{id}"]
    assert "2 summaries" in CliRunner().invoke(main, fine, catch_exceptions=False).output


def test_a_task_without_images_is_refused_before_a_model_is_asked(tmp_path: Path) -> None:
    folder = predictions(tmp_path / "p", "p", RIGHT, WRONG)
    task = recorded(paths=str(folder), problems=texts(tmp_path, "p"))
    log = run(task, select_recorded(check="true"), tmp_path)
    assert "give image_template" in str(log.error)
    with pytest.raises(UserError, match="check='COMMAND'"):
        select_recorded(selection="behavior")
