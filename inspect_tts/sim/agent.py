"""The simulated agent: whether it solves the problem, and by which moves.

All decisions are draws from one stream per rollout. So the next move depends only on the settings,
the problem, the refinement context, the cache scope and the position in the conversation.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from inspect_tts.text.fences import blocks

from .chance import Stream
from .config import SimConfig
from .playbook import Fix, Playbook

_CURVE = ((0.0, 0.02), (0.25, 0.30), (0.5, 0.58), (0.75, 0.86), (1.0, 0.98))
"""Solve rate by the share of right attempts in the refinement context, close to the paper's."""

_DETOUR = 0.25  # chance to try a wrong fix, see it fail, and undo it
_PROBE_IF_RIGHT, _PROBE_IF_WRONG = 0.7, 0.35
_PASSING_WEIGHT = 3  # how much likelier a wrong fix is if it passes the visible test

Failure = Literal["none", "gives_up", "loops", "malformed_recovered", "malformed_fatal"]
_FAILURES: tuple[Failure, ...] = ("gives_up", "loops", "malformed_recovered", "malformed_fatal")


@dataclass(frozen=True)
class Move:
    """One message of the agent."""

    kind: Literal["command", "malformed", "finish"]
    thought: str
    command: str = ""


@dataclass(frozen=True)
class Plan:
    """The moves of a rollout."""

    moves: tuple[Move, ...]

    def move(self, position: int) -> Move:
        """The move at a position, counted from 0; past the end, the last one again."""
        return self.moves[min(position, len(self.moves) - 1)]


def context_attempts(briefing: str) -> tuple[str, ...]:
    """Read the earlier attempts in the refinement context."""
    return tuple(block.text for block in blocks(briefing) if block.tag.startswith("attempt_"))


def solve_probability(config: SimConfig, book: Playbook, attempts: Sequence[str]) -> float:
    """The probability that a rollout takes the right fix."""
    own = book.solve_rate if config.solve_rate is None else float(config.solve_rate)
    if not attempts:
        return own
    share = sum(book.right.found_in(text) for text in attempts) / len(attempts)
    return own + config.context_gain * (_on_curve(share) - own)


def make_plan(config: SimConfig, book: Playbook | None, briefing: str, scope: int) -> Plan:
    """Decide what a rollout will do."""
    if book is None:
        stream = Stream((config.seed, "agent", "unknown", scope))
        give_up = "I looked around and made no change: I do not know this problem."
        return Plan((*_explore(config, (), stream, brief=False), Move("finish", give_up)))
    stream = Stream((config.seed, "agent", book.id, scope))
    attempts = context_attempts(briefing)
    failure: Failure = "none"
    if stream.happens(config.failure_rate, "failure"):
        failure = stream.pick(_FAILURES, "kind of failure")
    start = [
        *_explore(config, book.explore, stream, brief=bool(attempts)),
        Move("command", stream.pick(_REPRODUCE, "reproduce"), book.test),
    ]
    if failure == "gives_up":
        return Plan((*start, Move("finish", stream.pick(_GIVE_UP, "give up"))))
    if failure == "loops":
        return Plan((*start, Move("command", "Let me read that again.", _REREAD)))
    if failure != "none":
        start.append(Move("malformed", "Now I change the code.", book.right.shell()[0]))
    if failure == "malformed_fatal":
        return Plan((*start, Move("finish", "My call was refused, so I stop here.")))
    solved = stream.happens(solve_probability(config, book, attempts), "solve")
    fix = book.right if solved else _wrong_fix(book, attempts, stream)
    return Plan((*start, *_work(book, fix, solved, bool(attempts), stream)))


