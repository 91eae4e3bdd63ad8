"""All figures of the page. Those that show a single run are defined here."""

from collections.abc import Sequence
from typing import Any

import plotly.graph_objects as go

from inspect_tts.report.numbers import RunNumbers
from inspect_tts.report.tables.formats import in_percent, many

from .plots import (
    ABOVE,
    AFTER,
    BEFORE,
    CHANCE,
    PALETTE,
    Drawn,
    axis,
    bars,
    cost,
    counts,
    figure,
    rounds,
    scores,
    shares,
    spent,
)


def figures(runs: Sequence[RunNumbers]) -> list[dict[str, Any]]:
    """Build all figures that have data."""
    percent = 100 if in_percent(runs) else 1
    drawn: list[tuple[int | None, Drawn]] = [
        (None, cost(runs, percent)),
        (None, rounds(runs, percent)),
    ]
    of_run = (_pass_counts, _transitions, _context, _judge, _calibration, _turns, _phases)
    drawn += [(index, draw(run, percent)) for index, run in enumerate(runs) for draw in of_run]
    return [figure(index, *parts) for index, parts in drawn if parts and parts[3]]


def _pass_counts(run: RunNumbers, percent: int) -> Drawn:
    data = [
        bars(
            list(range(len(passes))),
            list(passes),
            PALETTE[iteration % len(PALETTE)],
            "%{y} problems with %{x} passes",
            f"iteration {iteration}",
        )
        for iteration, passes in run.pass_counts.items()
        if passes
    ]
    whole = counts("passing rollouts", len(data[0].x) if data else 0)
    most = max((max(passes) for passes in run.pass_counts.values() if passes), default=0)
    return (
        "passes",
        "Problems by passing rollouts",
        "How many problems have 0, 1, ..., N passing rollouts, before and after refinement.",
        data,
        {"barmode": "group", "bargap": 0.25, "xaxis": whole, "yaxis": counts("problems", most)},
    )


def _transitions(run: RunNumbers, percent: int) -> Drawn:
    if not run.refinement:
        return None
    key, change = next(iter(run.refinement.items()))
    before, after = (f"passes in iteration {number}" for number in key.split("-"))
    shown = [[value or None for value in row] for row in change.matrix]
    heat = go.Heatmap(
        z=shown,
        text=[["" if value is None else str(value) for value in row] for row in shown],
        texttemplate="%{text}",
        colorscale=[[0, "#cfe0fb"], [1, "#2454ad"]],
        showscale=False,
        xgap=1,
        ygap=1,
        hovertemplate="%{z} problems: %{y} passes before, %{x} after<extra></extra>",
    )
    return (
        "transitions",
        "Passing rollouts before and after refinement",
        f"Above the diagonal, more rollouts pass than before: {many(change.gained, 'problem')} "
        f"newly solved, {change.lost} no longer solved.",
        [heat],
        {
            "xaxis": counts(after, len(shown[0])),
            "yaxis": counts(before, len(shown), autorange="reversed"),
        },
    )


def _context(run: RunNumbers, percent: int) -> Drawn:
    entries = [entry for contexts in run.by_context.values() for entry in contexts]
    data = bars(
        [f"{entry.passing} of {entry.size}" for entry in entries],
        [percent * entry.score for entry in entries],
        AFTER,
        "%{x} summaries pass: %{y:.1f}, %{text}",
        text=[many(entry.problems, "problem") for entry in entries],
        **ABOVE,
    )
    return (
        "context",
        "Refined score by passing summaries in the context",
        "Mean score of refined rollouts by the number of passing rollouts among those whose "
        "summaries they started from.",
        [data] if entries else [],
        {
            "xaxis": axis("passing summaries in the context", type="category"),
            "yaxis": scores(percent, rangemode="tozero"),
        },
    )


