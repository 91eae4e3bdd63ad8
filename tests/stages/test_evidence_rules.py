"""When a check counts, who is blamed for a broken sandbox, and how an investigation ended."""

import asyncio
from time import monotonic
from typing import Any

import pytest
from inspect_ai.model import GenerateConfig, get_model
from inspect_ai.util import LimitExceededError
from outcome_cases import rollout

from inspect_tts._inspect import Ended
from inspect_tts.execution.records import UNTOUCHED, Check, CheckRun, ExecutionEvidence
from inspect_tts.execution.schedule import OUT_OF_TIME
from inspect_tts.models.judge import Question
from inspect_tts.models.roles import Answer
from inspect_tts.prompts import load_prompt
from inspect_tts.stages.evidence.copies import copies_of
from inspect_tts.stages.evidence.session import KEPT_CHARS, REFUSED, Session, run_record
from inspect_tts.stages.evidence.take import Plan, take
from inspect_tts.stages.investigation.agent import _found
from inspect_tts.workspace.tree import RawRun

A, B = "t0-n00", "t0-n01"


def check(id: str = "c1", origin: Any = "user", authors: tuple[str, ...] = ()) -> Check:
    return Check(id=id, name=id, origin=origin, command="make", authors=authors)


# --- a broken sandbox


def session() -> Session:
    nothing: dict[str, Any] = dict.fromkeys(("state", "generate", "spec", "sandbox", "place"))
    return Session(**nothing, saved=None, known={}, patches={}, seconds=1)  # type: ignore[arg-type]


ONE = check("one", "rollout", (A,))
BOTH = check("both", "rollout", (A, B))


@pytest.mark.parametrize(
    ("ran", "authors", "strikes"),
    [
        ([], set(), {}),
        ([(check(), B)], set(), {B: 2}),
        ([(BOTH, B)], set(), {B: 2}),
        ([(ONE, B)], {A}, {B: 1}),
        ([(ONE, B), (ONE, B)], {A}, {B: 2}),
        ([(ONE, UNTOUCHED)], {A}, {}),
        ([(check(), UNTOUCHED)], set(), {}),
    ],
    ids=[
        "nothing ran",
        "a check of the user",
        "a check of two",
        "a check of one",
        "twice",
        "on the untouched tree",
        "a check of the user there",
    ],
)
def test_who_is_blamed_for_a_broken_sandbox(
    ran: list[tuple[Check, str]], authors: set[str], strikes: dict[str, int]
) -> None:
    made = session()
    made._blame()
    for each in ran:
        made._ran = each
        made._blame()
    assert (made.refused, dict(made.strikes)) == (authors, strikes)
    assert made.refuses(ONE) == (A in authors)
    assert not made.refuses(BOTH)
    assert made.refuses(check(), B) == (strikes.get(B, 0) >= 2)


def test_the_record_of_a_run_is_the_same_wherever_it_ran() -> None:
    records = [
        run_record(check(), A, 0, RawRun(1, 0.123, f"{top}/a.py failed in 0.{n} s\n"), top)
        for n, top in enumerate(("/tmp/one", "/tmp/two"), 1)
    ]
    assert records[0].digest == records[1].digest
    assert (records[0].returncode, records[0].seconds) == (1, 0.12)
    long = run_record(check(), A, 1, RawRun(0, 1.0, "x" * 50_000, "why"), "/tmp/one")
    assert (long.size, long.repeat, long.problem) == (50_000, 1, "why")
    assert len(long.output) <= KEPT_CHARS


def test_copies_of_rollouts_that_ran_elsewhere_are_not_there() -> None:
    copies, unavailable = copies_of([rollout(A)[0]], {})
    assert copies == {}
    assert unavailable[A].endswith("its sandbox belongs to another sample")


# --- which checks count


class Trees:
    """A session whose runs end as they are told, by check and tree."""

    def __init__(self, codes: dict[tuple[str, str], list[int | None]], *trees: str) -> None:
        self.codes, self.patches = codes, dict.fromkeys(trees, "patch")
        self.unfit: dict[str, str] = {}
        self.switching = 0.0
        self.ran: list[tuple[str, str, int]] = []

    async def run(self, check: Check, tree: str, repeat: int = 0) -> CheckRun | None:
        self.ran.append((check.name, tree, repeat))
        code = self.codes.get((check.name, tree), [0, 0])[repeat]
        if code is None:
            self.unfit[tree] = "its patch does not apply"
            return None
        return CheckRun(check=check.id, tree=tree, repeat=repeat, returncode=code)

    def refuses(self, check: Check) -> bool:
        return check.name == "refused"


