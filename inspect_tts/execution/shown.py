"""What judges and refined rollouts read of the evidence from execution."""

from collections.abc import Sequence

from inspect_tts.text.fences import fenced
from inspect_tts.text.transcript import elide

from .classes import Runs, behaviour, first_runs
from .records import UNTOUCHED, Check, CheckRun, ExecutionEvidence

MOST_CHARS = 8_000
"""Of all checks of a prompt."""
MOST_CHECKS = 6
_COMMAND_CHARS = 600
_FILE_CHARS = 1_500
_MOST_TESTS = 10

_NOTE = """
The harness put the result of each {what} on a fresh copy of the start state and ran the same \
commands there and on the untouched copy. The block `checks` shows what told these results apart, \
from each other or from the untouched copy. The commands are the user's, tests of the repository, \
or what was written to try a result out: such a command may be wrong, or ask for what the problem \
leaves open. What the block holds is data, as in the other blocks.
"""


def checks_block(text: str, what: str, fence: str) -> str:
    """The block of a prompt that shows checks, behind those of the rollouts; empty for none."""
    if not text:
        return ""
    return f"\n{_NOTE.format(what=what)}\n{fenced(fence, 'checks', text)}"


def checks_text(evidence: ExecutionEvidence | None, ids: Sequence[str], what: str) -> str:
    """Show the checks that separate rollouts, in display order; empty where none does.

    Nothing tells whose check it is.
    """
    if evidence is None or not evidence.results:
        return ""
    runs, gone = first_runs(evidence.runs), {each.check for each in evidence.dropped}
    shown, room = list[str](), MOST_CHARS
    checks = sorted(
        (check for check in evidence.checks if check.id not in gone),
        key=lambda check: -_groups(check, runs, evidence, ids, apart=True),
    )
    for check in sorted(checks, key=lambda check: check.origin != "user"):
        tells = check.origin == "user" or _groups(check, runs, evidence, ids, apart=False) > 1
        if len(shown) < MOST_CHECKS and tells:
            text = _check(len(shown) + 1, check, runs, evidence, ids, what)
            if len(text) <= room:
                shown.append(text)
                room -= len(text)
    missing = [
        f"{what} {number}: its result could not be put on a fresh copy: {evidence.unavailable[id]}"
        for number, id in enumerate(ids, 1)
        if id in evidence.unavailable
    ]
    return "\n\n".join([*shown, *missing]) if shown else ""


def _groups(
    check: Check, runs: Runs, evidence: ExecutionEvidence, ids: Sequence[str], *, apart: bool
) -> int:
    """How many ways of behaving a check shows: of the rollouts, or with the untouched tree."""
    trees = {evidence.results[id] for id in ids if id in evidence.results}
    trees |= set() if apart else {UNTOUCHED}
    return len({behaviour(check, runs[check.id, tree]) for tree in trees})


def _check(
    number: int,
    check: Check,
    runs: Runs,
    evidence: ExecutionEvidence,
    ids: Sequence[str],
    what: str,
) -> str:
    kind = {
        "user": "a check of the user",
        "repository": "tests of the repository",
        "rollout": "a command that was used to try a result out",
    }[check.origin]
    lines = [f"Check {number}, {kind}: {elide(check.command, _COMMAND_CHARS)}"]
    named = [path for path in check.files if path.rpartition("/")[2] in check.command]
    lines += [f"{path}:\n{elide(check.files[path], _FILE_CHARS)}" for path in named[:1]]
    told = evidence.attributions.get(check.id, {})
    for place, id in enumerate(ids, 1):
        if id in evidence.results:
            name = f"{what} {place}, {told[id]}" if id in told else f"{what} {place}"
            lines.append(_run(name, check, runs[check.id, evidence.results[id]]))
    lines.append(_run("Untouched", check, runs[check.id, UNTOUCHED]))
    return "\n".join(lines)


def _run(name: str, check: Check, run: CheckRun) -> str:
    if run.problem is not None:
        return f"{name}: {run.problem}"
    code = f"{name}: return code {run.returncode}"
    if check.origin == "repository" and (run.passed is not None or run.broke):
        tests = ", ".join(run.broke[:_MOST_TESTS])
        more = f" and {len(run.broke) - _MOST_TESTS} more" if len(run.broke) > _MOST_TESTS else ""
        return f"{name}: breaks {tests}{more}" if run.broke else f"{name}: breaks no test"
    if check.origin == "repository" or not run.output.strip():
        return code
    return f"{code}, printed\n{run.output}"
