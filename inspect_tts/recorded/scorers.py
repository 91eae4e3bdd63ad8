"""Scores of recorded rollouts, which are unsealed once a rollout is chosen."""

import json
from math import nan
from typing import Any

import anyio
from inspect_ai.scorer import Score, Scorer, Target, accuracy, mean, scorer, stderr
from inspect_ai.solver import TaskState

from inspect_tts.errors import UserError
from inspect_tts.paths import user_path
from inspect_tts.scores import SCORE, score_number

from .loading import SOURCE
from .readers import load
from .records import Source


@scorer(metrics=[accuracy(), stderr()])
def recorded_score() -> Scorer:
    """Score a sample with the recorded score of the chosen rollout.

    Returns:
        A scorer that gives the main score as a number, and no score if none was recorded.
    """

    async def score(state: TaskState, target: Target) -> Score | None:
        source = Source.model_validate(state.metadata[SOURCE])
        scores = (await anyio.to_thread.run_sync(load, source)).scores
        if not scores:
            return None
        name, value = next(iter(scores.items()))
        return Score(
            value=score_number(value),
            answer=state.output.completion[:500],
            explanation=f"{name} of {source}",
            metadata={"scores": dict(scores)},
        )

    return score


@scorer(metrics={"*": [mean(), stderr()]})
def chosen_epoch(selections: str) -> Scorer:
    """Mark in a finished log which epoch of each sample was chosen.

    Inspect gives a scorer one epoch at a time, so no scorer can compare epochs.
    `inspect-tts select LOG` compares them. This scorer adds the result to the log's own scores:
    `inspect score LOG --scorer inspect_tts/chosen_epoch -S selections=FILE`.

    Args:
        selections: The `selections.jsonl` that `inspect-tts select` wrote for the log.

    Returns:
        A scorer of `chosen` (1 or 0), `rank` (from 1), and `selected`: the epoch's own first score
        if it was chosen, else not-a-number, so that the mean is over the chosen epochs.

    Raises:
        UserError: If the file cannot be read, was not written by `inspect-tts select`, or is about
            more or fewer than one log.
    """
    ranks = _ranks(selections)

    async def score(state: TaskState, target: Target) -> Score | None:
        rank = ranks.get(f"{state.sample_id}/{state.epoch}")
        if rank is None:
            return None
        own = [s.value for name, s in (state.scores or {}).items() if name != SCORE]
        selected = score_number(own[0]) if own and rank == 1 else nan
        return Score(value={"chosen": float(rank == 1), "rank": float(rank), "selected": selected})

    return score


def _ranks(selections: str) -> dict[str, int]:
    """The rank of each epoch, by `<id>/<epoch>`."""
    try:
        lines = user_path(selections).read_text(encoding="utf-8").splitlines()
        rows: list[dict[str, Any]] = [json.loads(line) for line in lines]
        ranked = [(i, each["source"]) for row in rows for i, each in enumerate(row["ranking"], 1)]
        logs = {source["path"] for _, source in ranked if source["format"] == "inspect"}
        ranks = {source["part"]: rank for rank, source in ranked if source["path"] in logs}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise UserError(
            f"selections={selections!r} cannot be read ({type(error).__name__}: {error}); give the "
            "selections.jsonl that `inspect-tts select LOG` wrote"
        ) from error
    if len(logs) != 1:
        raise UserError(
            f"selections={selections!r} ranks the epochs of {len(logs)} logs; to score it, select "
            "among the epochs of one log"
        )
    return ranks
