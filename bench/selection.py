"""What each selection chooses from populations of attempts, for how many judge calls.

    python bench/selection.py [--accuracy 0.6 0.7 0.8] [--pools sbv ...] [--shared] [--json]

The judge is simulated; only outcomes, turns and characters of the recorded pools are real. Pools
named `paper_...` are fitted to the paper's tables. The judge:

- A vote between a passing and a failing attempt names the passing one with the chance `--accuracy`
  a; in larger groups each passing one has the odds a : 1 - a against each failing one. Where all
  pass or all fail votes are uniform. There is no position bias and no abstention.
- Votes are correlated: each match draws its own a from a Beta distribution with the mean
  `--accuracy` and the `--concentration` c, so that two votes correlate with 1 / (1 + c). With
  `--shared` a problem draws it once for all its matches: there more matches help less.
- A grade (1 to 20) is a rounded normal, its distance between pass and fail such that a grade of
  each orders them with `--accuracy`. Grades of one attempt correlate as votes do.

Judge calls are those of a live run, early stop of `tournament` included. Tokens: judge calls times
problem, summaries shown and answer; what all selections share (attempts, summaries) is left out.
Brackets: selected - pass@1, 95 % paired bootstrap over problems of each problem's mean over
`--repeats`. `-`: the pool lacks what the selection reads.
"""

import argparse
import json
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import product
from math import sqrt
from pathlib import Path
from random import Random
from statistics import NormalDist, mean
from typing import Any

import pools
from pools import Paper, Pool, Problem
from rich.console import Console
from tables import interval, table

from inspect_tts.method.candidates import tie_break_key
from inspect_tts.method.records import Match
from inspect_tts.method.seeding import seeded_shuffle
from inspect_tts.method.selection_specs import SELECTIONS, begin_selection
from inspect_tts.method.selections import Candidates
from inspect_tts.method.tournament import decide
from inspect_tts.method.voting.early_stopping import AutoVotes, further_votes

COLUMNS = ("selection", "calls", "tokens", "pass@1", "selected", "gain", "oracle")
POOLS = [*pools.RECORDED, *(paper.name for paper in pools.PAPER)]
DATA = Path(os.environ.get("INSPECT_TTS_DATA") or Path(__file__).parents[2] / "shared" / "data")
SPREAD = 3.0
"""Standard deviation of grades."""
Played = tuple[tuple[str, ...], int, int]


@dataclass(frozen=True)
class Setting:
    """What all selections share."""

    votes: int = 8
    group_size: int = 2
    keep: int = 1
    seed: int = 0
    early_stop: bool = True
    repeats: int = 4
    problem_tokens: int = 600
    summary_tokens: int = 1200
    answer_tokens: int = 300
    tie: str = "random"
    auto: AutoVotes | None = None
    by_strength: bool = False
    judges: int = 1
    """Equally accurate, each with errors of its own; `votes` are dealt to them evenly."""


@dataclass(frozen=True)
class Judge:
    """The simulated judge; see the module."""

    accuracy: float
    concentration: float = 2.0
    shared: bool = False

    def own(self, rng: Random) -> float:
        """The accuracy of one match, or of one problem."""
        a, c = self.accuracy, self.concentration
        return a if a in (0.0, 1.0) else rng.betavariate(a * c, (1 - a) * c)

    def verdicts(
        self, own: float, group: Sequence[str], passed: Mapping[str, bool], votes: int, rng: Random
    ) -> list[str]:
        """Whom each vote of a match names."""
        right = [name for name in group if passed[name]]
        wrong = [name for name in group if not passed[name]]
        if not right or not wrong:
            return rng.choices(group, k=votes)
        odds = own * len(right), (1 - own) * len(wrong)
        share = odds[0] / sum(odds)
        return [rng.choice(right if rng.random() < share else wrong) for _ in range(votes)]

    def grades(self, own: float, passed: bool, votes: int, rng: Random) -> list[int]:
        """The grades of one attempt."""
        common = 0.0 if self.shared else 1 / (1 + self.concentration)
        accuracy = min(max(own if self.shared else self.accuracy, 1e-9), 1 - 1e-9)
        distance = SPREAD * sqrt(2) * NormalDist().inv_cdf(accuracy)
        middle = 10.5 + (0.5 if passed else -0.5) * distance + rng.gauss(0, SPREAD * sqrt(common))
        drawn = [rng.gauss(middle, SPREAD * sqrt(1 - common)) for _ in range(votes)]
        return [min(20, max(1, round(grade))) for grade in drawn]


