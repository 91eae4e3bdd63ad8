"""Shared parts of figures, and the figures of all runs. The page colors text and grid."""

import json
from collections.abc import Sequence
from html import escape
from typing import Any

import plotly.graph_objects as go

from inspect_tts.report.numbers import RunNumbers
from inspect_tts.statistics.intervals import Estimate

PALETTE = ("#4c78d0", "#e08a2e", "#2f9e87", "#b05cc6", "#d1495b", "#7d8796", "#8a9a2b", "#3aa5c9")
BEFORE, AFTER, CHANCE = PALETTE[0], PALETTE[1], PALETTE[5]
_LOOK = {
    "template": "none",
    "margin": {"l": 52, "r": 14, "t": 10, "b": 46},
    "hovermode": "closest",
    "legend": {"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0},
}
ABOVE: dict[str, Any] = {"textposition": "outside", "cliponaxis": False}


Drawn = tuple[str, str, str, list[Any], dict[str, Any]] | None
"""Id, title, a sentence on what the figure shows, traces and layout; None if it has no data."""


def figure(
    run: int | None, id: str, title: str, text: str, data: list[Any], layout: dict[str, Any]
) -> dict[str, Any]:
    """A figure of one run, or of all runs, in the common style."""
    plot = json.loads(go.Figure(data, {**_LOOK, **layout}).to_json())
    name = f"{id}-{'all' if run is None else run}"
    return {"id": name, "title": title, "text": text, "run": run, "plot": plot}


def bars(x: Any, y: Any, color: str, hover: str, name: str | None = None, **more: Any) -> Any:
    """Bars of one color. Their hover text ends with their name, if they have one."""
    extra = "<extra></extra>" if name is None else "<extra>%{fullData.name}</extra>"
    look = {"name": name, "marker": {"color": color}, "hovertemplate": hover + extra}
    return go.Bar(x=x, y=y, **look, **more)


def axis(title: str, **more: Any) -> dict[str, Any]:
    """An axis with a title."""
    return {"title": {"text": title, "standoff": 8}, "automargin": True, **more}


def scores(percent: int, **more: Any) -> dict[str, Any]:
    """The axis of mean scores."""
    return shares("mean score", **more) if percent == 100 else axis("mean score", **more)


def shares(title: str, **more: Any) -> dict[str, Any]:
    """An axis in percent."""
    return axis(title, ticksuffix="%", **more)


def spent(name: str, title: str, **more: Any) -> dict[str, Any]:
    """An axis of dollars or tokens. The tick format keeps all digits on a logarithmic axis."""
    return axis(title, tickformat="$~g" if name == "dollars" else "~s", **more)


def counts(title: str, most: int, **more: Any) -> dict[str, Any]:
    """An axis of whole numbers. Up to 20, each has a tick."""
    return axis(title, dtick=1 if most <= 20 else None, **more)


def _plain(text: str) -> str:
    """Escape a text, since Plotly interprets some HTML."""
    return escape(text, quote=False)


def _name(run: RunNumbers, runs: Sequence[RunNumbers]) -> str:
    several = [n for n in ("model", "task") if len({getattr(each, n) for each in runs}) > 1]
    return _plain(" · ".join([run.label, *(getattr(run, name) for name in several)]))


def cost(runs: Sequence[RunNumbers], percent: int) -> Drawn:
    """The figure of cost against score."""
    dollars = all(run.per_problem["dollars"] for run in runs)
    name = "dollars" if dollars else "tokens"
    data = []
    for index, run in enumerate(runs):
        cost, color = run.per_problem[name], PALETTE[index % len(PALETTE)]
        ends = {"pass_1": run.scores.get("pass_1"), "selected": run.scores.get("selected")}
        points = [(kind == "pass_1", e) for kind, e in ends.items() if e is not None]
        if cost is None or not points:
            continue
        one = _one_rollout(run, name)
        data.append(
            go.Scatter(
                x=[one if first else cost.value for first, _ in points],
                y=[percent * e.value for _, e in points],
                error_y={
                    "type": "data",
                    "symmetric": False,
                    "array": [percent * _reach(e, e.high) for _, e in points],
                    "arrayminus": [percent * _reach(e, e.low) for _, e in points],
                    "thickness": 1.2,
                    "width": 3,
                },
                name=_name(run, runs),
                mode="markers+lines",
                line={"color": color, "dash": "dot", "width": 1.2},
                marker={
                    "size": 11,
                    "color": color,
                    "symbol": ["circle-open" if first else "circle" for first, _ in points],
                    "line": {"width": 2, "color": color},
                },
                text=["pass@1, one rollout" if first else "selected" for first, _ in points],
                hovertemplate="%{text}<br>%{y:.1f} at %{x:.3~s}<extra>%{fullData.name}</extra>",
            )
        )
    return (
        "cost",
        "Score against cost",
        "Open markers: pass@1 at the cost of one rollout. Filled markers: selected at the cost of "
        "the run.",
        data,
        {
            "xaxis": spent(name, f"{name} per problem (log scale)", type="log", nticks=3),
            "yaxis": scores(percent),
        },
    )


def _reach(found: Estimate, end: float | None) -> float:
    """The distance from an estimate to an end of its interval; 0 without an interval."""
    return 0.0 if end is None else abs(end - found.value)


def _one_rollout(run: RunNumbers, name: str) -> float | None:
    """Mean cost of a rollout of iteration 0."""
    spent = [p for p in run.phases if (p.name, p.iteration) == ("rollouts", 0)]
    first = sum(t.rollouts for t in run.turns if t.iteration == 0)
    if not spent or not first:
        return None
    total = spent[0].dollars if name == "dollars" else spent[0].total_tokens
    return None if total is None else total * run.samples / first


def rounds(runs: Sequence[RunNumbers], percent: int) -> Drawn:
    """The figure of the mean score of the rollouts left after each round."""
    data = [
        go.Scatter(
            x=[_plain(name) for name, *_ in run.rounds],
            y=[percent * value for _, value, *_ in run.rounds],
            name=_name(run, runs),
            mode="lines+markers",
            line={"color": PALETTE[index % len(PALETTE)], "width": 2.2},
            marker={"size": 8},
            customdata=[[left, problems] for _, _, left, problems in run.rounds],
            hovertemplate="%{x}: %{y:.1f}<br>%{customdata[0]} left, %{customdata[1]} problems"
            "<extra>%{fullData.name}</extra>",
        )
        for index, run in enumerate(runs)
        if len(run.rounds) > 1
    ]
    names = sorted({name for run in runs for name, *_ in run.rounds}, key=_round_order)
    order = {"categoryorder": "array", "categoryarray": [_plain(name) for name in names]}
    return (
        "rounds",
        "Mean score by round",
        "Mean score of the rollouts that remain after each round of each selection.",
        data,
        {"xaxis": axis("", **order), "yaxis": scores(percent)},
    )


def _round_order(name: str) -> tuple[str, int]:
    selection, _, round = name.partition(" ")
    return selection, int(round.split()[1]) if " " in round else 0
