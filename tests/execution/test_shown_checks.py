"""Which checks a prompt shows, in which order, and what of each."""

from typing import Any

from checked import USER, A, B, C, cross, evidence, made

from inspect_tts.execution.classes import concluded
from inspect_tts.execution.records import UNTOUCHED, Check, ExecutionEvidence
from inspect_tts.execution.schedule import user_checks
from inspect_tts.execution.shown import MOST_CHECKS, checks_block, checks_text

JUNIT = Check(id="r01", name="t.py", origin="repository", command="pytest t.py", junit=True)
SUITE = Check(id="r02", name="tests", origin="repository", command="./runtests app")
APART = {UNTOUCHED: "old", A: "new", B: "old", C: "new"}
FROM_UNTOUCHED = {UNTOUCHED: "old", A: "new", B: "new", C: "new"}
SAME = dict.fromkeys((UNTOUCHED, A, B, C), "same")


def shown(found: ExecutionEvidence, *ids: str) -> list[str]:
    """The first lines of the checks that a prompt on these rollouts shows."""
    text = checks_text(found, ids or (A, B), "Solution")
    return [part.partition("\n")[0] for part in text.split("\n\n") if part]


def numbered(*commands: str) -> list[str]:
    return [command.replace("#", f"{number}") for number, command in enumerate(commands, 1)]


def test_without_checks_a_prompt_has_no_block() -> None:
    assert checks_block("", "solution", "fence") == ""
    assert "each solution" in checks_block("Check 1", "solution", "fence")


def test_six_checks_are_shown_and_the_users_besides() -> None:
    tried = [(cross(A, id=f"c{i}"), APART) for i in range(MOST_CHECKS + 2)]
    lines = shown(evidence(*tried, (USER, SAME)))
    assert len(lines) == MOST_CHECKS + 1 == 7
    assert lines[-1] == "Check 7, a check of the user: make test"


def test_what_tells_the_shown_rollouts_apart_comes_first() -> None:
    one, two, three = (
        cross(A, id=f"c{i}").model_copy(update={"command": f"run {i}"}) for i in range(3)
    )
    user = user_checks({"one": "make one", "two": "make two"})
    failed: dict[str, Any] = {UNTOUCHED: (1, ""), A: (0, ""), B: (0, ""), C: (0, "")}
    found = evidence(
        (one, FROM_UNTOUCHED),
        (two, APART),
        (three, SAME),
        (user[0], SAME),
        (user[1], failed),
    )
    tried = "Check #, a command that was used to try a result out"
    users = "Check #, a check of the user"
    assert shown(found) == numbered(
        f"{users}: make two", f"{tried}: run 1", f"{tried}: run 0", f"{users}: make one"
    )
    assert shown(found, A, C)[:3] == numbered(
        f"{users}: make two", f"{tried}: run 0", f"{tried}: run 1"
    ), "the order of the checks, where none of them tells these two apart"


def test_a_check_that_does_not_count_is_not_shown() -> None:
    assert shown(evidence((USER, SAME), again=(1, "other"))) == []


def test_why_a_result_is_missing_is_said_if_a_check_is_shown() -> None:
    for outputs, told in ((APART, True), (SAME, False)):
        found = evidence((cross(A), outputs), trees={A: A, B: B}).model_copy(
            update={"unavailable": {C: "it does not apply"}}
        )
        text = checks_text(found, (C, A), "Solution")
        line = "Solution 1: its result could not be put on a fresh copy: it does not apply"
        assert text.endswith(f"\n\n{line}") == told
        assert bool(text) == told
        assert "Solution 2: return code 0, printed\nnew" in text or not told


def test_one_file_that_a_command_names_is_shown() -> None:
    files = {"helper.py": "def f()", "try.py": "f()", "try.pyc": "g()"}
    check = cross(A).model_copy(update={"files": files, "command": "python try.pyc"})
    text = checks_text(evidence((check, APART)), (A, B), "Solution")
    assert "try.py:\nf()" in text
    assert "helper.py" not in text
    assert "g()" not in text


def test_broken_tests_are_named_ten_at_most() -> None:
    names = tuple(f"t{i:02d}" for i in range(12))
    twice = [made(JUNIT, UNTOUCHED, (0, ""), repeat, passed=names) for repeat in (0, 1)]
    runs = [
        *twice,
        made(JUNIT, A, (1, "printed"), passed=(), broke=names),
        made(JUNIT, B, (1, "printed"), passed=(), broke=names[:10]),
        made(JUNIT, C, (0, "printed"), passed=()),
    ]
    begun = evidence().model_copy(update={"checks": (JUNIT,), "runs": tuple(runs)})
    text = checks_text(concluded(begun), (A, B, C), "Solution")
    assert text.splitlines() == [
        "Check 1, tests of the repository: pytest t.py",
        f"Solution 1: breaks {', '.join(names[:10])} and 2 more",
        f"Solution 2: breaks {', '.join(names[:10])}",
        "Solution 3: breaks no test",
        "Untouched: breaks no test",
    ]


def test_of_tests_without_a_report_only_the_return_code_is_shown() -> None:
    outputs: dict[str, Any] = {UNTOUCHED: (0, "fine"), A: (1, "long"), B: (0, "x"), C: (0, "x")}
    assert checks_text(evidence((SUITE, outputs)), (A, B), "Solution").splitlines() == [
        "Check 1, tests of the repository: ./runtests app",
        "Solution 1: return code 1",
        "Solution 2: return code 0",
        "Untouched: return code 0",
    ]


def test_a_run_that_did_not_end_is_shown_as_that() -> None:
    found = evidence((cross(A), APART))
    hung = [
        run.model_copy(update={"problem": "did not end within 9 s"}) if run.tree == B else run
        for run in found.runs
    ]
    again = concluded(found.model_copy(update={"runs": tuple(hung)}))
    text = checks_text(again, (A, B), "Solution")
    assert "Solution 2: did not end within 9 s\n" in text


def test_the_middle_of_a_long_command_or_file_is_left_out() -> None:
    check = cross(A).model_copy(
        update={"command": "python try.py " + "c" * 2_000, "files": {"try.py": "f" * 4_000}}
    )
    text = checks_text(evidence((check, APART)), (A, B), "Solution")
    assert 400 < text.count("c" * 50) * 50 < 650
    assert 1_000 < text.count("f" * 50) * 50 < 1_550
