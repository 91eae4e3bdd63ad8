"""The command `inspect-tts shard`: one run in shards, on one machine or many."""

import json
from typing import Any

import click

from inspect_tts._inspect.command import MERGE, can_merge, run_inspect
from inspect_tts.errors import UserError
from inspect_tts.resume.lease import LeaseHeldError, take_lease

from . import printed
from .executors import connect_ray, run_local, run_ray
from .launch import changed_load, check_again, new_plan
from .plan import ShardPlan
from .sets import ShardSet
from .worker import run_shard


@click.command(
    context_settings={"ignore_unknown_options": True, "help_option_names": ["--help"]},
    epilog="All other options are those of `inspect eval`, and reach every shard.",
)
@click.argument("arguments", nargs=-1, type=click.UNPROCESSED, metavar="TASK [EVAL OPTIONS]...")
@click.option("--shards", type=click.IntRange(min=1), help="Number of shards.")
@click.option(
    "--executor",
    type=click.Choice(["local", "ray", "print"]),
    default="local",
    show_default=True,
    help="What starts the shards: processes on this machine, Ray, or you (prints the commands).",
)
@click.option("--at-once", type=click.IntRange(min=1), help="Shards at once. Default: all.")
@click.option(
    "--pilot",
    metavar="PATH",
    help="Logs with the cost of each problem, to balance the shards. Default: equal numbers.",
)
@click.option(
    "--shard-seed",
    type=int,
    default=0,
    show_default=True,
    help="Seed for dealing problems to shards.",
)
@click.option("--resume", metavar="SET", help="Continue the set <log dir>/<name>.shards.")
@click.option("--run", metavar="SET/K", help="Run one shard; what every executor starts.")
@click.option("--merge", metavar="SET", help="Merge the logs into one, if Inspect can.")
@click.option("--address", help="Address of a Ray cluster. Default: start one on this machine.")
@click.option(
    "--ray-cpus",
    type=click.FloatRange(min=0),
    default=1,
    show_default=True,
    help="CPUs of a shard.",
)
@click.option("--ray-resources", default="{}", metavar="JSON", help="Other resources of a shard.")
@click.option("--ray-runtime-env", metavar="FILE", help="Ray's runtime environment, as JSON.")
@click.pass_context
def shard(
    context: click.Context,
    /,
    arguments: tuple[str, ...],
    shards: int | None,
    resume: str | None,
    run: str | None,
    merge: str | None,
    at_once: int | None,
    pilot: str | None,
    shard_seed: int,
    **how: Any,
) -> None:
    """Run a task's problems in shards: on this machine, on a Ray cluster, or on your own scheduler.

    The shards are at <log dir>/<name>.shards/<number>, in Inspect's layout. A plan is beside them.
    """
    if run is not None:
        if not run_shard(run):
            context.exit(1)
    elif merge is not None:
        _merge(merge, arguments)
    elif resume is not None:
        found = ShardSet(resume)
        plan = found.plan()
        if shards not in (None, len(plan.shards)):
            raise UserError(
                f"--shards is {len(plan.shards)} in the plan, but {shards} was given: leave it "
                "out, or begin another set"
            )
        check_again(plan, arguments)
        plan = changed_load(plan, at_once, arguments)
        _execute(context, found, plan, **how)
    elif shards is None:
        raise UserError("give --shards N and a task, --resume SET, --run SET/K or --merge SET")
    else:
        plan = new_plan(arguments, shards=shards, at_once=at_once, seed=shard_seed, pilot=pilot)
        _execute(context, ShardSet(plan.set), plan, new=True, **how)


def _execute(
    context: click.Context,
    found: ShardSet,
    plan: ShardPlan,
    *,
    executor: str,
    address: str | None,
    ray_cpus: float,
    ray_resources: str,
    ray_runtime_env: str | None,
    new: bool = False,
) -> None:
    printing = executor == "print"  # keeps everything but commands off the standard output
    resources = _resources(ray_resources)
    ray = connect_ray(address, ray_runtime_env) if executor == "ray" else None
    try:
        lease = take_lease(found.lease("launcher"), wait=False)
    except LeaseHeldError as error:
        raise UserError(
            f"{found.place} is being run by another launcher, {error}: wait for it, or end it first"
        ) from None
    except OSError as error:
        raise UserError(f"{found.beside} cannot be written: {error}") from error
    try:
        if new or plan != found.plan():
            path = found.write("plan.json", plan.model_dump_json(indent=1))
            text = f"{len(plan.ids)} problems in {len(plan.shards)} shards, as {path} says"
            click.echo(text, err=printing)
        numbers = [k for k, state in found.states(plan).items() if not state.finished]
        if not new:
            click.echo(
                f"{len(plan.shards) - len(numbers)} of {len(plan.shards)} shards are finished",
                err=printing,
            )
        if printing:
            _print(found, plan)
            return
        if ray is not None:
            failed = run_ray(ray, found, plan, numbers, cpus=ray_cpus, resources=resources)
        else:
            failed = run_local(found, plan, numbers)
        left = [k for k, state in found.states(plan).items() if not state.finished]
        if not left:
            found.clear(plan)
        _tell(found, failed, [k for k in left if k not in failed])
        if failed:
            context.exit(1)
    finally:
        lease.release()


def _is_amount(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value >= 0


def _resources(text: str) -> dict[str, float]:
    try:
        found = json.loads(text)
        if isinstance(found, dict) and all(_is_amount(v) for v in found.values()):
            return found
    except ValueError:
        pass
    raise UserError(
        f'--ray-resources {text!r} is not a JSON object of numbers, such as {{"docker": 1}}'
    )


def _print(found: ShardSet, plan: ShardPlan) -> None:
    click.echo(printed.commands(plan), nl=False)
    for name, text in (("slurm.sh", printed.slurm(plan)), ("job.json", printed.kubernetes(plan))):
        click.echo(f"wrote {found.write(name, text)}", err=True)


def _tell(found: ShardSet, failed: list[int], partly: list[int]) -> None:
    if partly and not failed:
        click.echo(
            "the shards ended, with errors in some problems of shards "
            f"{', '.join(map(str, partly))}\nto run these again: "
            f"inspect-tts shard --resume {found.place}\n"
            f"to see them: inspect-tts report {found.place}"
        )
        return
    if failed:
        click.echo(
            f"{len(failed)} shards failed: {', '.join(map(str, failed))}\nto continue: "
            f"inspect-tts shard --resume {found.place}"
        )
    else:
        click.echo(f"all shards finished\nto see them: inspect-tts report {found.place}")


def _merge(place: str, arguments: tuple[str, ...]) -> None:
    found = ShardSet(place)
    plan = found.plan()
    if left := [k for k, state in found.states(plan).items() if not state.finished]:
        click.echo(f"not finished yet: shards {', '.join(map(str, left))}", err=True)
    if not can_merge():
        raise UserError(
            f"the installed Inspect has no `inspect log {MERGE}`: upgrade inspect-ai. Without it, "
            "inspect-tts report, replay and predictions read the shard set itself"
        )
    run_inspect(["log", MERGE, found.place, *arguments])
