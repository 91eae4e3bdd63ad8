"""A process that takes a lease and writes under it, for `tests/resume/test_lease.py`.

It says, with its name, `waits`, `took`, then `wrote` until it has lost the lease (`lost`) or a file
of its name lies beside the output (`released`). Its clock is wrong by some seconds.
"""

import os
import sys
import time
from pathlib import Path

clock, wrong_by = time.time, float(sys.argv.pop())
time.time = lambda: clock() + wrong_by

from inspect_tts.resume.lease import LeaseLostError, take_lease  # noqa: E402


def main(place: str, output: str, name: str, patience: str) -> None:
    def say(word: str) -> None:
        with Path(output).open("a", encoding="utf-8") as file:
            file.write(f"{name} {word}\n")

    lease = take_lease(place, patience=float(patience), told=lambda holder: say("waits"))
    say("took")
    end = Path(output).with_name(name)
    try:
        while not end.exists():
            lease.check()
            say("wrote")
            time.sleep(0.05)
        lease.release()
        say("released")
    except LeaseLostError:
        say("lost")
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
