"""Commands for users who start shards themselves: in a shell, with Slurm or Kubernetes. Pure."""

import json
import re
import shlex
from typing import Any

from .plan import ShardPlan


def commands(plan: ShardPlan) -> str:
    """One command per shard."""
    return "\n".join(_command(plan, str(shard.number)) for shard in plan.shards) + "\n"


def _command(plan: ShardPlan, number: str) -> str:
    return f"inspect-tts shard --run {shlex.quote(plan.set)}/{number}"


def slurm(plan: ShardPlan) -> str:
    """A Slurm job array. A job whose node fails is queued again and continues its shard."""
    return f"""#!/bin/bash
#SBATCH --job-name={plan.task.rpartition("/")[2].replace(" ", "_")}
#SBATCH --array=0-{len(plan.shards) - 1}%{plan.at_once}
#SBATCH --requeue
#SBATCH --open-mode=append
#SBATCH --signal=B:TERM@120
#SBATCH --cpus-per-task=4
#SBATCH --mem=8G
#SBATCH --time=24:00:00
# exec: the signal before the time is over reaches the eval, which ends with a log
export INSPECT_DISPLAY=plain
exec {_command(plan, "$SLURM_ARRAY_TASK_ID")}
"""


def kubernetes(plan: ShardPlan) -> str:
    """An indexed Job in JSON for kubectl. The user fills in the image and its secrets."""
    run = _command(plan, "$JOB_COMPLETION_INDEX")
    container: dict[str, Any] = {
        "name": "shard",
        "image": "REPLACE: an image with inspect_tts, the task and its sandbox provider",
        "workingDir": plan.folder,
        "command": ["/bin/sh", "-c", f"exec {run}"],
        "env": [{"name": "INSPECT_DISPLAY", "value": "plain"}],
        "envFrom": [{"secretRef": {"name": "REPLACE-model-keys"}}],
        "resources": {"requests": {"cpu": "2", "memory": "4Gi"}},
    }
    spec = {
        "completions": len(plan.shards),
        "parallelism": plan.at_once,
        "completionMode": "Indexed",
        "backoffLimitPerIndex": 5,
        "template": {
            "spec": {
                "restartPolicy": "Never",
                "terminationGracePeriodSeconds": 120,
                "containers": [container],
            }
        },
    }
    name = re.sub("[^a-z0-9]+", "-", plan.task.rpartition("/")[2].lower())[:40].strip("-")
    job = {
        "apiVersion": "batch/v1",
        "kind": "Job",
        "metadata": {"generateName": f"{name or 'shards'}-"},
        "spec": spec,
    }
    return json.dumps(job, indent=2) + "\n"
