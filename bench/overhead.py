"""What a strategy costs beyond its rollouts, as ratios.

    python bench/overhead.py [--sandbox docker] [--turns 40] [--resume off] [--runs 3]

(a) `rtv` with a model, summarizer and judge that answer at once, against the task's plain agent
under `--epochs n`: wall time, peak memory and log bytes, each for one rollout.
(b) With a model that takes 200 ms, `rtv`'s wall time against its critical path: the slowest rollout
(from sandbox start to summary) and one vote for each round, read from the log of that very run.

Each side runs in a process of its own with the same limits on samples, sandboxes, subprocesses,
docker calls and connections, wide enough for all rollouts at once. Wall time of (a) is that of
`eval()`; processor time, of the same span and with the commands, is steadier on a busy machine.
Peak memory is the whole process: interpreter, imports, the returned log; not the commands. Wall
time of (b) is the sample's own. The scorer needs no sandbox: the plain side scores n times.

The model's text is made up: 50 words and a command with `--output` bytes of output a turn, 400
words a summary, 150 a vote. In shorter rollouts summaries and votes weigh more.
"""

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
from functools import cache
from itertools import count
from pathlib import Path
from random import Random
from statistics import median
from time import perf_counter
from typing import Any
from zipfile import ZipFile

import anyio
from inspect_ai import Task, eval, task
from inspect_ai.agent import react
from inspect_ai.dataset import Sample
from inspect_ai.event import SpanBeginEvent, SpanEndEvent
from inspect_ai.log import EvalLog, EvalSample
from inspect_ai.model import (
    ChatMessage,
    ChatMessageAssistant,
    GenerateConfig,
    ModelAPI,
    ModelOutput,
    ModelUsage,
    modelapi,
)
from inspect_ai.scorer import includes
from inspect_ai.tool import ToolChoice, ToolInfo, bash

from inspect_tts import RolloutPool, rtv

UNITS = {
    "wall": (1e3, "ms a rollout"),
    "processor": (1e3, "ms a rollout"),
    "memory": (1e-6, "MB a rollout"),
    "log": (1e-3, "kB a rollout"),
    "unpacked log": (1e-3, "kB a rollout"),
}
AIMS = dict.fromkeys(UNITS, 1.15) | {"critical path": 1.10}
LATENCY = 0.2  # seconds of a model call in (b)
_WORDS = ["".join(Random(i).choices("abcdefghijklmnoprstuvw", k=3 + i % 8)) for i in range(2000)]


@cache
def words(n: int, seed: int) -> str:
    """Made-up text that no compressor has seen before."""
    return " ".join(Random(seed).choices(_WORDS, k=n))


@modelapi(name="scripted")
class Scripted(ModelAPI):
    """Plays agent, summarizer and judge from the prompt alone, each answer after `latency`."""

    def __init__(
        self,
        model_name: str,
        base_url: str | None = None,
        api_key: str | None = None,
        config: GenerateConfig = GenerateConfig(),  # noqa: B008  # the signature of ModelAPI
        **model_args: Any,
    ) -> None:
        super().__init__(model_name, base_url, api_key, [], config)
        self.latency = float(model_args["latency"])
        self.turns = int(model_args["turns"])
        self.output = int(model_args["output"])
        self.calls = count()

    async def generate(
        self,
        input: list[ChatMessage],
        tools: list[ToolInfo],
        tool_choice: ToolChoice,
        config: GenerateConfig,
    ) -> ModelOutput:
        """Answer in the role that the prompt asks for."""
        await anyio.sleep(self.latency)
        call = next(self.calls)
        done = sum(isinstance(message, ChatMessageAssistant) for message in input)
        if tools and done < self.turns:
            read = f"tail -c +{1 + call * self.output} words.txt | head -c {self.output}"
            command = {"command": f"{read}; echo {call} >> notes.txt"}
            thought = words(50, call)
            answer = ModelOutput.for_tool_call(self.model_name, "bash", command, content=thought)
        elif tools:
            answer = ModelOutput.for_tool_call(self.model_name, "submit", {"answer": "done"})
        elif "<trajectory>" in input[0].text:
            half, rest = words(200, call), words(200, -call)
            summary = {"requirements": [], "strategy": half, "final_state": rest}
            answer = ModelOutput.from_content(self.model_name, json.dumps(summary))
        else:
            verdict = f"{words(150, call)}\n\nFinal verdict: Solution {1 + call % 2}"
            answer = ModelOutput.from_content(self.model_name, verdict)
        answer.usage = ModelUsage(input_tokens=1000, output_tokens=100, total_tokens=1100)
        return answer

    def max_connections(self) -> int:
        """No throttle."""
        return 10_000


