"""The numbers of bench/selection.py once more: real trajectories, a real eval, the same judge.

    python bench/recorded.py [--accuracy 0.7] [--pools tb20_capy tb20_forge] [--selections ...]

`selection.py` drives a selection with outcomes alone. Here `inspect_tts/recorded` reads the whole
trajectories, a summarizer and a judge are asked through Inspect, and the judge casts the votes that
the simulated judge of `selection.py` cast: it knows from its scope which vote of which match it is,
and from the summaries who is shown. All must agree: rankings, judge calls, pass@1, selected and
oracle. Lots are drawn by problem alone, so tables of `selection.py`, which repeat, differ by lots.
"""

import argparse
import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from statistics import mean
from tempfile import TemporaryDirectory
from typing import Any

import pools
import selection
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalLog
from inspect_ai.model import ChatMessage, Model, ModelOutput, ModelUsage, get_model
from pools import Pool
from rich.console import Console
from selection import DATA, Judge, Setting
from tables import table

from inspect_tts import RolloutPool
from inspect_tts._inspect import current_cache_scope
from inspect_tts.method.seeding import cache_scope
from inspect_tts.method.selection_specs import SELECTIONS
from inspect_tts.recorded import recorded, select_recorded

MOST_ROUNDS, MOST_MATCHES, MOST_ROLLOUTS = 8, 40, 16
NAMED = ("tb20_capy", "tb20_forge")
UNKNOWN = {"cheapest"}  # the bench estimates tokens, which no trajectory of these pools records
COLUMNS = ("pool", "selection", "rankings", "calls", "pass@1", "selected", "oracle")


@dataclass(frozen=True)
class Recorder(Judge):
    """The simulated judge, who keeps each ballot: the group, and what each vote said."""

    cast: list[tuple[tuple[str, ...], list[Any]]] = field(default_factory=list)

    def verdicts(self, own: float, group: Any, passed: Any, votes: int, rng: Random) -> list[str]:
        """As the judge's, kept."""
        said = super().verdicts(own, group, passed, votes, rng)
        self.cast.append((tuple(group), said))
        return said

    def grades(self, own: float, passed: bool, votes: int, rng: Random) -> list[int]:
        """As the judge's, kept."""
        said = super().grades(own, passed, votes, rng)
        self.cast.append(((f"t0-n{len(self.cast):02d}",), said))
        return said


