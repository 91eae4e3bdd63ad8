"""What the rollouts of one iteration have in common."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from inspect_ai.log import EvalSpec
from inspect_ai.model import Model
from inspect_ai.solver import Generate, Solver, TaskState
from inspect_ai.util import SandboxEnvironmentSpec

from inspect_tts._inspect import eval_spec, fresh_state, outer_sample
from inspect_tts.method.records import Rollout
from inspect_tts.method.refinement import rollout_id
from inspect_tts.method.seeding import cache_scope
from inspect_tts.models.panel import rollout_model
from inspect_tts.models.roles import check_roles, needed_model
from inspect_tts.options import LimitOptions, RolloutsOptions
from inspect_tts.prompts import Prompt, load_prompt
from inspect_tts.resume.saved_results import SavedResults

from .agent import MakeAgent, agent_identity, agent_maker, agent_name
from .budget import Budget
from .refinement import Refinement, refinement_of
from .summary import Summarizing


@dataclass(frozen=True)
class Settings:
    """The arguments of the stage `rollouts`, and what is made from them before anything runs."""

    options: RolloutsOptions
    make_agents: Mapping[str, MakeAgent]
    """By the name of the agent, which is empty if there is only one."""
    summarizing: Summarizing
    refinement_prompt: Prompt

    @property
    def prompts(self) -> tuple[Prompt, ...]:
        """All prompts, in the order in which the log lists them."""
        return (self.summarizing.prompt, self.summarizing.reask, self.refinement_prompt)

    @property
    def parameters(self) -> dict[str, Any]:
        """All arguments as the log shows them."""
        given = self.options.arguments().items()
        plain = {name: value for name, value in given if not name.endswith("_prompt")}
        several = self.options.agents is not None
        return {**plain, "agent": None if several else agent_name(self.options.agent)}


def check_settings(options: RolloutsOptions) -> Settings:
    """Check the arguments of the stage `rollouts`, and make what it needs."""
    check_roles()
    own = options.agent_args or {}
    makers = {name: agent_maker(name, own.get(name)) for name in options.agents or ()}
    return Settings(
        options,
        makers or {"": agent_maker(options.agent, options.agent_args)},
        Summarizing.of(options),
        load_prompt("refinement", options.refinement_prompt),
    )


@dataclass(frozen=True)
class Assignment:
    """The agent and the model that run a rollout."""

    agent: Callable[[], Solver]
    identity: list[object]
    """Identifies the agent across processes."""
    model: Model | None
    """None for the model under evaluation."""
    agent_name: str | None = None
    """The agent's name; None without the argument `agents`."""
    model_name: str | None = None
    """The model's name; None without the argument `models`."""


@dataclass(frozen=True)
class Job:
    """Everything that the rollouts of one iteration have in common."""

    settings: Settings
    iteration: int
    state: TaskState
    generate: Generate
    spec: EvalSpec
    sandbox: SandboxEnvironmentSpec | None
    setup: Sequence[Solver]
    assignments: Mapping[str, Assignment]
    """By rollout id."""
    summarizer: Model
    hold: bool
    """Whether sandboxes stay open after the rollouts end, to be adopted or graded."""
    saved: SavedResults
    budget: Budget

    @classmethod
    def begin(
        cls,
        settings: Settings,
        state: TaskState,
        generate: Generate,
        *,
        iteration: int,
        sandbox: SandboxEnvironmentSpec | None,
        setup: Sequence[Solver],
        problem: str,
        hold: bool = False,
        saved: SavedResults | None = None,
        budget: Budget | None = None,
    ) -> "Job":
        """Make what rollouts need; raise here if an agent or a model cannot be made."""
        spec = eval_spec()
        assignments = _assignments(settings, spec, iteration, problem)
        summarizer = needed_model("summarizer")
        return cls(
            settings,
            iteration,
            state,
            generate,
            spec,
            sandbox,
            setup,
            assignments,
            summarizer,
            hold and sandbox is not None,
            saved or SavedResults(None),
            budget or Budget(),
        )

    @property
    def models(self) -> list[Model]:
        """The models of the rollouts other than the model under evaluation, each once."""
        models = [assignment.model for assignment in self.assignments.values()]
        return [*{str(model): model for model in models if model}.values()]

    @property
    def limits(self) -> LimitOptions:
        """The limits of each rollout."""
        return LimitOptions.of(self.settings.options)

    @property
    def problem(self) -> str:
        """Sample id and epoch, as in the pool."""
        return f"{self.state.sample_id}/{self.state.epoch}"

    def id(self, index: int) -> str:
        """Id of a rollout of this iteration."""
        return rollout_id(self.iteration, index)

    def refinement(self, earlier: Sequence[Rollout], checks: str = "") -> Refinement:
        """The refinement context that shows these rollouts and the checks on their results."""
        return refinement_of(
            self.settings.refinement_prompt,
            earlier,
            iteration=self.iteration,
            seed=self.settings.options.seed,
            problem=problem_text(self.state),
            checks=checks,
        )


def _assignments(
    settings: Settings, spec: EvalSpec, iteration: int, problem: str
) -> dict[str, Assignment]:
    """Make the agents and models of an iteration; raise if one cannot be made."""
    options, args = settings.options, settings.options.agent_args or {}
    agents = {name: make(spec) for name, make in settings.make_agents.items()}
    identities = {
        name: agent_identity(name or options.agent, args.get(name) if name else args, spec)
        for name in agents
    }
    models = {name: rollout_model(name) for name in options.models or ()}
    return {
        id: Assignment(
            agents[agent], identities[agent], models.get(model), agent or None, model or None
        )
        for id, (agent, model) in options.assignments(iteration, problem).items()
    }


def rollout_state(
    state: TaskState, id: str, limits: LimitOptions | None = None, model: Model | None = None
) -> TaskState:
    """A copy of the sample's initial state for one rollout, with the rollout's own limits."""
    limits = limits or LimitOptions()
    return fresh_state(
        state,
        outer_sample(),
        cache_scope=cache_scope(state.epoch, id),
        message_limit=limits.message_limit,
        token_limit=limits.token_limit,
        cost_limit=limits.cost_limit,
        model=model,
    )


def problem_text(state: TaskState) -> str:
    """The text of a sample's input and of its choices, if any; never its target or metadata."""
    if isinstance(state.input, str):
        text = state.input
    else:
        text = "\n\n".join(f"{message.role}: {message.text}" for message in state.input)
    choices = [f"{chr(ord('A') + i)}) {choice.value}" for i, choice in enumerate(state.choices)]
    return "\n".join([text, *choices]).strip()
