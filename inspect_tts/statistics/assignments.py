"""Rollouts of different agents and models: their scores, their costs, and how often they win."""

from collections import Counter, defaultdict
from collections.abc import Sequence
from typing import NamedTuple

from inspect_tts.method.parameters import assignments_key
from inspect_tts.method.records import Draw, Rollout, Stage

from .outcomes import ProblemOutcome

Kind = tuple[str, str]
"""The agent and model of a rollout."""


class AssignmentNumbers(NamedTuple):
    """The rollouts of one agent and model, if a run has several such kinds."""

    agent: str
    model: str
    rollouts: int
    graded: int
    score: float | None
    """Mean score of the graded rollouts, which is pass@1 of this kind."""
    tokens: float
    """Mean tokens of a rollout and its summary."""
    dollars: float | None
    """Mean cost of a rollout and its summary; None if a price is not known."""
    matches: int
    """Matches between rollouts of this kind and of other kinds."""
    won: float | None
    """Share of these matches that a rollout of this kind won."""
    fair: float | None
    """The expected share if matches were decided at random: its mean share of their groups."""
    adopted: float
    """Share of problems in which a rollout of this kind was adopted."""


def kind_of(rollout: Rollout) -> Kind:
    """The agent and model of a rollout."""
    return rollout.agent or "", rollout.model


def by_assignment(outcomes: Sequence[ProblemOutcome]) -> tuple[AssignmentNumbers, ...]:
    """The numbers of each agent and model in iteration 0; empty if there is only one kind."""
    made: dict[Kind, list[tuple[Rollout, float | None]]] = defaultdict(list)
    met, won, adopted = Counter[Kind](), Counter[Kind](), Counter[Kind]()
    fair: dict[Kind, float] = defaultdict(float)
    for outcome in outcomes:
        kinds = {rollout.id: kind_of(rollout) for rollout in outcome.rollouts}
        for rollout in outcome.population(0):
            made[kind_of(rollout)].append((rollout, outcome.scores.get(rollout.id)))
        if outcome.adopted in kinds:
            adopted[kinds[outcome.adopted]] += 1
        for *_, match in outcome.matches():
            present = Counter(kinds[id] for id in match.group if id in kinds)
            if len(present) < 2 or not match.votes:
                continue
            won[kinds[match.winner]] += 1
            for kind, count in present.items():
                met[kind] += 1
                fair[kind] += count / len(match.group)
    if len(made) < 2:
        return ()
    found = []
    for kind, rollouts in sorted(made.items()):
        known = [score for _, score in rollouts if score is not None]
        usages = [rollout.usage + rollout.summary.usage for rollout, _ in rollouts]
        prices = [usage.cost for usage in usages if usage.cost is not None]
        found.append(
            AssignmentNumbers(
                *kind,
                rollouts=len(rollouts),
                graded=len(known),
                score=sum(known) / len(known) if known else None,
                tokens=sum(usage.total_tokens for usage in usages) / len(usages),
                dollars=sum(prices) / len(prices) if len(prices) == len(usages) else None,
                matches=met[kind],
                won=won[kind] / met[kind] if met[kind] else None,
                fair=fair[kind] / met[kind] if met[kind] else None,
                adopted=adopted[kind] / len(outcomes),
            )
        )
    return tuple(found)


def assignment_discrepancies(
    problem: str, stages: Sequence[Stage], rollouts: Sequence[Rollout], draws: Sequence[Draw]
) -> list[str]:
    """Find rollouts whose agent or model is not the one that the seed assigns."""
    found, keys = list[str](), {draw.key for draw in draws}
    for stage in stages:
        if stage.name != "rollouts" or not (stage.rollouts.models or stage.rollouts.agents):
            continue
        key = assignments_key(problem, stage.iteration)
        assigned = stage.rollouts.assignments(stage.iteration, problem)
        own = [r for r in rollouts if r.iteration == stage.iteration]
        found += [f"draw {key} is not recorded"] if own and key not in keys else []
        for rollout in own:
            agent, model = assigned.get(rollout.id, ("", ""))
            if model and rollout.model != model:
                found.append(f"rollout {rollout.id}: its model should be {model}")
            if (rollout.agent or "") != agent:
                found.append(f"rollout {rollout.id}: its agent should be {agent}")
    return found
