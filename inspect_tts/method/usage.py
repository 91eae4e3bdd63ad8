"""The base of all records, and what model calls used."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

MOST = 10**18
"""The largest number that a record may hold, so that sums stay finite."""

Count = Annotated[int, Field(ge=0, le=MOST)]
Seconds = Annotated[float, Field(ge=0, le=MOST, allow_inf_nan=False)]


class Record(BaseModel):
    """Base of all records: immutable, unknown fields refused.

    Logs leave out None, so a field that may be None has that default.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")


class Usage(Record):
    """Tokens and dollars of one or more model calls."""

    input_tokens: int = 0
    """Input tokens charged in full (neither read from nor written to a prompt cache)."""
    cache_read_tokens: int = 0
    cache_write_tokens: int = 0
    output_tokens: int = 0
    total_tokens: int = 0
    cost: float | None = None
    """Dollars; None if Inspect knows no price for the model."""

    def __add__(self, other: "Usage") -> "Usage":
        """Add two usages; the cost is known only if the cost of all tokens is."""
        costs = [each.cost for each in (self, other) if each.cost is not None]
        unknown = any(each.cost is None and each.total_tokens for each in (self, other))
        return Usage(
            input_tokens=self.input_tokens + other.input_tokens,
            cache_read_tokens=self.cache_read_tokens + other.cache_read_tokens,
            cache_write_tokens=self.cache_write_tokens + other.cache_write_tokens,
            output_tokens=self.output_tokens + other.output_tokens,
            total_tokens=self.total_tokens + other.total_tokens,
            cost=sum(costs) if costs and not unknown else None,
        )


def _in_range(usage: Usage) -> Usage:
    for name, number in usage:
        if number is not None and not 0 <= number <= MOST:  # NaN is out of range, too
            raise ValueError(f"{name} is out of range: it must be from 0 to {MOST:.0e}")
    return usage


Spent = Annotated[Usage, AfterValidator(_in_range)]
"""A usage whose numbers are checked, because somebody may have edited the record."""
