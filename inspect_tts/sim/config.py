"""Settings of the simulated model, as given with `-M name=value`."""

from typing import Annotated

from pydantic import Field

from inspect_tts.arguments import Options

_Rate = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class SimConfig(Options):
    """How the simulated model behaves. Rates are probabilities from 0 to 1."""

    seed: int = 0
    """Another seed is another model: all draws differ."""
    solve_rate: _Rate | None = None
    """Chance that a rollout takes the right fix; None: the rate in each problem's playbook."""
    failure_rate: _Rate = 0.1
    """Chance of a failure of any kind: giving up, looping, a malformed call (half recover)."""
    context_gain: _Rate = 0.8
    """Pull of a refinement context on the solve rate. 0: ignored. 1: the rate is what the paper
    measured for that share of right attempts in the context, whatever the problem."""
    judge_accuracy: _Rate = 0.65
    """Chance that a vote goes to the candidate with the best evidence, not to another."""
    position_bias: _Rate = 0.05
    """Chance that a vote goes to the first shown, unread."""
    abstain_rate: _Rate = 0.0
    """Chance of no readable verdict, also when re-asked. As often again a re-ask helps."""
    summary_failure_rate: _Rate = 0.0
    """Chance of a summary that cannot be parsed, also when re-asked. As often again a re-ask
    helps."""
    latency: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """Seconds slept in each call."""
    steps: int = Field(default=0, ge=0)
    """Extra steps of exploration in each rollout."""
    output_chars: int = Field(default=0, ge=0)
    """Characters of filler that each exploring command prints on top."""
    playbook: str | None = None
    """Path of a JSON file with one playbook or a list of them, besides those of the demo."""
