"""What execution tells of real patches, without any model: ../shared/data/cross_execution.

    python bench/cross_execution.py run [--only django] [--workers 2] [--repositories CLONES]
    python bench/cross_execution.py report [--json]

Each problem has up to eight patches with official outcomes, and what one of the rollouts had made
and run itself. `run` builds an image of each problem (`releases.py`), puts the patches on
it by `inspect_tts/recorded` with `evidence=cross`, and appends what was found to a file, which
`report` reads. What is there is not run again.
"""

import argparse
import gzip
import json
import lzma
import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import behavior
import releases
from inspect_ai import eval as inspect_eval
from inspect_ai.log import EvalSample
from inspect_ai.model import ChatMessageAssistant
from inspect_ai.tool import ToolCall
from platformdirs import user_cache_path
from rich.console import Console

from inspect_tts import RolloutPool
from inspect_tts.recorded import Malformed, Recorded, reader, recorded, select_recorded

DATA = Path(os.environ.get("INSPECT_TTS_DATA") or Path(__file__).parents[2] / "shared" / "data")
CANDIDATES = DATA / "cross_execution" / "candidates.jsonl.xz"
DATASET = DATA / "swebench_verified" / "swebench_verified.jsonl.gz"
OFFLINE = DATA / "swebench_verified" / "offline_instances.jsonl.gz"
CACHE = user_cache_path("inspect_tts") / "cross_execution"


@reader(name="cross-execution", patterns=["candidates.jsonl.xz"])
def candidates(path: Path) -> Iterator[Recorded | Malformed]:
    """The patches of each problem; the rollout with the kit has it as its trajectory."""
    for row in _rows(path):
        for each in row["candidates"]:
            kit = row["kit"] if each["source"] == row["kit"]["author"] else None
            yield Recorded(
                problem=row["instance_id"],
                text=None,
                messages=_trajectory(kit),
                part=_part(row, each),
                model=each["source"],
                patch=each["patch"],
                scores={"resolved": bool(each["resolved"])},
                ids=(_part(row, each),),
            )


def _trajectory(kit: Mapping[str, Any] | None) -> list[ChatMessageAssistant]:
    if kit is None:
        return [ChatMessageAssistant(content="Its trajectory is not in the data.")]
    steps = [{"path": f"/testbed/{name}", "content": text} for name, text in kit["files"].items()]
    steps += [{"command": command} for command in kit["commands"]]
    calls = [
        ToolCall(id=str(n), function="write" if "path" in step else "bash", arguments=step)
        for n, step in enumerate(steps)
    ]
    return [ChatMessageAssistant(content="", tool_calls=calls)]


def _rows(path: Path) -> list[dict[str, Any]]:
    opened = lzma.open if path.suffix == ".xz" else gzip.open
    with opened(path, "rt", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]


def run(given: argparse.Namespace) -> None:
    """Build images, run the checks, and append what they showed."""
    known = {row["instance_id"] for row in found(given.results)}
    records = {row["instance_id"]: row for row in _rows(DATASET)}
    offline = {row["instance_id"]: row for row in _rows(OFFLINE)}
    wanted = [row for row in _rows(CANDIDATES) if row["instance_id"] not in known]
    wanted.sort(key=lambda row: len({each["resolved"] for each in row["candidates"]}) == 1)
    chosen = [row["instance_id"] for row in wanted if _chosen(row["instance_id"], given.only)]
    ready: list[str] = []
    for number, id in enumerate(chosen, 1):
        try:
            releases.build(records[id], offline.get(id), given.cache, given.repositories)
            ready.append(id)
        except releases.NoImageError as error:
            print(f"{id} left out: {error}", flush=True)
        if ready and (len(ready) == given.workers or number == len(chosen)):
            _run(ready, given)
            ready = []


def _chosen(id: str, only: Sequence[str]) -> bool:
    return not only or any(part in id for part in only)


