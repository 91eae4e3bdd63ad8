"""The columns of the dataframes: name, type and description."""

from collections.abc import Mapping
from typing import TypeAlias

Columns: TypeAlias = dict[str, tuple[str, str]]
"""Type and description by column name."""

TYPES = {"str": "string", "int": "int64", "float": "float64", "bool": "bool_"}
SAMPLE = {
    "log": ("str", "the log file"),
    "eval_id": ("str", "the eval, as in `inspect_ai.analysis`"),
    "sample_id": ("str", "the sample's uuid, as in `inspect_ai.analysis`"),
    "id": ("str", "the problem: the id of the sample"),
    "epoch": ("int", "the sample's epoch"),
    "task": ("str", "the task"),
    "model": ("str", "the model under evaluation"),
    "strategy": ("str", "the strategy, or `plain`"),
    "settings": ("str", "the arguments that were given"),
}
_SPENT = {
    "input_tokens": ("int", "input tokens charged in full"),
    "cache_read_tokens": ("int", "input tokens read from a cache"),
    "cache_write_tokens": ("int", "input tokens written to a cache"),
    "output_tokens": ("int", "output tokens"),
    "total_tokens": ("int", "all tokens"),
    "cost": ("float", "dollars; missing if a price is unknown"),
    "seconds": ("float", "wall time; for a match the sum over its votes"),
}
ROLLOUTS = {
    **SAMPLE,
    "rollout": ("str", "its id, such as `t0-n07`; without a strategy `e01`, after the epoch"),
    "agent": ("str", "its agent, where rollouts have several"),
    "rollout_model": ("str", "its model"),
    "iteration": ("int", "its iteration, from 0"),
    "index": ("int", "its place in the iteration, from 0"),
    "status": ("str", "how it ended: completed, limit, refused or error"),
    "limit": ("str", "the limit that ended it"),
    "turns": ("int", "model generations of the agent"),
    "messages": ("int", "messages of the trajectory; missing without a strategy"),
    "score": ("float", "missing if it was not graded"),
    "passed": ("bool", "whether the score is at least 1; missing if it was not graded"),
    "unscored": ("str", "why grading failed"),
    "adopted": ("bool", "whether it was adopted"),
    "strength": ("float", "Bradley-Terry strength from all votes on the problem"),
    "strength_low": ("float", "lower end of its 95 % interval"),
    "strength_high": ("float", "upper end"),
    "p_best": ("float", "chance to be the strongest in the last selection that compared it"),
    "fingerprint": ("str", "equal for duplicates (same patch, or same answer)"),
    "context": ("str", "rollouts whose summaries it started from, separated by spaces"),
    "context_passed": ("int", "how many of these pass; missing if one was not graded"),
    "files_changed": ("int", "files that differ in the git workspace"),
    "injections": ("int", "excerpts that try to give orders to their reader"),
    "summary_status": ("str", "structured, text, empty or failed"),
    "summary_tokens": ("int", "all tokens of its summary"),
    **_SPENT,
}
MATCHES = {
    **SAMPLE,
    "selection": ("str", "the selection, such as `t0`"),
    "kind": ("str", "how it selects, such as `tournament`"),
    "iteration": ("int", "the iteration that it selects among"),
    "round": ("int", "the round, from 1"),
    "match": ("str", "its id, such as `t0-r1-m3`"),
    "group": ("str", "the rollouts compared, separated by spaces"),
    "winner": ("str", "the rollout that won"),
    "decided_by": ("str", "votes, random, evidence, bye, grade or investigation"),
    "investigation": ("str", "how it ended: verdict, unreadable, limit, error or not run"),
    "votes": ("int", "votes requested"),
    "skipped_votes": ("int", "votes that were not needed"),
    "abstentions": ("int", "votes without a verdict"),
    "winner_votes": ("int", "votes for the winner"),
    "tied": ("bool", "whether several rollouts had the most votes"),
    "order_flip_rate": ("float", "how often the verdict changes with the order"),
    "decidable": ("bool", "whether all are graded, some pass and some fail"),
    "winner_passed": ("bool", "whether the winner passes; missing if it was not graded"),
    **_SPENT,
}
VOTES = {
    **SAMPLE,
    "match": ("str", "the match, as in `matches_df`"),
    "vote": ("int", "its place in the match, from 0"),
    "order": ("str", "the rollouts in the order shown, separated by spaces"),
    "verdict": ("str", "the rollout chosen; missing for an abstention and for a grade"),
    "position": ("int", "its place in the order shown, from 1"),
    "grade": ("int", "1 to 20, if the rollout was graded alone"),
    "expected_grade": ("float", "its mean over what the judge might have said, if that is told"),
    "abstention": ("str", "why there is no verdict"),
    "cause": ("str", "the kind of reason: provider, too_long, refused, empty, cut or unreadable"),
    "reasked": ("bool", "whether it was requested again"),
    "cut": ("bool", "whether an answer ended at the limit of output tokens"),
    "schema_used": ("bool", "whether the verdict was requested by a response schema"),
    "shortened_to": ("int", "characters shown of each solution; missing if all fit"),
    "judge": ("str", "the judge: its model, or its name in `judges`"),
    "judge_model": ("str", "the judge's model"),
    "text": ("str", "the judge's answer"),
    **_SPENT,
}
PROBLEMS = {
    **SAMPLE,
    "pass_1": ("float", "mean score of iteration 0"),
    "select_k": ("float", "mean score of the rollouts whose summaries were selected"),
    "refined": ("float", "mean score of the last iteration after the first"),
    "selected": ("float", "score of the adopted rollout"),
    "oracle": ("float", "best score of the rollouts that could be adopted"),
    "rollouts": ("int", "how many rollouts"),
    "graded": ("int", "how many of them are graded"),
    "passes_0": ("int", "passing rollouts of iteration 0; missing unless all are graded"),
    "passes_1": ("int", "the same of iteration 1"),
    "votes": ("int", "votes requested"),
    "adopted": ("str", "the adopted rollout"),
    **_SPENT,
}


def problem_columns(numbers: Mapping[str, float]) -> dict[str, float | None]:
    """The scores of a problem, by column name."""
    later = [name for name in numbers if name.startswith("iteration_") and name != "iteration_0"]
    return {
        "pass_1": numbers.get("iteration_0"),
        "select_k": numbers.get("select_k"),
        "refined": numbers[max(later)] if later else None,
        "selected": numbers.get("selected"),
        "oracle": numbers.get("oracle"),
    }
