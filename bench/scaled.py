"""What a viewer must open: one sample with all rollouts, or one for each (`inspect_tts/scaled`).

    python bench/scaled.py [--n 32] [--turns 100] [--opened 3] [--logs FOLDER]

The same problem runs twice with a model that answers at once (that of `overhead.py`) and commands
that are made up: with `--solver rtv`, and as `inspect_tts/scaled`. Of the first log the one sample
is opened, of the second the largest rollout and the end of the problem. Each is read as Inspect
reads it and written as JSON, and opened in Inspect View by a Chromium (the one in `CHROMIUM`, or
on the path; without one this is left out). Seconds are medians of `--opened` times; compare them
within one run only.
"""

import argparse
import json
import os
import shutil
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any
from urllib.parse import quote
from zipfile import ZipFile
from zlib import crc32

from inspect_ai import Task, eval, task
from inspect_ai.agent import react
from inspect_ai.dataset import Sample
from inspect_ai.log import EvalSample, read_eval_log_sample
from inspect_ai.scorer import includes
from inspect_ai.tool import Tool, tool
from overhead import Scripted, words  # noqa: F401  # registers the model

from inspect_tts import rtv
from inspect_tts.scaled.task import scaled

OUTPUT = 330  # words of a command's output, about 2 kB
INPUT = "Read words.txt and take notes."
_PATIENCE = 120_000  # milliseconds
_FLAGS = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@tool(name="bash")
def made_up() -> Tool:
    """A shell without a shell: each command prints other words."""

    async def execute(command: str) -> str:
        """Run a command.

        Args:
            command: The command.
        """
        return words(OUTPUT, crc32(command.encode()))

    return execute


@task
def reading() -> Task:
    """One problem without a sandbox."""
    sample = Sample(id="problem", input=INPUT, target="done")
    return Task(dataset=[sample], solver=react(tools=[made_up()]), scorer=includes())


def make_log(given: dict[str, Any], side: str, folder: Path) -> Path:
    """Run the problem.

    Args:
        given: The options.
        side: `solver` or `scaled`.
        folder: Where to write the log.

    Returns:
        The log.
    """
    n = given["n"]
    how: dict[str, Any] = {"tasks": reading(), "solver": rtv(n=n)}
    if side == "scaled":
        how = {"tasks": scaled(task="reading", strategy="rtv", strategy_args={"n": n})}
    log = eval(
        **how,
        model="scripted/scaled",
        model_args={"latency": 0.0, "turns": given["turns"], "output": 2000},
        max_samples=n,
        display="none",
        log_dir=str(folder),
        log_header_only=True,
    )[0]
    if log.status != "success":
        raise SystemExit(f"the eval failed: {log.error}")
    return Path(log.location)


def sizes(log: Path) -> dict[str, tuple[int, int]]:
    """The bytes of each sample in a log, packed and as JSON, largest first."""
    entries = [e for e in ZipFile(log).infolist() if e.filename.startswith("samples/")]
    entries.sort(key=lambda entry: -entry.file_size)
    names = [e.filename.removeprefix("samples/").rpartition("_epoch_")[0] for e in entries]
    return {n: (e.compress_size, e.file_size) for n, e in zip(names, entries, strict=True)}


def read(log: Path, id: str) -> float:
    """Seconds to read a sample and to write it as JSON."""
    began = perf_counter()
    sample: EvalSample = read_eval_log_sample(str(log), id, 1)
    sample.model_dump_json()
    return perf_counter() - began


@contextmanager
def inspect_view(folder: Path) -> Iterator[str]:
    """Run `inspect view` on a free port."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [str(Path(sys.executable).parent / "inspect"), "view", "start"]
    process = subprocess.Popen(
        [*command, "--log-dir", str(folder), "--port", str(port)],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while process.poll() is None:
            with socket.socket() as asked:
                if asked.connect_ex(("127.0.0.1", port)) == 0:
                    break
            sleep(0.2)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _card(id: str) -> str:
    """A title in the transcript of a sample."""
    return "model call: scripted" if "#" in id else "tournament 0: "


def view(log: Path, ids: list[str], times: int) -> dict[str, float]:
    """Seconds until Inspect View shows the transcript of a sample, in a browser that is warm."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium")
    if path is None:
        return {}
    from playwright.sync_api import sync_playwright

    found: dict[str, float] = {}
    with inspect_view(log.parent) as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=_FLAGS)
        for id in ids:
            seconds = []
            for _ in range(times + 1):
                page = browser.new_page(viewport={"width": 1280, "height": 900})
                began = perf_counter()
                sample = f"samples/sample/{quote(id)}/1/transcript"
                page.goto(f"{address}/#/logs/{quote(log.name)}/{sample}")
                shown = page.get_by_text(_card(id)).first  # the input is shown before the sample is
                shown.wait_for(state="visible", timeout=_PATIENCE)
                seconds.append(perf_counter() - began)
                page.close()
            found[id] = median(seconds[1:])  # the first one loads the viewer itself
        browser.close()
    return found


def measure(given: dict[str, Any], folder: Path) -> list[dict[str, Any]]:
    """Measure both logs: a row for each sample that a reader opens."""
    rows = []
    for side in ("solver", "scaled"):
        log = make_log(given, side, folder / side)
        of = sizes(log)
        ids = [*[id for id in of if "#" in id][:1], "problem"]
        viewed = view(log, ids, given["opened"])
        for id in ids:
            rows.append(
                {
                    "log": side,
                    "sample": id,
                    "file MB": log.stat().st_size / 1e6,
                    "packed MB": of[id][0] / 1e6,
                    "JSON MB": of[id][1] / 1e6,
                    "read s": median(read(log, id) for _ in range(given["opened"])),
                    "view s": viewed.get(id),
                }
            )
    return rows


def table(rows: list[dict[str, Any]]) -> str:
    """The rows as text, each number with its ratio to that of the sample with all rollouts."""
    lines = []
    for row in rows:
        cells = [f"{row['log']} {row['sample']:<16}"]
        for name, value in row.items():
            if isinstance(value, float):
                cells.append(f"{name} {value:8.2f} ({value / rows[0][name]:.2f})")
        lines.append("  ".join(cells))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--n", type=int, default=32, help="rollouts")
    parser.add_argument("--turns", type=int, default=100, help="commands of a rollout")
    parser.add_argument("--opened", type=int, default=3, help="report the median of so many times")
    parser.add_argument("--logs", type=Path, help="keep the logs in this folder")
    parser.add_argument("--json", action="store_true")
    given = vars(parser.parse_args())
    with tempfile.TemporaryDirectory() as temporary:
        rows = measure(given, given.pop("logs") or Path(temporary))
    print(json.dumps({"given": given, "rows": rows}, indent=1) if given["json"] else table(rows))


if __name__ == "__main__":
    main()