@task
def workload(sandbox: str, problems: int, size: int) -> Task:
    """Git repositories with a file of `size` bytes, and an agent with a shell."""
    setup = "git init -q . && git add -A && git -c user.name=b -c user.email=b@b commit -qm start"
    sample = Sample(
        input="Read words.txt and take notes.",
        target="done",
        files={"words.txt": words(size, 0)[:size]},
        setup=setup,
    )
    return Task(
        dataset=[sample.model_copy(update={"id": str(i)}) for i in range(problems)],
        solver=react(tools=[bash()]),
        scorer=includes(),
        sandbox=("docker", str(Path(__file__).with_name("compose.yaml")))
        if sandbox == "docker"
        else sandbox,
    )


def run(given: dict[str, Any], side: str, latency: float) -> dict[str, float]:
    """Measure one eval in this process, after a small one that loads what Inspect loads late.

    Args:
        given: The options.
        side: `plain`, the task's agent under epochs, or `rtv`.
        latency: Seconds of a model call.

    Returns:
        Seconds, peak bytes of memory, log bytes; for `rtv` also the critical path.
    """
    with tempfile.TemporaryDirectory() as log_dir:
        _eval(given | {"n": 1, "turns": 1, "problems": 1}, "plain", 0.0, log_dir)
        started, worked = perf_counter(), _processor_seconds()
        log = _eval(given, side, latency, log_dir)
        seconds, work = perf_counter() - started, _processor_seconds() - worked
        _check(log, given)
        return {
            "wall": seconds,
            "processor": work,
            "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0,  # KiB on Linux
            "log": float(Path(log.location).stat().st_size),
            "unpacked log": float(sum(i.file_size for i in ZipFile(log.location).infolist())),
        } | (_critical_path(log) if side == "rtv" else {})


