"""Render a trajectory of any length as text within a token budget."""

import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from inspect_ai.model import ChatMessage, ChatMessageAssistant, ChatMessageTool

CHARS_PER_TOKEN = 3
"""Approximate characters per token in code and logs; more in English, fewer in hex dumps."""

_OBSERVATION_FLOOR = 400  # an observation is not cut below this before whole steps are left out
_ACTION_CAP = 12_000  # a single action longer than this is elided as well

_MOST_MISSES = 200  # quoted texts not found; each one costs a search of the whole prompt
_QUOTE_FLOOR = 400  # shorter texts are not worth a piece: some providers limit the number

# headings that a step's own text must not imitate: an agent could invent a command's output
_HEADING = re.compile(r"^\[(~*+(?:step\s\d|observation\]))", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True)
class Step:
    """One action of the agent and its observations."""

    number: int
    action: str
    observation: str

    def render(self) -> str:
        """The step as prompts show it; nothing in it can be taken for the next step."""
        parts = [f"[step {self.number}]", _HEADING.sub(r"[~\1", self.action)]
        if self.observation:
            parts += ["[observation]", _HEADING.sub(r"[~\1", self.observation)]
        return "\n".join(parts)


def steps(messages: Sequence[ChatMessage]) -> tuple[Step, ...]:
    """Split a conversation into steps."""
    found: list[tuple[str, list[str]]] = []
    for message in messages:
        if isinstance(message, ChatMessageAssistant):
            found.append((_action(message), []))
        elif found and message.role != "system":
            told, text = found[-1][1], _observation(message)
            if text or told:
                told.append(text)
    return tuple(
        Step(number, action, "\n".join(told)) for number, (action, told) in enumerate(found, 1)
    )


def render_trajectory(messages: Sequence[ChatMessage], *, budget_tokens: int) -> str:
    """Render a trajectory: head and tail kept, the middle of long observations elided.

    Observations are cut to the longest common length that fits. If that would leave less than 400
    characters of each, steps in the middle are left out as well. Each cut says how much is missing.
    """
    if budget_tokens < 500:
        raise ValueError(f"budget_tokens={budget_tokens}: a trajectory needs at least 500 tokens")
    budget = budget_tokens * CHARS_PER_TOKEN
    action_cap = min(_ACTION_CAP, budget // 8)
    todo = [replace(s, action=elide(s.action, action_cap)) for s in steps(messages)]
    longest = max((len(s.observation) for s in todo), default=0)
    if len(whole := _join(todo, longest)) <= budget:
        return whole
    floor = min(_OBSERVATION_FLOOR, budget // 8)
    if len(_join(todo, floor)) > budget:
        return _drop_middle(todo, floor, budget)
    low, high = floor, longest
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (middle, high) if len(_join(todo, middle)) <= budget else (low, middle)
    return _join(todo, low)


def split_at(text: str, quoted: Iterable[str]) -> list[str]:
    """Split a prompt so that Inspect can store repeated message texts once.

    Inspect stores equal texts once; a prompt in one piece would repeat everything it quotes.
    """
    pieces, done, misses = [], 0, 0
    for raw in quoted:
        if misses > _MOST_MISSES:
            break
        bare = raw.strip()
        worthwhile = len(bare) >= _QUOTE_FLOOR and len(raw) - len(bare) < 10
        at = text.find(bare, done) if worthwhile else -1
        misses += worthwhile and at < 0
        if at >= 0:
            pieces += [text[done:at], raw]
            done = at + len(bare)
    whole: list[str] = []
    for piece in (*pieces, text[done:]):
        if whole and not (piece.strip() and whole[-1].strip()):  # providers refuse blank pieces
            whole[-1] += piece
        else:
            whole.append(piece)
    return [piece for piece in whole if piece]


def elide(text: str, limit: int) -> str:
    """Replace the middle of a long text with a note."""
    if len(text) <= limit:
        return text
    room = max(0, limit - len(_notice(len(text))))
    head = (room + 1) // 2
    tail = room - head
    return text[:head] + _notice(len(text) - room) + (text[-tail:] if tail else "")


def closed_fences(text: str) -> str:
    """Cut a text after the last code fence at the start of a line.

    A search for fenced blocks finds the same blocks in the result, but in linear time. In the whole
    text, it would run to the end from each opening fence that is never closed.
    """
    return text[: text.rfind("\n```") + 4] if "\n```" in text else ""


def _notice(missing: int) -> str:
    return f"\n[... {missing} characters left out ...]\n"


def _join(todo: Sequence[Step], cap: int) -> str:
    return "\n\n".join(replace(s, observation=elide(s.observation, cap)).render() for s in todo)


def _drop_middle(todo: Sequence[Step], cap: int, budget: int) -> str:
    texts = [replace(s, observation=elide(s.observation, cap)).render() for s in todo]
    room = budget - len("[... steps 0000 to 0000 left out ...]") - 8
    head, tail = 0, len(texts)
    used = 0
    while head < tail:
        take_head = head <= len(texts) - tail
        cost = len(texts[head if take_head else tail - 1]) + 2
        if used + cost > room:
            break
        used += cost
        head, tail = (head + 1, tail) if take_head else (head, tail - 1)
    notice = f"[... steps {head + 1} to {tail} left out ...]"
    return "\n\n".join([*texts[:head], notice, *texts[tail:]])


def _action(message: ChatMessageAssistant) -> str:
    parts = [message.text.strip()] if message.text.strip() else []
    for call in message.tool_calls or []:
        texts = [v for v in call.arguments.values() if isinstance(v, str)]
        one_text = len(call.arguments) == 1 and len(texts) == 1
        arguments = texts[0] if one_text else json.dumps(call.arguments, ensure_ascii=False)
        parts.append(f"{call.function}> {arguments}")
        if call.parse_error:
            parts.append(f"(malformed call: {call.parse_error})")
    return "\n".join(parts) or "(no text and no tool call)"


def _observation(message: ChatMessage) -> str:
    if isinstance(message, ChatMessageTool) and message.error is not None:
        return f"(tool error: {message.error.message})\n{message.text}".strip()
    return message.text.strip()
