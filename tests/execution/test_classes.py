"""Which checks count, who behaves alike, and what is told of it."""

from typing import Any

import pytest
from checked import USER, A, B, C, D, cross, evidence, made

from inspect_tts.execution.classes import (
    agreeing,
    broken_tests,
    class_labels,
    concluded,
    evidence_label,
    latest,
    same_behavior,
    worth,
)
from inspect_tts.execution.kits import Kit, KitCommand
from inspect_tts.execution.recording import compared, recorded
from inspect_tts.execution.records import UNTOUCHED, Check, Dropped, ExecutionEvidence
from inspect_tts.execution.schedule import (
    OUT_OF_TIME,
    cross_checks,
    fitting,
    repository_checks,
    without_repeats,
)
from inspect_tts.execution.shown import checks_text

REPO = Check(id="r01", name="t.py", origin="repository", command="pytest t.py", junit=True)


def test_results_that_print_the_same_are_a_class() -> None:
    found = evidence((cross(A), {UNTOUCHED: "old", A: "new", B: "old", C: "new"}))
    assert found.separating == ("c01",)
    assert found.classes == ((A, C), (B,))
    assert found.like_untouched == (B,)
    assert class_labels(found) == {A: "class 1", C: "class 1", B: "untouched"}
    assert same_behavior(found, [C, B, A, "t1-n00"]) == ((C, A), (B,), ("t1-n00",))


def test_what_agrees_is_better_than_the_untouched_tree_in_something_and_worse_in_nothing() -> None:
    shown = {UNTOUCHED: "old", A: "new", B: "old", C: "new"}
    assert agreeing(evidence((cross(A), shown))) == ((A, C),)
    fails = {UNTOUCHED: (0, ""), A: (0, ""), B: (1, ""), C: (0, "")}
    assert agreeing(evidence((USER, fails))) == (), "the others are like the untouched tree"
    breaks = {UNTOUCHED: (0, ""), A: (1, ""), B: (0, ""), C: (1, "")}
    assert agreeing(evidence((cross(A), shown), (USER, breaks))) == ()
    found = evidence((cross(A), shown))
    hangs = [
        run.model_copy(update={"problem": "hangs"}) if run.tree in (A, C) else run
        for run in found.runs
    ]
    assert agreeing(concluded(found.model_copy(update={"runs": tuple(hangs)}))) == ()


def test_equal_patches_share_a_class_without_runs_of_their_own() -> None:
    shown = {UNTOUCHED: "old", A: "new", C: "other"}
    found = evidence((cross(A), shown), trees={A: A, B: A, C: C, D: UNTOUCHED})
    assert found.classes == ((A, B), (C,), (D,))
    assert found.like_untouched == (D,)


def test_where_nothing_separates_there_are_no_classes() -> None:
    found = evidence((cross(A), {UNTOUCHED: "x", A: "x", B: "x", C: "x"}))
    assert (found.separating, found.classes, found.like_untouched) == ((), (), ())
    assert same_behavior(found, [A, B]) == ()
    assert same_behavior(None, [A, B]) == ()
    assert checks_text(found, [A, B], "Solution") == ""


UNFIT = {
    "it changes its mind": (cross(A), {UNTOUCHED: "1"}, "2", "differ"),
    "it fails for its author": (
        cross(A),
        {UNTOUCHED: "old", A: (1, "new"), B: "old", C: "new"},
        None,
        "made it",
    ),
    "one result is missing": (cross(A), {UNTOUCHED: "old", A: "new"}, None, "no time"),
    "its untouched return code changes": (USER, {UNTOUCHED: (0, "x")}, (1, "x"), "differ"),
}


@pytest.mark.parametrize(("check", "shown", "again", "why"), UNFIT.values(), ids=UNFIT)
def test_some_checks_count_for_nothing(check: Check, shown: Any, again: Any, why: str) -> None:
    found = evidence((check, shown), again=again)
    [dropped] = found.dropped
    assert why in dropped.reason
    assert found.classes == ()


