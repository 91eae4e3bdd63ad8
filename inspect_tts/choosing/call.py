"""Choose among candidates that are in memory, with an Inspect eval of one problem."""

import asyncio
import os
from collections.abc import Sequence
from hashlib import sha256
from inspect import Signature, signature
from pathlib import Path
from threading import Lock
from typing import Any, TypeVar

import anyio
import platformdirs
from inspect_ai import eval_async
from inspect_ai.log import EvalLog
from inspect_ai.model import ChatMessage, GenerateConfig

from inspect_tts._inspect import in_sample, init_dotenv
from inspect_tts._inspect.command import quiet_display, quiet_hooks
from inspect_tts.arguments import checked, unknown_argument
from inspect_tts.errors import UserError, of_type
from inspect_tts.models.roles import check_models
from inspect_tts.options import SelectRecordedOptions
from inspect_tts.options.choosing import ChooseOptions
from inspect_tts.recorded.readers.json_lines import line_of, message_list
from inspect_tts.recorded.replay_plan import fresh_votes
from inspect_tts.recorded.solvers import select_recorded
from inspect_tts.recorded.tasks import recorded
from inspect_tts.resume.kept import retry_command
from inspect_tts.stages.pool import RolloutPool

from .choice import Choice, choice_of

Messages = Sequence[ChatMessage | dict[str, Any]]
C = TypeVar("C", bound=str | Messages)

_SET = {"model", "model_roles", "log_dir"}
_OURS = {
    *("tasks", "task_args", "solver", "epochs", "limit"),
    *("sample_id", "log_samples", "log_header_only", "run_samples", "score"),
}
"""Arguments of `eval_async` that would leave nothing to choose, or that `choose` sets."""
_running = Lock()
"""Inspect runs one eval at a time in a process."""


async def choose(problem: str | Messages, candidates: Sequence[C], **options: Any) -> Choice[C]:
    """Choose the best of candidates that are in memory, by a tournament of blind judges.

    This runs an eval like that of `inspect-tts select`: each candidate is summarized, judges vote
    on the summaries, and the log holds every prompt, summary and vote. Concurrent calls run one
    after another.

    Model Roles:
        judge: Votes; default the model.
        summarizer: Writes the summaries; default the model.

    Args:
        problem: What the candidates answer: a text, or messages.
        candidates: At least two. Each is a text (an answer or a transcript), a patch, or a list of
            messages, either Inspect's or in the format of the OpenAI API. A text that begins like a
            diff is taken as a patch: judges are told which files it changes.
        **options: `model`, for both roles (default `INSPECT_EVAL_MODEL`); `model_roles`, such as
            `{"judge": "anthropic/claude-opus-4-5"}`; `log_dir`; `eval_args`, further arguments of
            `inspect_ai.eval_async`, such as `{"cost_limit": 2}`; and each argument of the command
            `inspect-tts select`, such as `votes`, `selection` and `judge_input`.

    Returns:
        The chosen candidate with votes, probability, cost, record and log.

    Raises:
        UserError: If an argument is wrong, before a model is called; or if the eval fails.
    """
    given: ChooseOptions = checked(ChooseOptions, options, "choose")
    lines = _lines(problem, candidates)
    _check_eval(given, len(candidates))
    while not _running.acquire(blocking=False):  # noqa: ASYNC110  # also held across threads
        await anyio.sleep(0.02)
    try:
        log = await _select(lines, given)
    finally:
        _running.release()
    sample = next(iter(log.samples or ()), None)
    pool = sample.store_as(RolloutPool) if sample else None
    if log.status != "success" or pool is None or pool.adopted is None:
        errors = [error.message for error in (log.error, sample and sample.error) if error]
        raise UserError(
            f"nothing was chosen: {errors[0] if errors else f'the status is {log.status}'}. To "
            f"continue: `{retry_command(log.location)}`"
        )
    return choice_of(pool, candidates, log.location)


def choose_sync(problem: str | Messages, candidates: Sequence[C], **options: Any) -> Choice[C]:
    """Call `choose` where no event loop runs.

    Args:
        problem: As in `choose`.
        candidates: As in `choose`.
        **options: As in `choose`.

    Returns:
        The chosen candidate.

    Raises:
        UserError: As in `choose`, and if an event loop runs already, as in a notebook.
    """
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        pass
    else:
        raise UserError(
            "an event loop is already running; write `await choose(...)` instead of "
            "choose_sync(...)"
        )
    return anyio.run(lambda: choose(problem, candidates, **options))


