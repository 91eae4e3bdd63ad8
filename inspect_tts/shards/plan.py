"""The plan of a shard set: which problems each shard has, and how it runs. Pure."""

from collections.abc import Mapping, Sequence
from glob import escape

from pydantic import Field, PositiveInt

from inspect_tts.errors import UserError
from inspect_tts.method.records import Record
from inspect_tts.method.seeding import seeded_shuffle

SHARDS, PLAN = ".shards", ".plan"
"""Suffixes of the folder of a shard set, and of the folder beside it that holds the plan."""


class Shard(Record):
    """One shard of a plan."""

    number: int
    ids: tuple[str | int, ...]
    cost: float
    """Expected cost relative to other shards: the number of problems, or costs from a pilot."""


class ShardPlan(Record):
    """Everything that is needed to run any shard of a set on any machine."""

    set: str
    """The folder or URL of the shards, `<name>.shards`."""
    task: str
    arguments: tuple[str, ...]
    """Arguments of `inspect eval` for all shards, without ids, log folder and connections."""
    folder: str
    """The working directory, to which relative paths refer."""
    seed: int
    pilot: str | None = None
    at_once: PositiveInt
    """How many shards run at once."""
    max_connections: PositiveInt | None = None
    """Total for all shards that run at once."""
    shards: tuple[Shard, ...] = Field(min_length=1)
    versions: dict[str, str]

    @property
    def connections(self) -> int | None:
        """Maximum connections to a model for one shard; None if not limited."""
        return self.max_connections and self.max_connections // self.at_once

    @property
    def ids(self) -> tuple[str | int, ...]:
        """The problem ids of all shards."""
        return tuple(id for shard in self.shards for id in shard.ids)

    def command(self, shard: Shard) -> tuple[str, ...]:
        """The arguments of `inspect` that begin a shard."""
        given = ["eval", *self.arguments, "--sample-id", sample_id_option(shard.ids)]
        given += ["--log-dir", f"{self.set}/{shard.number}", "--log-format", "eval"]
        return (*given, *self.connection_options())

    def connection_options(self) -> tuple[str, ...]:
        """The shard's share of connections, as options of `inspect`."""
        return () if self.connections is None else ("--max-connections", str(self.connections))


def sample_id_option(ids: Sequence[str | int]) -> str:
    """The value of `--sample-id` that selects these problems and no others."""
    texts = [str(id) for id in ids]
    if bad := [text for text in texts if "," in text or text != text.strip() or not text]:
        raise UserError(
            f"the problem {bad[0]!r} cannot be given to `inspect eval --sample-id`, which "
            "separates ids by commas and strips spaces; give the problem another id"
        )
    return ",".join(map(escape, texts))


def deal(
    ids: Sequence[str | int], costs: Mapping[str, float], shards: int, seed: int
) -> tuple[Shard, ...]:
    """Deal problems to shards of about equal expected cost.

    Problems are dealt from the most to the least expensive, each to the shard with the lowest cost
    so far. A problem of unknown cost counts as the mean. A seeded draw orders equal costs.

    Args:
        ids: The problems, in the order of the dataset, which each shard keeps.
        costs: Known costs of problems, by id.
        shards: Number of shards.
        seed: Seed of the draw.
    """
    if not 1 <= shards <= len(ids):
        raise UserError(
            f"--shards {shards} is not possible with {len(ids)} problems: give 1 to {len(ids)}"
        )
    names = [str(id) for id in ids]
    known = [costs[name] for name in names if costs.get(name, 0.0) > 0]
    mean = sum(known) / len(known) if known else 1.0
    expected = {name: costs.get(name, 0.0) or mean for name in names}
    drawn = seeded_shuffle(names, seed=seed, key="shards")
    loads = [0.0] * shards
    places: dict[str, int] = {}
    for name in sorted(drawn, key=lambda name: -expected[name]):
        places[name] = min(range(shards), key=lambda number: (loads[number], number))
        loads[places[name]] += expected[name]
    dealt: list[list[str | int]] = [[] for _ in range(shards)]
    for id in ids:
        dealt[places[str(id)]].append(id)
    return tuple(Shard(number=k, ids=tuple(own), cost=loads[k]) for k, own in enumerate(dealt))


def without_options(arguments: Sequence[str], names: Sequence[str]) -> tuple[str, ...]:
    """Remove some options and their values from the arguments of a command."""
    kept: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        if argument in names:
            next(rest, None)
        elif not any(argument.startswith(f"{name}=") for name in names):
            kept.append(argument)
    return tuple(kept)
