"""What `inspect_tts._inspect` relies on and no import checks: names, and how they behave."""

from collections.abc import Callable
from contextlib import ExitStack
from inspect import getsource, signature
from pathlib import Path
from typing import Any

import anyio
import pytest
from inspect_ai._cli.eval import eval_command
from inspect_ai._display.core.active import active_display
from inspect_ai._display.core.progress import RichProgress
from inspect_ai._display.log.display import LogTaskDisplay
from inspect_ai._display.plain.display import PlainTaskDisplay
from inspect_ai._display.rich.display import RichTaskDisplay
from inspect_ai._display.textual.widgets.tasks import TaskProgressView
from inspect_ai._eval import registry as tasks
from inspect_ai._eval.run import eval_run
from inspect_ai._eval.task import run
from inspect_ai._eval.task.run import task_run
from inspect_ai._util.log_layout import merged_log_candidates_for_shard
from inspect_ai._util.registry import registry_log_name
from inspect_ai.agent import Agent, AgentState, agent, as_solver
from inspect_ai.agent import _agent as agents
from inspect_ai.log._file import is_log_file
from inspect_ai.log._samples import ActiveSample
from inspect_ai.model import ModelUsage
from inspect_ai.scorer import Score
from inspect_ai.solver import TaskState
from inspect_ai.solver import _solver as solvers
from inspect_ai.solver._plan import Plan
from inspect_ai.tool import _tool as tools
from inspect_ai.util import (
    cost_limit,
    display_type,
    message_limit,
    time_limit,
    token_limit,
    turn_limit,
    working_limit,
)
from inspect_ai.util._limit import record_model_usage
from inspect_ai.util._sandbox.docker import cleanup as docker_cleanup
from inspect_ai.util._sandbox.docker.docker import DockerSandboxEnvironment
from inspect_ai.util._sandbox.docker.util import ComposeProject
from inspect_ai.util._sandbox.lifecycle import sandbox_lifecycle_scope

from inspect_tts._inspect import PublishedScores, metered_tokens, watch_projects
from inspect_tts._inspect.command import (
    eval_options,
    new_log_name,
    parse_cli_args,
    quiet_display,
    shard_folders,
)
from inspect_tts._inspect.factories import recording


def test_plan_keeps_its_steps_and_the_current_index_in_its_frame() -> None:
    names = Plan.__call__.__code__.co_varnames
    assert "self" in names
    assert "index" in names


def test_the_frames_that_hold_the_tasks_name_them_so() -> None:
    names = (*task_run.__code__.co_varnames, *task_run.__code__.co_cellvars)
    held = {"options", "plan", "logger", "td", "total_samples", "sample_ids", "results"}
    assert held <= set(names)
    assert "tasks" in eval_run.__code__.co_varnames
    assert "eval_log" in run.eval_log_sample_source.__code__.co_cellvars


@pytest.mark.parametrize("module", [solvers, agents, tools, tasks])
def test_each_decorator_tags_what_it_makes_through_a_name_of_its_module(module: Any) -> None:
    assert "            registry_tag(\n" in getsource(module)


@agent
def idle() -> Agent:
    async def execute(state: AgentState) -> AgentState:
        return state

    return execute


def test_a_recording_knows_the_agent_inside_of_a_solver() -> None:
    with recording() as record:
        first = as_solver(idle())
    assert first in record
    assert registry_log_name(record.rebuild(first)) == "idle"


@pytest.mark.parametrize(
    "name",
    [
        "sandbox_environments",
        "sandboxes",
        "sample",
        "task",
        "eval_id",
        "tg",
        "live_state",
        "fails_on_error",
    ],
)
def test_active_sample_has(name: str) -> None:
    assert f"self.{name}" in getsource(ActiveSample.__init__)


@pytest.mark.parametrize("name", ["_epoch", "_message_limit", "_token_limit", "_cost_limit"])
def test_task_state_has(name: str) -> None:
    assert f"self.{name} = " in getsource(TaskState.__init__)


def test_a_sample_tells_how_it_was_interrupted() -> None:
    assert hasattr(ActiveSample, "interrupt_action")


def test_what_draws_a_bar_has_a_total_and_steps() -> None:
    assert "self.p = RichProgress(" in getsource(RichTaskDisplay.__init__)
    assert "self.total = total" in getsource(RichProgress.__init__)
    assert "self.progress_bar = ProgressBar(" in getsource(TaskProgressView.__init__)
    for plain in (PlainTaskDisplay, LogTaskDisplay):
        assert "self.task.profile.steps" in getsource(plain.progress)


def test_limits_of_time_can_be_lifted() -> None:
    async def outlast() -> bool:
        with time_limit(0.2) as limit:
            limit._limit = None  # type: ignore[attr-defined]
            limit._refresh_deadline()  # type: ignore[attr-defined]
            await anyio.sleep(0.4)
            return True

    assert anyio.run(outlast), "no limit has ended it"
    assert "_limit" in vars(working_limit(1))


