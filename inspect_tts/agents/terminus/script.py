"""The shell scripts that Terminus runs in the sandbox: one for the start, one for each turn."""

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from .screen import Command, Screen, keystrokes, quoted_tabs, with_marker

HISTORY = 5000
"""Lines that the terminal keeps; older lines are lost."""

NO_TMUX, DEAD = 42, 43
"""Exit codes: tmux is not installed; the session is gone."""

_SETTLE = "0.1"  # seconds between a marker and the prompt that the shell draws after it

_SLICE = 2  # seconds

_KEYS = 3.0
"""Longest wait in seconds for input that no marker can follow: keys, and text without Enter."""

_PRELUDE = """\
t() {{ tmux -u -f /dev/null -L {socket} "$@" </dev/null; }}
die() {{ echo "$1" >&2; exit {dead}; }}
shell=$(command -v bash || command -v sh)
at_shell() {{ case $(t display-message -p -t main '#{{pane_current_command}}') in
  *sh) ;; *) false ;; esac; }}
dead() {{ [ "$(t display-message -p -t main '#{{pane_dead}}')" = 1 ]; }}
"""

_START = """\
command -v tmux >/dev/null 2>&1 || exit {no_tmux}
t start-server \\; set -g history-limit {history} \\; set -g remain-on-exit on \\; \\
  set -g default-shell "$shell" \\; \\
  new-session -d -s main -x {width} -y {height} "$shell" || die 'tmux could not start a session'
sleep 0.3
"""

# waits in slices, since a shell that has ended runs no marker. A signal between two slices is not
# lost. If a signal arrives just when a slice ends, the noted return code shows it.
_WAIT = """\
noted() {{ code=$(t show -gv "@$1" 2>/dev/null); [ -n "$code" ]; }}
await() {{
  slices=$2
  while :; do
    if [ "$slices" -gt 0 ]; then seconds={slice}; else seconds=$3; fi
    timeout "$seconds" tmux -u -L {socket} wait-for "$1" </dev/null
    case $? in
    0) noted "$1"; sleep {settle}; echo "done $code"; return ;;
    124 | 143)
      if noted "$1"; then sleep {settle}; echo "done $code"; return; fi
      if dead; then stop=1; echo 'done'; return; fi ;;
    *) die 'tmux is gone' ;;
    esac
    if [ "$slices" -eq 0 ]; then stop=1; echo timeout; return; fi
    slices=$((slices - 1))
  done
}}
"""

_ALIVE = """\
t has-session -t main || die 'the tmux session is gone'
t clear-history -t main
stop=
"""

_LOOK = """\
t display-message -p -t main 'pane #{{pane_dead}} #{{history_size}}' || die 'tmux is gone'
t capture-pane -p -J -t main || die 'tmux is gone'
echo '{fence}'
t capture-pane -p -J -S - -t main || die 'tmux is gone'
if dead; then t respawn-pane -t main "$shell"; fi
"""

INSTALL = """\
if command -v apt-get; then apt-get update && apt-get install -y --no-install-recommends tmux
elif command -v apk; then apk add tmux
elif command -v dnf; then dnf install -y tmux
elif command -v microdnf; then microdnf install -y tmux
elif command -v yum; then yum install -y tmux
else echo 'no package manager was found'; exit 1
fi >&2
"""
"""Installs tmux, as root."""

Ending = Literal["done", "timeout", "waited", "skipped"]


@dataclass(frozen=True)
class Ended:
    """How the typing of one command ended."""

    ending: Ending
    returncode: int | None = None
    """Return code of the command, if the shell finished it in time."""


@dataclass(frozen=True)
class Seen:
    """What a script printed."""

    ended: tuple[Ended, ...]
    shell_ended: bool
    lines_lost: bool
    screen: Screen


def start_script(socket: str, fence: str, width: int, height: int) -> str:
    """The script that starts the session and shows the terminal."""
    start = _START.format(history=HISTORY, no_tmux=NO_TMUX, width=width, height=height)
    return _PRELUDE.format(socket=socket, dead=DEAD) + start + _LOOK.format(fence=fence)


def marker(number: int) -> str:
    """What the shell runs after a blocking command: it notes the return code and ends the wait."""
    return f"tmux set -g @tts{number} $? \\; wait -S tts{number}"


def turn_script(socket: str, fence: str, commands: Sequence[Command], first: int) -> str:
    """The script that types all commands of a turn and shows the terminal after them."""
    typed = "".join(
        f'if [ -n "$stop" ]; then echo skipped; else\n{_type(command, socket, first + i)}fi\n'
        for i, command in enumerate(commands)
    )
    prelude = _PRELUDE.format(socket=socket, dead=DEAD)
    wait = _WAIT.format(socket=socket, slice=_SLICE, settle=_SETTLE)
    return prelude + wait + _ALIVE + typed + _LOOK.format(fence=fence)


def _type(command: Command, socket: str, number: int) -> str:
    text = with_marker(command.keystrokes, marker(number)) if command.is_blocking else None
    if text is None:
        wait = min(command.timeout_sec, _KEYS) if command.is_blocking else command.timeout_sec
        return f"{_send(command.keystrokes, socket)}sleep {wait:.3f}\necho waited\n"
    slices, rest = divmod(command.timeout_sec, _SLICE)
    rest = max(rest, 0.05)  # `timeout 0` would never end
    return f"{_send(text, socket)}await tts{number} {slices:.0f} {rest:.3f}\n"


def _send(text: str, socket: str) -> str:
    lines = []
    for part in keystrokes(text):
        if part.kind == "key":
            lines.append(f"t send-keys -t main {part.value!r} || die 'tmux is gone'")
        elif part.kind == "byte":
            lines.append(f"t send-keys -t main -H {part.value} || die 'tmux is gone'")
        else:
            code = b64encode(part.value.encode()).decode()
            if (quoted := quoted_tabs(part.value)) != part.value:
                lines.append(f"text={b64encode(quoted.encode()).decode()}")
                lines.append(f"at_shell || text={code}")
                code = '"$text"'
            load = f"base64 -d | tmux -u -L {socket} load-buffer -b tts -"
            lines.append(
                f"printf %s {code} | {load} && t paste-buffer -d -b tts -t main "
                "|| die 'tmux is gone'"
            )
    return "".join(f"{line}\n" for line in lines)


def read_output(output: str, fence: str) -> Seen:
    """Read what a script printed."""
    head, _, rest = output.partition("pane ")
    state, newline, screens = rest.partition("\n")
    visible, found, scrolled = screens.partition(f"{fence}\n")
    words = state.split()
    if not newline or not found or len(words) != 2:
        raise ValueError(f"the terminal answered {output[:200]!r}")
    ended = tuple(_ended(line) for line in head.splitlines())
    lost = int(words[1]) >= HISTORY * 9 // 10  # tmux drops a tenth when it is full
    return Seen(ended, words[0] == "1", lost, Screen(visible, scrolled))


def _ended(line: str) -> Ended:
    word, _, code = line.partition(" ")
    endings: dict[str, Ending] = {"timeout": "timeout", "waited": "waited", "skipped": "skipped"}
    if word in endings:
        return Ended(endings[word])
    return Ended("done", int(code) if code.strip().isdigit() else None)
