"""Access to what Inspect does not export: the only place with private imports.

Each module says why it needs them. `tests/_inspect/test_inspect_contract.py` pins what the modules
rely on, so that a release of Inspect that changes it fails there, in a test that names it.
"""

from inspect_ai._util.dotenv import init_dotenv  # every command of Inspect calls it first
from inspect_ai._util.error import PrerequisiteError  # printed without a traceback
from inspect_ai._util.exception import TerminateSampleError  # must not be caught

from .agents import (
    acting_model,
    agent_factory,
    decorated_names,
    is_factory,
    is_made,
    register_alias,
    registered_names,
    step_names,
)
from .concurrency import default_sandboxes, reserve_slots, widen_throttles
from .ends import EvalEnd
from .evaluation import (
    ENDED,
    at_eval_end,
    at_run_end,
    component_spec,
    eval_spec,
    in_sample,
    outer_sample,
    own_solver_before,
    planned_steps,
    register_spec_hook,
    retried_log,
    running_task,
    setup_steps,
    task_solver,
    task_variables,
    tasks_to_run,
    wrap_task,
)
from .inner import InnerTask, load_inner, without_place
from .sandboxes import (
    SandboxSet,
    adopt_sandboxes,
    in_sandboxes,
    local_folders,
    no_sandbox_events,
    open_sandboxes,
    sandbox_spec,
    watch_projects,
)
from .scope import (
    Ended,
    RolloutSampleView,
    current_cache_scope,
    effective_config,
    fresh_state,
    is_budget,
    isolate_rollout,
    latest_state,
    lift_limits,
    metered_tokens,
    model_cache_scope,
    no_store_events,
    rollout_scope,
    sample_metadata,
    span_without_store,
)
from .scoring import (
    PublishedScores,
    grade,
    grade_as,
    own_scorer_names,
    score_with,
    scorer_names,
)
from .terminal import count_steps, say, shows_in_place
