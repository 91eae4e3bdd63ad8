"""What rollouts of several agents and models are worth, from the records alone."""

from typing import Any

from outcome_cases import match, outcome, rollout, selection

from inspect_tts.method.parameters import assignments_key
from inspect_tts.method.records import Draw, Stage, Usage
from inspect_tts.statistics.assignments import assignment_discrepancies, by_assignment

A, A2, B = "t0-n00", "t0-n01", "t0-n02"


def test_only_matches_between_kinds_tell_which_kind_wins() -> None:
    rollouts = (
        rollout(A, 1.0, model="a"),
        rollout(A2, 0.0, model="a"),
        rollout(B, 1.0, model="b"),
    )
    played = (
        match(f"{A} {A2}", {A: 3}, A),
        match(f"{A} {B}", {A: 1, B: 3}, B),
        match(f"{A} {A2} {B}", {A2: 3, B: 1}, A2),
        match(f"{A} {B}", {}, A),  # nobody was asked
    )
    found = outcome(*rollouts, selections=(selection(played),), adopted=B)
    one, two = by_assignment([found])
    assert [(each.model, each.matches, each.won) for each in (one, two)] == [
        ("a", 2, 0.5),
        ("b", 2, 0.5),
    ]
    assert (one.fair, two.fair) == ((1 / 2 + 2 / 3) / 2, (1 / 2 + 1 / 3) / 2)
    assert (one.score, two.score, one.adopted, two.adopted) == (0.5, 1.0, 0.0, 1.0)


def test_adopted_is_a_share_of_all_problems() -> None:
    rollouts = (rollout(A, model="a"), rollout(B, model="b"))
    ended = [outcome(*rollouts, adopted=B), outcome(*rollouts)]  # a limit ended the second
    assert [each.adopted for each in by_assignment(ended)] == [0.0, 0.5]


def test_kinds_are_agents_and_models_of_the_first_iteration() -> None:
    found = outcome(
        rollout(A, 1.0, agent="x", summary_usage=Usage(total_tokens=50)),
        rollout(A2, None, agent="x"),
        rollout(B, 0.0),
        rollout("t1-n00", 0.0, agent="x"),
    )
    plain, one = by_assignment([found])
    assert (plain.agent, one.agent) == ("", "x")
    assert (one.rollouts, one.graded, one.score, one.tokens) == (2, 1, 1.0, 125)
    assert by_assignment([outcome(rollout(A), rollout(B), rollout("t1-n00", model="b"))]) == ()


def test_dollars_are_told_only_where_every_price_is_known() -> None:
    paid, free = Usage(total_tokens=100, cost=2.0), Usage(total_tokens=100)
    found = outcome(
        rollout(A, model="a", usage=paid),
        rollout(A2, model="a", usage=free),
        rollout(B, model="b", usage=paid, summary_usage=Usage(total_tokens=10, cost=1.0)),
    )
    one, two = by_assignment([found])
    assert (one.dollars, two.dollars) == (None, 3.0)


GIVEN = {"n": 4, "models": ["a", "b"], "agents": ["x", "y"], "seed": 1}
STAGE = Stage(name="rollouts", iteration=0, parameters=GIVEN)
DEALT = STAGE.rollouts.assignments(0, "p")
DRAWN = Draw(key=assignments_key("p", 0), seed=1, options=(), order=())


def complaints(draws: list[Draw], **changes: Any) -> list[str]:
    """What is wrong where one rollout is not as it was dealt."""
    made = [rollout(id, agent=agent, model=model)[0] for id, (agent, model) in DEALT.items()]
    made[2] = made[2].model_copy(update=changes)
    return assignment_discrepancies("p", [STAGE], made, draws)


def test_a_rollout_of_another_agent_or_model_than_the_seed_gives_is_named() -> None:
    agent, model = DEALT[B]
    assert complaints([DRAWN]) == []
    assert complaints([]) == ["draw p/t0/slots is not recorded"]
    other = "ab".replace(model, "")
    assert complaints([DRAWN], model=other) == [f"rollout {B}: its model should be {model}"]
    assert complaints([DRAWN], agent=None) == [f"rollout {B}: its agent should be {agent}"]
    plain = Stage(name="rollouts", iteration=0, parameters={"n": 4})
    assert assignment_discrepancies("p", [plain], [rollout(B)[0]], []) == []


def test_agents_alone_are_checked_in_each_iteration_that_ran() -> None:
    given = {"n": 2, "agents": ["x", "y"], "seed": 1}
    stages = [Stage(name="rollouts", iteration=t, parameters=given) for t in (0, 1, 2)]
    made = [
        rollout(id, agent=agent, model="any")[0]
        for stage in stages[:2]
        for id, (agent, _) in stage.rollouts.assignments(stage.iteration, "p").items()
    ]
    draws = [Draw(key=assignments_key("p", t), seed=1, options=(), order=()) for t in (0, 1)]
    assert assignment_discrepancies("p", stages, made, draws) == []
