"""How long `inspect-tts` takes to answer at the prompt, as a share of importing Inspect.

    python bench/prompt.py [--runs 5]

`--version` and `--help` import neither Inspect nor a command; the help of `report` imports that
command alone. Each number is the median of processes of their own.
"""

import argparse
import subprocess
import sys
from statistics import median
from time import perf_counter

AIM = 0.3
"""Seconds for `--version` and `--help`."""
_COMMANDS = (["--version"], ["--help"], ["report", "--help"], ["estimate", "--help"])


def seconds(*words: str, runs: int) -> float:
    """Median wall time of a Python process."""
    taken = []
    for _ in range(runs):
        began = perf_counter()
        subprocess.run([sys.executable, *words], check=True, stdout=subprocess.DEVNULL)
        taken.append(perf_counter() - began)
    return median(taken)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    whole = seconds("-c", "import inspect_ai", runs=runs)
    print(f"import inspect_ai           {whole:.2f} s")
    for words in _COMMANDS:
        taken = seconds("-m", "inspect_tts", *words, runs=runs)
        aim = f" (aim {AIM} s)" if len(words) == 1 else ""
        print(f"inspect-tts {' '.join(words):15} {taken:.2f} s, {taken / whole:.2f} of it{aim}")


if __name__ == "__main__":
    main()
