"""Give Inspect the samples of a scaled run: rollouts, selections, and the end of each problem."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from inspect_ai import SampleSource, enqueue_sample
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalLog, EvalSample, EvalSpec
from inspect_ai.model import ModelOutput
from inspect_ai.scorer import Scorer
from inspect_ai.solver import Solver
from inspect_ai.util import SandboxEnvironmentSpec

from inspect_tts import progress
from inspect_tts._inspect import at_eval_end, default_sandboxes, step_names, widen_throttles
from inspect_tts.errors import UserError
from inspect_tts.machine.capacity import check_capacity
from inspect_tts.method.records import Usage
from inspect_tts.method.refinement import rollout_place
from inspect_tts.models.roles import NEEDS_MODEL, NO_MODEL, usage
from inspect_tts.progress import Outcome
from inspect_tts.rollout.job import Settings
from inspect_tts.rollout.source import Contexts
from inspect_tts.scores import tag_log
from inspect_tts.stages.live import DEFAULT_ROLLOUTS_AT_ONCE
from inspect_tts.stages.pool import RolloutPool

from .records import (
    Finished,
    Problem,
    ScaledSelection,
    finished_rollout,
    store_of,
    without_record,
)
from .scheduler import ScheduledSample, Scheduler, is_rollout, part_id, split_id


@dataclass(frozen=True)
class Plan:
    """What all problems of a scaled run share."""

    strategy: Solver
    settings: Settings
    """Settings of the rollouts."""
    iterations: int
    setup: tuple[Solver, ...]
    """The task's setup steps."""
    scorers: tuple[Scorer, ...]
    """The task's scorers."""
    trajectories: bool
    """Whether trajectories are kept: judges read them, or `evidence` runs their commands again."""


