"""The numbers of a report: one `RunNumbers` for each model, task and strategy."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel

from inspect_tts.statistics import judge_quality as judging
from inspect_tts.statistics import measures, spending
from inspect_tts.statistics.executions import ExecutionNumbers, execution_numbers
from inspect_tts.statistics.intervals import Estimate
from inspect_tts.statistics.outcomes import ProblemOutcome, plain_outcome

from . import estimates
from .logs import PLAIN, LogFile, RunKey
from .read import ReadSample
from .warnings import Counts, RunWarning, cause, run_warnings

VERSION = 1
"""Of the JSON form. A field that is renamed or changes its meaning raises it."""


class RunNumbers(BaseModel):
    """All statistics of one model, task and strategy.

    An estimate is the number, its 95 % interval by the paired bootstrap over problems, and how many
    problems have it. It is None where rollouts that it needs were not graded, and absent where the
    run has no such number, as select-K without refinement.
    """

    task: str
    model: str
    strategy: str
    settings: str
    side: int = 0
    label: str = ""
    """How tables and figures name the run."""
    logs: list[str]
    problems: int
    samples: int
    errors: int
    """Samples that ended with an error; they are in no number."""
    rollouts: int
    graded: int
    """Rollouts whose score is known."""
    scores: dict[str, Estimate | None]
    """`pass_1` (mean score of iteration 0), `select_k`, `iteration_<t>`, `selected`, `gain`
    (selected - pass_1), `oracle`, `headroom` (`headroom_recovered`)."""
    pass_at_k: dict[int, Estimate]
    """Of iteration 0, for k = 1, 2, 4, ... and its size."""
    baselines: dict[str, Estimate | None]
    """As from `measures.baselines`, over the candidates of the last selection."""
    per_problem: dict[str, Estimate | None]
    """`tokens`, `dollars`, `seconds` of a sample."""
    pass_counts: dict[int, tuple[int, ...]]
    """By iteration: problems with 0, 1, ..., N passing rollouts."""
    refinement: dict[str, measures.Refinement]
    """By iterations, as `0-1`."""
    by_context: dict[int, tuple[measures.ByContext, ...]]
    """By refined iteration."""
    judge: tuple[judging.RoundAccuracy, ...]
    rates: judging.Rates | None
    calibration: tuple[judging.Bin, ...]
    turns: tuple[measures.Turns, ...]
    phases: tuple[spending.Phase, ...]
    rounds: tuple[tuple[str, float, int, int], ...]
    """Who is left after each round: a name as `t0 round 1`, mean score, how many rollouts are left
    of a problem at the most, problems with all of those graded."""
    notes: tuple[str, ...]
    """What is missing, and why."""
    evidence: ExecutionNumbers | None = None
    """Evidence from execution; None where none was taken."""
    warnings: tuple[RunWarning, ...] = ()
    """What went wrong, worst first."""


@dataclass(frozen=True)
class Run:
    """A run: its numbers and the problems that they rest on."""

    numbers: RunNumbers
    outcomes: list[ProblemOutcome]


def runs(files: Sequence[LogFile], samples: Sequence[ReadSample], *, seed: int = 0) -> list[Run]:
    """Put samples together by model, task and strategy, and compute their numbers."""
    groups: dict[RunKey, list[ReadSample]] = defaultdict(list)
    logs: dict[RunKey, list[LogFile]] = defaultdict(list)
    for sample in samples:
        groups[files[sample.log].key].append(sample)
    for file in files:
        logs[file.key].append(file)
    order = sorted(
        logs, key=lambda key: (key.side, key.task, key.model, key.strategy != PLAIN, key)
    )
    outcomes = {key: _outcomes(groups[key]) for key in order}
    labels = _labels(order)
    return [
        Run(
            numbers=_numbers(key, labels[key], logs[key], outcomes[key], groups[key], seed),
            outcomes=outcomes[key],
        )
        for key in order
    ]


def _labels(keys: Sequence[RunKey]) -> dict[RunKey, str]:
    """The strategy, with the settings in which runs of the same strategy differ."""
    sides = "AB" if len({key.side for key in keys}) > 1 else ""
    found = {}
    for key in keys:
        alike = [
            set(other.settings.split())
            for other in keys
            if (other.side, other.task, other.model, other.strategy)
            == (key.side, key.task, key.model, key.strategy)
        ]
        own = [word for word in key.settings.split() if not all(word in words for words in alike)]
        found[key] = " ".join([*([f"{sides[key.side]}:"] if sides else []), key.strategy, *own])
    return found


def _outcomes(samples: Sequence[ReadSample]) -> list[ProblemOutcome]:
    """In an order that does not depend on the logs, as the bootstrap needs it."""
    scaled = [s.outcome for s in samples if s.outcome and s.scaled]
    plain: dict[str, list[ProblemOutcome]] = defaultdict(list)
    for sample in samples:
        if sample.outcome and not sample.scaled:
            plain[sample.outcome.problem].append(sample.outcome)
    scaled += [plain_outcome(problem, attempts) for problem, attempts in plain.items()]
    return sorted(scaled, key=lambda outcome: (outcome.problem, outcome.epoch))


def _numbers(
    key: RunKey,
    label: str,
    files: Sequence[LogFile],
    outcomes: list[ProblemOutcome],
    samples: Sequence[ReadSample],
    seed: int,
) -> RunNumbers:
    iterations = sorted({r.iteration for outcome in outcomes for r in outcome.rollouts})
    later = [t for t in iterations if t > 0]
    matches = judging.judged(outcomes)
    rollouts = [rollout for outcome in outcomes for rollout in outcome.rollouts]
    problems = estimates.by_problem(outcomes)
    changes = {
        f"{t - 1}-{t}": change
        for t in later
        if (change := measures.refinement(outcomes, t - 1, t)) is not None
    }
    found = RunNumbers(
        task=key.task,
        model=key.model,
        strategy=key.strategy,
        settings=key.settings,
        side=key.side,
        label=label,
        logs=[file.viewer_path for file in files],
        problems=len(problems),
        samples=len(outcomes),
        errors=sum(len(file.failed) for file in files),
        rollouts=len(rollouts),
        graded=sum(rollout.score is not None for rollout in rollouts),
        scores=estimates.scores(problems, later, seed),
        pass_at_k=estimates.pass_at_k(problems, seed),
        baselines=estimates.baselines(problems, seed),
        per_problem=estimates.per_problem(problems, seed),
        pass_counts={t: measures.pass_counts(outcomes, t) for t in iterations},
        refinement=changes,
        by_context={t: measures.by_passing_context(outcomes, t) for t in later},
        judge=judging.accuracy_by_round(matches),
        rates=judging.rates(matches) if matches else None,
        calibration=judging.calibration(matches),
        turns=measures.turns_by_outcome(outcomes),
        phases=spending.phases(outcomes),
        rounds=estimates.rounds(outcomes),
        notes=(),
        evidence=execution_numbers(outcomes),
    )
    warnings = run_warnings([*(sample.counts for sample in samples), _ends(files, samples)])
    return found.model_copy(update={"notes": _notes(found, samples), "warnings": warnings})


def _ends(files: Sequence[LogFile], samples: Sequence[ReadSample]) -> Counts:
    """How many samples there are, and which are in no number."""
    failed = [cause(file.errors.get(sample)) for file in files for sample in file.failed]
    unreadable = sum(bool(sample.problem) for sample in samples)
    whole = {("samples", ""): len(samples) + len(failed), ("samples_unreadable", "-"): unreadable}
    return whole | {("samples_failed", why): count for why, count in Counter(failed).items()}


def _notes(numbers: RunNumbers, samples: Sequence[ReadSample]) -> tuple[str, ...]:
    notes = [sample.problem for sample in samples if sample.problem]
    outcomes = [sample.outcome for sample in samples if sample.outcome]
    cut = sum(any(stage.cut for stage in outcome.stages) for outcome in outcomes)
    if cut:
        notes.append(
            f"{cut} samples were cut by their token or cost limit: fewer rollouts, votes or "
            "iterations than asked for; `stage.cut` in their records says what"
        )
    missing = numbers.rollouts - numbers.graded
    if missing:
        notes.append(
            f"{missing} of {numbers.rollouts} rollouts were not graded: what needs them is left "
            "empty; run with score_rollouts=true to have all graded"
        )
    rows: dict[str, Any] = {**numbers.scores, **numbers.baselines}
    partial = {n: e.problems for n, e in rows.items() if e and e.problems < numbers.problems}
    if partial:
        shown = ", ".join(f"{name} on {count}" for name, count in partial.items())
        notes.append(f"of {numbers.problems} problems: {shown}")
    return tuple(notes)


def as_json(value: Any) -> Any:
    """Numbers as plain JSON, named tuples as objects."""
    if isinstance(value, BaseModel):
        return {name: as_json(getattr(value, name)) for name in type(value).model_fields}
    if hasattr(value, "_asdict"):
        return {name: as_json(each) for name, each in value._asdict().items()}
    if isinstance(value, Mapping):
        return {str(key): as_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    return value