def play(name: str, problem: Problem, judge: Judge, setting: Setting, key: str) -> Played:
    """Make one selection with the generator that a live run drives.

    Args:
        name: The selection.
        problem: Its attempts.
        judge: The judge.
        setting: Votes, group size, seed and so on.
        key: Names this selection among all lots.

    Returns:
        The ranking, the judge calls and their tokens.
    """
    seed, rng = setting.seed, Random(f"{setting.seed}/{key}/{name}")
    votes = setting.auto.most if setting.auto else setting.votes
    passed = dict(zip((r.id for r in problem.rollouts), problem.passed, strict=True))
    rules, shape = SELECTIONS[name], {"keep": setting.keep, "group_size": setting.group_size}
    field = Candidates(problem.rollouts, **shape, seed=seed, key=f"{key}/t0")
    field.by_strength = setting.by_strength
    selection = begin_selection(name, field)
    text = setting.problem_tokens if problem.tokens is None else problem.tokens
    owns, calls, tokens, number = [judge.own(rng) for _ in range(setting.judges)], 0, 0, 0
    matches: list[Match] = []
    by_evidence = setting.tie == "evidence"
    worth = {r.id: tie_break_key(r) for r in problem.rollouts} if by_evidence else None
    while True:
        try:
            groups = selection.send(matches) if number else next(selection)
        except StopIteration as end:
            return end.value, calls, tokens
        number, matches = number + 1, []
        judged = sum(len(group) > 1 for group in groups)
        for index, group in enumerate(groups):
            owns = owns if judge.shared else [judge.own(rng) for _ in owns]
            id, grade, ballots, asked = f"t0-r{number}-m{index}", None, list[str](), 0
            if rules.answer == "grade":
                asked, grade = votes, mean(judge.grades(owns[0], passed[group[0]], votes, rng))
            elif len(group) > 1:
                # of its own, so that settings which play the same match read the same votes
                own_rng = Random(f"{seed}/{key}/{name}/{' '.join(group)}")
                share = votes // len(owns)
                dealt = [judge.verdicts(own, group, passed, share, own_rng) for own in owns]
                ballots = [vote for turn in zip(*dealt, strict=True) for vote in turn]
                stop = setting.early_stop and rules.can_stop_early
                asked = _asked(group, ballots, stop, setting.auto, judged)
            lot = f"{key}/t0/{id}/tie"
            outcome = decide(group, ballots[:asked], seed=seed, key=lot, evidence=worth)
            matches.append(Match(id=id, group=group, votes=(), grade=grade, **outcome._asdict()))
            shown = text + len(group) * setting.summary_tokens + setting.answer_tokens
            calls, tokens = calls + asked, tokens + asked * shown


def _asked(
    group: Sequence[str], votes: Sequence[str], stop: bool, auto: AutoVotes | None, matches: int
) -> int:
    """How many of the votes a live run asks, in waves, before the winner is settled."""
    asked, most = 0, len(votes)
    while wave := further_votes(
        group, votes[:asked], votes=most, early_stop=stop, auto=auto, matches=matches
    ):
        asked += wave
    return asked


def row(pool: Pool, name: str, judge: Judge, setting: Setting) -> dict[str, Any]:
    """A table's row, rates in percent; without the numbers that the pool's record cannot give."""
    passes = [problem.passed for problem in pool.problems]
    ends = {"pass@1": 100 * mean(map(mean, passes)), "oracle": 100 * mean(map(any, passes))}
    if SELECTIONS[name].answer is None and name not in {"random", *pool.ranks}:
        return {"selection": name, **ends}
    worth, games = list[float](), list[tuple[int, int]]()
    for problem, passed in zip(pool.problems, passes, strict=True):
        chosen: list[str] = []
        for repeat in range(setting.repeats):
            key = f"{pool.name}/{problem.name}/{repeat}"
            ranking, *asked = play(name, problem, judge, setting, key)
            chosen += ranking[: setting.keep]
            games.append((asked[0], asked[1]))
        worth.append(mean(passed[int(id[-2:])] for id in chosen))
    gains = [a - mean(b) for a, b in zip(worth, passes, strict=True)]
    calls, tokens = (mean(column) for column in zip(*games, strict=True))
    gain = [100 * end for end in interval(gains, setting.seed)]
    numbers = {"calls": calls, "tokens": tokens, "selected": 100 * mean(worth), "gain": gain}
    return {"selection": name, **numbers, **ends}