def test_one_author_for_whom_it_works_is_enough() -> None:
    shown = {UNTOUCHED: "old", A: (1, "new"), B: "fine", C: "new"}
    assert evidence((cross(A, B), shown)).separating == ("c01",)


@pytest.mark.parametrize(
    ("more", "why"),
    [({"problem": "did not end within 9 s"}, "9 s"), ({"edited": ("a.py",)}, "changes the repo")],
)
def test_a_check_must_run_on_the_untouched_tree(more: dict[str, Any], why: str) -> None:
    begun = evidence().model_copy(update={"checks": (USER,), "results": {A: A}})
    run = made(USER, UNTOUCHED, "x", **more)
    [dropped] = concluded(begun.model_copy(update={"runs": (run,)})).dropped
    assert why in dropped.reason


@pytest.mark.parametrize("edits", [0, 1])
def test_a_check_may_not_change_the_repository_in_either_run(edits: int) -> None:
    begun = evidence().model_copy(update={"checks": (USER,), "results": {A: A}})
    edited = [("a.py",) if number == edits else () for number in range(2)]
    runs = tuple(made(USER, UNTOUCHED, "x", n, edited=files) for n, files in enumerate(edited))
    [dropped] = concluded(begun.model_copy(update={"runs": runs})).dropped
    assert dropped.reason == "it changes the repository: a.py"


def test_what_was_left_out_stays_so() -> None:
    found = evidence((cross(A), {UNTOUCHED: "old", A: "new", B: "old", C: "new"}))
    late = Dropped(check="c01", reason=OUT_OF_TIME)
    again = concluded(found.model_copy(update={"dropped": (late,)}))
    assert again.dropped == (late,)
    assert again.classes == ()


def test_checks_of_the_user_are_attributed() -> None:
    fails, works = (1, "F"), (0, "ok")
    shown = {UNTOUCHED: fails, A: works, B: fails, C: (2, "other")}
    found = evidence((USER, shown))
    assert found.attributions == {"u01": {A: "fixed", B: "still failing", C: "still failing"}}
    assert found.classes == ((B, C), (A,)), "only how it ended counts"
    shown = {UNTOUCHED: works, A: works, B: fails, C: works}
    found = evidence((USER, shown))
    assert found.attributions == {"u01": {A: "fine in both", B: "broke", C: "fine in both"}}


def reported(untouched: Any, again: Any, **results: Any) -> ExecutionEvidence:
    runs = [
        made(REPO, UNTOUCHED, (1, ""), passed=untouched),
        made(REPO, UNTOUCHED, (1, ""), 1, passed=again),
    ]
    runs += [made(REPO, id, (1, ""), passed=passed) for id, passed in results.items()]
    trees = {id: id for id in results}
    begun = evidence(trees=trees).model_copy(update={"checks": (REPO,), "runs": tuple(runs)})
    return recorded(concluded(compared(begun)))


def test_regressions_are_told_by_test() -> None:
    found = reported(("a", "b", "c"), ("a", "b"), x=("a", "b"), y=("a",), z=None)
    assert {run.tree: run.broke for run in found.runs if run.tree != UNTOUCHED} == {
        "x": (),
        "y": ("b",),
        "z": ("a", "b"),
    }, "c changed its mind on the untouched tree"
    assert [dict(broken_tests(found, id)) for id in "xyz"] == [{}, {"r01": 1}, {"r01": 2}]
    assert worth(found, "x") > worth(found, "y") > worth(found, "z")
    assert concluded(found) == found, "what is recorded is enough to conclude the same"
    text = checks_text(found, ["x", "y"], "Solution")
    assert "Solution 1: breaks no test" in text
    assert "Solution 2: breaks b" in text


