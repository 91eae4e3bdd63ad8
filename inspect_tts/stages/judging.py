"""What the matches of a selection share: judges, prompts, and what judges read."""

from inspect_ai.solver import TaskState

from inspect_tts.execution.records import ExecutionEvidence
from inspect_tts.execution.shown import MOST_CHARS
from inspect_tts.method.selection_specs import SELECTIONS, matches_at_most
from inspect_tts.method.selections import Candidates
from inspect_tts.models.panel import judges_of
from inspect_tts.options import SelectOptions
from inspect_tts.progress import followed
from inspect_tts.prompts import Prompt
from inspect_tts.rollout.context import problem_text
from inspect_tts.rollout.source import rollout_tasks
from inspect_tts.text.transcript import render_trajectory

from .match import JudgeSetup
from .pool import pool_of

_FRAME = 3_000
"""Characters of a judge's prompt around problem and solutions, approximately."""


def judge_setup(
    state: TaskState,
    id: str,
    candidates: Candidates,
    options: SelectOptions,
    prompts: tuple[Prompt, Prompt],
    execution: ExecutionEvidence | None,
) -> JudgeSetup:
    """What all matches of a selection share."""
    spec, tasks = SELECTIONS[options.selection], rollout_tasks()
    texts = _trajectories(candidates, options) if options.judge_input == "trajectory" else None
    read = [(texts or {}).get(id, r.summary.text) for id, r in candidates.rollouts.items()]
    problem, size, n = problem_text(state), min(options.group_size, len(read)), len(read)
    frame, recorded = _FRAME + (MOST_CHARS if execution else 0), tasks.recorded_votes
    asked = recorded is None or not recorded.complete
    orders = spec.orders(n)
    return JudgeSetup(
        id=id,
        key=candidates.key,
        options=options,
        spec=spec,
        judges=judges_of(options.panel, votes=options.most_votes, orders=orders, asked=asked),
        problem=problem,
        epoch=state.epoch,
        prompts=prompts,
        texts=texts,
        saved=tasks.saved,
        budget=tasks.budget,
        matches=matches_at_most(spec, n, options.keep, options.group_size),
        following=followed(pool_of(state).problem),
        characters=len(problem) + size * sum(map(len, read)) // n + frame,
        recorded=recorded,
        execution=execution,
    )


def _trajectories(candidates: Candidates, options: SelectOptions) -> dict[str, str]:
    texts: dict[str, str] = {}
    for id in candidates.rollouts:
        messages = rollout_tasks().rollouts[id].state.messages
        trajectory = render_trajectory(messages, budget_tokens=options.judge_tokens)
        texts[id] = trajectory or "No step was taken."
    return texts
