"""Start the command of each shard, as a process on this machine or with Ray."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import click

from inspect_tts.errors import UserError
from inspect_tts.extras import install_command

from .plan import ShardPlan
from .sets import ShardSet
from .worker import END_WITH_STDIN

RETRIES = 20
"""How often Ray restarts a shard on another node after its node has died."""
_CONNECT = 10  # seconds
_TAIL = 2000


def shard_command(found: ShardSet, number: int | str) -> list[str]:
    """The command that begins or continues a shard."""
    return ["inspect-tts", "shard", "--run", f"{found.place}/{number}"]


def _module(command: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "inspect_tts", *command[1:]]


def run_local(found: ShardSet, plan: ShardPlan, numbers: Sequence[int]) -> list[int]:
    """Run shards as processes on this machine. Returns those that failed."""
    folder = Path(found.beside if found.local else mkdtemp(prefix="inspect_tts_")) / "output"
    folder.mkdir(parents=True, exist_ok=True)
    click.echo(f"the shards' output is in {folder}")
    running: list[subprocess.Popen[bytes]] = []

    def run(number: int) -> int:
        with (folder / f"{number}.txt").open("ab") as output:
            process = subprocess.Popen(
                _module(shard_command(found, number)),
                stdin=subprocess.PIPE,  # its end tells the shard that this process is gone
                stdout=output,
                stderr=subprocess.STDOUT,
                env=_environment(),
                start_new_session=True,  # only this process gets Ctrl-C, and stops the shards
            )
            running.append(process)
            return process.wait()

    def tell(number: int) -> str:
        said = (folder / f"{number}.txt").read_bytes()[-_TAIL:].decode(errors="replace")
        lines = [line for line in said.splitlines() if line.strip()]
        return lines[-1].strip() if lines else "it printed nothing"

    def stop() -> None:
        for process in running:
            if process.poll() is None and process.stdin is not None:
                process.stdin.close()

    return _each(numbers, plan.at_once, run, tell, stop)


def _environment() -> dict[str, str]:
    return {"INSPECT_DISPLAY": "plain"} | dict(os.environ) | {END_WITH_STDIN: "1"}


def _each(
    numbers: Sequence[int],
    at_once: int,
    run: Callable[[int], int],
    tell: Callable[[int], str],
    stop: Callable[[], None],
) -> list[int]:
    """Run up to `at_once` shards in parallel and say how each ended. Returns those that failed."""
    failed, waiting = [], list(numbers)
    with ThreadPoolExecutor(at_once) as pool:
        futures: dict[Future[int], int] = {}
        try:
            while waiting or futures:
                while waiting and len(futures) < at_once:
                    number = waiting.pop(0)
                    click.echo(f"shard {number} starts")
                    futures[pool.submit(run, number)] = number
                for future in wait(futures, return_when=FIRST_COMPLETED).done:
                    number = futures.pop(future)
                    if code := future.result():
                        failed.append(number)
                        click.echo(f"shard {number} failed ({code}): {tell(number)}", err=True)
                    else:
                        click.echo(f"shard {number} completed")
        except BaseException:
            stop()
            raise
    return sorted(failed)


def connect_ray(address: str | None, runtime_env: str | None) -> Any:
    """Connect to a Ray cluster, or start one on this machine."""
    try:
        import ray
    except ImportError as error:
        raise UserError(
            f"--executor ray needs Ray, which is not installed: {install_command('ray')}"
        ) from error
    given = _runtime_env(runtime_env) if runtime_env else None
    if address and address not in ("auto", "local"):
        _reach(address)
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    try:
        ray.init(
            address=address or "local",
            runtime_env=given,
            log_to_driver=False,
            ignore_reinit_error=True,
        )
    except (ConnectionError, RuntimeError, ValueError, OSError) as error:
        raise UserError(
            f"Ray cannot be reached at {address!r}: {error}. Give the address that `ray start` "
            "printed, auto, or no --address for a cluster on this machine"
        ) from error
    return ray


def _runtime_env(file: str) -> dict[str, Any]:
    why = "it is not a JSON object"
    try:
        given = json.loads(Path(file).read_text(encoding="utf-8"))
        if isinstance(given, dict):
            return given
    except (OSError, ValueError) as error:
        why = str(error)
    raise UserError(
        f"--ray-runtime-env {file} cannot be read: {why}. Give a file with a JSON object, as in "
        '{"env_vars": {"NAME": "value"}}'
    )


def _reach(address: str) -> None:
    host, _, port = address.rpartition("://")[2].rpartition(":")
    try:
        socket.create_connection((host, int(port)), _CONNECT).close()
    except (OSError, ValueError) as error:
        raise UserError(
            f"Ray cannot be reached at {address!r}: {error}. Give host:port or ray://host:port of "
            "a running cluster, auto, or no --address for a cluster on this machine"
        ) from error


def run_ray(
    ray: Any,
    found: ShardSet,
    plan: ShardPlan,
    numbers: Sequence[int],
    *,
    cpus: float,
    resources: dict[str, float],
) -> list[int]:
    """Run each shard as a Ray task, restarted on another node if its node dies."""
    task = ray.remote(run_here).options(
        num_cpus=cpus,
        resources=resources,
        max_retries=RETRIES,
        retry_exceptions=False,  # other failures would repeat
        scheduling_strategy="SPREAD",
    )
    said: dict[int, str] = {}

    def run(number: int) -> int:
        try:
            code, said[number] = ray.get(task.remote(shard_command(found, number)))
        except ray.exceptions.RayError as error:
            code, said[number] = 1, f"{type(error).__name__}: {error}".splitlines()[0]
        return int(code)

    return _each(numbers, plan.at_once, run, lambda number: said[number], ray.shutdown)


def run_here(command: list[str]) -> tuple[int, str]:
    """Run a command on the node of a Ray task. Returns its exit code and last line of output."""
    with subprocess.Popen(
        _module(command),
        stdin=subprocess.PIPE,  # its end tells the shard that Ray's process is gone
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        env=_environment(),
        text=True,
        errors="replace",
    ) as process:
        last = ""
        for line in process.stdout or ():
            last = line.strip() or last
            print(line, end="", flush=True)
    return process.returncode, last
