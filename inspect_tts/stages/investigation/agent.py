"""Run the investigating agent in a sandbox that holds two results, and record what it found."""

from time import monotonic, time
from typing import Any

from inspect_ai.agent import as_solver, react
from inspect_ai.log import transcript
from inspect_ai.model import ChatMessageUser
from inspect_ai.solver import Generate, TaskState
from inspect_ai.tool import bash
from inspect_ai.util import span

from inspect_tts._inspect import Ended, latest_state, rollout_scope
from inspect_tts.evidence.facts import shortened_commands
from inspect_tts.method.records import Investigation
from inspect_tts.method.voting.close_matches import InvestigationEnd
from inspect_tts.models.failures import from_model, read_failure
from inspect_tts.models.judge import Question
from inspect_tts.models.messages import mend_events, mend_messages, mend_output
from inspect_tts.models.roles import Answer, usage
from inspect_tts.stages.evidence.fresh import FreshSandbox
from inspect_tts.text.parsing import spoken
from inspect_tts.text.trajectory import elide
from inspect_tts.text.writable import writable
from inspect_tts.workspace.commands import commands_run, events_within, find_leaks

COMMAND_SECONDS = 180
_MOST_COMMANDS = 200
_MOST_TEXT = 20_000


async def run_agent(
    fresh: FreshSandbox, generate: Generate, question: Question, *, id: str, turns: int
) -> tuple[Investigation, Ended]:
    """Run the agent until it answers, and once more if its answer is unreadable."""
    places = {"folder": fresh.tree.beside, "workspace": fresh.tree.top, "turns": turns}
    state, answers, began, started = fresh.state, list[Answer](), time(), monotonic()
    state.message_limit = None  # the sample's message limit is for rollouts
    state.messages = [ChatMessageUser(content=question.text(**places))]
    # no submit() tool: the verdict stands at the end of the answer, as a judge's does
    shell = bash(timeout=COMMAND_SECONDS)
    solve = as_solver(react(prompt=None, tools=[shell], model=question.model, submit=False))
    # type "agent" makes the viewer fold it
    async with span(f"investigation {id}", type="agent", id=f"{id}-investigation"):
        async with rollout_scope(fresh.view, state, turns=turns, seconds=None) as ended:
            state = await solve(state, generate)
            answers.append(_answer(state))
            if question.read(answers[0]) is None:
                state.messages.append(question.again(cut=answers[0].cut))
                state = await solve(state, generate)
                answers.append(_answer(state))
        if ended.limit or ended.error:
            state = latest_state(state)
        events = list(events_within(f"{id}-investigation"))
        mend_events(events)
        mend_messages(state.messages)
        mend_output(state.output)
        executed, seconds = commands_run(events), monotonic() - started
        found = _found(question, answers, ended).model_copy(
            update={
                "commands": shortened_commands(executed, _MOST_COMMANDS),
                "leaks": await find_leaks(
                    executed,
                    state.messages,
                    repo=state.metadata.get("repo"),
                    commit=fresh.tree.identity.partition(" ")[0],
                    began=began,
                ),
                "seconds": seconds,
            }
        )
        shown: dict[str, Any] = found.model_dump(mode="json", exclude={"text", "commands"})
        transcript().info({"investigation": shown}, source="inspect_tts")
    return found, ended


def _answer(state: TaskState) -> Answer:
    """The agent's last answer without its reasoning, in which a verdict does not count."""
    output = state.output
    cut = bool(output.choices) and output.stop_reason == "max_tokens"
    return Answer(spoken(writable(output.completion)), cut=cut)


def _found(question: Question, answers: list[Answer], ended: Ended) -> Investigation:
    order = tuple(rollout.id for rollout in question.shown)
    how: InvestigationEnd = "unreadable"
    number, reason = None, "no readable verdict"
    if ended.limit is not None:
        how, reason = "limit", ended.limit.message
    elif ended.error is not None:
        how, reason = "error", f"{type(ended.error).__name__}: {ended.error}"
        if from_model(ended.error):
            reason = read_failure(ended.error).reason
    elif (number := question.read(answers[-1])) is not None:
        how, reason = "verdict", ""
    return Investigation(
        order=order,
        ended=how,
        verdict=None if number is None else order[number - 1],
        reason=writable(reason[:500]) or None,
        fence=question.fence,
        turns=ended.turns,
        reasked=len(answers) > 1,
        text=elide("\n\n".join(answer.text for answer in answers), _MOST_TEXT),
        model=str(question.model),
        usage=usage(ended.usage),
    )
