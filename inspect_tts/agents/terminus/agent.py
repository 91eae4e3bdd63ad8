"""The agent: it types into one terminal, and answers with one JSON object per turn."""

from collections.abc import Sequence
from contextlib import nullcontext

from inspect_ai.agent import Agent, AgentState, agent
from inspect_ai.log import transcript
from inspect_ai.model import ChatMessageSystem, ChatMessageUser, Model, get_model
from inspect_ai.util import store_as, time_limit
from pydantic import Field, JsonValue

from inspect_tts._inspect import sample_metadata
from inspect_tts.agents.ending import AgentEnd
from inspect_tts.arguments import Options, takes
from inspect_tts.method.records import AGENT_TIME_LIMIT
from inspect_tts.prompts import Prompt, load_prompt

from .record import TerminusRecord
from .screen import SOURCE, Command, Turn, observation, parse_turn, shown
from .script import HISTORY, Ended, Seen
from .terminal import Terminal

Prompts = dict[str, Prompt]


class TerminusOptions(Options):
    """Arguments of `terminus`."""

    max_turns: int = Field(default=50, ge=1)
    """Answers of the model, unreadable ones included."""
    max_seconds: float = Field(default=3600, ge=1)
    """Longest wait for one command, in seconds, whatever its `timeout_sec`."""
    max_output: int = Field(default=10_000, ge=200)
    """Characters of the terminal that the model reads after a turn; more is cut out of the
    middle."""
    width: int = Field(default=160, ge=20)
    """Columns of the terminal."""
    height: int = Field(default=40, ge=5)
    """Rows of the terminal."""
    user: str | None = None
    """Who types; default the sample's `agent_user`, or the sandbox's default user."""
    prompt: str | None = None
    """Replaces the instructions: the text, or the path of a file."""
    observation_prompt: str | None = None
    """Replaces the text around what is new in the terminal."""
    reask_prompt: str | None = None
    """Replaces what follows an answer that cannot be read."""


@agent
@takes(TerminusOptions)
def terminus(options: TerminusOptions) -> Agent:
    """Terminus 1, built from its public description: an agent that types into one terminal.

    The terminal is a tmux session in the default sandbox. Each turn is a JSON object with
    `state_analysis`, `explanation`, `commands` (`keystrokes`, `is_blocking`, `timeout_sec`) and
    `is_task_complete`; the agent gets the new output of the terminal back. When the agent ends, the
    session stays open, with everything that runs in it.

    If the sample's metadata has them, `agent_user` is the terminal's user, and `agent_time_limit`
    is the number of seconds that the agent may take, as in `terminal_bench`.

    Returns:
        The agent.

    Raises:
        UserError: If an argument is out of range or a prompt incomplete.
    """
    given = {"": options.prompt, "_observation": options.observation_prompt}
    given["_reask"] = options.reask_prompt
    prompts = {f"terminus{key}": load_prompt(f"terminus{key}", text) for key, text in given.items()}

    async def execute(state: AgentState) -> AgentState:
        metadata = sample_metadata()
        seconds = metadata.get(AGENT_TIME_LIMIT)
        user = options.user or metadata.get("agent_user")
        terminal = Terminal(user, options.width, options.height)
        with time_limit(seconds) if seconds is not None else nullcontext():
            state = await _work(state, options, prompts, terminal)
        end, how = store_as(AgentEnd), store_as(TerminusRecord).ended
        end.exit_status, end.status = how, "completed" if how == "complete" else "limit"
        return state

    return execute


async def _work(
    state: AgentState, options: TerminusOptions, prompts: Prompts, terminal: Terminal
) -> AgentState:
    model, record = get_model(), store_as(TerminusRecord)
    record.max_turns = options.max_turns
    record.prompts = [each.record for each in prompts.values()]
    seen = await terminal.start()
    state.messages.insert(0, ChatMessageSystem(content=prompts["terminus"].format()))

    def observe(before: str, commands: Sequence[Command]) -> None:
        output = observation(before, seen.screen, limit=options.max_output)
        notes = "".join(f"{note}\n\n" for note in _notes(seen, commands))
        text = prompts["terminus_observation"].format(notes=notes, output=output)
        state.messages.append(ChatMessageUser(content=text))

    observe("", ())
    while record.turns < options.max_turns:
        turn = await _ask(state, prompts["terminus_reask"], model, record)
        if record.ended:
            return state
        if turn is None:
            continue
        commands = [_capped(command, options.max_seconds) for command in turn.commands]
        before = seen.screen.visible
        if commands or not turn.is_task_complete:
            seen = await terminal.type(commands)
            record.timeouts += sum(each.ending == "timeout" for each in seen.ended)
            _note(commands, seen.ended)
        if turn.is_task_complete:
            record.ended = "complete"
            return state
        observe(before, commands)
    record.ended = "max_turns"
    return state


async def _ask(
    state: AgentState, reask: Prompt, model: Model, record: TerminusRecord
) -> Turn | None:
    """Get one answer of the model; None if it cannot be read, or if the model must stop."""
    state.output = await model.generate(state.messages)
    state.messages.append(state.output.message)
    record.turns += 1
    if state.output.stop_reason in ("content_filter", "model_length"):
        record.ended = state.output.stop_reason
        return None
    try:
        return parse_turn(state.output.completion)
    except ValueError as error:
        reason = str(error)
        if state.output.stop_reason == "max_tokens":
            reason = f"it was cut off at the limit of output tokens ({reason})"
    record.format_errors += 1
    state.messages.append(ChatMessageUser(content=reask.format(error=reason)))
    return None


def _capped(command: Command, most: float) -> Command:
    return command.model_copy(update={"timeout_sec": min(command.timeout_sec, most)})


def _notes(seen: Seen, commands: Sequence[Command]) -> list[str]:
    notes = []
    for number, (command, ended) in enumerate(zip(commands, seen.ended, strict=False), start=1):
        if ended.ending == "timeout":
            rest = " The commands after it were not typed." if number < len(commands) else ""
            notes.append(
                f"Command {number} ({shown(command.keystrokes)}) did not end within "
                f"{command.timeout_sec:g} seconds and may still be running.{rest}"
            )
    if seen.shell_ended:
        notes.append("The shell of the terminal ended; a new one was started.")
    if seen.lines_lost:
        notes.append(f"More than {HISTORY} lines were printed; the first of them are lost.")
    return notes


def _note(commands: Sequence[Command], ended: Sequence[Ended]) -> None:
    """Log what was typed; the rollout's facts are read from this event."""
    typed: list[JsonValue] = [
        {"keystrokes": command.keystrokes, "ending": each.ending, "returncode": each.returncode}
        for command, each in zip(commands, ended, strict=False)
    ]
    transcript().info({"typed": typed}, source=SOURCE)
