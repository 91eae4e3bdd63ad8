"""Settings of the simulated model, as given with `-M name=value`."""

from typing import Annotated

from pydantic import Field

from inspect_tts.arguments import Options

_Rate = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class SimConfig(Options):
    """How the simulated model behaves. Rates are probabilities from 0 to 1."""

    seed: int = 0
    """Each seed is a different model: all draws differ."""
    solve_rate: _Rate | None = None
    """Chance that a rollout makes the right fix. None: the rate in each problem's playbook."""
    failure_rate: _Rate = 0.1
    """Chance of a failure: giving up, looping, or a malformed call (half of these recover)."""
    context_gain: _Rate = 0.8
    """How strongly a refinement context changes the solve rate. 0: not at all. 1: the rate is what
    the paper measured for that share of right attempts in the context, whatever the problem."""
    judge_accuracy: _Rate = 0.65
    """Chance that a vote goes to the candidate with the best evidence rather than to another."""
    position_bias: _Rate = 0.05
    """Chance that a vote goes to the candidate shown first, whatever it contains."""
    abstain_rate: _Rate = 0.0
    """Chance that neither a vote nor its re-ask has a readable verdict. Equally often, the re-ask
    helps."""
    summary_failure_rate: _Rate = 0.0
    """Chance that neither a summary nor its re-ask can be parsed. Equally often, the re-ask
    helps."""
    latency: Annotated[float, Field(ge=0, allow_inf_nan=False)] = 0.0
    """Seconds to sleep in each call."""
    steps: int = Field(default=0, ge=0)
    """Extra exploration steps in each rollout."""
    output_chars: int = Field(default=0, ge=0)
    """Characters of filler that each exploration command prints as well."""
    playbook: str | None = None
    """Path of a JSON file with one playbook or a list of them, in addition to those of the demo."""
