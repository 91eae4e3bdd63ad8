"""How an agent records how it ended."""

from inspect_ai.util import Store, StoreModel

from inspect_tts.method.records import Status


class AgentEnd(StoreModel):
    """How an agent ended, by its own account. The agent sets it with `store_as(AgentEnd)`.

    These fields are copied to the rollout's record. An agent that sets none of them ends as
    `completed` when it returns. An agent that raises an exception ends as `error`, whatever it set.
    """

    exit_status: str | None = None
    """The end in the agent's own words, for example `Submitted` or `LimitsExceeded`."""
    submission: str | None = None
    """What the agent submitted, for example a patch."""
    status: Status = "completed"
    """Status of the rollout if the agent returns, for example `limit` if it stopped before it was
    done."""


def agent_end(store: Store) -> AgentEnd | None:
    """Read how the agent ended; None if it recorded nothing."""
    if not any(key.startswith(f"{AgentEnd.__name__}:") for key in store.keys()):  # noqa: SIM118 - no mapping
        return None
    return AgentEnd(store=store)