def _run(ids: Sequence[str], given: argparse.Namespace) -> None:
    with tempfile.TemporaryDirectory() as folder:
        [log] = inspect_eval(
            recorded(
                paths=str(CANDIDATES),
                format=f"{Path(__file__).resolve()}@candidates",
                problems=str(DATASET),
                image_template=releases.TEMPLATE,
                output=folder,
            ),
            solver=select_recorded(
                evidence="cross",
                evidence_time=given.seconds,
                selection="behavior",
                preflight=False,
                resume=str(given.cache / "saved"),
            ),
            model="mockllm/model",
            sample_id=list(ids),
            max_samples=len(ids),
            log_dir=folder,
            display="none",
        )
        outcomes = {
            _part(row, each): bool(each["resolved"])
            for row in _rows(CANDIDATES)
            for each in row["candidates"]
        }
        for sample in log.samples or []:
            if sample.error is not None:
                print(f"{sample.id}: {sample.error.message}", flush=True)
                continue
            row = _result(sample, outcomes)
            print(f"{row['instance_id']}: {_told(row)}", flush=True)
            with given.results.open("a", encoding="utf-8") as file:
                file.write(json.dumps(row) + "\n")


def _part(row: Mapping[str, Any], candidate: Mapping[str, Any]) -> str:
    return f"{row['instance_id']} {candidate['source']}"


def _result(sample: EvalSample, outcomes: Mapping[str, bool]) -> dict[str, Any]:
    """All that the report needs: outcomes, and what each check showed of each tree."""
    pool = sample.store_as(RolloutPool)
    [taken], sources = pool.executions, pool.stages[0].parameters["sources"]
    gone = {each.check for each in taken.dropped}
    shown: dict[str, dict[str, Any]] = {}
    for check in taken.checks:
        runs = {run.tree: run for run in taken.runs if run.check == check.id and not run.repeat}
        if check.id not in gone:
            shown[check.id] = {
                tree: [run.returncode, run.digest, run.problem] for tree, run in runs.items()
            }
    return {
        "instance_id": str(sample.id),
        "outcomes": {
            each.id: outcomes[source["part"]]
            for each, source in zip(pool.rollouts, sources, strict=True)
        },
        "fingerprints": {each.id: each.facts.fingerprint for each in pool.rollouts},
        "results": taken.results,
        "unavailable": taken.unavailable,
        "reason": taken.reason,
        "shown": shown,
        "dropped": [each.reason for each in taken.dropped],
        "separating": list(taken.separating),
        "classes": [list(members) for members in taken.classes],
        "like_untouched": list(taken.like_untouched),
        "adopted": pool.adopted,
        "seconds": round(taken.seconds, 1),
        "discrepancies": list(pool.discrepancies()),
    }


def _told(row: Mapping[str, Any]) -> str:
    right = sum(row["outcomes"].values())
    classes = "+".join(str(len(members)) for members in row["classes"]) or "none"
    return (
        f"{right} of {len(row['outcomes'])} right, checks {len(row['shown'])}, classes {classes}, "
        f"like untouched {len(row['like_untouched'])}, {row['seconds']} s"
        f"{', ' + row['reason'] if row['reason'] else ''}"
    )


def found(results: Path) -> list[dict[str, Any]]:
    """What was found so far, once for each problem."""
    if not results.exists():
        return []
    rows = map(json.loads, results.read_text(encoding="utf-8").splitlines())
    return list({row["instance_id"]: row for row in rows}.values())


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("command", choices=("run", "report"))
    parser.add_argument("--cache", type=Path, default=CACHE)
    parser.add_argument("--results", type=Path, help="default: results.jsonl in the cache")
    parser.add_argument("--only", nargs="+", default=[], help="parts of the problems' ids")
    parser.add_argument("--repositories", type=Path, help="folder of git clones, OWNER/NAME each")
    parser.add_argument("--workers", type=int, default=2, help="problems at once")
    parser.add_argument("--seconds", type=float, default=300, help="of evidence a problem")
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    given.cache.mkdir(parents=True, exist_ok=True)
    (given.cache / "saved").mkdir(exist_ok=True)
    given.results = given.results or given.cache / "results.jsonl"
    if given.command == "run":
        run(given)
        return
    report = behavior.report(found(given.results))
    if given.json:
        print(json.dumps(report, indent=1))
    else:
        behavior.show(report, Console(width=120))


if __name__ == "__main__":
    main()
