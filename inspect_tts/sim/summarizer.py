"""The simulated summarizer: it turns the text of a trajectory into a structured summary."""

import re
from typing import Any

from inspect_tts.text.fences import blocks, original
from inspect_tts.text.summary import SummaryContent, summary_text
from inspect_tts.text.trajectory import elide

from .chance import Stream
from .config import SimConfig
from .evidence import Record, read_record

_PROBLEM = re.compile(r"<problem>\n(.*?)\n</problem>", re.DOTALL)
_BULLET = re.compile(r"^\s*[-*] (.+(?:\n {2,}\S.+)*)", re.MULTILINE)
_SENTENCE_END = re.compile(r"(?<=[.;:])\s+|\n\n")


def is_summary_request(prompt: str) -> bool:
    """Say whether a prompt asks for a summary of a trajectory."""
    return "<trajectory>" in prompt and "</trajectory>" in prompt


def summarize_reply(config: SimConfig, prompt: str, scope: int, answered: int) -> str:
    """Answer a summarizer prompt."""
    stream = Stream((config.seed, "summarizer", scope, prompt))
    content = summarize_text(prompt)
    fails = stream.happens(config.summary_failure_rate, "fails")
    slips = answered == 0 and stream.happens(config.summary_failure_rate, "slips")
    if fails or slips:
        checks = "; ".join(f"{check.check}: {check.result}" for check in content.verified)
        return f"In short: {content.final_state} Checks: {checks or 'none'}."
    return summary_text(content)


def summarize_text(prompt: str) -> SummaryContent:
    """Extract a summary from a prompt, using nothing but its text."""
    found = _PROBLEM.search(prompt)
    told = [block.text for block in blocks(prompt) if block.tag == "trajectory"]
    return summarize_record(original(found[1]) if found else "", read_record("\n".join(told)))


def summarize_record(problem: str, record: Record) -> SummaryContent:
    """Write the summary of a trajectory."""
    test = record.final("test")
    edits = [run for run in record.runs if run.kind == "edit"]
    looks = [elide(run.command, 200) for run in record.runs if run.kind == "look"]
    claims = [record.closing] if record.closing and _covered(record)[0] in ("no", "unknown") else []
    files = ", ".join(dict.fromkeys(change.file for change in record.changes))
    state = "No result: no file is changed."
    if record.changes:
        says = f"The visible test {'fails' if test.failed else 'passes'}." if test else ""
        state = f"Changed: {files}. {says or 'No test was run after the last change.'}"
    content: dict[str, Any] = {
        "requirements": _requirements(problem, record),
        "exploration": list(dict.fromkeys(looks))[:8],
        "strategy": edits[-1].thought if edits else "No change was attempted.",
        "changes_of_approach": [
            f"The change of {c.file} in step {c.step} was taken back: {elide(c.after, 300)}"
            for c in record.taken_back
        ],
        "code_changes": [
            {"file": c.file, "before": elide(c.before, 1500), "after": elide(c.after, 3000)}
            for c in record.changes
        ],
        "commands": [
            {"command": elide(run.command, 240), "response": elide(run.response, 400)}
            for run in [r for r in record.runs if r.kind != "look"][-8:]
            if run.response
        ],
        "errors": _errors(record),
        "unconfirmed_claims": claims,
        "final_state": state,
        "verified": _checks(record),
        "never_verified": []
        if record.final("check")
        else ["Cases that the visible test does not cover"],
        "failure_modes": _failure_modes(record),
    }
    return SummaryContent.model_validate(content)


def _covered(record: Record) -> tuple[str, str]:
    """How well the last tests show that the problem is covered, and the evidence for that."""
    test, check = record.final("test"), record.final("check")
    if not record.changes:
        return "no", ""
    if test is None or test.failed:
        return "unknown", ""
    evidence = "the visible test passed after the last change"
    if check is None:
        return "partly", evidence
    told = f"{evidence}; a check of further cases {'failed' if check.failed else 'passed'}"
    return "no" if check.failed else "yes", told


def _requirements(problem: str, record: Record) -> list[dict[str, str]]:
    covered, evidence = _covered(record)
    found = _BULLET.findall(problem) or [s for s in _SENTENCE_END.split(problem) if "must" in s]
    names = [elide(" ".join(text.split()), 300) for text in found[:8]] or ["The problem as stated"]
    return [{"requirement": n, "covered": covered, "evidence": evidence} for n in names]


def _errors(record: Record) -> list[dict[str, Any]]:
    last = {run.command: run for run in record.runs}
    ended = record.runs[-1].step if record.runs else 0
    return [
        {"error": f"step {step}: malformed call", "resolved": ended > step}
        for step in record.malformed
    ] + [
        {
            "error": f"step {run.step}: {elide(run.command, 120)}",
            "evidence": _telling(run.response),
            "resolved": not last[run.command].failed,
        }
        for run in {r.command: r for r in record.runs if r.failed}.values()
    ]


def _checks(record: Record) -> list[dict[str, Any]]:
    """The last run of each test and check since the first change."""
    edited = [run.step for run in record.runs if run.kind == "edit"]
    runs = [r for r in record.runs if r.kind in ("test", "check") and edited and r.step > edited[0]]
    return [
        {
            "check": f"{_NAMES[run.kind]}: {elide(run.command, 160)}",
            "result": f"{'failed' if run.failed else 'passed'}: {_telling(run.response)}",
            "after_last_change": run.step > record.last_change,
        }
        for run in {r.command: r for r in runs}.values()
    ]


_NAMES = {"test": "visible test", "check": "own check"}


def _failure_modes(record: Record) -> list[str]:
    modes = [] if record.changes else ["It ended without a change."]
    tail = [run.command for run in record.runs[-3:]]
    if len(tail) == 3 and len(set(tail)) == 1:
        modes.append(f"It repeated one command until the end: {elide(tail[0], 120)}")
    return [*modes, *(["It made a malformed call."] if record.malformed else [])]


def _telling(response: str) -> str:
    lines = [line.strip() for line in response.splitlines() if line.strip()]
    bad = [line for line in lines if re.search(r"FAIL|Error|error", line)]
    return elide(" | ".join([*bad[-2:], *lines[-1:]] if bad else lines[-1:]), 300)