@dataclass
class Played:
    """One problem as `selection.py` plays it."""

    ranking: tuple[str, ...]
    calls: int
    ballots: dict[frozenset[str], list[list[Any]]]
    """For each set of rollouts that met: what the votes said, each time they met."""
    rounds: defaultdict[frozenset[str], list[int]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """In which rounds a set has been seen to meet."""


class Panel:
    """A model that summarizes by naming the rollout, and votes as the simulated judge did."""

    def __init__(self, pool: Pool, name: str, judge: Judge, setting: Setting) -> None:
        self.name, self.setting = name, setting
        self.expected = {problem.name: self._play(problem, judge) for problem in pool.problems}
        self.texts: dict[str, str] = {}
        self.longest = {"summarizer": 0, "judge": 0}
        self.votes = {
            cache_scope(1, f"t0-r{r}-m{m}", i): (r, i)
            for r in range(1, MOST_ROUNDS)
            for m in range(MOST_MATCHES)
            for i in range(setting.votes)
        }
        ids = [f"t0-n{i:02d}" for i in range(MOST_ROLLOUTS)]
        self.rollouts = {cache_scope(1, id): id for id in ids}

    def _play(self, problem: pools.Problem, judge: Judge) -> Played:
        recorder = Recorder(judge.accuracy, judge.concentration, judge.shared)
        key = f"{problem.name}/1"
        ranking, calls, _ = selection.play(self.name, problem, recorder, self.setting, key)
        ballots: defaultdict[frozenset[str], list[list[Any]]] = defaultdict(list)
        for group, said in recorder.cast:
            ballots[frozenset(group)].append(said)
        return Played(ranking, calls, ballots)

    def model(self) -> Model:
        """The model, for `eval(model=...)`."""
        return get_model("mockllm/panel", custom_outputs=self._answer, memoize=False)

    def _answer(self, messages: list[ChatMessage], *_: Any) -> ModelOutput:
        prompt = messages[0].text
        summarizes = "<trajectory>" in prompt
        text = self._summary() if summarizes else self._vote(prompt)
        role = "summarizer" if summarizes else "judge"
        self.longest[role] = max(self.longest[role], len(prompt))
        output = ModelOutput.from_content("mockllm/panel", text)
        output.usage = ModelUsage(input_tokens=1, output_tokens=1, total_tokens=2)
        return output

    def _summary(self) -> str:
        who = self.rollouts[current_cache_scope()]
        return f'{{"requirements": [], "strategy": "{who}", "final_state": "ended"}}'

    def _vote(self, prompt: str) -> str:
        [text] = re.findall(r"<problem>\n(.*?)\n</problem>", prompt, re.DOTALL)[:1]
        shown = re.findall(r'"strategy": "(t0-n\d\d)"', prompt)
        played = self.expected[self.texts[text]]
        number, index = self.votes[current_cache_scope()]
        met = frozenset(shown)
        if number not in played.rounds[met]:
            played.rounds[met].append(number)
        said = played.ballots[met][played.rounds[met].index(number)][index]
        if SELECTIONS[self.name].answer == "grade":
            return f"Final grade: {said}"
        return f"Final verdict: Solution {shown.index(said) + 1}"


def run(path: Path, panel: Panel, log_dir: str) -> EvalLog:
    """Select among recorded trajectories of the panel's problems, with it as every model."""
    task = recorded(paths=str(path))
    panel.texts = {str(s.input).strip(): str(s.id) for s in task.dataset}
    setting = panel.setting
    solver = select_recorded(
        selection=panel.name,
        votes=setting.votes,
        group_size=setting.group_size,
        early_stop=setting.early_stop,
        seed=setting.seed,
    )
    [log] = inspect_eval(
        task,
        solver=solver,
        model=panel.model(),
        log_dir=log_dir,
        display="none",
        max_samples=20,
        sample_id=list(panel.expected),
    )
    return log


def compare(pool: Pool, panel: Panel, log: EvalLog) -> dict[str, tuple[float, float]]:
    """Number by number: that of `selection.py`, and that of the eval."""
    samples = log.samples or []
    found = {str(sample.id): sample.store_as(RolloutPool) for sample in samples}
    passed = {problem.name: problem.passed for problem in pool.problems}
    expected, same = panel.expected, list[bool]()
    for name, played in expected.items():
        same.append(found[name].selections[-1].ranking == played.ranking)
    votes = [
        len(match.votes)
        for each in found.values()
        for round in each.selections[-1].rounds
        for match in round.matches
    ]
    chosen = [passed[name][int(played.ranking[0][-2:])] for name, played in expected.items()]
    scores = log.results.scores if log.results else []
    metrics = {score.name: 100 * score.metrics["mean"].value for score in scores[1:]}
    return {
        "rankings": (len(same), sum(same)),
        "calls": (sum(played.calls for played in expected.values()), sum(votes)),
        "pass@1": (100 * mean(map(mean, passed.values())), metrics["iteration_0"]),
        "selected": (100 * mean(chosen), metrics["selected"]),
        "oracle": (100 * mean(map(any, passed.values())), metrics["oracle"]),
    }


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--accuracy", type=float, default=0.7, help="of one vote")
    parser.add_argument("--pools", nargs="+", choices=NAMED, default=NAMED)
    choices = [name for name in SELECTIONS if name not in UNKNOWN]
    parser.add_argument("--selections", nargs="+", choices=choices, default=choices)
    given = parser.parse_args(arguments)
    rows, longest = list[list[Any]](), {"summarizer": 0, "judge": 0}
    for name in given.pools:
        path = given.data / pools.RECORDED[name]
        if not path.exists():
            print(f"{name} left out: {path} is absent, see --data")
            continue
        pool = pools.load(name, given.data, 0)
        for kind in given.selections:
            panel = Panel(pool, kind, Judge(given.accuracy), Setting())
            with TemporaryDirectory() as logs:
                numbers = compare(pool, panel, run(path, panel, logs))
            shown = [f"{a:.6g} = {b:.6g}" if a == b else f"{a} != {b}" for a, b in numbers.values()]
            rows.append([name, kind, *shown])
            longest = {role: max(n, panel.longest[role]) for role, n in longest.items()}
    if rows:
        title = "selection.py = inspect_tts/recorded"
        Console(width=150).print(table(title, COLUMNS, rows))
        print("longest prompts, in characters:", longest)


if __name__ == "__main__":
    main()
