"""Records of a pool that do not follow from each other are named, with no votes to repeat."""

from typing import Any

import pytest
from outcome_cases import EXECUTED, match, rollout, selection

from inspect_tts.execution.classes import concluded
from inspect_tts.execution.records import ExecutionEvidence
from inspect_tts.method.records import STOP, Cut, Rollout, Selection, Stage
from inspect_tts.statistics.audit import discrepancies

A, B, C = "t0-n00", "t0-n01", "t1-n00"


def complaints(*stages: Stage, **given: Any) -> list[str]:
    """What is wrong, apart from draws that were not recorded."""
    nothing: dict[str, Any] = {"rollouts": (), "selections": (), "draws": (), "adopted": None}
    found = discrepancies("p", stages=stages, **{**nothing, **given})
    return [each for each in found if not each.startswith("draw ")]


def ran(iteration: int, **given: Any) -> Stage:
    return Stage(name="rollouts", iteration=iteration, parameters={"n": 2 - iteration, **given})


def made(*ids: str, leaks: tuple[str, ...] = (), fingerprint: str | None = None) -> list[Rollout]:
    """Rollouts; the first one has the leaks."""
    found = [rollout(id, fingerprint=fingerprint)[0] for id in ids]
    return [found[0].model_copy(update={"leaks": leaks}), *found[1:]]


def only(id: str, *population: str, **given: Any) -> Selection:
    """A selection without matches, of which the first candidate is selected."""
    return selection(
        id=id,
        kind="first",
        population=population,
        ranking=population,
        selected=population[:1],
        **given,
    )


@pytest.mark.parametrize("kind", ["waves", "executions"])
def test_evidence_must_follow_from_its_runs_unless_there_is_none(kind: str) -> None:
    right = concluded(EXECUTED)
    assert complaints(**{kind: (right,)}) == []
    [said] = complaints(**{kind: (EXECUTED,)})
    assert said.startswith("evidence on iteration 0: classes")
    none = ExecutionEvidence(iteration=0, population=("a",), reason="none", separating=("x",))
    assert complaints(**{kind: (none,)}) == []


def test_what_is_adopted_is_all_that_is_selected() -> None:
    everybody = made(A, B)
    assert complaints(ran(0), rollouts=everybody, selections=[only("t0", A, B)], adopted=A) == []
    assert complaints(ran(0), rollouts=everybody, adopted=A) == [
        f"adopted {A}: selected are {(A, B)}"
    ]


@pytest.mark.parametrize("kept", [True, False])
def test_parents_are_candidates_only_if_they_are_kept(kept: bool) -> None:
    chosen = [only("t0", A, B), only("t1", C, A)]
    stages = (ran(0), ran(1, keep_parents=kept))
    found = complaints(*stages, rollouts=made(A, B, C), selections=chosen)
    assert found == ([] if kept else ["selection t1: population is not what was selected before"])


@pytest.mark.parametrize(("guard", "population"), [(True, (B,)), (False, (A, B))])
def test_rollouts_with_leaks_are_candidates_unless_they_are_guarded_against(
    guard: bool, population: tuple[str, ...]
) -> None:
    found = made(A, B, leaks=("git show main",))
    asked = {"rollouts": found, "selections": [only("t0", *population)]}
    assert complaints(ran(0, leak_guard=guard), **asked) == []
    assert complaints(ran(0, leak_guard=not guard), **asked) != []


@pytest.mark.parametrize(
    ("fingerprint", "cut", "said"),
    [
        ("same", None, []),
        (None, None, ["iteration 0: stopped without a consensus"]),
        (None, Cut(planned=2, started=0), []),
    ],
    ids=["the same patch", "other patches", "a limit"],
)
def test_a_run_stops_for_a_consensus_or_a_limit(
    fingerprint: str | None, cut: Cut | None, said: list[str]
) -> None:
    both = only("t0", A, B).model_copy(update={"selected": (A, B), "keep": 2})
    stop = Stage(name=STOP, iteration=0, parameters={"iterations": 2}, cut=cut)
    rollouts = made(A, B, fingerprint=fingerprint)
    assert complaints(ran(0), stop, rollouts=rollouts, selections=[both]) == said


def test_classes_of_duplicates_follow_from_the_patches() -> None:
    grouped = only("t0", A, B, classes=((A, B),))
    same, other = (made(A, B, fingerprint=f) for f in ("same", None))
    assert complaints(ran(0), rollouts=same, selections=[grouped]) == []
    [said] = complaints(ran(0), rollouts=other, selections=[grouped])
    assert said.startswith("selection t0: classes of identical candidates should be")


def test_a_round_that_is_missing_is_named() -> None:
    played = selection([match(f"{A} {B}", {A: 8, B: 0}, A)], population=(A, B))
    unplayed = played.model_copy(update={"rounds": ()})
    [said] = complaints(ran(0), rollouts=made(A, B), selections=[unplayed])
    assert said.startswith("selection t0: the next round,")