@pytest.mark.parametrize(
    ("counted", "tokens"), [("all", 17), ("output", 4), ("(input*0.5)+output", 10)]
)
def test_tokens_are_counted_as_by_a_limit(counted: str, tokens: int) -> None:
    used = ModelUsage(
        input_tokens=8, input_tokens_cache_read=3, input_tokens_cache_write=2, output_tokens=4
    )
    used.total_tokens = 17
    with token_limit(100, type=counted) as limit:
        record_model_usage(used)
    assert metered_tokens(counted, used) == limit.usage == tokens


@pytest.mark.parametrize(
    "factory",
    [token_limit, message_limit, turn_limit, cost_limit, time_limit],
    ids=lambda factory: str(factory.__name__),
)
def test_a_limit_inside_another_knows_it_as_its_parent(factory: Callable[[Any], Any]) -> None:
    async def nest() -> bool:
        outer, inner = factory(10), factory(5)
        with ExitStack() as stack:
            stack.enter_context(outer)
            stack.enter_context(inner)
            return inner.parent is outer

    assert anyio.run(nest)


def test_a_docker_project_is_noted_before_it_starts_and_until_it_is_down() -> None:
    told: list[str] = []
    with sandbox_lifecycle_scope():
        watch_projects(lambda name: told.append(f"+{name}"), lambda name: told.append(f"-{name}"))
        watch_projects(told.append, told.append)  # another task of the same run
        project = ComposeProject("p", None, sample_id=None, epoch=None, env=None)
        docker_cleanup.project_startup(project)
        docker_cleanup.cleanup_state().running_projects.remove(project)
    assert told == ["+p", "-p"]
    starts = getsource(DockerSandboxEnvironment.sample_init)
    assert starts.index("project_startup(") < starts.index("compose_up(")
    ends = getsource(docker_cleanup.project_cleanup)
    assert ends.index("compose_down(") < ends.index("running_projects.remove(")


def test_a_token_meter_keeps_the_whole_usage() -> None:
    meter = token_limit(None)
    with meter:
        meter.record(ModelUsage(input_tokens=3, output_tokens=2, total_tokens=5))
        assert meter._usage.input_tokens == 3


def test_scorers_set_their_result_item_by_item_before_solver_scores_are_read() -> None:
    source = getsource(run)
    set_item = source.index("state.scores[scorer_name] = (")
    read_back = source.index("score = state.scores[name]")
    assert set_item < read_back


def test_published_scores_follow_the_scorers() -> None:
    scores = PublishedScores("ours", lambda others: Score(value=len(others)))
    assert scores["ours"].value == 0
    scores["theirs"] = Score(value=1)
    assert scores["ours"].value == 1
    assert list(scores) == ["ours", "theirs"]


def test_model_resolves_its_config_in_one_place() -> None:
    from inspect_ai.model import Model

    assert list(signature(Model._resolve_config).parameters) == ["self", "config"]


def test_the_command_eval_takes_what_our_commands_give_it() -> None:
    names = {parameter.name for parameter in eval_command.params}
    assert {"tasks", "solver", "s", "t", "model", "model_role", "model_base_url", "m"} <= names
    options = {parameter.name for parameter in eval_options(taken={"limit"})}
    assert {"model", "cache", "max_connections"} <= options
    assert not {"tasks", "solver", "t", "limit"} & options


def test_a_shard_set_is_listed_as_inspect_lists_it(tmp_path: Path) -> None:
    place = tmp_path / "2026-01-01T00-00-00_made_x.shards"
    for name in ("10/2026-01-01T00-00-00_a.eval", "2/2026-01-01T00-00-01_b.eval"):
        (place / name).parent.mkdir(parents=True)
        (place / name).touch()
    (place / "2" / "2025-01-01T00-00-00_older.eval").touch()
    (place / "astray.eval").touch()
    attempts, [(stray, why)] = shard_folders(str(place))
    assert [(k, [Path(log).stem[-5:] for log in logs]) for k, logs in attempts.items()] == [
        ("2", ["older", "-01_b"]),
        ("10", ["-00_a"]),
    ]
    assert stray.endswith("astray.eval")
    assert "not in a shard directory" in why
    assert merged_log_candidates_for_shard(attempts["2"][0]) is not None
    name = new_log_name("pkg/made", "a/b")
    assert is_log_file(f"{name}.json", [".json"]), "begins with a time, as the names of logs do"
    assert not is_log_file("plan.json", [".json"])


def test_a_json_list_is_one_argument_whatever_is_in_it() -> None:
    assert parse_cli_args(('paths=["a, b", "c"]',)) == {"paths": ["a, b", "c"]}
    assert parse_cli_args(('format="1,2"',)) == {"format": ["1", "2"]}, "so a text is split"


def test_a_quiet_display_gives_back_what_was_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("INSPECT_DISPLAY")
    before = display_type(), active_display()
    with quiet_display():
        assert (display_type(), active_display()) == ("none", None)
    assert (display_type(), active_display()) == before
