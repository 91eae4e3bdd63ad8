"""The simulated model as one pure function: from a conversation to a reply."""

from collections.abc import Sequence
from itertools import pairwise

from inspect_ai.model import ChatMessage
from inspect_ai.tool import ToolInfo

from .agent import make_plan
from .config import SimConfig
from .judge import investigate_reply, is_judge_request, judge_reply, results_shown
from .playbook import Playbook, find_playbook
from .scaffolds import Reply, find_scaffold
from .summarizer import is_summary_request, summarize_reply


def respond(
    config: SimConfig,
    books: Sequence[Playbook],
    messages: Sequence[ChatMessage],
    tools: Sequence[ToolInfo],
    scope: int,
) -> Reply:
    """Answer as judge, as summarizer or as agent, whichever the prompt asks for."""
    roles = [message.role for message in messages]
    first = roles.index("assistant") if "assistant" in roles else len(roles)
    asked = [message for message in messages[:first] if message.role in ("system", "user")]
    prompt = "\n\n".join(message.text for message in asked)
    answered = roles.count("assistant")
    if not tools and is_judge_request(prompt):
        return Reply(judge_reply(config, prompt, scope, answered))
    if not tools and is_summary_request(prompt):
        return Reply(summarize_reply(config, prompt, scope, answered))
    if tools and (folder := results_shown(prompt)):
        return investigate_reply(config, prompt, folder, scope, answered)
    scaffold = find_scaffold(prompt, tools)
    if scaffold is None:
        return Reply("I know no way to run a command here, and without one I can do nothing.")
    plan = make_plan(config, find_playbook(prompt, books), prompt, scope)
    position = answered + (_dropped(roles[first:]) if scaffold.drops_malformed else 0)
    move = plan.move(position)
    if move.kind == "finish" and scaffold.prepare and position < len(plan.moves):
        return scaffold.command("I write the patch that I hand in.", scaffold.prepare)
    if move.kind == "finish":
        return scaffold.finish(move.thought)
    say = scaffold.malformed if move.kind == "malformed" else scaffold.command
    return say(move.thought, move.command)


def _dropped(roles: Sequence[str]) -> int:
    """The number of answers that a scaffold removed; each left an error message behind."""
    return sum(role == "user" and before in ("user", "tool") for before, role in pairwise(roles))
