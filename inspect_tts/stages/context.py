"""The interface for stages that are written outside this package."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

from inspect_ai.model import ChatMessage
from inspect_ai.solver import TaskState
from inspect_ai.util import SandboxEnvironment, sandbox
from pydantic import JsonValue, TypeAdapter, ValidationError

from inspect_tts._inspect import in_sandboxes
from inspect_tts.errors import UserError
from inspect_tts.evidence.injection import injections
from inspect_tts.method.records import STAGE_NAMES, Evidence, Rollout, Stage
from inspect_tts.resume.snapshot import missing_container
from inspect_tts.rollout.source import FinishedRollout, strategy_state
from inspect_tts.text.trajectory import elide
from inspect_tts.text.writable import writable

from .pool import pool_of

MOST_EVIDENCE_CHARS = 4_000
MOST_EVIDENCE = 20
"""The most names of evidence that a rollout can have."""
_MOST_NAME_CHARS = 80
_PARAMETERS: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


class SandboxGoneError(UserError):
    """A rollout has no live sandbox: it is closed, lost, or was never started in this process.

    Args:
        rollout: Id of the rollout.
        reason: Why its sandbox cannot be used.
    """

    def __init__(self, rollout: str, reason: str) -> None:
        super().__init__(
            f"rollout {rollout} has no live sandbox: {reason}. A stage can catch SandboxGoneError "
            "and continue with the other rollouts"
        )
        self.rollout = rollout
        self.reason = reason


class StageContext:
    """What a stage can see of a problem's rollouts, and what it can add to them.

    Get it with `StageContext.of(state)` in a solver that runs after `rollouts()`: in a chain, or
    through the argument `stages` of a strategy. What it adds goes into the sample's `RolloutPool`:
    judges read it, and the log holds it.

    Args:
        state: State of the sample that the stage runs on.

    Raises:
        UserError: If no rollouts have run yet.
    """

    def __init__(self, state: TaskState) -> None:
        self._pool = pool_of(state)
        if not self._pool.rollouts:
            raise UserError(
                "StageContext.of(state) found no rollouts; put the stage after rollouts(), or give "
                "it to a strategy as stages='file.py@name'"
            )

    @classmethod
    def of(cls, state: TaskState) -> "StageContext":
        """Get the context of a running stage.

        Args:
            state: State of the sample that the stage runs on.

        Returns:
            The context.

        Raises:
            UserError: If no rollouts have run yet.
        """
        return cls(state)

    @property
    def selected(self) -> list[Rollout]:
        """The rollouts that the next selection chooses from.

        After an iteration these are its rollouts, and with `keep_parents` also those that the
        previous selection chose. After a selection, these are the ones it chose.
        """
        return [self.rollout(id) for id in self._pool.selected]

    def rollout(self, id: str) -> Rollout:
        """Find the record of a rollout.

        Args:
            id: For example `t0-n07`.

        Returns:
            Its current record.

        Raises:
            UserError: If there is none.
        """
        try:
            return self._pool.by_id(id)
        except KeyError:
            known = ", ".join(rollout.id for rollout in self._pool.rollouts)
            raise UserError(f"rollout {id!r} does not exist; the rollouts are {known}") from None

    def messages(self, id: str) -> list[ChatMessage]:
        """Get the trajectory of a rollout.

        Args:
            id: For example `t0-n07`.

        Returns:
            Its messages; empty if this process does not have them, as for the rollouts of a
            recorded strategy.

        Raises:
            UserError: If there is no such rollout.
        """
        finished = self._finished(id)
        return list(finished.state.messages) if finished else []

    @asynccontextmanager
    async def sandbox(self, id: str) -> AsyncIterator[SandboxEnvironment]:
        """Use the live sandbox of a rollout; inside the block, Inspect's `sandbox()` returns it.

        The scorer gets the same sandbox if the rollout is adopted, so leave nothing in it that
        could change a score.

        Args:
            id: For example `t0-n07`.

        Yields:
            The rollout's default sandbox environment.

        Raises:
            SandboxGoneError: If the sandbox is closed, lost, or was never started in this process.
            UserError: If there is no such rollout.
        """
        finished = self._finished(id)
        if finished is None or finished.sandboxes is None:
            raise SandboxGoneError(id, "none was started in this process")
        if finished.sandboxes.closed or finished.released.is_set():
            raise SandboxGoneError(id, "it was closed once no later stage needed it")
        if (reason := await missing_container(finished.sandboxes)) is not None:
            raise SandboxGoneError(id, reason)
        with in_sandboxes(finished.sandboxes):
            yield sandbox()

    def add_evidence(self, id: str, name: str, text: str, returncode: int | None = None) -> None:
        """Add a piece of evidence about a rollout; judges read it below the harness's facts.

        Never add a score, a hidden test or the target: selection must stay blind to them.

        Args:
            id: For example `t0-n07`.
            name: What it is, in one line of at most 80 characters. Prompts show the last piece of
                each name.
            text: What was found. The middle of a text of more than 4,000 characters is left out.
            returncode: Return code of the command that printed the text, if a command did.

        Raises:
            UserError: If there is no such rollout, the name is not one short line, or the rollout
                already has evidence of 20 other names.
        """
        rollout = self.rollout(id)
        if len(name.splitlines()) != 1 or not name.strip() or len(name) > _MOST_NAME_CHARS:
            raise UserError(
                f"the evidence name {name!r} is not one line of at most {_MOST_NAME_CHARS} "
                "characters; shorten it and put the rest into the text"
            )
        known = rollout.facts.evidence
        if len({name, *(each.name for each in known)}) > MOST_EVIDENCE:
            raise UserError(
                f"rollout {id} already has evidence of {MOST_EVIDENCE} names, the maximum; add "
                f"{name!r} under one of them, or combine several in one text"
            )
        piece = Evidence(
            name=writable(name),
            text=elide(writable(text), MOST_EVIDENCE_CHARS),
            returncode=returncode,
            after_selections=len(self._pool.selections),
        )
        facts = rollout.facts.model_copy(update={"evidence": (*known, piece)})
        changed = rollout.model_copy(update={"facts": facts})
        self._pool.replace(changed.model_copy(update={"injections": injections(changed)}))

    def record(self, name: str, parameters: Mapping[str, JsonValue]) -> None:
        """Add a stage to the pool's list of stages, so that the log says what ran.

        Args:
            name: Name of the stage.
            parameters: Its arguments.

        Raises:
            UserError: If a stage of this package has that name, or an argument is not JSON.
        """
        if name in STAGE_NAMES:
            raise UserError(f"{name!r} is the name of a stage of this package; give another name")
        try:
            given = _PARAMETERS.validate_python(dict(parameters))
        except ValidationError as error:
            raise UserError(
                f"the parameters of stage {name!r} are not JSON: {error}; give strings, numbers, "
                "lists and mappings"
            ) from error
        stage = Stage(name=name, iteration=self._pool.iteration, parameters=given)
        self._pool.stages = [*self._pool.stages, stage]

    def _finished(self, id: str) -> FinishedRollout | None:
        return strategy_state().rollouts.get(self.rollout(id).id)
