"""The arguments of the stage `rollouts`, checked before anything runs."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from inspect_ai.log import EvalSpec
from inspect_ai.solver import Generate, Solver, TaskState
from inspect_ai.util import SandboxEnvironmentSpec

from inspect_tts.core.refinement import CONTEXTS, Context
from inspect_tts.errors import UserError
from inspect_tts.models import check_roles, needed_model
from inspect_tts.prompts import Prompt, load_prompt

from .agent import agent_identity, agent_maker, agent_name
from .arguments import at_least, at_most, one_of
from .budget import Budget
from .job import Job, Limits
from .units import Units, check_units


@dataclass(frozen=True)
class Settings:
    """The arguments of the stage `rollouts`, checked."""

    n: int
    context: Context | None
    top_k: int
    cold: int
    carry_over: bool
    leak_guard: bool
    seed: int
    make_agent: Callable[[EvalSpec], Callable[[], Solver]]
    identity: Callable[[EvalSpec], list[object]]
    max_rollouts: int | None
    limits: Limits
    score_rollouts: bool
    hold: bool
    trajectory_tokens: int
    units: str
    prompts: dict[str, Prompt]
    parameters: dict[str, Any]
    """All arguments as the log shows them."""

    def job(
        self,
        spec: EvalSpec,
        *,
        iteration: int,
        state: TaskState,
        generate: Generate,
        sandbox: SandboxEnvironmentSpec | None,
        setup: list[Solver],
        hold: bool,
        units: Units,
        budget: Budget,
    ) -> Job:
        """What the rollouts of one iteration have in common.

        Args:
            spec: The running eval.
            iteration: From 0.
            state: The sample's state.
            generate: The sample's generate function.
            sandbox: What each rollout starts, None for nothing.
            setup: Steps before the agent.
            hold: Whether sandboxes are held, to be adopted or graded.
            units: Where finished work is kept.
            budget: What the sample may still spend.

        Returns:
            The job.

        Raises:
            UserError: If the agent cannot be made for this task, or a role not at all.
        """
        return Job(
            iteration=iteration,
            state=state,
            generate=generate,
            spec=spec,
            sandbox=sandbox,
            setup=setup,
            agent=self.make_agent(spec),
            limits=self.limits,
            summarizer=needed_model("summarizer"),
            summarizer_prompt=self.prompts["summarizer"],
            summarizer_reask=self.prompts["summarizer_reask"],
            trajectory_tokens=self.trajectory_tokens,
            hold=hold,
            identity=self.identity(spec),
            units=units,
            budget=budget,
        )


def check_settings(given: dict[str, Any]) -> Settings:
    """Check the arguments of the stage `rollouts`.

    Args:
        given: All of them, by name.

    Returns:
        The settings.

    Raises:
        UserError: If an argument is out of range, an agent unknown, or a prompt incomplete.
    """
    at_least("n", given["n"], 1)
    at_least("top_k", given["top_k"], 1)
    at_least("cold", given["cold"], 0)
    at_most("cold", given["cold"], given["n"], ": they are among the n rollouts")
    if (given["cold"] or given["carry_over"]) and given["context"] is None:
        raise UserError(
            "cold and carry_over are about refined rollouts: give context='select', 'random' or "
            "'single' as well"
        )
    at_least("seed", given["seed"], 0)
    at_least("max_rollouts", given["max_rollouts"], 1)
    at_least("trajectory_tokens", given["trajectory_tokens"], 500)
    one_of("context", given["context"], (None, *CONTEXTS))
    check_units(given["units"])
    limits = Limits(**{name: given[name] for name in Limits.__dataclass_fields__})
    for name, value in vars(limits).items():
        fraction = name in ("cost_limit", "time_limit")
        at_least(name, value, 0 if fraction else 1, whole=not fraction)
        if value == 0:
            raise UserError(f"{name}=0 leaves no room for a step; give {name} > 0, or leave it out")
    check_roles()
    if given["score_rollouts"] and not given["hold"]:
        raise UserError("score_rollouts=true grades in open sandboxes: use it with hold=true")
    names = ("summarizer", "summarizer_reask", "refinement")
    prompts = {name: load_prompt(name, given[f"{name}_prompt"]) for name in names}
    plain = {name: value for name, value in given.items() if not name.endswith("_prompt")}
    return Settings(
        n=given["n"],
        context=given["context"],
        top_k=given["top_k"],
        cold=given["cold"],
        carry_over=given["carry_over"],
        leak_guard=given["leak_guard"],
        seed=given["seed"],
        make_agent=agent_maker(given["agent"], given["agent_args"]),
        identity=partial(agent_identity, given["agent"], given["agent_args"]),
        max_rollouts=given["max_rollouts"],
        limits=limits,
        score_rollouts=given["score_rollouts"],
        hold=given["hold"],
        trajectory_tokens=given["trajectory_tokens"],
        units=given["units"],
        prompts=prompts,
        parameters={**plain, "agent": agent_name(given["agent"])},
    )