def _work(
    book: Playbook, fix: Fix, solved: bool, refined: bool, stream: Stream
) -> tuple[Move, ...]:
    moves: list[Move] = []
    others = [wrong for wrong in book.wrong if wrong is not fix and not wrong.passes_visible]
    dead_ends = [wrong for wrong in others if wrong.edits and not wrong.commands]
    if dead_ends and not refined and stream.happens(_DETOUR, "detour"):
        moves += _detour(book, stream.pick(dead_ends, "dead end"))
    opening = stream.pick(_BUILD_ON if refined else _CAUSE, "opening")
    for number, command in enumerate(fix.shell()):
        thought = f"{opening} {fix.idea}." if number == 0 else "The second part of the change."
        moves.append(Move("command", thought, command))
    moves.append(Move("command", stream.pick(_TEST, "test"), book.test))
    if book.probe and stream.happens(_PROBE_IF_RIGHT if solved else _PROBE_IF_WRONG, "probe"):
        moves.append(Move("command", stream.pick(_PROBE, "probing"), book.probe))
    if stream.happens(0.5, "diff"):
        look = "git diff 2>/dev/null || echo 'git is not available'"
        moves.append(Move("command", "A last look at the whole change.", look))
    answer = f"{stream.pick(_DONE, 'done')} I chose to {fix.idea}."
    return (*moves, Move("finish", answer))


def _detour(book: Playbook, wrong: Fix) -> list[Move]:
    first = f"My first idea: {wrong.idea}."
    back = "That does not work. I take it back and think again."
    return [
        *(Move("command", first, edit.command()) for edit in wrong.edits),
        Move("command", "Does that help?", book.test),
        *(Move("command", back, edit.undo().command()) for edit in reversed(wrong.edits)),
    ]


def _wrong_fix(book: Playbook, attempts: Sequence[str], stream: Stream) -> Fix:
    shared = [w for w in book.wrong if any(w.found_in(text) for text in attempts)]
    if shared and stream.happens(0.7, "shared mistake"):
        return stream.pick(shared, "wrong fix")
    weighted = [
        wrong for wrong in book.wrong for _ in range(_PASSING_WEIGHT if wrong.passes_visible else 1)
    ]
    return stream.pick(weighted, "wrong fix")


def _explore(
    config: SimConfig, commands: Sequence[str], stream: Stream, *, brief: bool
) -> list[Move]:
    todo = list(commands) or list(_LOOK)
    if brief:
        todo = todo[-1:]
    elif stream.happens(0.3, "status"):
        todo.insert(1, "git status --short 2>/dev/null || ls -A")
    for number in range(config.steps):
        first = 1 + 20 * stream.pick(range(5), f"extra {number}")
        todo.append(f"head -n {first + 19} ./*.py | tail -n 20  # part {number + 1}")
    if config.output_chars:
        filler = f"; yes 'filler of a long output' | head -c {config.output_chars}"
        todo = [command.split("  # ")[0] + filler for command in todo]
    return [
        Move("command", stream.pick(_EXPLORE, f"explore {number}"), command)
        for number, command in enumerate(todo)
    ]


def _on_curve(share: float) -> float:
    for (x0, y0), (x1, y1) in pairwise(_CURVE):
        if share <= x1:
            return y0 + (y1 - y0) * (share - x0) / (x1 - x0)
    return _CURVE[-1][1]


_LOOK = ("ls; cat README.md", "cat ./*.py | head -n 150")
_REREAD = "cat ./*.py | head -n 50"
_EXPLORE = (
    "Let me look at what is here.",
    "I want to see this first.",
    "Next I read on.",
    "This should tell me more.",
)
_REPRODUCE = (
    "I reproduce the problem before I change anything.",
    "What does the test say as it is?",
    "First the test, to see it fail.",
)
_CAUSE = (
    "I think I see the cause. I will",
    "The code does not do what the statement says. I will",
    "The fix should be to",
    "The output points to the place. I will",
)
_BUILD_ON = (
    "Going by the earlier attempts, and having read the code, I will",
    "The earlier attempts show where to look. I will",
)
_TEST = ("Now the test again.", "Does the test pass now?", "I check the change.")
_PROBE = (
    "The test covers only a part, so I check cases from the statement myself.",
    "I try the cases that the statement names and the test leaves out.",
)
_GIVE_UP = (
    "I could not find the cause and made no change.",
    "This looks right to me as it is; I changed nothing.",
)
_DONE = ("The problem is fixed.", "Done: the change is in place.", "This should do it.")
