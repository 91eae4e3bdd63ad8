"""The numbers of a report: one `RunNumbers` for each combination of task, model and strategy."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from pydantic import BaseModel

from inspect_tts.errors import CANCELLED
from inspect_tts.method.records import RECORDED
from inspect_tts.statistics import judge_quality as judging
from inspect_tts.statistics import measures, spending
from inspect_tts.statistics.assignments import AssignmentNumbers, by_assignment
from inspect_tts.statistics.executions import ExecutionNumbers, execution_numbers
from inspect_tts.statistics.intervals import Estimate
from inspect_tts.statistics.investigations import InvestigationNumbers, investigation_numbers
from inspect_tts.statistics.judges import JudgeNumbers, by_judge
from inspect_tts.statistics.outcomes import ProblemOutcome, plain_outcome
from inspect_tts.statistics.strengths import StrengthBin, strength_bins

from . import estimates
from .logs import PLAIN, LogFile, RunKey
from .read import ReadSample
from .warnings import Counts, RunWarning, cause, run_warnings

VERSION = 1
"""Version of the JSON form. Increase it when a field is renamed or changes its meaning."""


class RunNumbers(BaseModel):
    """All statistics of one run.

    An estimate holds the value, its 95 % interval by the paired bootstrap over problems, and the
    number of problems it rests on. It is None if rollouts that it needs were not graded. It is
    absent if the run has no such number, for example select-K without refinement.
    """

    task: str
    model: str
    strategy: str
    settings: str
    side: int
    label: str
    """The run's name in tables and figures."""
    logs: list[str]
    problems: int
    samples: int
    errors: int
    """Samples that ended with an error or were cancelled. No other number includes them."""
    rollouts: int
    graded: int
    scores: dict[str, Estimate | None]
    """`pass_1` (mean score of iteration 0), `select_k`, `iteration_<t>`, `selected`, `gain`
    (selected - pass_1), `oracle`, `headroom` (`headroom_recovered`)."""
    pass_at_k: dict[int, Estimate]
    """pass@k of iteration 0, for k = 1, 2, 4, ... and the fewest rollouts that a problem has."""
    baselines: dict[str, Estimate | None]
    """Scores of `measures.baselines` among the candidates of the last selection."""
    per_problem: dict[str, Estimate | None]
    """Mean `tokens`, `dollars` and `seconds` of a sample."""
    pass_counts: dict[int, tuple[int, ...]]
    """By iteration: the number of problems with 0, 1, ..., N passing rollouts."""
    refinement: dict[str, measures.Refinement]
    """By pair of iterations, for example `0-1`."""
    by_context: dict[int, tuple[measures.ByContext, ...]]
    """Scores by passing summaries in the context, for each refined iteration."""
    judge: tuple[judging.RoundAccuracy, ...]
    rates: judging.Rates | None
    calibration: tuple[judging.Bin, ...]
    strengths: tuple[StrengthBin, ...] = ()
    """Calibration of P(best)."""
    judges: tuple[JudgeNumbers, ...] = ()
    """Numbers of each judge."""
    assignments: tuple[AssignmentNumbers, ...] = ()
    """Rollouts by agent and model, if there is more than one combination."""
    investigations: InvestigationNumbers | None = None
    """None if no close match was to be investigated."""
    turns: tuple[measures.Turns, ...]
    phases: tuple[spending.Phase, ...]
    rounds: tuple[tuple[str, float, int, int], ...]
    """The rollouts left after each round: a name such as `t0 round 1`, their mean score, the most
    that are left of any problem, and the number of selections in which all of them are graded."""
    notes: tuple[str, ...]
    """Which numbers are missing, and why."""
    evidence: ExecutionNumbers | None = None
    """Numbers on evidence from execution; None if no evidence was taken."""
    warnings: tuple[RunWarning, ...]
    """What went wrong, worst first."""


@dataclass(frozen=True)
class Run:
    """The numbers of a run and the outcomes that they are computed from."""

    numbers: RunNumbers
    outcomes: list[ProblemOutcome]


def runs(files: Sequence[LogFile], samples: Sequence[ReadSample], *, seed: int = 0) -> list[Run]:
    """Group samples by run and compute the numbers of each run."""
    groups: dict[RunKey, list[ReadSample]] = defaultdict(list)
    logs: dict[RunKey, list[LogFile]] = defaultdict(list)
    for sample in samples:
        groups[files[sample.log].key].append(sample)
    for file in files:
        logs[file.key].append(file)
    order = sorted(logs, key=lambda k: (k.side, k.task, k.model, k.strategy != PLAIN, k))
    return [_run(key, _label(key, order), logs[key], groups[key], seed) for key in order]


def _label(key: RunKey, keys: Sequence[RunKey]) -> str:
    """Name a run by its strategy and by the settings in which runs of that strategy differ."""
    alike = [
        set(other.settings.split())
        for other in keys
        if replace(other, settings=key.settings) == key
    ]
    own = [word for word in key.settings.split() if not all(word in words for words in alike)]
    side = [f"{'AB'[key.side]}:"] if len({other.side for other in keys}) > 1 else []
    return " ".join([*side, key.strategy, *own])


