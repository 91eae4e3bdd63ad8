"""All figures of the page; here those of one run."""

from collections.abc import Sequence

import plotly.graph_objects as go

from inspect_tts.report.numbers import RunNumbers
from inspect_tts.report.tables.tables import in_percent

from .plots import (
    ABOVE,
    AFTER,
    BEFORE,
    CHANCE,
    PALETTE,
    Drawn,
    Figure,
    axis,
    cost,
    counts,
    figure,
    rounds,
    scores,
)


def figures(runs: Sequence[RunNumbers]) -> list[Figure]:
    """All figures that have something to show."""
    percent = 100 if in_percent(runs) else 1
    found: list[tuple[int | None, Drawn]] = [
        (None, cost(runs, percent)),
        (None, rounds(runs, percent)),
    ]
    for index, run in enumerate(runs):
        found += [
            (index, drawn)
            for drawn in (
                _pass_counts(run),
                _transitions(run),
                _context(run, percent),
                _judge(run),
                _calibration(run),
                _turns(run),
                _phases(run),
            )
        ]
    return [figure(index, *drawn) for index, drawn in found if drawn and drawn[3]]


def _pass_counts(run: RunNumbers) -> Drawn:
    data = [
        go.Bar(
            x=list(range(len(counts))),
            y=list(counts),
            name=f"iteration {iteration}",
            marker={"color": PALETTE[iteration % len(PALETTE)]},
            hovertemplate="%{y} problems with %{x} passes<extra>%{fullData.name}</extra>",
        )
        for iteration, counts in run.pass_counts.items()
        if counts
    ]
    passes = counts("passing rollouts", len(data[0].x) if data else 0)
    return (
        "passes",
        "Problems by passing rollouts",
        "How many problems have 0, 1, ..., N passing rollouts, before and after refinement.",
        data,
        {"barmode": "group", "bargap": 0.25, "xaxis": passes, "yaxis": axis("problems")},
    )


def _transitions(run: RunNumbers) -> Drawn:
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
        "From passes before to passes after",
        f"Above the diagonal more rollouts pass than before: {change.gained} problems newly "
        f"solved, {change.lost} no longer.",
        [heat],
        {
            "xaxis": counts(after, len(shown[0])),
            "yaxis": counts(before, len(shown), autorange="reversed"),
        },
    )


def _context(run: RunNumbers, percent: int) -> Drawn:
    entries = [entry for contexts in run.by_context.values() for entry in contexts]
    bars = go.Bar(
        x=[f"{entry.passing} of {entry.size}" for entry in entries],
        y=[percent * entry.score for entry in entries],
        text=[f"{entry.problems} problems" for entry in entries],
        **ABOVE,
        marker={"color": AFTER},
        hovertemplate="%{x} summaries pass: %{y:.1f}, %{text}<extra></extra>",
    )
    return (
        "context",
        "Refined score by what the context was worth",
        "Mean score of refined rollouts by the number of passing rollouts among those whose "
        "summaries they started from.",
        [bars] if entries else [],
        {
            "xaxis": axis("passing summaries in the context", type="category"),
            "yaxis": scores(percent, rangemode="tozero"),
        },
    )


def _judge(run: RunNumbers) -> Drawn:
    rounds = [entry for entry in run.judge if entry.accuracy is not None]
    names = [f"t{r.iteration} round {r.round}" for r in rounds]
    bars = go.Bar(
        x=names,
        y=[100 * (r.accuracy or 0) for r in rounds],
        name="judge",
        text=[f"{r.correct}/{r.decidable}" for r in rounds],
        **ABOVE,
        marker={"color": BEFORE},
        hovertemplate="%{x}: %{y:.1f}% right, %{text}<extra></extra>",
    )
    chance = go.Scatter(
        x=names,
        y=[100 * (r.chance or 0) for r in rounds],
        name="a random draw",
        mode="markers",
        marker={"symbol": "line-ew-open", "size": 28, "line": {"width": 4}, "color": AFTER},
        hovertemplate="a random draw: %{y:.1f}%<extra></extra>",
    )
    right = axis("right, %", range=[0, 112], tickvals=[0, 25, 50, 75, 100])
    return (
        "judge",
        "Judge accuracy by round",
        "Share of decidable matches (some rollouts pass, some fail) that a passing rollout won.",
        [bars, chance] if rounds else [],
        {"xaxis": axis(""), "yaxis": right},
    )


def _calibration(run: RunNumbers) -> Drawn:
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
        text=[f"{entry.matches} matches" for entry in run.calibration],
        hovertemplate="%{x:.0f}% of the votes: %{y:.1f}% right, %{text}<extra></extra>",
    )
    ideal = go.Scatter(
        x=[0, 100], y=[0, 100], name="as claimed", mode="lines", hoverinfo="skip",
        line={"color": CHANCE, "dash": "dash", "width": 1.5},
    )  # fmt: skip
    return (
        "calibration",
        "Calibration of vote margins",
        "How often the winner of a decidable match passes, by its share of the votes.",
        [points, ideal] if run.calibration else [],
        {
            "xaxis": axis("winner's share of the votes, %", range=[30, 103]),
            "yaxis": axis("right, %", range=[0, 105]),
        },
    )


def _turns(run: RunNumbers) -> Drawn:
    colors = {"passed": PALETTE[2], "failed": PALETTE[4], "not graded": CHANCE}
    data = [
        go.Bar(
            x=[f"iteration {t.iteration}" for t in turns],
            y=[t.mean for t in turns],
            name=outcome,
            text=[f"{t.rollouts} rollouts" for t in turns],
            textposition="none",
            marker={"color": color},
            hovertemplate="%{y:.1f} turns, %{text}<extra>%{fullData.name}</extra>",
        )
        for outcome, color in colors.items()
        if (turns := [t for t in run.turns if t.outcome == outcome])
    ]
    return (
        "turns",
        "Turns of a rollout",
        "Mean number of model generations, by iteration and outcome.",
        data,
        {"barmode": "group", "xaxis": axis(""), "yaxis": axis("turns", rangemode="tozero")},
    )


def _phases(run: RunNumbers) -> Drawn:
    if len(run.phases) < 2:
        return None
    priced = all(phase.dollars is not None for phase in run.phases)
    tokens = {"input": BEFORE, "cached input": CHANCE, "output": AFTER}
    kinds = zip(tokens.items(), ("input_tokens", "cached_tokens", "output_tokens"), strict=True)
    traces = [("dollars", BEFORE, "dollars")] if priced else [(*kind, n) for kind, n in kinds]
    data = [
        go.Bar(
            y=[phase.title for phase in run.phases],
            x=[getattr(phase, field) for phase in run.phases],
            orientation="h",
            name=name,
            marker={"color": color},
            hovertemplate="%{y}: %{x:.4~g}<extra>%{fullData.name}</extra>",
        )
        for name, color, field in traces
    ]
    return (
        "phases",
        "Where it went",
        "Spending of a problem by phase.",
        data,
        {
            "barmode": "stack",
            "showlegend": not priced,
            "xaxis": axis("dollars" if priced else "tokens"),
            "yaxis": axis("", autorange="reversed"),
        },
    )
