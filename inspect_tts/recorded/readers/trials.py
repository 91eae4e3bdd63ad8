"""The files of a Harbor trial: `result.json`, or `config.json` if there is no result yet."""

import os
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, ValidationError

from inspect_tts.errors import why

from .atif import Counted
from .files import UNREADABLE, object_with
from .sound import Finite, Name

_LEVELS = 12
"""How many levels above a file its trial's folder is searched for."""

_LONGEST_TRIAL = 8
"""Maximum characters of the suffix after the problem's name. Harbor makes 7."""

_OF_A_TRIAL = ("agent", "steps", "verifier", "trial.log")
"""Entries that mark a folder as a trial even if its files cannot be read."""


class Timing(BaseModel):
    """When a phase began and ended."""

    started_at: datetime | None = None
    finished_at: datetime | None = None


class Raised(BaseModel):
    """An exception that a trial or a step recorded."""

    exception_type: str
    exception_message: str = ""
    occurred_at: datetime | None = None


class Graded(BaseModel):
    """The result of the verifier."""

    rewards: dict[str, Finite] | None = None


class Named(BaseModel):
    """Something with a name."""

    name: str | None = None


class Agent(BaseModel):
    """The agent of a trial."""

    model_info: Named | None = None


class Step(BaseModel):
    """A step of a trial, or a trial without steps."""

    step_name: str | None = None
    agent_result: Counted | None = None
    exception_info: Raised | None = None
    verifier_result: Graded | None = None
    agent_execution: Timing | None = None
    verifier: Timing | None = None


class Result(Step):
    """`result.json` of a trial."""

    id: str | None = None
    task_name: Name | None = None
    trial_name: str | None = None
    task_id: dict[str, Any] | None = None
    source: str | None = None
    config: dict[str, Any] = Field(default_factory=dict)
    agent_info: Agent | None = None
    started_at: datetime | None = None
    finished_at: datetime | None = None
    step_results: list[Step] | None = None


class Task(BaseModel):
    """The task of a trial."""

    path: str | None = None
    name: str | None = None
    source: str | None = None
    git_url: str | None = None


class Config(BaseModel):
    """`config.json` of a trial."""

    trial_name: str
    task: Task


@dataclass(frozen=True)
class Trial:
    """A trial's folder and the content of its files."""

    folder: Path
    result: Result | None
    config: Config | None
    damage: str = ""
    """What cannot be read of the trial's files; empty if all can."""
    lost: frozenset[str] = frozenset()
    """Fields of `result.json` that cannot be read."""

    @property
    def place(self) -> Path:
        """The file that represents a trial without a trajectory."""
        return self.folder / ("result.json" if self.result or not self.config else "config.json")

    @property
    def problem(self) -> str:
        """Name of the task."""
        if self.result is not None and self.result.task_name is not None:
            return self.result.task_name
        task = self.config.task if self.config else Task()
        if task.name or not task.path:
            return task.name or problem_of(self.folder.name)
        job = self.folder.parent
        names = _names(str(job), job.stat().st_mtime_ns)
        return names.get((task.git_url, task.path)) or Path(task.path).name

    @property
    def dataset(self) -> str:
        """The dataset of the task. Tasks of the same name in two datasets are two problems."""
        if self.result is None:
            task = self.config.task if self.config else Task()
            return task.source or _place(task.git_url, task.path)
        given = self.result.task_id or {}
        return self.result.source or _place(given.get("git_url"), given.get("path"))

    @property
    def started(self) -> str | None:
        """When it began."""
        began = self.result.started_at if self.result else None
        return utc(began).isoformat() if began else None

    @property
    def regraded(self) -> dict[str, Any] | None:
        """The trial whose outputs were graded again; None if the agent ran in this trial."""
        source = self.result.config.get("source_trial") if self.result else None
        return source if isinstance(source, dict) else None

    @property
    def model(self) -> str | None:
        """Name of the model."""
        info = self.result.agent_info if self.result else None
        return info.model_info.name if info and info.model_info else None

    @property
    def rewards(self) -> dict[str, Any] | None:
        """Rewards by name, the one named `reward` first; None if there are none."""
        graded = self.result.verifier_result if self.result else None
        found = (graded.rewards if graded else None) or {}
        return dict(sorted(found.items(), key=lambda item: item[0] != "reward")) or None

    @property
    def raised(self) -> bool:
        """Whether the trial or one of its steps recorded an exception."""
        return any(step.exception_info for step in (self.result, *self.steps) if step)

    @property
    def steps(self) -> list[Step]:
        """The steps of the trial, or the trial itself if it has none."""
        return (self.result.step_results or [self.result]) if self.result else []

    @property
    def seconds(self) -> float:
        """How long the agent worked, over all steps."""
        return sum(_seconds(step.agent_execution) for step in self.steps)

    @property
    def version(self) -> str:
        """Sorts gradings of a rollout: graded after ungraded, then regraded last, then by time."""
        times = [step.verifier.finished_at for step in self.steps if step.verifier]
        ends = [t for t in (*times, self.result.finished_at if self.result else None) if t]
        last = utc(ends[0]).isoformat() if ends else ""
        return f"{self.rewards is not None:d}{self.regraded is not None:d}{last}"


