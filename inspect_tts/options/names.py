"""Validate options that name models or agents."""

from collections.abc import Mapping
from typing import Any

from ..errors import UserError
from ..method.parameters import IterationParameters

_JUDGES = 'give judges=\'["provider/name", "judge2"]\': models, or roles given with --model-role'


def checked_judges(judges: Any) -> Any:
    """Refuse a value that names no judge, or the same judge twice."""
    if judges is None:
        return None
    names = [judges] if isinstance(judges, str) else judges
    if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
        raise UserError(f"judges={judges!r} is not a list of names; {_JUDGES}")
    if not names or not all(name.strip() for name in names):
        raise UserError(f"judges={judges!r} names no judge; {_JUDGES}, or leave it out")
    if twice := [name for name in names if names.count(name) > 1]:
        raise UserError(
            f"judges={judges!r} names {twice[0]!r} twice, so its votes would count twice; name "
            "each judge once"
        )
    return judges if isinstance(judges, str) else list(names)


def checked_shares(name: str, shares: Any) -> Any:
    """Refuse a value that names no models or agents for rollouts, or one of them twice."""
    if shares is None:
        return None
    of = "provider" if name == "models" else "package"
    how = f'give {name}=\'["{of}/one", "{of}/two"]\' to share rollouts evenly, or '
    how += f'{name}=\'{{"{of}/one": 8, "{of}/two": 8}}\' to say how many each has'
    if isinstance(shares, str):
        shares = [shares]
    names = [*shares] if isinstance(shares, list | tuple | Mapping) else []
    if not names or not all(isinstance(each, str) and each.strip() for each in names):
        raise UserError(f"{name}={shares!r} is not a valid list of names; {how}")
    if twice := [each for each in names if names.count(each) > 1]:
        raise UserError(f"{name}={shares!r} names {twice[0]!r} twice; {how}")
    if not isinstance(shares, Mapping):
        return names
    for each, count in shares.items():
        if isinstance(count, bool) or not isinstance(count, int) or count < 1:
            raise UserError(
                f"{name}={shares!r}: {count!r} is not a number of rollouts for {each!r}; {how}"
            )
    return dict(shares)


def check_sum(name: str, shares: Any, options: IterationParameters) -> None:
    """Refuse numbers of rollouts that do not add up to the total, and more names than rollouts."""
    n, most = options.most_rollouts, "max_n" if options.waves else "n"
    if isinstance(shares, dict) and (total := sum(shares.values())) != n:
        raise UserError(
            f"{name}={shares!r} adds up to {total} rollouts, but {most} is {n}; give "
            f"{most}={total}, or other numbers"
        )
    if shares is not None and len(shares) > n:
        raise UserError(
            f"{name} has {len(shares)} names, but {most} is {n}, so some would have no rollout; "
            f"give {most} >= {len(shares)}, or fewer names"
        )


def check_agents(agents: Any, agent: Any, agent_args: Any) -> None:
    """Refuse `agent` together with `agents`, and arguments that belong to none of the agents."""
    if agents is None:
        return
    if agent is not None:
        raise UserError(
            f"agents={agents!r} already names the agents; leave out agent, or give agent alone"
        )
    for name, args in (agent_args or {}).items():
        if name not in agents or not isinstance(args, dict):
            raise UserError(
                f"agent_args has {name}={args!r}, but agents={agents!r}; with agents, give the "
                'arguments of each under its name: agent_args=\'{"package/one": {"key": 1}}\''
            )
