"""Trials of Harbor: the agent's own trajectory in ATIF, and what the trial's files say about it.

Follows `harbor.models` of the package harbor 0.26, but accepts what other writers leave out.
"""

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path

from inspect_ai.model import ChatMessage

from inspect_tts.errors import why
from inspect_tts.method.records import NOT_GRADED, Status, Usage
from inspect_tts.recorded.records import DAMAGED, LeftOut, Malformed, Recorded, reader

from .atif import Trajectory, fuller, read_trajectory
from .files import UNREADABLE, read_text
from .trials import (
    Raised,
    Step,
    Trial,
    find_trial,
    own_files,
    problem_of,
    trial_in,
    unreadable_files,
    utc,
)

_GRADING = {
    "AddTestsDirError",
    "DownloadVerifierDirError",
    "RegradeError",
    "RewardFileEmptyError",
    "RewardFileNotFoundError",
    "VerifierOutputParseError",
    "VerifierTimeoutError",
}
"""Exceptions that only grading raises."""
_LIMITS = {
    "AgentTimeoutError": "time",
    "BudgetExceededError": "cost",
    "ContextLengthExceededError": "token",
    "ContextWindowExceededError": "token",
    "OutputLengthExceededError": "token",
    "OutputTokenExceededError": "token",
}
_REFUSALS = {"AgentSafetyRefusalError", "ContentPolicyViolationError"}
_BEFORE_GRADING = ("Agent", "Environment", "NonZeroAgent")
"""Prefixes of other exceptions that Harbor raises before grading. Used if times do not decide."""
_OTHERS = ("verifier", "user-agent", "artifacts")
"""Folders of a trial in which its agent does not write."""
_RESULT_DAMAGED = "the record of how it ended cannot be read"


def _passes_over(path: Path) -> LeftOut | None:
    """Why a file with a matching name stands for no rollout; None if it does."""
    path = path.absolute()
    named = path.name in ("result.json", "config.json")
    try:
        trial = find_trial(path)
    except Exception:  # the reader reports the error
        return LeftOut("does not belong to a trial", told=False) if named else None
    own = own_files(trial) if trial is not None else []
    if named:
        stands = trial is not None and path == trial.place and not own
        return None if stands else LeftOut("belongs to a job or a trial", told=False)
    if _of_others(path, trial):
        return LeftOut("not the agent's own trajectory")
    if trial is not None and path.name == "trajectory.json" and path not in own[:1]:
        return LeftOut("not the agent's own trajectory", told=path not in own)
    return None


@reader(
    name="atif",
    patterns=("trajectory.json", "*.atif.json", "*.atif.json.gz", "result.json", "config.json"),
    passes_over=_passes_over,
)
def atif(path: Path) -> Iterator[Recorded | Malformed]:
    """Read a trial, or a file outside of trials, as one rollout. A trial also has rewards.

    A damaged trial is a rollout as well: its outcome counts, and what cannot be read is reported.
    """
    path = path.absolute()
    trial = find_trial(path)
    if _of_others(path, trial):
        raise ValueError("it is not the agent's own trajectory")
    if trial is None:
        yield _loose(path)
        return
    files = own_files(trial)
    if path not in files and path != trial.place:
        files = [path]
    read, broken = list[tuple[Trajectory, str | None]](), list[str]()
    for file in files or unreadable_files(trial):
        try:
            read.append(read_trajectory(file))
        except Exception as error:  # external input: it can be broken in any way
            broken.append(why(error))
    yield from map(Malformed, broken)
    if trial.damage:
        yield Malformed(trial.damage)
    whole, totals = _parts([trajectory for trajectory, _ in read])
    first = (_origin(trial) or trial) if trial.regraded else trial
    status, reason, limit = how_it_ended(trial)
    if broken and status == "completed":
        status, reason = "error", DAMAGED
    yield Recorded(
        problem=trial.problem,
        task=trial.dataset,
        text="\n\n".join(dict.fromkeys(each.problem_text or "" for each in whole)).strip() or None,
        messages=_messages(whole),
        started=trial.started,
        status=status,
        reason=reason,
        limit=limit,
        model=_model(whole, trial),
        turns=sum(each.turns for each in whole),
        usage=_usage(totals, first),
        seconds=first.seconds,
        scores=trial.rewards,
        score_error=NOT_GRADED if reason and not trial.rewards and trial.raised else None,
        ids=_identities(first),
        version=f"{not (broken or trial.damage):d}{trial.version}",
        notes=tuple(missing for _, missing in read if missing),
    )


def _parts(read: Sequence[Trajectory]) -> tuple[list[Trajectory], list[Trajectory]]:
    """What each step of a trial added, and the trajectories whose usage adds up to the total.

    The trajectory of an agent that resumes in the next step repeats the earlier steps.
    """
    parts, totals = list[Trajectory](), list[Trajectory]()
    for number, each in enumerate(read):
        before = read[number - 1].steps if number else []
        if before and before == each.steps[: len(before)]:
            totals.pop()
            parts.append(each.model_copy(update={"steps": each.steps[len(before) :]}))
        else:
            parts.append(each)
        totals.append(each)
    return parts, totals


def _usage(totals: Sequence[Trajectory], trial: Trial) -> Usage:
    """What the agent used. Its trajectory may lack the cost or the tokens of subagents."""
    read = [each.usage() for each in totals]
    told = [step.agent_result.usage() for step in trial.steps if step.agent_result]
    if len(read) == len(told):
        return sum(map(fuller, told, read), Usage())
    return sum(read if any(each.total_tokens for each in read) else told, Usage())