def _outcomes(samples: Sequence[ReadSample]) -> list[ProblemOutcome]:
    """Sort the outcomes by problem and epoch: the bootstrap must not depend on the log order."""
    found: list[ProblemOutcome] = []
    plain: dict[str, list[ProblemOutcome]] = defaultdict(list)
    for sample in samples:
        if sample.outcome:
            (plain[sample.outcome.problem] if sample.outcome.plain else found).append(
                sample.outcome
            )
    found += [plain_outcome(problem, attempts) for problem, attempts in plain.items()]
    return sorted(found, key=lambda outcome: (outcome.problem, outcome.epoch))


def _run(
    key: RunKey,
    label: str,
    files: Sequence[LogFile],
    samples: Sequence[ReadSample],
    seed: int,
) -> Run:
    outcomes = _outcomes(samples)
    rollouts = [rollout for outcome in outcomes for rollout in outcome.rollouts]
    iterations = sorted({rollout.iteration for rollout in rollouts})
    later = [t for t in iterations if t > 0]
    matches = judging.judged(outcomes)
    problems = estimates.by_problem(outcomes)
    rows = [estimates.row(problem) for problem in problems.values()]
    prints = any(rollout.facts.fingerprint for rollout in rollouts)
    names = [name for name in measures.BASELINES if name != "agreement" or prints]
    changes = {f"{t - 1}-{t}": measures.refinement(outcomes, t - 1, t) for t in later}
    found = RunNumbers(
        **vars(key),
        label=label,
        logs=[file.viewer_path for file in files],
        problems=len(problems),
        samples=len(outcomes),
        errors=sum(len(file.failed) for file in files),
        rollouts=len(rollouts),
        graded=sum(r.id in outcome.scores for outcome in outcomes for r in outcome.rollouts),
        scores=estimates.scores(
            rows, outcomes, later, seed, strategy=None if key.strategy == PLAIN else key.strategy
        ),
        pass_at_k=estimates.pass_at_k(problems, seed),
        baselines=estimates.means(rows, names, seed),
        per_problem=estimates.means(rows, estimates.COSTS, seed),
        pass_counts={t: measures.pass_counts(outcomes, t) for t in iterations},
        refinement={name: change for name, change in changes.items() if change},
        by_context={t: measures.by_passing_context(outcomes, t) for t in later},
        judge=judging.accuracy_by_round(matches),
        rates=judging.rates(matches) if matches else None,
        calibration=judging.calibration(matches),
        strengths=strength_bins(outcomes),
        judges=by_judge(outcomes),
        investigations=investigation_numbers(outcomes),
        assignments=by_assignment(outcomes),
        turns=measures.turns_by_outcome(outcomes),
        phases=spending.phases(outcomes),
        rounds=estimates.rounds(outcomes),
        notes=(),
        evidence=execution_numbers(outcomes),
        warnings=run_warnings([*(sample.counts for sample in samples), _ends(files, samples)]),
    )
    return Run(found.model_copy(update={"notes": _notes(found, samples)}), outcomes)


def _ends(files: Sequence[LogFile], samples: Sequence[ReadSample]) -> Counts:
    """Count the samples, and those that no number includes."""
    messages = [file.errors.get(sample) or "" for file in files for sample in file.failed]
    failed = [cause(text) for text in messages if not text.startswith(CANCELLED)]
    whole = {
        ("samples", ""): len(samples) + len(messages),
        ("samples_unreadable", "-"): sum(bool(sample.problem) for sample in samples),
        ("samples_cancelled", "-"): len(messages) - len(failed),
    }
    return whole | {("samples_failed", why): count for why, count in Counter(failed).items()}


def _notes(numbers: RunNumbers, samples: Sequence[ReadSample]) -> tuple[str, ...]:
    notes = [sample.problem for sample in samples if sample.problem]
    outcomes = [sample.outcome for sample in samples if sample.outcome]
    cut = sum(any(stage.cut for stage in outcome.stages) for outcome in outcomes)
    if cut:
        notes.append(
            f"{cut} samples were cut short by their token or cost limit, with fewer rollouts, "
            "votes or iterations than requested; see `stage.cut` in their records"
        )
    missing = numbers.rollouts - numbers.graded
    if missing:
        ran = all(stage.name != RECORDED for outcome in outcomes for stage in outcome.stages)
        how = "; run with score_rollouts=true to grade all of them" if ran else ""
        notes.append(
            f"{missing} of {numbers.rollouts} rollouts were not graded: numbers that need them "
            f"are shown as -{how}"
        )
    rows: dict[str, Any] = {**numbers.scores, **numbers.baselines}
    partial = {n: e.problems for n, e in rows.items() if e and e.problems < numbers.problems}
    if partial:
        shown = ", ".join(f"{name} on {count}" for name, count in partial.items())
        notes.append(f"some numbers do not cover all {numbers.problems} problems: {shown}")
    return tuple(notes)


def as_json(value: Any) -> Any:
    """Convert numbers to plain JSON values. Named tuples become objects."""
    if isinstance(value, BaseModel):
        return {name: as_json(getattr(value, name)) for name in type(value).model_fields}
    if hasattr(value, "_asdict"):
        return {name: as_json(each) for name, each in value._asdict().items()}
    if isinstance(value, Mapping):
        return {str(key): as_json(each) for key, each in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(each) for each in value]
    return value
