"""How far a run has come, in words."""

import re
from io import StringIO

import pytest
from rich.console import Console
from rich.table import Table
from test_state import begun

from inspect_tts.progress.words import duration, footer, line


def test_one_line_says_all() -> None:
    run = begun(problems=3)
    for key, doing in (("a/1", "iteration 0"), ("b/1", "tournament 0 round 2")):
        problem = run.problem(key)
        problem.begin("rollouts", "iteration 0", 2)
        problem.start("t0-n00")
        problem.doing(doing)
    run.state.states["a/1"].spent.dollars = 12.5
    run.state.seconds_left, run.state.expected = 725.0, 140.2
    assert line(run.state) == (
        "pdr_rtv on task: 0 of 3 problems, rollouts 0/12 (2 running), 0 of at most 72 votes, "
        "$12.50 of about $140, about 12 min left; 1 in iteration 0, 1 in tournament 0"
    )


def test_one_problem_tells_its_round() -> None:
    run = begun(problems=1)
    run.problem("p/1").doing("tournament 0 round 2")
    assert line(run.state).endswith("; tournament 0 round 2")


@pytest.mark.parametrize(
    ("width", "lines"),
    [
        (80, ["0/12 (1 running)  votes: 0/≤72", "about 12 min left  1 in iteration 0"]),
        (50, ["0/12 (1 running)", "votes: 0/≤72", "about 12 min left", "1 in iteration 0"]),
        (200, ["0/12 (1 running)  votes: 0/≤72  about 12 min left  1 in iteration 0"]),
    ],
)
def test_the_footer_leaves_half_of_the_width(width: int, lines: list[str]) -> None:
    run = begun(problems=3)
    problem = run.problem("a/1")
    problem.begin("rollouts", "iteration 0", 2)
    problem.start("t0-n00")
    run.state.seconds_left = 725.0
    caption, text = footer([run.state], width)
    assert caption == "  rollouts"
    assert text.split("\n  ") == lines


@pytest.mark.parametrize("width", range(56, 120))
def test_the_footer_does_not_touch_what_inspect_shows_beside(width: int) -> None:
    run = begun(problems=3)
    run.problem("a/1").begin("rollouts", "iteration 0", 2)
    caption, text = footer([run.state], width)
    table = Table.grid(expand=True)  # as `tasks_live_status` of Inspect makes it
    table.add_column()
    table.add_column(justify="right")
    table.add_row("rollout slots: 5/64  simulated: 20/20", f"{caption}: {text}")
    shown = StringIO()
    Console(width=width, file=shown).print(table)
    assert re.search(r"(^|  )rollouts: 0/12", shown.getvalue(), re.M), shown.getvalue()


@pytest.mark.parametrize(
    ("seconds", "said"), [(0.2, "1 s"), (89, "89 s"), (90, "2 min"), (5400, "1.5 h")]
)
def test_times_are_rough(seconds: float, said: str) -> None:
    assert duration(seconds) == said