class ScaledSource(SampleSource):
    """The samples of a scaled run."""

    def __init__(self, samples: Sequence[Sample], plan: Plan) -> None:
        self.plan = plan
        self.model = ""
        """The model under evaluation."""
        self.refusal: str | None = None
        """Why the eval cannot run: an option does not fit, or the machine has no room."""
        self._samples = {str(sample.id): sample for sample in samples}
        self._running: dict[str, str] = {}
        """Task ids of running evals, by eval id. An eval and its retries share the task id."""
        self._start_anew()

    def _start_anew(self) -> None:
        options = self.plan.settings.options
        self.scheduler = Scheduler(
            list(self._samples),
            n=options.fewest_rollouts,
            iterations=self.plan.iterations,
            waves=options.waves,
        )
        self._first = self.scheduler.begin()
        self._problems: dict[tuple[str, int], Problem] = {}
        self._failed: dict[str, str] = {}

    async def begins(self, spec: EvalSpec) -> None:
        """Register the eval that begins, and check its options and the room on the machine."""
        instead = {
            "--limit": (spec.config.limit, "counts rollouts here: give -T limit=..."),
            "--sample-id": (spec.config.sample_id, "names rollouts here: give -T sample_id=..."),
            "--sandbox": (spec.sandbox, "would start one for each vote: give -T sandbox=..."),
            "--solver": (spec.solver, "takes the strategy's place: give -T strategy=..."),
        }
        wrong = [f"{o} {what}" for o, (value, what) in instead.items() if value is not None]
        self.refusal = wrong[0] if wrong else None
        if spec.model == NO_MODEL and "summarizer" not in (spec.model_roles or {}):
            self.refusal = self.refusal or NEEDS_MODEL
        if set(self._running.values()) - {spec.task_id}:
            self.refusal = (
                "the same task object runs in several evals at once; give each model its own, for "
                "example by naming the task, inspect_tts/scaled"
            )
        self._running[spec.eval_id] = spec.task_id
        tag_log(spec, step_names(self.plan.strategy)[0], self.plan.settings.options.n)
        at_eval_end(spec, "scaled", partial(self._ends, spec.eval_id))
        self._start_anew()  # `eval-set` retries with the same task object
        self.model, self.scheduler.epochs = spec.model, spec.config.epochs or 1
        sandbox = next((each.sandbox for each in self._samples.values() if each.sandbox), None)
        if isinstance(sandbox, SandboxEnvironmentSpec):
            at_once = default_sandboxes(spec, sandbox, DEFAULT_ROLLOUTS_AT_ONCE)
            at_once = min(at_once, spec.config.max_samples or at_once)
            try:
                await check_capacity(sandbox, at_once, ("--max-samples",))
            except UserError as error:
                self.refusal = self.refusal or str(error)
            await widen_throttles(spec, sandbox.type, at_once)

    def _ends(self, eval_id: str, log: EvalLog) -> None:
        self._running.pop(eval_id, None)

    def check_expected(self, sample_id: str | int, epoch: int) -> None:
        """Refuse a sample that a user queued again after its problem continued without it."""
        problem, part = split_id(sample_id)
        if not self.scheduler.expects(problem, epoch, part):
            raise UserError(
                f"{sample_id} cannot run again now, because its problem has continued without it: "
                "let the eval end, then run `inspect eval-retry`"
            )

    def check(self) -> None:
        """Raise an error if the eval has been refused."""
        if self.refusal is not None:
            raise UserError(self.refusal)

    def initial_samples(self) -> list[Sample]:
        """The first rollouts of the first problems."""
        return [self._sample(step) for step in self._first]

    async def sample_complete(self, sample: EvalSample) -> list[Sample] | None:
        """Start what follows: a selection, the next rollouts, the end, or another problem."""
        if self.refusal is not None:
            _rich_traceback_guard = True  # makes Inspect print only the message
            raise UserError(self.refusal)
        id, part = split_id(sample.id)
        if not self.scheduler.expects(id, sample.epoch, part):
            return None
        problem, following = self.problem(id, sample.epoch), self._followed(id, sample.epoch)
        problem.note(sample)
        following.settle(part, sum(map(usage, sample.model_usage.values()), Usage()))
        if is_rollout(part):
            agent, model = self._who(id, sample.epoch, part)
            finished = finished_rollout(
                sample,
                problem.context(part),
                model=model,
                agent=agent,
                messages=self.plan.trajectories,
            )
            iteration, _ = rollout_place(part)
            following.begin("rollouts", f"iteration {iteration}", len(problem.contexts[iteration]))
            return self._rollout_ended(id, sample.epoch, part, finished)
        if sample.error is not None:
            return self._fail(id, sample.epoch, sample.error.message)
        if part and sample.limit is None:
            return self._selected(id, sample, problem)
        if part or store_of(sample).store_as(RolloutPool).adopted is None:
            return self._fail(id, sample.epoch, "it was ended by hand")
        return self._end(id, sample.epoch)

    async def sample_abandoned(self, sample: Sample, epoch: int) -> list[Sample] | None:
        """Handle a sample that was cancelled while it waited. A rollout then has no score."""
        id, part = split_id(sample.id or "")
        if not self.scheduler.expects(id, epoch, part):
            return None
        problem = self.problem(id, epoch)
        if not is_rollout(part):
            return self._fail(id, epoch, "it was cancelled")
        why, context = "it was cancelled before it began", problem.context(part)
        agent, model = self._who(id, epoch, part)
        record = without_record(str(sample.id), context, why, model, Usage(), agent)
        finished = Finished(record, ModelOutput(), score_error=why)
        return self._rollout_ended(id, epoch, part, finished)

    def _rollout_ended(
        self, id: str, epoch: int, rollout: str, finished: Finished
    ) -> list[Sample] | None:
        ended, following = self.problem(id, epoch).finished, self._followed(id, epoch)
        ended[rollout] = finished
        following.end(rollout, Outcome.of(finished.record))
        records = [each.record for each in ended.values()]
        steps = self.scheduler.rollout_ended(id, epoch, rollout, records)
        if any(not is_rollout(step.part) for step in steps):
            following.complete()  # `n=auto` may have needed fewer
        return self._start(steps)

    def _who(self, id: str, epoch: int, rollout: str) -> tuple[str | None, str]:
        """The agent of a rollout, or None if there is only one, and its model."""
        options, iteration = self.plan.settings.options, rollout_place(rollout)[0]
        agent, model = options.assignments(iteration, f"{id}/{epoch}")[rollout]
        return agent or None, model or self.model

    async def next_samples(self) -> list[Sample] | None:
        """End the run, with an error if a problem could not be decided."""
        if self._failed:
            first, why = next(iter(self._failed.items()))
            raise RuntimeError(
                f"{len(self._failed)} of the problems could not be decided, first {first}: {why}. "
                "Everything else is in the log; `inspect eval-retry` runs what is missing"
            )
        return None

    def _followed(self, id: str, epoch: int) -> progress.Problem:
        return progress.followed(f"{id}/{epoch}", next(iter(self._running), ""))

    @property
    def problems(self) -> int:
        """Number of problems in an epoch."""
        return len(self._samples)

    def problem(self, id: str, epoch: int) -> Problem:
        """The state of a problem in one epoch, created when first used."""
        fresh: Contexts = ((),) * self.plan.settings.options.most_rollouts
        key = (id, epoch)
        if key not in self._problems:
            self._problems[key] = Problem(self._samples[id], [fresh])
        return self._problems[key]

    def _selected(self, id: str, sample: EvalSample, problem: Problem) -> list[Sample] | None:
        sample = store_of(sample)
        contexts = sample.store_as(ScaledSelection).contexts
        problem.pool = {k: v for k, v in sample.store.items() if k.startswith("RolloutPool:")}
        if contexts:
            problem.contexts.append(tuple(contexts))
        known = [rollout.id for rollout in sample.store_as(RolloutPool).rollouts]
        missing = [rollout for rollout in known if rollout not in problem.finished]
        return self._start(self.scheduler.selected(id, sample.epoch, len(contexts), missing))

    def _fail(self, id: str, epoch: int, why: str) -> list[Sample] | None:
        self._failed[id] = why
        self._followed(id, epoch).over(failed=True)
        return self._end(id, epoch)

    def _end(self, id: str, epoch: int) -> list[Sample] | None:
        self._followed(id, epoch).over()
        del self._problems[id, epoch]
        return self._start(self.scheduler.ended(id, epoch))

    def _start(self, steps: Sequence[ScheduledSample]) -> list[Sample] | None:
        """Enqueue the samples of one epoch, and return those of all epochs for Inspect to start."""
        for step in steps:
            if step.epoch is not None:
                enqueue_sample(self._sample(step), epoch=step.epoch)
        return [self._sample(step) for step in steps if step.epoch is None] or None

    def _sample(self, step: ScheduledSample) -> Sample:
        sample = self._samples[step.problem].model_copy(deep=True)
        sample.id = part_id(step.problem, step.part) if step.part else sample.id
        if not is_rollout(step.part):
            sample.sandbox = sample.files = sample.setup = None
        return sample