def find_trial(path: Path) -> Trial | None:
    """The trial of a file. It is the outermost one, since an agent may run Harbor itself."""
    path = path.absolute()
    found = None
    for folder in list(path.parents)[:_LEVELS]:
        inside = path.relative_to(folder).parts
        sure = inside[0] in ("agent", "steps") or inside in (("result.json",), ("config.json",))
        try:
            trial = trial_in(folder)
        except UNREADABLE:
            if sure:  # otherwise it belongs to no trial
                raise
            continue
        # a folder with unreadable files may not be a trial: trials inside it take precedence
        guessed = trial is not None and trial.result is None and trial.config is None
        if trial is not None and (not guessed or (sure and found is None)):
            found = trial
    return found


def trial_in(folder: Path) -> Trial | None:
    """The trial in a folder, as far as it can be read; None if there is none."""
    result, config, damage, lost = None, None, "", frozenset[str]()
    try:
        if (raw := object_with(folder / "result.json", "task_name")) is not None:
            result, damage, lost = _result(raw)
    except UNREADABLE as error:
        damage = f"result.json: {why(error)}"
    if result is None or result.task_name is None:
        try:
            raw = object_with(folder / "config.json", "trial_name")
            config = Config.model_validate(raw) if raw and "task" in raw else None
        except UNREADABLE as error:
            damage = damage or f"config.json: {why(error)}"
    if result is None and config is None:
        if damage and not any((folder / name).exists() for name in _OF_A_TRIAL):
            raise ValueError(damage)
        return Trial(folder, None, None, damage) if damage else None
    return Trial(folder, result, config, damage, lost)


def _result(raw: dict[str, Any]) -> tuple[Result, str, frozenset[str]]:
    """The readable fields of `result.json`, what is wrong with the others, and their names."""
    try:
        return Result.model_validate(raw), "", frozenset()
    except ValidationError as error:
        lost = frozenset(str(each["loc"][0]) for each in error.errors(include_url=False))
        sound = {name: value for name, value in raw.items() if name not in lost}
        return Result.model_validate(sound), f"result.json: {why(error)}", lost


def own_files(trial: Trial) -> list[Path]:
    """The agent's own trajectory, or one for each step; empty if there is none."""
    folder = trial.folder
    if alone := [file for file in _places(folder) if file.is_file()]:
        return alone[:1]
    order = [step.step_name for step in trial.steps]
    found = sorted(folder.glob("steps/*/agent/trajectory.json"))
    names = [each.parent.parent.name for each in found]
    ranks = {n: order.index(n) if n in order else len(order) for n in names}
    return sorted(found, key=lambda each: ranks[each.parent.parent.name])


def unreadable_files(trial: Trial) -> list[Path]:
    """Paths of the agent's own trajectory that exist, even if they are not regular files."""
    return [place for place in _places(trial.folder) if os.path.lexists(place)]


def _places(folder: Path) -> tuple[Path, ...]:
    return folder / "agent" / "trajectory.json", folder / "trajectory.json"


def problem_of(folder: str) -> str:
    """The problem that a trial's folder is named after: `a__b-1` for `a__b-1__x3Fq9Zk`."""
    problem, _, trial = folder.rpartition("__")
    return problem if problem and trial.isalnum() and len(trial) <= _LONGEST_TRIAL else folder


def _place(git_url: object, path: object) -> str:
    if isinstance(git_url, str) and git_url:
        return git_url
    parent = str(Path(path).parent) if isinstance(path, str) and path else ""
    return "" if parent == "." else parent


@lru_cache(maxsize=16)
def _names(job: str, changed: int) -> dict[tuple[Any, Any], str]:
    """Task names of finished trials, by place: the task `org/build-it` may be in `build-it`."""
    found = {}
    for folder in Path(job).iterdir():
        try:
            result = object_with(folder / "result.json", "task_name") or {}
            given = result.get("task_id") or {}
            name = result.get("task_name")
            found[given.get("git_url"), given.get("path")] = name if isinstance(name, str) else ""
        except (*UNREADABLE, AttributeError, TypeError):
            continue  # reading that trial reports the error
    return found


def utc(time: datetime) -> datetime:
    """A time with a zone. A time without one is taken as UTC."""
    return time if time.tzinfo else time.replace(tzinfo=UTC)


def _seconds(timing: Timing | None) -> float:
    if timing is None or timing.started_at is None or timing.finished_at is None:
        return 0.0
    return max(0.0, (utc(timing.finished_at) - utc(timing.started_at)).total_seconds())
