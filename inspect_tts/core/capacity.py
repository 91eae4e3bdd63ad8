"""Whether a machine has room for so many sandboxes at once. Pure: numbers in, a remedy out."""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Any

DEFAULT_POOLS: tuple[dict[str, Any], ...] = (
    *({"Base": f"172.{second}.0.0/16", "Size": 16} for second in range(17, 32)),
    {"Base": "192.168.0.0/16", "Size": 20},
)
"""Docker's address pools where the daemon's configuration names none."""

FILES_PER_ROLLOUT = 16
"""File descriptors that a rollout takes at most, for its commands and its model."""
FILES_BESIDE = 256
"""File descriptors that the process takes besides."""


def networks_possible(pools: Sequence[Mapping[str, Any]] | None) -> int:
    """How many bridge networks docker can make.

    Args:
        pools: `DefaultAddressPools` of `docker info`, None for docker's own.

    Returns:
        The number, docker's default bridge included.
    """
    counted = 0
    for pool in pools or DEFAULT_POOLS:
        counted += 2 ** max(0, pool["Size"] - ipaddress.ip_network(pool["Base"]).prefixlen)
    return counted


def needs_network(services: Mapping[str, Any]) -> bool:
    """Whether a compose project makes a network of its own.

    Args:
        services: Its services, as in the compose file.

    Returns:
        True where a service does not say that it takes none, or another one's.
    """
    return any("network_mode" not in (service or {}) for service in services.values())


OF_STRATEGY = ("-S max_rollouts", "--max-samples")
"""Options that say how many sandboxes are open at once; the first, how many rollouts."""


def network_shortage(
    *, possible: int, used: int, needed: int, options: Sequence[str] = OF_STRATEGY
) -> str | None:
    """What to do where docker cannot make enough networks.

    Args:
        possible: Networks that docker can make.
        used: Networks there are.
        needed: Sandboxes at once, each with a network.
        options: What to lower.

    Returns:
        The remedy, None where there is room.
    """
    free = max(0, possible - used)
    if free >= needed:
        return None
    return (
        f"docker has addresses for {free} more networks, and up to {needed} sandboxes at once need "
        "one each. Give the services `network_mode: none` if they need no network, name more "
        "default-address-pools in docker's daemon.json (a base of /12 with size 24 has room for "
        f"4096), or lower {' and '.join(options)} to {free}{' together' * (len(options) > 1)}"
    )


def file_shortage(*, limit: int, rollouts: int, options: Sequence[str] = OF_STRATEGY) -> str | None:
    """What to do where the process may not open enough files.

    Args:
        limit: File descriptors that it may have.
        rollouts: Rollouts at once.
        options: What to lower, the first.

    Returns:
        The remedy, None where there is room.
    """
    needed = FILES_BESIDE + FILES_PER_ROLLOUT * rollouts
    if limit >= needed:
        return None
    return (
        f"this process may open {limit} files, and {rollouts} rollouts at once need about "
        f"{needed}. Run `ulimit -n {needed}` first, or lower {options[0]} to "
        f"{max(1, (limit - FILES_BESIDE) // FILES_PER_ROLLOUT)}"
    )
