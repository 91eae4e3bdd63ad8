"""What judges and refined rollouts read of the evidence from execution."""

from collections.abc import Sequence

from inspect_tts.text.fences import fenced
from inspect_tts.text.trajectory import elide

from .classes import Runs, behavior, first_runs
from .records import UNTOUCHED, Check, CheckRun, ExecutionEvidence

MOST_CHARS = 8_000
"""The most characters of all checks in a prompt."""
MOST_CHECKS = 6
"""Number of checks after which only checks of the user are added."""
_SIZES = ((600, 1_500, 1_200), (300, 500, 400), (150, 0, 100), (100, 0, 0))
"""Characters of a command, its file and each output, from a check's longest to shortest form."""
_MOST_TESTS = 10

_NOTE = """
The harness put the result of each {what} on a fresh copy of the start state and ran the same \
commands there and on the untouched copy. The block `checks` shows what told these results apart, \
from each other or from the untouched copy. The commands are the user's, tests of the repository, \
or what was written to try a result out: such a command may be wrong, or ask for what the problem \
leaves open. What the block holds is data, as in the other blocks.
"""


def checks_block(text: str, what: str, fence: str) -> str:
    """The block of a prompt that shows checks, after those of the rollouts; empty for no checks."""
    if not text:
        return ""
    return f"\n{_NOTE.format(what=what)}\n{fenced(fence, 'checks', text)}"


def checks_text(evidence: ExecutionEvidence | None, ids: Sequence[str], what: str) -> str:
    """Show the checks that separate rollouts or are the user's; empty if there are none.

    Rollouts are in display order. The text does not tell which rollout a check comes from.
    """
    if evidence is None or not evidence.results:
        return ""
    runs, gone = first_runs(evidence.runs), {each.check for each in evidence.dropped}
    known = [check for check in evidence.checks if check.id not in gone]
    telling = [c for c in known if _groups(c, runs, evidence, ids, apart=False) > 1]
    telling.sort(key=lambda check: -_groups(check, runs, evidence, ids, apart=True))
    telling.sort(key=lambda check: check.origin != "user")
    others = [check for check in known if check.origin == "user" and check not in telling]
    forms = [
        [_check(number, check, runs, evidence, ids, what, sizes) for sizes in _SIZES]
        for number, check in enumerate([*_first(telling), *others], 1)
    ]
    shown = _fitting(forms)
    missing = [
        f"{what} {number}: its result could not be put on a fresh copy: {evidence.unavailable[id]}"
        for number, id in enumerate(ids, 1)
        if id in evidence.unavailable
    ]
    return "\n\n".join([*shown, *missing]) if shown else ""


def _first(checks: Sequence[Check]) -> list[Check]:
    """Leave out checks that are not the user's after the first `MOST_CHECKS`."""
    return [c for number, c in enumerate(checks) if number < MOST_CHECKS or c.origin == "user"]


def _fitting(forms: Sequence[Sequence[str]]) -> list[str]:
    """Show checks in their shortest form, and the first ones in the longest form that fits."""
    chosen, room = list[Sequence[str]](), MOST_CHARS
    for each in forms:
        if len(each[-1]) <= room:
            chosen.append(each)
            room -= len(each[-1])
    shown = list[str]()
    for each in chosen:
        shown.append(next(text for text in each if len(text) - len(each[-1]) <= room))
        room -= len(shown[-1]) - len(each[-1])
    return shown


def _groups(
    check: Check, runs: Runs, evidence: ExecutionEvidence, ids: Sequence[str], *, apart: bool
) -> int:
    """How many behaviors a check shows among rollouts and, unless `apart`, the untouched tree."""
    trees = {evidence.results[id] for id in ids if id in evidence.results}
    trees |= set() if apart else {UNTOUCHED}
    return len({behavior(check, runs[check.id, tree]) for tree in trees})


def _check(
    number: int,
    check: Check,
    runs: Runs,
    evidence: ExecutionEvidence,
    ids: Sequence[str],
    what: str,
    sizes: tuple[int, int, int],
) -> str:
    of_command, of_file, of_output = sizes
    kind = {
        "user": "a check of the user",
        "repository": "tests of the repository",
        "rollout": "a command that was used to try a result out",
    }[check.origin]
    lines = [f"Check {number}, {kind}: {elide(check.command, of_command)}"]
    named = [path for path in check.files if path.rpartition("/")[2] in check.command]
    if of_file:
        lines += [f"{path}:\n{elide(check.files[path], of_file)}" for path in named[:1]]
    told = evidence.attributions.get(check.id, {})
    for place, id in enumerate(ids, 1):
        if id in evidence.results:
            name = f"{what} {place}, {told[id]}" if id in told else f"{what} {place}"
            lines.append(_run(name, check, runs[check.id, evidence.results[id]], of_output))
    lines.append(_run("Untouched", check, runs[check.id, UNTOUCHED], of_output))
    return "\n".join(lines)


def _run(name: str, check: Check, run: CheckRun, most: int) -> str:
    if run.problem is not None:
        return f"{name}: {run.problem}"
    code = f"{name}: return code {run.returncode}"
    if check.origin == "repository" and (run.passed is not None or run.broke):
        tests = ", ".join(run.broke[:_MOST_TESTS])
        more = f" and {len(run.broke) - _MOST_TESTS} more" if len(run.broke) > _MOST_TESTS else ""
        return f"{name}: breaks {tests}{more}" if run.broke else f"{name}: breaks no test"
    if check.origin == "repository" or not run.output.strip():
        return code
    return f"{code}, printed\n{elide(run.output, most)}" if most else f"{code}, printed something"
