"""How long `inspect-tts report` takes, how much memory it needs, how large the page is.

    python bench/report.py [--problems 500] [--n 16] [--logs 1] [--events 0] [--keep FOLDER]

The logs are made up (`made_logs.py`): real records of `pdr_rtv` with summaries and votes of a usual
length. `--events` adds events that the report has to skip: a real sample of 32 rollouts with 40
steps each has about 5600 of them, 27 MB before compression.
"""

import argparse
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Event, Thread
from time import monotonic, sleep

import psutil
from inspect_ai.log import write_eval_log
from made_logs import Made, made_log


def write(made: Made, path: str) -> None:
    write_eval_log(made_log(made), path)


def make(made: Made, folder: Path, logs: int) -> None:
    """Write the problems as several logs, in as many processes as there are processors."""
    share = made.problems // logs
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        futures = [
            pool.submit(
                write,
                replace(made, problems=share, seed=i),
                str(folder / f"2026-01-01T00-00-{i:02d}_made_{i}.eval"),
            )
            for i in range(logs)
        ]
        for future in futures:
            future.result()


def measure(folder: Path) -> dict[str, float]:
    """Run the command and watch it with all its processes."""
    command = [sys.executable, "-m", "inspect_tts", "report", str(folder), "--json"]
    page = folder / "report.html"
    started = monotonic()
    with (folder / "report.json").open("w", encoding="utf-8") as out:
        process = subprocess.Popen([*command, "--html", str(page)], stdout=out)
        peak, done = [0], Event()
        watch = Thread(target=_watch, args=(process.pid, peak, done))
        watch.start()
        code = process.wait()
        done.set()
        watch.join()
    if code:
        raise SystemExit(code)
    return {
        "seconds": monotonic() - started,
        "peak_mib": peak[0] / 2**20,
        "page_mb": page.stat().st_size / 1e6,
        "log_mb": sum(path.stat().st_size for path in folder.glob("*.eval")) / 1e6,
    }


def _watch(pid: int, peak: list[int], done: Event) -> None:
    while not done.is_set():
        try:
            parent = psutil.Process(pid)
            family = [parent, *parent.children(recursive=True)]
            peak[0] = max(peak[0], sum(each.memory_info().rss for each in family))
        except psutil.Error:
            pass  # one of them has just ended
        sleep(0.1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--problems", type=int, default=500)
    parser.add_argument("--n", type=int, default=16)
    parser.add_argument("--logs", type=int, default=1)
    parser.add_argument("--events", type=int, default=0)
    parser.add_argument("--keep", type=Path)
    given = parser.parse_args()
    made = Made(problems=given.problems, n=given.n, events=given.events)
    with TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        make(made, folder, given.logs)
        found = measure(folder)
    for name, value in found.items():
        print(f"{name:10} {value:10.1f}")


if __name__ == "__main__":
    main()