def taken(trees: Trees, *names: str, seconds: float = 1000) -> ExecutionEvidence:
    plan = Plan(
        checks=dict.fromkeys(names, "make"),
        kind="none",
        deadline=monotonic() + seconds,
        authors=list,
    )
    begun = ExecutionEvidence(
        iteration=0, population=(A, B), results={A: A, B: B}, unavailable={"x": "no patch"}
    )
    return asyncio.run(take(trees, plan, begun))  # type: ignore[arg-type]


def test_a_check_counts_if_it_ends_alike_twice_on_the_untouched_tree() -> None:
    trees = Trees({("odd", UNTOUCHED): [0, 1], ("gone", UNTOUCHED): [127, 127]}, A, B)
    found = taken(trees, "unit", "odd", "gone")
    assert trees.ran == [
        ("unit", UNTOUCHED, 0),
        ("unit", UNTOUCHED, 1),
        ("odd", UNTOUCHED, 0),
        ("odd", UNTOUCHED, 1),
        ("gone", UNTOUCHED, 0),
        ("unit", A, 0),
        ("unit", B, 0),
    ]
    reasons = {each.check: each.reason for each in found.dropped}
    ids = {each.name: each.id for each in found.checks}
    assert reasons == {
        ids["odd"]: "two runs on the untouched tree differ",
        ids["gone"]: "it cannot be run on the untouched tree (return code 127)",
    }


def test_a_result_that_does_not_fit_has_no_runs_and_a_reason() -> None:
    found = taken(Trees({("more", A): [None]}, A, B), "unit", "more")
    assert found.results == {B: B}
    assert found.unavailable == {"x": "no patch", A: "its patch does not apply"}
    assert {run.tree for run in found.runs} == {UNTOUCHED, B}


def test_a_check_that_is_refused_is_left_out_from_then_on() -> None:
    trees = Trees({}, A, B)
    found = taken(trees, "unit", "refused")
    assert ("refused", A, 0) in trees.ran
    assert ("refused", B, 0) not in trees.ran
    assert [each.reason for each in found.dropped] == [f"it {REFUSED}"]


def test_what_does_not_fit_into_the_time_is_named() -> None:
    trees = Trees({}, A, B)
    found = taken(trees, "unit", "more", seconds=-1)
    assert trees.ran == []
    assert [each.reason for each in found.dropped] == [OUT_OF_TIME] * 2


# --- how an investigation ended


def question() -> Question:
    return Question(
        model=get_model("mockllm/model"),
        problem="Add.",
        shown=[rollout(A)[0], rollout(B)[0]],
        prompt=load_prompt("investigator"),
        reask_prompt=load_prompt("judge_reask"),
        config=GenerateConfig(),
        seed=0,
        key="k",
    )


LIMIT = LimitExceededError("turn", value=3, limit=3)
LAST = "Final verdict: Solution 2"


@pytest.mark.parametrize(
    ("answers", "ended", "how", "verdict", "reason"),
    [
        ([LAST], Ended(), "verdict", B, None),
        (["I cannot tell.", LAST], Ended(), "verdict", B, None),
        ([LAST, "I cannot tell."], Ended(), "unreadable", None, "no readable verdict"),
        ([LAST], Ended(limit=LIMIT), "limit", None, LIMIT.message),
        ([LAST], Ended(error=RuntimeError("x" * 900)), "error", None, f"RuntimeError: {'x' * 486}"),
        ([], Ended(error=RuntimeError("\ud800")), "error", None, "RuntimeError: �"),
    ],
    ids=["a verdict", "after a re-ask", "taken back", "a limit", "an error", "before any answer"],
)
def test_only_an_answer_of_an_agent_that_ended_by_itself_is_a_verdict(
    answers: list[str], ended: Ended, how: str, verdict: str | None, reason: str | None
) -> None:
    found = _found(question(), [Answer(text) for text in answers], ended)
    assert (found.ended, found.verdict, found.reason) == (how, verdict, reason)
    assert found.order == (A, B)
    assert found.reasked == (len(answers) > 1)
    assert found.text == "\n\n".join(answers)
