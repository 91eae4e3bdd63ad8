"""Run one shard. The same command begins and continues it, on any machine."""

import os
import signal
import threading
from collections.abc import Sequence

import click
import fsspec

from inspect_tts._inspect.command import eval_parameters, run_inspect, shard_folders
from inspect_tts.errors import UserError
from inspect_tts.resume.lease import take_lease, write_under

from .launch import check_folder
from .plan import Shard, ShardPlan
from .sets import ShardSet, ShardState, shard_state

END_WITH_STDIN = "INSPECT_TTS_END_WITH_STDIN"
"""Environment variable for a process that must end when its standard input ends."""
_OF_EVAL = ("INSPECT_EVAL_LIMIT", "INSPECT_EVAL_SAMPLE_ID", "INSPECT_EVAL_SAMPLE_SHUFFLE")


def run_shard(place: str) -> bool:
    """Begin or continue a shard, unless it is finished.

    Args:
        place: `<log dir>/<name>.shards/<number>`.

    Returns:
        Whether the shard ended well.
    """
    set, _, number = place.rstrip("/").rpartition("/")
    found = ShardSet(set)
    plan = found.plan()
    if number not in {str(shard.number) for shard in plan.shards}:
        raise UserError(f"--run {place}: the plan has the shards 0 to {len(plan.shards) - 1}")
    shard = plan.shards[int(number)]
    check_folder(plan)
    if os.environ.get(END_WITH_STDIN):
        threading.Thread(target=_end_with_stdin, daemon=True).start()
    lease = take_lease(
        found.lease(number),
        told=lambda holder: click.echo(
            f"shard {number} is being run by {holder}: waiting", err=True
        ),
        on_loss=_terminate,
    )
    write_under(lease)
    try:
        os.chdir(plan.folder)
        return _run(found, plan, shard)
    finally:
        write_under(None)
        lease.release()


def _run(found: ShardSet, plan: ShardPlan, shard: Shard) -> bool:
    state = found.states(plan)[shard.number]
    if state.finished:
        click.echo(f"shard {shard.number} is finished: {state.log}")
        return True
    for name in _OF_EVAL:
        os.environ.pop(name, None)
    run_inspect(next_command(found, plan, shard, state))
    return ended_well(found, shard, state.logs)


def next_command(
    found: ShardSet, plan: ShardPlan, shard: Shard, state: ShardState
) -> tuple[str, ...]:
    """The arguments of `inspect` that begin or continue a shard."""
    if state.log is None:
        return plan.command(shard)
    folder = f"{found.place}/{shard.number}"
    env = [f"--env={each}" for each in eval_parameters(plan.arguments)["env"] or ()]
    return ("eval-retry", state.log, "--log-dir", folder, *env, *plan.connection_options())


def ended_well(found: ShardSet, shard: Shard, before: Sequence[str]) -> bool:
    """Whether a shard ended well. Logs that would hide its newest log are moved aside.

    Inspect orders logs by the times in their names, but the clocks of machines differ.
    """
    logs = shard_folders(found.place).attempts.get(str(shard.number), [])
    new = [log for log in logs if log not in before]
    state = shard_state(new)
    if state.finished:
        for log in logs[logs.index(new[-1]) + 1 :]:
            fs, path = fsspec.core.url_to_fs(log)
            aside = f"{found.beside}/superseded/{shard.number}"
            fs.makedirs(fsspec.core.url_to_fs(aside)[1], exist_ok=True)
            fs.mv(path, f"{fsspec.core.url_to_fs(aside)[1]}/{path.rpartition('/')[2]}")
    if state.header is not None and state.header.status == "success":
        return True
    cut_off = state.header is not None and state.header.status == "started"
    text = "could not finish its log; is the disk full?" if cut_off else state.text
    click.echo(f"shard {shard.number} {text}", err=True)
    return False


def _end_with_stdin() -> None:
    while os.read(0, 1024):
        pass
    _terminate()


def _terminate() -> None:
    """End the eval as a scheduler would, so that it writes its log and cleans up."""
    os.kill(os.getpid(), signal.SIGTERM)