def _processor_seconds() -> float:
    """Of this process and of its commands that have ended."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


def _eval(given: dict[str, Any], side: str, latency: float, log_dir: str) -> EvalLog:
    rollouts = given["n"] * given["problems"]
    size = rollouts * (given["turns"] + 1) * given["output"]
    strategy = rtv(n=given["n"], max_rollouts=rollouts, resume=given["resume"])
    return eval(
        workload(given["sandbox"], given["problems"], size),
        solver=strategy if side == "rtv" else None,
        epochs=given["n"] if side == "plain" else None,
        model=f"scripted/{side}",
        model_args={"latency": latency, "turns": given["turns"], "output": given["output"]},
        max_samples=rollouts,
        max_sandboxes=rollouts,
        max_subprocesses=rollouts,
        max_connections=10_000,
        display="none",
        log_dir=log_dir,
    )[0]


def _check(log: EvalLog, given: dict[str, Any]) -> None:
    """Refuse to report numbers of a run that did not do its work."""
    samples = log.samples or []
    if log.status != "success" or any(sample.error for sample in samples):
        raise SystemExit(f"the eval failed: {log.error or samples}")
    for sample in samples:
        if len(sample.messages) < 2 * given["turns"]:
            raise SystemExit(f"sample {sample.id} has only {len(sample.messages)} messages")


def _critical_path(log: EvalLog) -> dict[str, float]:
    """Of the sample that is furthest from it."""
    numbers = [_path_of(sample) for sample in log.samples or []]
    return max(numbers, key=lambda n: n["sample seconds"] / n["critical seconds"])


def _path_of(sample: EvalSample) -> dict[str, float]:
    began = {e.id: e.timestamp for e in sample.events if isinstance(e, SpanBeginEvent)}
    ended = {e.id: e.timestamp for e in sample.events if isinstance(e, SpanEndEvent)}
    pool = sample.store_as(RolloutPool)
    slowest = max((ended[r.id] - began[r.id]).total_seconds() for r in pool.rollouts)
    rounds = [r for selection in pool.selections for r in selection.rounds]
    votes = sum(min(v.seconds for m in r.matches for v in m.votes) for r in rounds)
    return {
        "sample seconds": sample.total_time or 0.0,
        "critical seconds": slowest + votes,
        "slowest rollout": slowest,
        "votes": votes,
    }


def measure(given: dict[str, Any], side: str, latency: float) -> dict[str, float]:
    """`run` in a fresh process; the median of `--runs`."""
    around = {"INSPECT_DOCKER_CLI_CONCURRENCY": str(given["n"] * given["problems"])}
    if given["sandbox"] == "local":
        around["HOME"] = tempfile.gettempdir()  # the agent's login shells read no profile there
    job = json.dumps({"given": given, "side": side, "latency": latency})
    runs: list[dict[str, float]] = []
    for _ in range(given["runs"]):
        child = subprocess.run(
            [sys.executable, __file__, "--child", job],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | around,
        )
        if child.returncode:
            raise SystemExit(f"the measurement of {side} failed, see above")
        runs.append(json.loads(child.stdout.splitlines()[-1]))
    return {key: median(one[key] for one in runs) for key in runs[0]}


def compare(given: dict[str, Any]) -> dict[str, Any]:
    """Run the asked parts: each ratio with its aim and its two raw values."""
    rollouts = given["n"] * given["problems"]
    rows: list[dict[str, Any]] = []
    if "a" in given["parts"]:
        ours, plain = (measure(given, side, 0.0) for side in ("rtv", "plain"))
        for what, unit in UNITS.items():
            pair = (ours[what] / rollouts * unit[0], plain[what] / rollouts * unit[0])
            rows.append(_row("a", what, unit[1], *pair))
    if "b" in given["parts"]:
        slow = measure(given, "rtv", LATENCY)
        both = slow["sample seconds"], slow["critical seconds"]
        rows.append(_row("b", "critical path", "s", *both) | {"detail": slow})
    return {"given": given, "rows": rows}


def _row(part: str, what: str, unit: str, ours: float, against: float) -> dict[str, Any]:
    values = {"ratio": ours / against, "aim": AIMS[what], "rtv": ours, "against": against}
    return {"part": part, "what": what, "unit": unit} | values


def table(report: dict[str, Any]) -> str:
    """The report as text."""
    lines = [f"{'':<18}{'ratio':>7}{'aim':>7}{'rtv':>12}{'against':>12}"]
    for r in report["rows"]:
        name = f"({r['part']}) {r['what']}"
        raw = "".join(f"{r[side]:>12,.2f}" for side in ("rtv", "against"))
        lines.append(f"{name:<18}{r['ratio']:>7.2f}{r['aim']:>7.2f}{raw}  {r['unit']}")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--sandbox", choices=("local", "docker"), default="local")
    parser.add_argument("--n", type=int, default=16, help="rollouts of a problem")
    parser.add_argument("--turns", type=int, default=40, help="commands of a rollout")
    parser.add_argument("--output", type=int, default=2000, help="bytes of a command's output")
    parser.add_argument("--problems", type=int, default=1)
    parser.add_argument("--parts", choices=("a", "b", "ab"), default="ab")
    parser.add_argument("--runs", type=int, default=1, help="report the median of so many runs")
    parser.add_argument("--resume", choices=("log", "off"), default="log", help="as of rtv")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    given = vars(parser.parse_args())
    child, as_json = given.pop("child"), given.pop("json")
    if child:
        print(json.dumps(run(**json.loads(child))))
    else:
        report = compare(given)
        print(json.dumps(report, indent=1) if as_json else table(report))


if __name__ == "__main__":
    main()