def _judge(run: RunNumbers, percent: int) -> Drawn:
    known = [entry for entry in run.judge if entry.accuracy is not None]
    names = [f"t{r.iteration} round {r.round}" for r in known]
    judge = go.Bar(
        x=names,
        y=[100 * (r.accuracy or 0) for r in known],
        name="judge",
        text=[f"{r.correct}/{r.decidable}" for r in known],
        **ABOVE,
        marker={"color": BEFORE},
        hovertemplate="%{x}: %{y:.1f}% right, %{text}<extra></extra>",
    )
    chance = go.Scatter(
        x=names,
        y=[100 * (r.chance or 0) for r in known],
        name="random draw",
        mode="markers",
        marker={"symbol": "line-ew-open", "size": 28, "line": {"width": 4}, "color": AFTER},
        hovertemplate="random draw: %{y:.1f}%<extra></extra>",
    )
    right = shares("right", range=[0, 112], tickvals=[0, 25, 50, 75, 100])
    return (
        "judge",
        "Judge accuracy by round",
        "Share of decidable matches (some rollouts pass, some fail) that a passing rollout won.",
        [judge, chance] if known else [],
        {"xaxis": axis(""), "yaxis": right},
    )


def _calibration(run: RunNumbers, percent: int) -> Drawn:
    points = go.Scatter(
        x=[100 * entry.share for entry in run.calibration],
        y=[100 * entry.accuracy for entry in run.calibration],
        name="matches",
        mode="markers+lines",
        marker={
            "size": [8 + min(18, entry.matches**0.5) for entry in run.calibration],
            "color": BEFORE,
        },
        line={"color": BEFORE, "width": 1.5},
        text=[f"{entry.matches} match{'es' * (entry.matches != 1)}" for entry in run.calibration],
        hovertemplate="%{x:.0f}% of the votes: %{y:.1f}% right, %{text}<extra></extra>",
    )
    ideal = go.Scatter(
        x=[0, 100], y=[0, 100], name="perfect calibration", mode="lines", hoverinfo="skip",
        line={"color": CHANCE, "dash": "dash", "width": 1.5},
    )  # fmt: skip
    return (
        "calibration",
        "Calibration of vote margins",
        "How often the winner of a decidable match passes, by its share of the votes.",
        [points, ideal] if run.calibration else [],
        {
            "xaxis": shares("winner's share of the votes", range=[30, 103]),
            "yaxis": shares("right", range=[0, 105]),
        },
    )


def _turns(run: RunNumbers, percent: int) -> Drawn:
    colors = {"passed": PALETTE[2], "failed": PALETTE[4], "not graded": CHANCE}
    data = [
        bars(
            [f"iteration {t.iteration}" for t in turns],
            [t.mean for t in turns],
            color,
            "%{y:.1f} turns, %{text}",
            outcome,
            text=[many(t.rollouts, "rollout") for t in turns],
            textposition="none",
        )
        for outcome, color in colors.items()
        if (turns := [t for t in run.turns if t.outcome == outcome])
    ]
    return (
        "turns",
        "Turns per rollout",
        "Mean number of model generations, by iteration and outcome.",
        data,
        {"barmode": "group", "xaxis": axis(""), "yaxis": axis("turns", rangemode="tozero")},
    )


def _phases(run: RunNumbers, percent: int) -> Drawn:
    if len(run.phases) < 2:
        return None
    priced = all(phase.dollars is not None for phase in run.phases)
    tokens = {"input": BEFORE, "cached input": CHANCE, "output": AFTER}
    kinds = zip(tokens.items(), ("input_tokens", "cached_tokens", "output_tokens"), strict=True)
    name = "dollars" if priced else "tokens"
    traces = [("dollars", BEFORE, "dollars")] if priced else [(*kind, n) for kind, n in kinds]
    data = [
        bars(
            [getattr(phase, field) for phase in run.phases],
            [phase.title for phase in run.phases],
            color,
            "%{y}: %{x:.4~g}",
            kind,
            orientation="h",
        )
        for kind, color, field in traces
    ]
    return (
        "phases",
        "Spending by phase",
        "Mean spending per problem in each phase.",
        data,
        {
            "barmode": "stack",
            "showlegend": not priced,
            "xaxis": spent(name, name),
            "yaxis": axis("", autorange="reversed"),
        },
    )