_ORDINARY = [p for p in signature(choose).parameters.values() if p.kind is not p.VAR_KEYWORD]
for _call in (choose, choose_sync):  # for notebooks and IDEs
    vars(_call)["__signature__"] = Signature([*_ORDINARY, *ChooseOptions.parameters()])


def _lines(problem: object, candidates: object) -> str:
    """The candidates as JSON lines, in the format of `recorded(format="candidates")`."""
    if isinstance(candidates, str | bytes) or not isinstance(candidates, Sequence):
        kind = of_type(candidates)
        raise UserError(f"candidates is {kind}; give a list of strings or of lists of messages")
    if len(candidates) < 2:
        few = "is 1 candidate" if candidates else "are no candidates"
        raise UserError(f"there {few}; give at least two")
    asked = _text_or_messages("problem", problem)
    if isinstance(asked, str) and not asked.strip():
        raise UserError("problem is blank; give the problem statement")
    each = [_text_or_messages(f"candidates[{i}]", given) for i, given in enumerate(candidates)]
    name = "problem-" + sha256(line_of("", asked, "").encode()).hexdigest()[:12]
    return "".join(line_of(name, asked, given) for given in each)


def _text_or_messages(name: str, given: object) -> str | list[ChatMessage]:
    if isinstance(given, str):
        return given
    if isinstance(given, bytes) or not isinstance(given, Sequence):
        kind = of_type(given)
        raise UserError(f"{name} is {kind}; give a string, such as a patch, or a list of messages")
    try:
        return message_list(given, name)
    except ValueError as error:
        raise UserError(
            f"{error}; give Inspect's messages, or dicts with role and content"
        ) from None


def _check_eval(given: ChooseOptions, candidates: int) -> None:
    """Refuse what would fail, before a model is called."""
    if in_sample():
        raise UserError(
            "choose() runs an eval of its own, so it cannot run in a sample of another eval; in a "
            "solver, use the stages rollouts, tournament and adopt"
        )
    select_recorded(**_selecting(given))
    allowed = {*signature(eval_async).parameters, *GenerateConfig.model_fields} - _SET - _OURS
    for name in given.eval_args or {}:
        if name in _SET:
            raise UserError(f"{name} is an argument of choose itself; leave it out of eval_args")
        if name not in allowed:
            raise unknown_argument("eval_args of choose", name, sorted(allowed))
    init_dotenv()  # may set the model
    quiet_hooks()
    judged = fresh_votes([candidates], given).most > 0
    how = "give model='provider/name'"
    check_models(given.model, given.model_roles or {}, judged=judged, how=how)


def _selecting(given: ChooseOptions) -> dict[str, Any]:
    """The arguments of the selection."""
    return {k: v for k, v in given.given().items() if k in SelectRecordedOptions.model_fields}


async def _select(lines: str, given: ChooseOptions) -> EvalLog:
    file = _write(lines, given.log_dir or os.environ.get("INSPECT_LOG_DIR", "./logs"))
    arguments = {name: value for name, value in given.given().items() if name in _SET}
    if given.model is None and not os.environ.get("INSPECT_EVAL_MODEL"):
        arguments["model"] = None  # the roles have models of their own
    with quiet_display():
        [log] = await eval_async(
            recorded(paths=[str(file)], format="candidates", output=""),
            solver=select_recorded(**_selecting(given)),
            **{**arguments, **(given.eval_args or {})},
        )
    return log


def _write(lines: str, log_dir: str) -> Path:
    """Write the candidates beside the log, or on this machine if the log is elsewhere."""
    local = log_dir.removeprefix("file://")
    folder = platformdirs.user_cache_path("inspect_tts") / "candidates"
    if "://" not in local:
        folder = Path(local).expanduser().absolute()
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"candidates-{sha256(lines.encode()).hexdigest()[:16]}.jsonl"
    if not file.exists():
        new = file.with_suffix(f".{os.getpid()}")
        new.write_text(lines, encoding="utf-8")
        new.replace(file)
    return file