def check(paper: Paper, judge: Judge, setting: Setting) -> dict[str, Any]:
    """Compare RTV with a row of the paper, and find accuracies that give the paper's numbers.

    Returns:
        Percent by what it is; `off` is ours - the paper's; a pair is for its range of accuracies.
    """
    counts, k, final = pools.pass_counts(paper), paper.select_k, paper.final

    def rtv(*accuracies: float) -> float:
        return pools.expected(counts, accuracies)[0]

    def of_match(vote: float) -> float:
        return pools.match_accuracy(vote, setting.votes, judge.concentration)

    match = pools.solve(lambda a: rtv(a, a), k)
    vote = pools.solve(of_match, match)
    as_matches = [rtv(a, a) for a in paper.accuracy]
    as_votes = [rtv(a, a) for a in map(of_match, paper.accuracy)]
    four, alike = replace(setting, keep=4, group_size=2), replace(judge, accuracy=vote)
    simulated = row(pools.fitted(paper), "tournament", alike, four)
    found: dict[str, Any] = {
        "select-4, paper": k,
        "  at its accuracy, of a match": as_matches,
        "    off": _off(as_matches, k),
        "  at its accuracy, of a vote": as_votes,
        "    off ": _off(as_votes, k),
        "accuracy fitted on select-4, match .. vote": [100 * match, 100 * vote],
        "  select-4 simulated there": simulated["selected"],
        "  its standard deviation": pools.expected(counts, [match] * 2)[1],
    }
    if final is not None:
        there, deviation = pools.expected(counts, [match] * 4)
        last = pools.solve(lambda a: rtv(a, a, a, a), final)
        late = pools.solve(lambda a: rtv(match, match, a, a), final)
        found |= {
            "final, paper": final,
            "  at the accuracy fitted on select-4": there,
            "    off  ": there - final,
            "    standard deviation": deviation,
            "accuracy fitted on final: match": 100 * last,
            "  select-4 there, off": rtv(last, last) - k,
            "accuracy of rounds 3, 4 to join both": 100 * late,
        }
    return found


def _off(ends: Sequence[float], target: float) -> float:
    """From the target to the nearest of a range, 0 within."""
    return max(ends[0] - target, 0.0) + min(ends[1] - target, 0.0)


def options() -> dict[str, Any]:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--accuracy", type=float, nargs="+", default=[0.7], help="of one vote")
    parser.add_argument("--concentration", type=float, default=2.0)
    parser.add_argument("--shared", action="store_true", help="one accuracy for all of a problem")
    parser.add_argument("--all-votes", dest="early_stop", action="store_false")
    parser.add_argument("--pools", nargs="+", choices=POOLS, default=POOLS, metavar="POOL")
    parser.add_argument("--problems", type=int, help="so many of each pool, by lot")
    parser.add_argument("--tie", choices=("random", "evidence"), default="random")
    for name in (field.name for field in fields(Setting) if field.type is int):
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=getattr(Setting, name))
    parser.add_argument("--json", action="store_true")
    return vars(parser.parse_args())


def main() -> None:
    given, console = options(), Console(width=150)
    setting = Setting(
        **{field.name: given[field.name] for field in fields(Setting) if field.name in given}
    )
    report: dict[str, Any] = {"tables": [], "check": []}
    for name, a in product(given["pools"], given["accuracy"]):
        try:
            pool = pools.load(name, given["data"], setting.seed)
        except FileNotFoundError as absent:
            print(f"{name} left out: {absent.filename} is absent, see --data", file=sys.stderr)
            continue
        by_name = {problem.name: problem for problem in pool.problems}
        drawn = seeded_shuffle(by_name, seed=setting.seed, key=name)[: given["problems"]]
        pool = replace(pool, problems=tuple(by_name[problem] for problem in drawn))
        judge = Judge(a, given["concentration"], given["shared"])
        rows = [row(pool, selection, judge, setting) for selection in SELECTIONS]
        title = f"{name}, {len(drawn)} problems: {pool.source}; a simulated judge's vote {a:.0%}"
        report["tables"].append({"pool": name, "source": pool.source, "accuracy": a, "rows": rows})
        if not given["json"]:
            console.print(table(title, COLUMNS, [[r.get(c) for c in COLUMNS] for r in rows]))
    judge = Judge(0.5, given["concentration"])
    papers = [paper for paper in pools.PAPER if paper.name in given["pools"]]
    report["check"] = [{"paper": p.name[6:]} | check(p, judge, setting) for p in papers]
    if given["json"]:
        print(json.dumps({"given": given | {"data": str(given["data"])}} | report, indent=1))
    elif papers:
        labels = max(report["check"], key=len)  # some rows of the paper have no final
        head, *lines = [[label, *(c.get(label) for c in report["check"])] for label in labels]
        console.print(table("RTV on populations fitted to the paper", head, lines))


if __name__ == "__main__":
    main()
