"""What is known of candidates without asking a judge. Nothing here reads a score."""

from collections.abc import Sequence

from .records import Rollout


def failed(rollout: Rollout) -> bool:
    """Whether a rollout did not end by itself."""
    return rollout.status != "completed"


def evidence(rollout: Rollout) -> tuple[float, ...]:
    """What was executed in favour of a rollout, to break ties; never a score.

    Args:
        rollout: A candidate.

    Returns:
        Largest is best: whether it ended by itself, the share of its last commands that returned 0
        (0 where none ran), and the fewest turns.
    """
    codes = [fact.returncode for fact in rollout.facts.last_commands]
    worked = sum(code == 0 for code in codes) / len(codes) if codes else 0.0
    return (float(not failed(rollout)), worked, -float(rollout.turns))


def identical(candidates: Sequence[Rollout]) -> tuple[tuple[str, ...], ...]:
    """Classes of candidates that left the same behind.

    Args:
        candidates: Rollouts.

    Returns:
        Ids by class, in the order given. A rollout without a fingerprint is a class of its own.
    """
    classes: dict[str, list[str]] = {}
    for rollout in candidates:
        classes.setdefault(rollout.facts.fingerprint or rollout.id, []).append(rollout.id)
    return tuple(tuple(members) for members in classes.values())


def expand(ranking: Sequence[str], classes: Sequence[Sequence[str]]) -> tuple[str, ...]:
    """Rank all members of classes of which only the first were ranked.

    Args:
        ranking: The first of each class, best first.
        classes: As from `identical`.

    Returns:
        The ranking, then the other members in the same order of classes.
    """
    others = {members[0]: members[1:] for members in classes}
    return (*ranking, *(name for head in ranking for name in others[head]))
