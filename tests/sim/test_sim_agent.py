"""The moves of the simulated agent on a problem of its own, and the playbook that they follow."""

import subprocess
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from sim_cases import FENCE

from inspect_tts.sim.agent import Plan, context_attempts, make_plan
from inspect_tts.sim.config import SimConfig
from inspect_tts.sim.playbook import Edit, Fix, Playbook
from inspect_tts.text.fences import fenced

SCOPES = range(600)


def edit(old: str, new: str) -> dict[str, Any]:
    return {"file": "a.py", "old": old, "new": new}


RIGHT: dict[str, Any] = {"name": "right", "idea": "do right", "edits": [edit("x = 0", "x = 1")]}
TWO: dict[str, Any] = {
    "name": "two",
    "idea": "do two things",
    "edits": [edit("x = 0", "x = 2"), edit("x = 2", "x = 3")],
}
TEMPTING: dict[str, Any] = {
    "name": "tempting",
    "idea": "please the test",
    "edits": [edit("x = 0", "x = 4")],
    "passes_visible": True,
}
BY_COMMAND: dict[str, Any] = {"name": "command", "idea": "run", "commands": ["echo five > b.py"]}


def book(*wrong: dict[str, Any], **given: Any) -> Playbook:
    fields = {"id": "own", "marker": "own", "solve_rate": 0.5, "test": "sh test.sh", "right": RIGHT}
    return Playbook.model_validate({**fields, "wrong": wrong, "probe": "sh probe.sh", **given})


def plans(of: Playbook, briefing: str = "own", **given: Any) -> list[Plan]:
    config = SimConfig(**{"failure_rate": 0, "context_gain": 0, **given})
    return [make_plan(config, of, briefing, scope) for scope in SCOPES]


def commands(plan: Plan) -> list[str]:
    return [move.command for move in plan.moves if move.kind == "command"]


def share(found: list[Plan], command: str) -> float:
    return sum(command in commands(plan) for plan in found) / len(found)


def shown(*texts: str) -> str:
    """A refinement context of attempts, each with its facts."""
    blocks = [
        fenced(FENCE, f"{tag}_{number}", text)
        for number, text in enumerate(texts, 1)
        for tag, text in (("attempt", text), ("facts", "- ended: completed"))
    ]
    return "\n\n".join(["own", *blocks])


def test_only_attempts_of_a_context_are_attempts() -> None:
    assert context_attempts(shown("one", "other")) == ("one", "other")


def test_a_wrong_fix_that_passes_the_test_is_three_times_as_likely() -> None:
    found = plans(book(TEMPTING, BY_COMMAND), solve_rate=0)
    assert share(found, BY_COMMAND["commands"][0]) == pytest.approx(0.25, abs=0.06)


def test_a_mistake_of_the_context_is_repeated_in_seven_of_ten_and_by_chance() -> None:
    other = {"name": "other", "idea": "run", "commands": ["echo six > b.py"]}
    found = plans(book(other, BY_COMMAND), shown("echo five > b.py"), solve_rate=0)
    assert share(found, "echo five > b.py") == pytest.approx(0.7 + 0.3 / 2, abs=0.05)


@pytest.mark.parametrize(
    ("wrong", "briefing", "expected"),
    [
        (TWO, "own", 0.25),
        (TWO, shown("x"), 0.0),
        (TEMPTING, "own", 0.0),
        (BY_COMMAND, "own", 0.0),
    ],
    ids=["a wrong fix", "with a context", "one that passes the test", "one that cannot be undone"],
)
def test_a_detour_tries_a_fix_that_fails_and_takes_it_back(
    wrong: dict[str, Any], briefing: str, expected: float
) -> None:
    found = plans(book(wrong), briefing, solve_rate=1)
    took = [plan for plan in found if any("take it back" in move.thought for move in plan.moves)]
    assert len(took) / len(found) == pytest.approx(expected, abs=0.06 if expected else 0)
    for plan in took:
        one, two = (Edit(**each) for each in TWO["edits"])
        steps = [one.command(), two.command(), "sh test.sh"]
        steps += [two.undo().command(), one.undo().command()]
        done = commands(plan)
        begin = done.index(steps[0])
        assert done[begin : begin + len(steps)] == steps
        assert done.index(Edit(**RIGHT["edits"][0]).command()) > begin


@pytest.mark.parametrize(("solve_rate", "expected"), [(1, 0.7), (0, 0.35)])
def test_who_is_right_checks_more_often(solve_rate: int, expected: float) -> None:
    found = plans(book(BY_COMMAND), solve_rate=solve_rate)
    assert share(found, "sh probe.sh") == pytest.approx(expected, abs=0.06)
    assert share(plans(book(BY_COMMAND, probe=None)), "sh probe.sh") == 0


def test_problems_have_draws_of_their_own() -> None:
    one, other = book(BY_COMMAND), book(BY_COMMAND, id="other")
    assert plans(one) != plans(other)


def test_filler_is_printed_whatever_the_command_says() -> None:
    [plan, *_] = plans(book(BY_COMMAND), steps=2, output_chars=900)
    looks = [command for command in commands(plan) if "head -c 900" in command]
    assert len(looks) >= 4
    assert not any("#" in command for command in looks), "a comment would hide it"


# --- the playbook


@pytest.mark.parametrize("text", ["a = 'b'", "a\\", "'''", "'''a", 'é "x"', "a\nb\\n\n", "\\'"])
def test_an_edit_replaces_any_text_and_back(text: str, tmp_path: Path) -> None:
    def run(made: Edit) -> None:
        subprocess.run(["sh", "-c", made.command()], cwd=tmp_path, check=True)

    file, made = tmp_path / "a.py", Edit(file="a.py", old="old", new=text)
    file.write_text("1 old 2", encoding="utf-8")
    run(made)
    assert file.read_text(encoding="utf-8") == f"1 {text} 2"
    run(made.undo())
    assert file.read_text(encoding="utf-8") == "1 old 2"


def test_commands_of_a_fix_come_before_its_edits_and_all_of_it_tells_it() -> None:
    fix = Fix.model_validate({**RIGHT, "commands": ["echo one"]})
    assert fix.shell() == ("echo one", Edit(**RIGHT["edits"][0]).command())
    assert fix.found_in('{"a": "echo  one", "b": "x = 1"}')
    assert not fix.found_in("echo one")
    signed = fix.model_copy(update={"signature": "sign"})
    assert signed.found_in("a sign")
    assert not signed.found_in("echo one; x = 1")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"wrong": []}, "at least 1 item"),
        ({"wrong": [{"name": "idle", "idea": "x"}]}, "'idle' has neither edits nor commands"),
        ({"proof": "x"}, "Extra inputs"),
        ({"marker": ""}, "at least 1 character"),
    ],
)
def test_a_playbook_that_cannot_be_played_is_refused(given: dict[str, Any], said: str) -> None:
    fields = {**book(BY_COMMAND).model_dump(), **given}
    with pytest.raises(ValidationError, match=said):
        Playbook.model_validate(fields)