def _loose(path: Path) -> Recorded:
    whole, missing = read_trajectory(path)
    return Recorded(
        problem=_problem(path),
        text=whole.problem_text,
        messages=whole.messages(),
        model=_model([whole], None),
        turns=whole.turns,
        usage=whole.usage(),
        notes=(missing,) if missing else (),
    )


def _messages(whole: Sequence[Trajectory]) -> list[ChatMessage]:
    return [message for each in whole for message in each.messages()]


def _model(whole: Sequence[Trajectory], trial: Trial | None) -> str:
    told = [each.agent.model_name for each in whole] + [trial.model if trial else None]
    named = [each.agent.name for each in whole]
    return next(filter(None, [*told, *named]), "unknown")


def of_a_trial(path: Path) -> bool:
    """Whether a file of another format belongs to a trial: to its agent, verifier or task."""
    try:
        return find_trial(path) is not None
    except UNREADABLE:
        return False


def _of_others(path: Path, trial: Trial | None) -> bool:
    """Whether a verifier, a simulated user or the task wrote a file, rather than the agent."""
    if trial is not None:
        inside = path.absolute().relative_to(trial.folder).parts
        inside = inside[2:] if inside[0] == "steps" and len(inside) > 2 else inside
        return inside[0] in _OTHERS or (inside[0] == "agent" and inside[:-1] != ("agent",))
    return any(
        folder.name in _OTHERS and (folder.parent / "agent").is_dir()
        for folder in path.absolute().parents
    )


def _problem(path: Path) -> str:
    """The problem of a file outside of trials, from its name or its folder `<problem>__<trial>`."""
    if path.name != "trajectory.json":
        return path.name.removesuffix(".gz").removesuffix(".json").removesuffix(".atif")
    folder = path.absolute().parent
    return problem_of((folder.parent if folder.name == "agent" else folder).name)


def how_it_ended(trial: Trial) -> tuple[Status, str | None, str | None]:
    """How the agent's part of a trial ended: status, reason, limit.

    Exceptions from grading do not count, since they must not reach a judge.
    """
    if trial.regraded is not None:
        first = _origin(trial)
        return how_it_ended(first) if first else ("completed", None, None)
    if trial.result is None and trial.damage:
        return "error", _RESULT_DAMAGED, None
    if trial.result is None:
        return "error", "its trial was ended before it was finished: it has no result", None
    steps = trial.result.step_results or []
    last = steps[-1] if steps else trial.result  # the trial's own exception belongs to it
    for told, step in ((trial.result, last), *((each, each) for each in steps)):
        raised = told.exception_info
        if raised is not None and _before_grading(raised, step):
            reason = f"{raised.exception_type}: {raised.exception_message}"[:1000]
            if raised.exception_type in _REFUSALS:
                return "refused", reason, None
            limit = _LIMITS.get(raised.exception_type)
            return ("limit", reason, limit) if limit else ("error", reason, None)
    if trial.lost & {"exception_info", "step_results"}:
        return "error", _RESULT_DAMAGED, None
    result = trial.result
    ended = result.exception_info or result.verifier_result or result.finished_at
    if not ended and not result.step_results:
        return "error", "its trial was ended before it was finished", None
    return "completed", None, None


def _before_grading(raised: Raised, step: Step) -> bool:
    """Whether an exception was raised before the rollout was graded."""
    if raised.exception_type in _GRADING:
        return False
    began = step.verifier.started_at if step.verifier else None
    if raised.occurred_at is not None and began is not None:
        return utc(raised.occurred_at) < utc(began)
    if began is None and step.verifier_result is None:
        return True
    kind = raised.exception_type
    return kind in _LIMITS or kind in _REFUSALS or kind.startswith(_BEFORE_GRADING)


def _identities(first: Trial) -> tuple[str, ...]:
    """Ids of a rollout that stay the same if its job is copied or graded again."""
    named = first.result.trial_name if first.result else None
    name = f"harbor/{named or first.folder.name}/{first.started or ''}"
    id = first.result.id if first.result else None
    return (f"{name}/{_content(first)}", *([f"{name}/{id}"] if id else []))


def _content(trial: Trial) -> str:
    """Hash of the agent's trajectories, except those that cannot be read."""
    texts = []
    for file in own_files(trial):
        with suppress(*UNREADABLE):
            texts.append(read_text(file))
    return sha256(json.dumps(texts).encode()).hexdigest()


def _origin(trial: Trial, depth: int = 3) -> Trial | None:
    """The original of a regraded trial, if it can still be found nearby."""
    source = trial.regraded or {}
    path, id = Path(str(source.get("path") or "")), str(source.get("trial_id") or "")
    places = [path] if path.is_absolute() else []
    for above in list(trial.folder.parents)[:3]:
        if path.name:
            places += [
                above / Path(*path.parts[-2:]),
                *sorted(above.glob(f"*/{_literal(path.name)}")),
            ]
        if id:
            places += sorted(above.glob(f".sources/{_literal(id)}/*"))
    for place in places:
        try:
            near = None if place == trial.folder else trial_in(place)
        except UNREADABLE:
            continue
        if near is not None and near.result is not None and _content(near) == _content(trial):
            return (_origin(near, depth - 1) if near.regraded and depth else None) or near
    return None


def _literal(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)
