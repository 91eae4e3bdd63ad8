"""A shard set: its folder, the plan beside it, and the state of its logs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import fsspec
from fsspec.implementations.local import LocalFileSystem
from inspect_ai.log import EvalLog, read_eval_log
from pydantic import ValidationError

from inspect_tts._inspect.command import shard_folders
from inspect_tts.errors import UserError
from inspect_tts.resume.store import FileStore

from .plan import PLAN, SHARDS, Shard, ShardPlan

UNREADABLE = "unreadable"


@dataclass(frozen=True)
class ShardState:
    """The state of a shard, from its logs."""

    log: str | None = None
    """The newest readable log."""
    header: EvalLog | None = None
    logs: tuple[str, ...] = ()
    """All logs, oldest first."""
    unreadable: str = ""
    """Why newer logs cannot be read."""

    @property
    def finished(self) -> bool:
        """Whether the shard succeeded and completed all its problems."""
        results = self.header.results if self.header and self.header.status == "success" else None
        return results is not None and results.completed_samples == results.total_samples

    @property
    def text(self) -> str:
        """The state in words."""
        if self.header is None:
            return f"has no log that can be read: {self.unreadable}" if self.logs else "has no log"
        if self.finished:
            return "is finished"
        if self.header.status == "success":
            return "ended with errors in some problems"
        error = self.header.error.message.strip().splitlines() if self.header.error else []
        status = (
            "is under way"
            if self.header.status == "started"
            else f"has status {self.header.status}"
        )
        return f"{status}: {error[-1][:300]}" if error else status


class ShardSet:
    """A shard set, in a folder or at a URL that ends with `.shards`."""

    def __init__(self, place: str) -> None:
        self.place = place.rstrip("/\\")
        if not self.place.endswith(SHARDS) or self.place.endswith(f"/{SHARDS}"):
            raise UserError(
                f"{place} is not a shard set: give its folder, <log dir>/<name>{SHARDS}"
            )
        self.place = self.place.removeprefix("file://")
        if "://" not in self.place:
            self.place = str(Path(self.place).expanduser().absolute())
        self.beside = f"{self.place.removesuffix(SHARDS)}{PLAN}"

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.place.rpartition("/")[2]

    @property
    def local(self) -> bool:
        """Whether the set is a folder on this machine."""
        return isinstance(fsspec.core.url_to_fs(self.place)[0], LocalFileSystem)

    @property
    def saved(self) -> str:
        """Where the shards save results by default."""
        return f"{self.beside}/saved"

    def clear(self, plan: ShardPlan) -> None:
        """Remove saved results, unless the user chose where they are saved."""
        if f"resume={self.saved}" in plan.arguments:
            FileStore(self.saved).remove()

    def lease(self, name: str | int) -> str:
        """The path of the lease of a shard, or of `launcher`."""
        return f"{self.beside}/leases/{name}"

    def plan(self) -> ShardPlan:
        """Read the plan."""
        path = f"{self.beside}/plan.json"
        try:
            with fsspec.open(path, "rb") as file:
                plan = ShardPlan.model_validate_json(file.read())
        except FileNotFoundError as error:
            raise UserError(
                f"{self.place} has no plan: {path} does not exist. `inspect-tts shard` writes it "
                "when it begins a set. To continue another set, use `inspect eval-retry`"
            ) from error
        except (ValidationError, OSError) as error:
            why = str(error)[:300]
            raise UserError(
                f"the plan {path} cannot be read: {why}. Restore the file, or continue with "
                "`inspect eval-retry` on the log of each shard"
            ) from error
        if plan.set.rpartition("/")[2] != self.name:
            raise UserError(f"the plan {path} is of another shard set: {plan.set}")
        return plan.model_copy(update={"set": self.place})

    def write(self, name: str, text: str) -> str:
        """Write a file beside the shards. Returns its path."""
        path = f"{self.beside}/{name}"
        fs, inner = fsspec.core.url_to_fs(path)
        fs.makedirs(inner.rpartition("/")[0], exist_ok=True)
        if self.local:  # write all or nothing, as object stores do
            Path(f"{inner}.new").write_text(text, encoding="utf-8")
            Path(f"{inner}.new").replace(inner)
        else:
            fs.pipe_file(inner, text.encode())
        return path

    def states(self, plan: ShardPlan) -> dict[int, ShardState]:
        """The state of each shard, by number. Logs of another plan are an error."""
        found = shard_folders(self.place)
        expected = {str(shard.number): shard for shard in plan.shards}
        if foreign := sorted(set(found.attempts) - set(expected)):
            raise UserError(
                f"{self.place}/{foreign[0]} is not a shard of this plan, which has shards 0 to "
                f"{len(plan.shards) - 1}: the folder contains logs of another plan; move them away"
            )
        if found.stray:
            path, why = found.stray[0]
            raise UserError(f"{path} does not belong there ({why}): move it away")
        states = {k: shard_state(found.attempts.get(str(k), [])) for k in map(int, expected)}
        self._check(plan, states)
        return states

    def _check(self, plan: ShardPlan, states: dict[int, ShardState]) -> None:
        """Refuse logs that were not made by this plan."""
        first: dict[str, Any] = {}
        for shard in plan.shards:
            header = states[shard.number].header
            if header is None:
                continue
            other = sorted(foreign_ids(shard, header))
            if other:
                raise UserError(
                    f"{states[shard.number].log} is a log of another plan: it has the problem "
                    f"{other[0]!r}, which is not in shard {shard.number}. Nothing was changed; "
                    "move the log away, or resume with the plan that it belongs to"
                )
            for name, value in same_in_all(header).items():
                if first.setdefault(name, value) != value:
                    raise UserError(
                        f"{states[shard.number].log} is a log of another run: {name} is {value!r}, "
                        f"and {first[name]!r} in the shards before. Nothing was changed"
                    )


def shard_state(logs: list[str]) -> ShardState:
    """The state of a shard, from the newest of its logs that can be read."""
    why = ""
    for log in reversed(logs):
        try:
            header = read_eval_log(log, header_only=True)
        except Exception as error:  # an older log may still be readable
            why = why or f"{type(error).__name__}: {error}"[:200]
            continue
        return ShardState(log, header, tuple(logs), why)
    return ShardState(logs=tuple(logs), unreadable=why)


def foreign_ids(shard: Shard, header: EvalLog) -> set[str]:
    """Problems of a log that are not in its shard."""
    ids = header.eval.dataset.sample_ids or []
    return set(map(str, ids)) - set(map(str, shard.ids))


def same_in_all(header: EvalLog) -> dict[str, Any]:
    """Values that must be equal in all logs of a shard set."""
    spec = header.eval
    return {
        "task": spec.task,
        "task arguments": spec.task_args_passed,
        "model": spec.model,
        "solver": spec.solver,
        "solver arguments": spec.solver_args_passed,
        "epochs": spec.config.epochs,
        "scorers": [each.name for each in spec.scorers or []],
    }
