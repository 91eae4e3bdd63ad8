"""The result in words: whether a strategy helped, by how much, how certain it is, and the cost."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Literal, NamedTuple, TypeAlias

from inspect_tts.report.numbers import RunNumbers
from inspect_tts.statistics.intervals import Estimate

from .formats import in_percent, many, named, show

Verdict: TypeAlias = Literal["helps", "hurts", "unsure", "unknown"]

FEW = 10
"""With fewer problems, bootstrap intervals are too narrow to be sure of anything."""
_NOT_REAL = re.compile(r"""\b(?:simulated|mockllm)/[^\s,'"{}\[\]:]+""")


class Finding(NamedTuple):
    """The result of one run."""

    verdict: Verdict
    text: str
    remark: str = ""
    """Names the free baselines that do as well."""


def findings(runs: Sequence[RunNumbers]) -> list[Finding]:
    """One sentence per run, strategies before plain runs."""
    percent = in_percent(runs)
    several = [n for n in ("task", "model") if len({getattr(run, n) for run in runs}) > 1]
    found = []
    for run in sorted(runs, key=lambda run: "selected" not in run.scores):
        where = ", ".join(getattr(run, name) for name in several)
        name = f"{run.label} ({where})" if where else run.label
        verdict, text = _outcome(run, percent)
        found.append(Finding(verdict, f"{name} {text}{_cost(run)}.", _as_well(run, percent)))
    return found


def simulated(runs: Sequence[RunNumbers]) -> str:
    """A notice that names simulated models; empty if all models are real."""
    texts = [text for run in runs for text in (run.model, run.settings)]
    names = sorted({name for text in texts for name in _NOT_REAL.findall(text)})
    if not names:
        return ""
    return f"Simulated: {', '.join(names)}. These numbers say nothing about real models."


def _outcome(run: RunNumbers, percent: bool) -> tuple[Verdict, str]:
    gain, selected, single = (run.scores.get(n) for n in ("gain", "selected", "pass_1"))
    if gain is None or selected is None or single is None:
        name, estimate = ("selected", selected) if selected else ("pass@1", single)
        why = "its rollouts were not graded"
        if estimate is None:
            return "unknown", f"has no score because {why if run.samples else 'no sample ended'}"
        on = _on(estimate, partial(_score, percent=percent))
        text = f"has {name} {_score(estimate.value, percent)} ({on})"
        unknown = f"; whether that is a gain is unknown because {why}" if name == "selected" else ""
        return "unknown", text + unknown
    verdict: Verdict = "unsure"
    said = "may or may not help"
    low, high = gain.interval or (0.0, 0.0)
    if gain.problems < FEW:
        said = f"ran on {many(gain.problems, 'problem')}, too few to be sure"
    elif low > 0:
        verdict, said = "helps", "helps"
    elif high < 0:
        verdict, said = "hurts", "hurts"
    change = partial(show, form="change", percent=percent)
    scores = (_score(each.value, percent) for each in (selected, single))
    text = "{}: selected {}, pass@1 {}, gain {}{} ({})"
    points = " points" if percent else ""
    return verdict, text.format(said, *scores, change(gain.value), points, _on(gain, change))


def _on(found: Estimate, form: Callable[[float], str]) -> str:
    """The interval of an estimate and the number of problems it rests on."""
    ends = " to ".join(map(form, found.interval or ()))
    problems = many(found.problems, "problem")
    return f"95 % interval {ends}, {problems}" if ends else problems


def _score(value: float, percent: bool) -> str:
    return show(value, "score", percent) + (" %" if percent else "")


def _cost(run: RunNumbers) -> str:
    dollars, tokens = run.per_problem.get("dollars"), run.per_problem.get("tokens")
    if not run.samples or tokens is None:
        return ""
    if dollars is None:
        used = show(tokens.value, "tokens", percent=False)
        return f"; {used} tokens per problem, at an unknown price"
    priced = partial(show, form="dollars", percent=False)
    ends = " to ".join(map(priced, dollars.interval or ()))
    text = f"; {priced(dollars.value)} per problem{f' ({ends})' if ends else ''}"
    if dollars.problems < run.problems:
        return f"{text}, where the price is known"
    noun = "problem" if run.samples == run.problems else "sample"
    total = f"{priced(dollars.value * run.samples)} for {many(run.samples, noun)}"
    return f"; {total}" if run.samples == 1 else f"{text}, {total}"


def _as_well(run: RunNumbers, percent: bool) -> str:
    selected = run.scores.get("selected")
    if selected is None:
        return ""
    equal = [
        f"{named(name)[0]} {_score(found.value, percent)}"
        for name, found in run.baselines.items()
        if found and found.problems == selected.problems and found.value >= selected.value
    ]
    return f"As good or better without asking a model: {', '.join(equal)}." if equal else ""