def test_without_a_stable_test_a_file_counts_for_nothing() -> None:
    found = reported(("a",), ("b",), x=("a",))
    assert [each.check for each in found.dropped] == ["r01"]
    assert broken_tests(found, "x") == {}


def test_a_label_covers_all_that_judges_read_of_evidence() -> None:
    shown = {UNTOUCHED: "old", A: "new", B: "old", C: "new"}
    told = evidence((cross(A), shown))
    [check], first = told.checks, told.runs[0]

    def checked(**change: Any) -> ExecutionEvidence:
        return told.model_copy(update={"checks": (check.model_copy(update=change),)})

    def ran(**change: Any) -> ExecutionEvidence:
        runs = (first.model_copy(update=change), *told.runs[1:])
        return told.model_copy(update={"runs": runs})

    read = [
        checked(command="python other.py"),
        checked(folder="tests"),
        checked(files={"try.py": "print(1)"}),
        checked(files={"try.py": "print(2)"}),
        ran(digest="other"),
        ran(tree=B),
        ran(problem="it did not end within 9 s"),
        ran(broke=("test_a",)),
        told.model_copy(update={"separating": ()}),
        told,
    ]
    assert len({evidence_label(each) for each in read}) == len(read)
    unread = [checked(authors=(B,)), ran(seconds=5.0), ran(reused=True)]
    assert {evidence_label(each) for each in unread} == {evidence_label(told)}
    assert evidence_label(None) == evidence_label(told.model_copy(update={"results": {}})) == ""


def test_what_a_tie_goes_by() -> None:
    shown = {UNTOUCHED: (1, "old"), A: (0, "new"), B: (1, "old"), C: (1, "else")}
    found = evidence((USER, shown), (cross(A, id="c02"), shown))
    assert worth(found, A) > worth(found, C) > worth(found, B) > worth(found, "t9-n00")
    assert worth(None, A) == worth(None, B)


def test_a_selection_goes_by_what_was_known() -> None:
    known = [
        ExecutionEvidence(iteration=i, population=(), after_selections=n)
        for i, n in ((0, 0), (0, 1), (1, 1))
    ]
    assert [latest(known, 0, n) for n in (0, 1, 2)] == [known[0], known[1], known[1]]
    assert latest(known, 1, 1) == known[2]
    assert latest(known, 2, 5) is None


def test_kits_become_checks_the_most_shared_first() -> None:
    files = {"t.py": "1"}
    kits = [
        Kit("a", files, (KitCommand("python t.py"), KitCommand("pytest tests/x.py"))),
        Kit("b", {}, (KitCommand("pytest tests/x.py -q"), KitCommand("pytest tests/new.py"))),
        Kit("c", files, (KitCommand("python t.py"), KitCommand("./runtests.py app"))),
        Kit("d", {}, (KitCommand("./runtests.py app"),)),
    ]
    found = cross_checks(kits)
    assert [(c.command, c.authors) for c in found[:2]] == [
        ("python t.py", ("a", "c")),
        ("./runtests.py app", ("d", "c")),
    ]
    assert found[0].files == files
    tests = repository_checks(kits, {"tests/x.py", "tests/new.py"})  # the other one ran once
    assert [(c.command, c.authors, c.junit) for c in tests] == [
        ("pytest tests/x.py", ("a", "b"), True),
        ("./runtests.py app", ("c", "d"), False),
    ]
    assert without_repeats([*tests, *found]).count(found[1]) == 0


def test_time_goes_to_the_most_useful() -> None:
    checks = [cross(A, id=f"c{i}") for i in range(4)]
    chosen, left_out = fitting(checks, {"c0": 5, "c1": 30, "c2": 4, "c3": 2}, seconds=10)
    assert [check.id for check in chosen] == ["c0", "c2"]
    assert [(each.check, each.reason) for each in left_out] == [
        ("c1", OUT_OF_TIME),
        ("c3", OUT_OF_TIME),
    ]
