"""Decisions about rollouts that need no run: shares, causes, texts, keys of sandboxes."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import anyio
import pytest
from bad_ends import PRICE
from inspect_ai.dataset import Sample
from inspect_ai.model import (
    ChatMessageSystem,
    ChatMessageUser,
    ModelInfo,
    ModelName,
    set_model_info,
)
from inspect_ai.solver import Generate, Solver, TaskState, solver
from inspect_ai.util import SandboxEnvironmentSpec
from scripted import echo, model, problem, run
from test_account import begun
from test_saved_keys import CHECK, place
from test_source import finished, tasks

from inspect_tts.errors import NoRolloutError
from inspect_tts.method.records import Usage
from inspect_tts.prompts import load_prompt
from inspect_tts.rollout.account import Account, Amount
from inspect_tts.rollout.agent_run import shortest
from inspect_tts.rollout.budget import Budget, phases_of
from inspect_tts.rollout.job import problem_text
from inspect_tts.rollout.refinement import Refinement, refinement_of
from inspect_tts.rollout.saved_keys import check_key
from inspect_tts.rollout.source import HeldSlot, check_some_ended

# --- budget


def priced() -> dict[str, Any]:
    """Models of an eval, all with a price."""
    set_model_info("mockllm/priced", ModelInfo(cost=PRICE))
    return {"agent": model(echo, "priced"), "model_roles": {}}


@pytest.mark.parametrize(("n", "pilots"), [(1, 1), (4, 1), (5, 2), (8, 2), (9, 3)])
def test_a_quarter_of_the_rollouts_rounded_up_goes_ahead(n: int, pilots: int) -> None:
    assert begun(n, tokens=1000).pilots == pilots


def test_a_phase_that_has_spent_its_share_affords_nothing_more() -> None:
    account = Account(limit=Amount(1000, 10))
    account.begin(("selection",), Amount())
    assert account.affords_more(Amount(999, 9))
    assert not account.affords_more(Amount(1000, 9))
    assert not account.affords_more(Amount(999, 10))


def test_phases_are_those_of_our_stages_that_spend() -> None:
    stages = ["inspect_tts/rollouts", "mine/tournament", "inspect_tts/tournament"]
    stages += ["inspect_tts/rollouts", "inspect_tts/select", "inspect_tts/adopt"]
    assert phases_of(stages) == ("rollouts", "selection", "rollouts", "selection")


def test_a_budget_knows_what_follows_and_what_was_taken_over(tmp_path: Path) -> None:
    found: dict[str, Any] = {}

    @solver
    def looks() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            budget = Budget()
            budget.ahead = ("rollouts", "selection", "rollouts", "selection")
            budget.begin("rollouts")
            found["of four phases"] = budget.account.top.tokens
            budget.ahead = ()
            budget.begin("rollouts")
            found["of two phases"] = budget.account.top.tokens
            budget.account.start("t0-n00")
            found["while one is under way"] = budget.affords_iteration()
            used = Usage(input_tokens=1500, total_tokens=1500, cost=3.0)
            budget.take_over(used)
            found["spent"] = budget.spent
            found["new"] = [budget.newly_taken_over(), budget.newly_taken_over()]
            found["votes"] = budget.votes(4 * 500, matches=1, votes=8)
            budget.take_over(used)
            budget.begin("rollouts", n=4)
            found["first"] = await budget.admit("t1-n00", 0)
            found["cut"] = budget.cut(4, 1)
            found["all"] = budget.cut(4, 4)
            return state

        return solve

    run(problem(), looks(), tmp_path, token_limit=2000, cost_limit=5.0, **priced())
    assert (found["of four phases"], found["of two phases"]) == (900, 1800)
    assert found["while one is under way"], "what it takes is not known yet"
    assert found["spent"] == Amount(1500, 3.0)
    assert [each.total_tokens for each in found["new"]] == [1500, 0]
    assert found["first"], "a strategy without a rollout has no result"
    assert found["all"] is None
    cut = found["cut"]
    assert (cut.planned, cut.started, cut.tokens, cut.dollars) == (4, 1, 3000, 6.0)
    assert (cut.token_limit, cut.cost_limit) == (2000, 5.0)


def test_rollouts_are_admitted_in_the_order_of_their_indexes_in_each_iteration(
    tmp_path: Path,
) -> None:
    admitted: list[tuple[int, int]] = []

    @solver
    def asks() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            budget = Budget()

            async def ask(iteration: int, index: int) -> None:
                id = f"t{iteration}-n{index:02}"
                assert await budget.admit(id, index)
                admitted.append((iteration, index))
                await budget.end(id, Usage(input_tokens=10, total_tokens=10))

            for iteration in range(2):
                budget.begin("rollouts", n=3)
                async with anyio.create_task_group() as group:
                    for index in (2, 1, 0):
                        group.start_soon(ask, iteration, index)
            return state

        return solve

    run(problem(), asks(), tmp_path, token_limit=2000, **priced())
    assert admitted == [(iteration, index) for iteration in range(2) for index in range(3)]


def test_votes_to_come_are_guessed_in_dollars_as_well(tmp_path: Path) -> None:
    found: list[int] = []

    @solver
    def looks() -> Solver:
        async def solve(state: TaskState, generate: Generate) -> TaskState:
            budget = Budget()
            budget.take_over(Usage(input_tokens=1000, total_tokens=1000, cost=1.0))
            budget.begin("selection")
            # a vote of 500 and 500 tokens costs a dollar, and three are left
            found.append(budget.votes(4 * 500, matches=1, votes=8))
            return state

        return solve

    run(problem(), looks(), tmp_path, cost_limit=4.5, **priced())
    assert found == [3]


# --- failures

BAD = {"status": "error", "reason": "why"}


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        ([], None),
        ([{**BAD, "turns": 0}] * 2, "none of the 2 rollouts could be started; .* with why"),
        ([{**BAD, "turns": 0, "fault": "model"}] * 2, "each of the 2 rollouts of iteration 0"),
        (
            [{**BAD, "fault": "model"}, {**BAD, "fault": "sandbox"}, {**BAD, "turns": 0}],
            "each of the 3 rollouts of iteration 0 ended with an error of its sandbox or of the",
        ),
        ([{**BAD, "fault": "model"}, {**BAD, "fault": "agent"}], None),
        ([{**BAD, "fault": "model"}, {"status": "limit"}], None),
    ],
)
def test_a_problem_fails_if_no_agent_had_a_chance(
    ends: Sequence[dict[str, Any]], said: str | None
) -> None:
    records = [finished(i).record.model_copy(update=end) for i, end in enumerate(ends)]
    if said is None:
        check_some_ended(records)
        return
    with pytest.raises(NoRolloutError, match=said):
        check_some_ended(records)


# --- slots


class Open:
    """A sandbox that is open."""

    closed = False


def test_the_spare_slot_is_given_back_at_the_end() -> None:
    held = tasks(finished(0))
    held.spare = slot = HeldSlot(anyio.Semaphore(1))
    anyio.run(held.finish_all)
    assert slot.given_back.is_set()
    assert held.spare is None


def test_a_sample_that_holds_sandboxes_does_not_wait_for_one_more_slot(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def used() -> bool:
        async with tasks(finished(0, sandboxes=Open())).spare_slot():
            return True

    assert anyio.run(used)
    assert "give rollouts(spare_sandbox=True)" in caplog.text


# --- texts


def state(input: Any, choices: Sequence[str] = ()) -> TaskState:
    sample = Sample(input=input, choices=list(choices), target="A", metadata={"hidden": "no"})
    return TaskState(
        ModelName("mockllm/model"), "p", 1, sample.input, [], choices=sample.choices or []
    )


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (state("Do it.\n"), "Do it."),
        (state("Which?", ["one", "two"]), "Which?\nA) one\nB) two"),
        (
            state([ChatMessageSystem(content="Be brief."), ChatMessageUser(content="Do it.")]),
            "system: Be brief.\n\nuser: Do it.",
        ),
    ],
)
def test_the_text_of_a_problem(given: TaskState, text: str) -> None:
    assert problem_text(given) == text


def test_a_context_shows_the_checks_and_its_fence_is_in_no_text() -> None:
    prompt, earlier = load_prompt("refinement", None), [finished(0).record, finished(1).record]

    def made(problem: str = "Do it.", checks: str = "") -> Refinement:
        return refinement_of(prompt, earlier, iteration=1, seed=0, problem=problem, checks=checks)

    usual = made()
    assert usual.context == ("t0-n00", "t0-n01")
    assert usual.fence is not None
    assert usual.fence in usual.text
    assert made("Do it all.").fence == usual.fence
    assert made(problem=f"Say {usual.fence}.").fence != usual.fence
    checked = made(checks=f"u01 differs {usual.fence}")
    assert "u01 differs" in checked.text
    assert checked.fence != usual.fence
    assert refinement_of(prompt, [], iteration=1, seed=0, problem="Do it.") == Refinement()


@pytest.mark.parametrize(
    ("given", "expected"), [([None, None], None), ([5.0, None], 5.0), ([5.0, 0.0], 0.0), ([], None)]
)
def test_the_shortest_time_limit(given: list[float | None], expected: float | None) -> None:
    assert shortest(given) == expected


# --- keys


def test_a_sandbox_is_known_by_what_its_file_says_wherever_it_is(tmp_path: Path) -> None:
    def key(folder: str, text: str) -> str:
        file = tmp_path / folder / "compose.yaml"
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        return check_key(**{**CHECK, "sandbox": SandboxEnvironmentSpec("docker", str(file))})

    assert key("a", "one") == key("b", "one")
    assert key("a", "one") != key("a", "two")


def test_ids_of_messages_are_no_part_of_a_problem() -> None:
    def key(text: str) -> str:
        messages = [ChatMessageUser(content=text)]
        return check_key(**{**CHECK, "place": place(input=messages)})

    assert key("Do it.") == key("Do it.")
    assert key("Do it.") != key("Do that.")


def test_a_problems_own_sandbox_counts_only_as_the_one_that_is_used() -> None:
    usual = check_key(**CHECK)
    assert check_key(**{**CHECK, "place": place(sandbox="docker")}) == usual
