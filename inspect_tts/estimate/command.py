"""`inspect-tts estimate`: estimate the cost of a run before it starts."""

import json
from collections.abc import Sequence
from typing import Any

import click
from rich.console import Console
from rich.table import Table

from inspect_tts import strategies
from inspect_tts._inspect.command import parse_cli_args
from inspect_tts.errors import UserError
from inspect_tts.method.records import Rollout, Selection, Usage
from inspect_tts.options import RtvOptions
from inspect_tts.strategies import STRATEGIES

from .counts import Averages, Counts, counts, measured


@click.command()
@click.argument("strategy", type=click.Choice(list(STRATEGIES)))
@click.option("--problems", type=click.IntRange(min=1), default=1, show_default=True)
@click.option(
    "-S", "args", multiple=True, metavar="NAME=VALUE", help="An argument of the strategy."
)
@click.option(
    "--pilot", metavar="PATH", help="A log of a small run, or a folder or URL of such logs."
)
@click.option(
    "--tokens", metavar="ROLLOUT,SUMMARY,VOTE", help="Average tokens of each, instead of a pilot."
)
@click.option("--cost", metavar="ROLLOUT,SUMMARY,VOTE", help="Average dollars of each.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def estimate(
    strategy: str,
    problems: int,
    args: tuple[str, ...],
    pilot: str | None,
    tokens: str | None,
    cost: str | None,
    as_json: bool,
) -> None:
    """Estimate the cost of STRATEGY: rollouts, calls, tokens, dollars, sandboxes, disk.

    The counts follow from the arguments. Tokens and dollars need averages, from a pilot log of the
    same agent and models or from options; the size of the log needs a pilot.
    """
    options = strategy_options(strategy, args)
    found = counts(options.arguments(), final=strategy != "pdr")
    judges = options.panel if found.votes and len(options.panel) > 1 else ()
    averages, log_bytes = _averages(pilot, tokens, cost, judges)
    rows = _rows(found, problems, averages, log_bytes, judges, options)
    if as_json:
        click.echo(json.dumps({"strategy": strategy, "problems": problems, "rows": rows}, indent=1))
        return
    table = Table(title=f"{strategy} on {problems} problem{'s' * (problems != 1)}")
    for column in ("", "per problem", "all"):
        table.add_column(column, justify="left" if not column else "right")
    for row in rows:
        table.add_row(row["what"], _shown(row["each"]), _shown(row["all"]))
    console = Console()
    console.print(table)
    room = options.max_rollouts or "the larger of n and the sandbox limit"
    console.print(
        f"Sandboxes open at once: one for each running problem, plus {room} for the rollouts of "
        f"all problems (up to {found.sandboxes} per problem)."
    )
    if averages is None:
        console.print("Tokens and dollars need averages: give --pilot LOG or --tokens.")


def strategy_options(strategy: str, args: Sequence[str]) -> RtvOptions:
    """A strategy's options, with the values given as `-S`."""
    for arg in args:
        if "=" not in arg:
            raise UserError(f"-S {arg!r} has no value; give -S name=value")
    given = parse_cli_args(tuple(args))
    getattr(strategies, strategy)(**given)  # refuses what a run would refuse
    return STRATEGIES[strategy](**given)


def _averages(
    pilot: str | None, tokens: str | None, cost: str | None, judges: Sequence[str]
) -> tuple[Averages | None, float | None]:
    if pilot is not None:
        return _of_pilot(pilot, judges)
    if tokens is None:
        if cost is not None:
            raise UserError(f"--cost {cost!r} needs --tokens as well, or give --pilot LOG")
        return None, None
    dollars = _three("--cost", cost) if cost else (None,) * 3
    usages = [
        Usage(total_tokens=round(number), cost=price)
        for number, price in zip(_three("--tokens", tokens), dollars, strict=True)
    ]
    return Averages(rollout=usages[0], summary=usages[1], vote=usages[2]), None


def _of_pilot(pilot: str, judges: Sequence[str]) -> tuple[Averages, float]:
    """Averages over a log or all logs in a folder, and bytes of log per rollout."""
    import fsspec

    from inspect_tts.report.logs import find_logs
    from inspect_tts.report.samples import problem_pools

    def malformed(part: str, why: str) -> None:
        click.echo(f"{part} is malformed and left out: {why}", err=True)

    rollouts: list[Rollout] = []
    selections: list[Selection] = []
    size = 0
    for log in find_logs([pilot])[0]:
        for _, pool in problem_pools(
            log.location, malformed, exclude_fields={"events", "messages"}
        ):
            rollouts += pool.rollouts
            selections += pool.selections
        fs, path = fsspec.core.url_to_fs(log.location)
        size += fs.size(path)
    if not rollouts:
        raise UserError(
            f"--pilot {pilot} contains no rollouts of inspect_tts; give a log of a run with one "
            f"of {', '.join(STRATEGIES)}"
        )
    return measured(rollouts, selections, judges), size / len(rollouts)


def _three(option: str, text: str) -> tuple[float, float, float]:
    try:
        rollout, summary, vote = map(float, text.split(","))
    except ValueError:
        why = f"{option} {text!r} is not three numbers; give ROLLOUT,SUMMARY,VOTE"
        raise UserError(why) from None
    return rollout, summary, vote


def _rows(
    found: Counts,
    problems: int,
    averages: Averages | None,
    log_bytes: float | None,
    judges: Sequence[str],
    options: RtvOptions,
) -> list[dict[str, Any]]:
    rollouts, votes = (found.fewest_rollouts, found.rollouts), (found.fewest_votes, found.votes)
    numbers: dict[str, Sequence[float]] = {
        "rollouts": rollouts,
        "summaries": rollouts,
        "votes": votes,
        **{f"votes of {name}": [end / len(judges) for end in votes] for name in judges},
    }
    looked = found.investigations
    if looked:
        numbers["investigations"] = (0, looked)
        numbers["calls of investigations"] = (0, looked * options.investigation_turns)
    if averages is not None:
        ends = list(map(averages.total, rollouts, votes))
        but = " without investigations" if looked else ""
        numbers[f"tokens{but}"] = [end.total_tokens for end in ends]
        dollars = [end.cost for end in ends if end.cost is not None]
        if len(dollars) == 2:
            most = looked * options.investigation_cost
            numbers["dollars"] = [dollars[0], dollars[1] + most]
    if log_bytes is not None:
        numbers["log, MiB"] = [count * log_bytes / 2**20 for count in rollouts]
    return [
        {"what": what, "each": [*ends], "all": [end * problems for end in ends]}
        for what, ends in numbers.items()
    ]


def _shown(ends: Sequence[float]) -> str:
    low, high = (f"{end:,.2f}" if 0 < end < 100 and end % 1 else f"{end:,.0f}" for end in ends)
    return low if low == high else f"{low} to {high}"
