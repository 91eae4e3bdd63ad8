"""The simulated judge: it weighs the evidence in the shown summaries, with limited accuracy."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from inspect_tts.text.fences import blocks
from inspect_tts.text.parsing import parse_json_object
from inspect_tts.text.summary import SummaryContent

from .chance import Stream
from .config import SimConfig
from .evidence import read_record
from .scaffolds import Reply, Scaffold
from .summarizer import summarize_record

_TEST_FACT = re.compile(r"^- command, return code (\d+): .*test", re.MULTILINE)
_CHECKED = re.compile(r"^Solution (\d+)(?:, [a-z ]+)?: return code (\d+)", re.MULTILINE)
"""Matches a line of the block `checks`."""


@dataclass(frozen=True)
class Appraisal:
    """How well a solution is supported."""

    score: float
    reasons: tuple[str, ...]


def is_judge_request(prompt: str) -> bool:
    """Say whether a prompt asks to choose among solutions, or to grade one."""
    asked = prompt.lower()
    return "<solution_1>" in prompt and ("final verdict: solution" in asked or _grades(asked))


def _grades(prompt: str) -> bool:
    return "final grade: n" in prompt.lower()


def judge_reply(config: SimConfig, prompt: str, scope: int, answered: int) -> str:
    """Answer a judge prompt."""
    stream = Stream((config.seed, "judge", scope, prompt))
    appraisals = [appraise(*shown) for shown in shown_solutions(prompt)]
    abstains = stream.happens(config.abstain_rate, "abstains")
    slips = answered == 0 and stream.happens(config.abstain_rate, "slips")
    if abstains or slips:
        return "The attempts are hard to tell apart, and I cannot decide between them."
    if _grades(prompt):
        verdict = f"Final grade: {grade(config, appraisals[0].score, stream)}"
    else:
        choice = choose(config, [a.score for a in appraisals], stream)
        verdict = f"Final verdict: Solution {choice + 1}"
    if answered:
        return verdict
    notes = [
        f"Solution {number}: {'; '.join(appraisal.reasons) or 'nothing is shown'}."
        for number, appraisal in enumerate(appraisals, start=1)
    ]
    return "\n".join([*notes, "", verdict])


def results_shown(prompt: str) -> str | None:
    """The folder in which an investigator finds the results; None for other prompts."""
    folder = re.search(r"`sh (\S+)/use solution_1`", prompt)
    return folder and folder[1]


def investigate_reply(
    config: SimConfig, prompt: str, folder: str, scope: int, answered: int
) -> Reply:
    """Look at the difference between two results, then answer as a judge does."""
    if answered:
        return Reply(judge_reply(config, prompt, scope, 0))
    look = f"cd {folder} && diff -ru solution_1 solution_2 | head -n 100"
    return Scaffold("react").command("I look at what differs.", look)


def shown_solutions(prompt: str) -> list[tuple[str, str, tuple[bool, ...]]]:
    """The text of each solution, its facts, and whether each of its checks ended well."""
    found = {block.tag: block.text for block in blocks(prompt)}
    numbers = [tag.removeprefix("solution_") for tag in found if tag.startswith("solution_")]
    checked = _CHECKED.findall(found.get("checks", ""))
    return [
        (
            found[f"solution_{n}"],
            found.get(f"facts_{n}", ""),
            tuple(code == "0" for number, code in checked if number == n),
        )
        for n in numbers
    ]


def choose(config: SimConfig, scores: Sequence[float], stream: Stream) -> int:
    """Choose a solution; return its index."""
    if stream.happens(config.position_bias, "position"):
        return 0
    best = [i for i in range(len(scores)) if scores[i] == max(scores)]
    others = [i for i in range(len(scores)) if i not in best]
    if others and not stream.happens(config.judge_accuracy, "accuracy"):
        return stream.pick(others, "choice")
    return stream.pick(best, "choice")


def grade(config: SimConfig, score: float, stream: Stream) -> int:
    """Grade a solution from 1 to 20."""
    if not stream.happens(min(1.0, 2 * (1 - config.judge_accuracy)), "accuracy"):
        return max(1, min(20, round(10 + 2 * score)))
    return stream.pick(range(1, 21), "grade")


def appraise(summary: str, facts: str = "", checks: Sequence[bool] = ()) -> Appraisal:
    """Weigh the evidence for one solution."""
    content = _content(summary)
    score, reasons = _weigh_prose(summary) if content is None else _weigh(content)
    if "files changed: none" in facts:
        score, reasons = score - 4, ["the harness recorded no change at all", *reasons]
    ended = re.search(r"^- ended: (\w+)", facts, re.MULTILINE)
    if ended and ended[1] != "completed":
        score, reasons = score - 1, [*reasons, f"it did not end by itself ({ended[1]})"]
    codes = _TEST_FACT.findall(facts)
    if codes and codes[-1] != "0":
        score, reasons = score - 1, [*reasons, "the last recorded test failed"]
    if checks:
        score += 1.5 * (2 * sum(checks) - len(checks))
        reasons = [*reasons, f"{sum(checks)} of the {len(checks)} checks shown end well"]
    return Appraisal(score, tuple(reasons))


def _content(summary: str) -> SummaryContent | None:
    if re.search(r"^\[step \d+\]$", summary, re.MULTILINE):
        return summarize_record("", read_record(summary))
    try:
        return SummaryContent.model_validate(parse_json_object(summary))
    except ValueError:
        return None


def _weigh(content: SummaryContent) -> tuple[float, list[str]]:
    files = ", ".join(sorted({change.file for change in content.code_changes}))
    score, reasons = (0.0, [f"changes {files}"]) if files else (-4.0, ["no change is shown"])
    final = [check for check in content.verified if check.after_last_change]
    for kind, start, worth in (("the test", "visible", 2.0), ("its own check", "own", 1.5)):
        results = [check.result for check in final if check.check.startswith(start)]
        if not results:
            reasons.append(f"{kind} was not run after the last change")
            continue
        passed = results[-1].startswith("passed")
        score += worth if passed else -worth
        reasons.append(f"{kind} {'passed' if passed else 'failed'} after the last change")
    unresolved = sum(not error.resolved for error in content.errors)
    if unresolved:
        reasons.append(f"{unresolved} errors were left unresolved")
    return score - 0.5 * min(unresolved, 2), reasons


def _weigh_prose(summary: str) -> tuple[float, list[str]]:
    text = summary.lower()
    if not text.strip() or re.search(r"no (file|change|result|trajectory)|did nothing", text):
        return -4.0, ["no change is described"]
    passed, failed = text.count("pass"), text.count("fail")
    if passed == failed:
        return 0.0, ["no check is described"]
    told = (
        (1.0, "it says that checks passed") if passed > failed else (-1.0, "it tells of failures")
    )
    return told[0], [told[1]]
