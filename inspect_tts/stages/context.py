"""What a stage that others write can see and do."""

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
from inspect_tts.resume.snapshot import lost
from inspect_tts.rollout.source import FinishedRollout, rollout_tasks
from inspect_tts.text.transcript import elide
from inspect_tts.text.writable import writable

from .pool import pool_of

MOST_EVIDENCE_CHARS = 4_000
MOST_EVIDENCE = 20
"""Pieces of different names that a rollout can have."""
_MOST_NAME_CHARS = 80
_PARAMETERS: TypeAdapter[dict[str, JsonValue]] = TypeAdapter(dict[str, JsonValue])


class SandboxGoneError(UserError):
    """A rollout has no live sandbox here: it is closed, lost, or never was in this process.

    Args:
        rollout: Id of the rollout.
        reason: Why its sandbox cannot be used.
    """

    def __init__(self, rollout: str, reason: str) -> None:
        super().__init__(
            f"rollout {rollout} has no live sandbox: {reason}. A stage can catch SandboxGoneError "
            "and go on with the other rollouts"
        )
        self.rollout = rollout
        self.reason = reason


class StageContext:
    """What a stage sees of the rollouts of a problem, and what it can add.

    Get it with `StageContext.of(state)` inside of a solver that stands behind `rollouts()`: in a
    chain, or as the argument `stages` of a strategy. What it adds goes into the sample's
    `RolloutPool`, which judges are shown and the log holds.

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
        """The rollouts that are selected now: what the next selection chooses from.

        After an iteration these are its rollouts, and with `keep_parents` those that the selection
        before chose; after a selection, what it chose.
        """
        return [self.rollout(id) for id in self._pool.selected]

    def rollout(self, id: str) -> Rollout:
        """Find the record of a rollout.

        Args:
            id: For example `t0-n07`.

        Returns:
            Its record as it is now.

        Raises:
            UserError: If there is none.
        """
        try:
            return self._pool.by_id(id)
        except KeyError:
            known = ", ".join(rollout.id for rollout in self._pool.rollouts)
            raise UserError(f"rollout {id!r} is not known; there are {known}") from None

    def messages(self, id: str) -> list[ChatMessage]:
        """Get the trajectory of a rollout.

        Args:
            id: For example `t0-n07`.

        Returns:
            Its messages; empty where this process does not have them, as for recorded rollouts of
            a strategy's log.

        Raises:
            UserError: If there is no such rollout.
        """
        finished = self._finished(id)
        return list(finished.state.messages) if finished else []

    @asynccontextmanager
    async def sandbox(self, id: str) -> AsyncIterator[SandboxEnvironment]:
        """Use the live sandbox of a rollout: in this block, Inspect's `sandbox()` is that one.

        It is the very sandbox that the scorer gets if the rollout is adopted, so leave nothing in
        it that could change a score.

        Args:
            id: For example `t0-n07`.

        Yields:
            The rollout's default sandbox environment.

        Raises:
            SandboxGoneError: If it is closed, lost, or never was in this process.
            UserError: If there is no such rollout.
        """
        finished = self._finished(id)
        if finished is None or finished.sandboxes is None:
            raise SandboxGoneError(id, "it has none in this process")
        if finished.sandboxes.closed or finished.released.is_set():
            raise SandboxGoneError(id, "it was closed when nothing needed it any more")
        if (reason := await lost(finished.sandboxes)) is not None:
            raise SandboxGoneError(id, reason)
        with in_sandboxes(finished.sandboxes):
            yield sandbox()

    def add_evidence(self, id: str, name: str, text: str, returncode: int | None = None) -> None:
        """Add a piece of evidence on a rollout, to be read by judges below the harness' facts.

        Never add a score, a hidden test or the target: selection is blind to them.

        Args:
            id: For example `t0-n07`.
            name: What it is, in one line. Prompts show the last piece of each name.
            text: What was found; of more than 4,000 characters the middle is left out.
            returncode: Of the command whose output the text is, if it is one.

        Raises:
            UserError: If there is no such rollout, the name is no short line, or the rollout has
                pieces of 20 other names already.
        """
        rollout = self.rollout(id)
        if len(name.splitlines()) != 1 or not name.strip() or len(name) > _MOST_NAME_CHARS:
            raise UserError(
                f"the name {name!r} of evidence is not one line of at most {_MOST_NAME_CHARS} "
                "characters; give such a name and put the rest into the text"
            )
        known = rollout.facts.evidence
        if len({name, *(each.name for each in known)}) > MOST_EVIDENCE:
            raise UserError(
                f"rollout {id} has evidence of {MOST_EVIDENCE} names already, the most there can "
                f"be; add {name!r} under one of them, or put several into one text"
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
            UserError: If the name is one of a stage of this package, or an argument is not JSON.
        """
        if name in STAGE_NAMES:
            raise UserError(f"a stage of this package is called {name!r}; give another name")
        try:
            given = _PARAMETERS.validate_python(dict(parameters))
        except ValidationError as error:
            raise UserError(
                f"the parameters of stage {name!r} are not JSON: {error}; give texts, numbers, "
                "lists and mappings"
            ) from error
        stage = Stage(name=name, iteration=self._pool.iteration, parameters=given)
        self._pool.stages = [*self._pool.stages, stage]

    def _finished(self, id: str) -> FinishedRollout | None:
        return rollout_tasks().rollouts.get(self.rollout(id).id)
