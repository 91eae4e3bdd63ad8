"""What the simulated summarizer and judge read out of a trajectory."""

import pytest
from sim_cases import (
    BAD_EDIT,
    CHECK,
    DOUBTFUL,
    EDIT,
    FAIL,
    LOOK,
    PASS,
    REPRODUCE,
    SOLVED,
    TEST,
    UNTESTED,
    summary,
    trajectory,
)

from inspect_tts.sim.evidence import Kind, read_record
from inspect_tts.sim.summarizer import is_summary_request, summarize_record


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        ("python3 -m pytest -q", "test"),
        ("bash run_tests.sh && sh test.sh", "test"),
        ("python3 -c 'print(1)'", "check"),
        ("python3 - <<'EOF'\nassert 1\nEOF", "check"),
        ("python3 main.py", "look"),
        ("cat 'run pytest > log'", "look"),
        ("python3 -c 'import test; x > y'", "check"),
        ("ls >/dev/null", "look"),
        ("ls > /dev/null", "look"),
        ("ls > files", "edit"),
        ("sed -i s/a/b/ a.py", "edit"),
    ],
)
def test_the_kind_of_a_command(command: str, kind: Kind) -> None:
    [run] = read_record(trajectory(("Do.", command, "done"))).runs
    assert run.kind == kind


@pytest.mark.parametrize(
    ("command", "response", "failed"),
    [
        ("cat log", "ValueError: x\n1 failed", False),
        ("cat log", "cat: log: No such file or directory", True),
        (TEST, "ValueError: x", True),
        (TEST, "0 failed", False),
        (CHECK, "Traceback (most recent call last):", True),
    ],
)
def test_what_is_looked_at_does_not_fail(command: str, response: str, failed: bool) -> None:
    [run] = read_record(trajectory(("Do.", command, response))).runs
    assert run.failed == failed


def test_only_the_last_step_is_a_closing_word() -> None:
    spoken = read_record("[step 1]\nI am done.\n\n[step 2]\nbash> ls\n[observation]\na.py")
    assert spoken.closing == ""
    assert read_record(trajectory(LOOK, closing="All done.")).closing == "All done."


def test_a_message_that_a_scaffold_refused_was_malformed() -> None:
    refused = "[step 1]\nNow I edit.\n[observation]\nFormat error: no command\n\n[step 2]\nEnd."
    record = read_record(refused)
    assert (record.malformed, record.closing) == ((1,), "End.")


def test_a_change_taken_back_is_kept_apart() -> None:
    back = (("A", BAD_EDIT.command(), ""), ("B", BAD_EDIT.undo().command(), ""), SOLVED[2])
    record = read_record(trajectory(*back))
    assert [change.after for change in record.changes] == [EDIT.new]
    assert [change.after for change in record.taken_back] == [BAD_EDIT.new]


def test_a_summary_shows_the_end_of_long_work_and_the_start_of_long_looking() -> None:
    looks = [("Look.", f"cat {n}.py", "x") for n in range(12)]
    tests = [("Test.", f"{TEST} {n}", PASS) for n in range(12)]
    silent = ("Edit.", EDIT.command(), "")
    content = summary(*looks, silent, *tests, closing="")
    assert content.exploration == [f"cat {n}.py" for n in range(8)]
    assert [each.command for each in content.commands] == [f"{TEST} {n}" for n in range(4, 12)]
    assert summary(silent).commands == [], "what printed nothing is left out"


@pytest.mark.parametrize(
    ("turns", "covered", "claims"),
    [
        ((LOOK,), "no", ["All done."]),
        (UNTESTED, "unknown", ["All done."]),
        ((*UNTESTED, ("Test.", TEST, FAIL)), "unknown", ["All done."]),
        (SOLVED, "partly", []),
        ((*SOLVED, ("More.", CHECK, "")), "yes", []),
        (DOUBTFUL, "no", ["All done."]),
    ],
    ids=["no change", "no test", "a failed test", "a test", "a check", "a failed check"],
)
def test_how_far_the_problem_is_covered(
    turns: tuple[tuple[str, str, str], ...], covered: str, claims: list[str]
) -> None:
    content = summary(*turns)
    assert {each.covered for each in content.requirements} == {covered}
    assert content.unconfirmed_claims == claims


def test_an_error_is_resolved_if_the_same_command_works_in_the_end() -> None:
    assert [each.resolved for each in summary(REPRODUCE, *SOLVED[2:]).errors] == [True]
    assert [each.resolved for each in summary(*SOLVED[2:], REPRODUCE).errors] == [False]


@pytest.mark.parametrize("last", [True, False])
def test_a_malformed_call_is_resolved_if_another_command_followed(last: bool) -> None:
    shown = "[step {}]\nNow.\nbash> {{}}\n(malformed call: bad JSON)"
    look = "[step {}]\nbash> ls\n[observation]\na.py"
    order = (look, shown) if last else (shown, look)
    record = read_record("\n\n".join(text.format(n) for n, text in enumerate(order, 1)))
    [found] = summarize_record("", record).errors
    assert found.resolved == (not last)


def test_requirements_are_points_or_sentences_that_must_hold() -> None:
    record = read_record("")
    names = [
        [each.requirement for each in summarize_record(problem, record).requirements]
        for problem in (
            "Do:\n- one\n- two",
            "It must add. It is old. It must not print.",
            "Fix it.",
        )
    ]
    assert names == [
        ["one", "two"],
        ["It must add.", "It must not print."],
        ["The problem as stated"],
    ]


def test_a_trajectory_must_end_to_be_summarized() -> None:
    assert is_summary_request("w <trajectory>\nx\nw </trajectory>")
    assert not is_summary_request("the tag <trajectory> is mentioned")
