"""Close matches between a right and a wrong result, and agents that investigate them."""

import re
from pathlib import Path
from typing import Any

from executed import RIGHT, WRONG, leaves, repository
from helpers import say, shell
from inspect_ai import Task
from inspect_ai.log import EvalLog
from inspect_ai.model import ChatMessage, GenerateConfig, ModelOutput, ModelUsage
from scripted import Policy, acting, model, prefer, reply, run, summarize

from inspect_tts import RolloutPool, rtv
from inspect_tts.method.records import Investigation, Match

TRY = 'sh {0}/use {1} && python3 -c "from sums import add; print({2}, add(2, 5))"'


def first_shown(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
    """A judge whose votes follow the display order: a tie of an even number, else a lead of one."""
    return reply("Final verdict: Solution 1")


def folder_of(input: list[ChatMessage]) -> str:
    """Where the agent was told that the results are."""
    found = re.search(r"In (\S+) are", input[0].text)
    assert found is not None
    return found[1]


def paid(output: ModelOutput, dollars: float = 0.0) -> ModelOutput:
    """With a usage that is worth so much at the price `bad_ends.PRICE`."""
    read = int(dollars * 10**6)
    output.usage = ModelUsage(
        input_tokens=10, output_tokens=5, input_tokens_cache_read=read, total_tokens=15
    )
    return output


def tries_both(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
    """Runs both results, reads what they print, and names the one that adds."""
    folder, said = folder_of(input), "\n".join(m.text for m in input if m.role == "tool")
    if not said:
        each = [TRY.format(folder, f"solution_{n}", n) for n in (1, 2)]
        return paid(shell("; ".join(each)))
    right = re.search(r"^(\d) 7$", said, re.MULTILINE)
    assert right is not None, said
    return paid(say(f"It adds.\n\nFinal verdict: Solution {right[1]}"))


def says_always(output: str | ModelOutput, dollars: float = 0.0) -> Policy:
    """An agent that gives the same answer every time."""

    def answer(input: list[ChatMessage], config: GenerateConfig) -> ModelOutput:
        return paid(say(output) if isinstance(output, str) else output.model_copy(), dollars)

    return answer


def roles(investigator: Policy | None, judge: Policy = first_shown) -> dict[str, Any]:
    found = {"summarizer": model(summarize, "summarizer"), "judge": model(judge, "judge")}
    if investigator is not None:
        found["investigator"] = model(investigator, "investigator")
    return found


def investigate(
    folder: Path,
    investigator: Policy | None = tries_both,
    *,
    task: Task | None = None,
    judge: Policy = first_shown,
    agent: Any = None,
    eval_args: dict[str, Any] | None = None,
    **options: Any,
) -> EvalLog:
    """Run rtv on a right and a wrong result whose match is close."""
    given: dict[str, Any] = {"n": 2, "votes": 2, "close": "investigate", **options}
    agent = agent or acting(leaves("#good", RIGHT), leaves("#b", WRONG))
    given_roles = roles(investigator, judge)
    return run(
        task or repository(),
        rtv(agent=agent, **given),
        folder,
        model_roles=given_roles,
        **(eval_args or {}),
    )


def matches(found: RolloutPool) -> list[Match]:
    return [match for s in found.selections for round in s.rounds for match in round.matches]


def only_match(found: RolloutPool) -> tuple[Match, Investigation]:
    """The one match of a pool, and its investigation."""
    [match] = matches(found)
    assert match.investigation is not None
    return match, match.investigation


BEST = prefer("#good")
