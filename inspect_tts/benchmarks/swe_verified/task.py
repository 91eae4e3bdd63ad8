"""SWE-bench Verified as an ordinary Inspect task, built on the task of inspect_evals."""

from contextlib import redirect_stdout
from io import StringIO
from pathlib import Path
from typing import Any

from inspect_ai import Task, task
from inspect_ai.dataset import MemoryDataset, Sample
from inspect_ai.util import SandboxEnvironmentSpec
from platformdirs import user_cache_path

from inspect_tts.agents.mini_swe_agent import mini_swe_agent
from inspect_tts.arguments import known_task_arguments, one_of
from inspect_tts.errors import UserError
from inspect_tts.paths import user_path

from .checked import ImageCheck
from .containers import check_template, image_sandbox
from .dataset import as_hub_folder, read_records
from .extra import check_extra
from .scorer import swe_verified_scorer

HUB = "princeton-nlp/SWE-bench_Verified"
"""The dataset on the Hugging Face Hub. inspect_evals pins its revision."""

ARCHITECTURES = ("x86_64", "arm64")
VERSION = 1


@task
@known_task_arguments
def swe_verified(
    dataset: str = HUB,
    revision: str | None = None,
    image_template: str | None = None,
    arch: str = "x86_64",
    sandbox: str = "docker",
) -> Task:
    """SWE-bench Verified: 500 problems from twelve Python projects, graded by hidden tests.

    `inspect_evals.swe_bench` provides the dataset mapping, image names, setup, evaluation script,
    and the sandboxes of providers other than docker. The package `swebench` grades the output. The
    input is the plain problem statement, since the agent puts its own prompt around it.

    Args:
        dataset: A dataset of the hub, or a local file or folder of SWE-bench records.
        revision: Revision of the hub's dataset; default the one that inspect_evals pins.
        image_template: Template of image names; may use `{org}`, `{repo}`, `{issue}`, `{id}` and
            `{arch}`.
        arch: `x86_64` or `arm64`.
        sandbox: `docker`, `k8s`, `modal`, or another provider.

    Returns:
        The task. Its own solver is mini-SWE-agent.

    Raises:
        UserError: If a package of the extra `swe` is missing, an argument is wrong, or the dataset
            cannot be read.
    """
    one_of("arch", arch, ARCHITECTURES)
    check_extra()
    from inspect_evals.swe_bench.swe_bench import DEFAULT_IMAGE_TEMPLATE, swe_bench

    template = image_template or DEFAULT_IMAGE_TEMPLATE
    check_template(template)
    given: dict[str, Any] = {
        "input_prompt": "{issue_text}",
        "sandbox_type": sandbox,
        "image_name_template": template,
        "arch": arch,
        "sandbox_config": _sandbox if sandbox == "docker" else None,
    }
    base = _load(swe_bench, dataset, revision, given)
    return Task(
        name="swe_verified",
        dataset=MemoryDataset(list(base.dataset), name="swe_verified", location=dataset),
        setup=base.setup,
        solver=mini_swe_agent(),
        scorer=swe_verified_scorer(),
        version=VERSION,
        early_stopping=ImageCheck(),
        metadata=base.metadata,
    )


def _load(swe_bench: Any, dataset: str, revision: str | None, given: dict[str, Any]) -> Task:
    path = user_path(dataset)
    if path.exists():
        if revision is not None:
            raise UserError(
                f"revision={revision!r} applies only to datasets on the hub, but {path} is local"
            )
        import datasets

        records = read_records(path, _graded)
        datasets.disable_progress_bars()
        folder = as_hub_folder(records, user_cache_path("inspect_tts") / "swe_verified")
        with redirect_stdout(StringIO()):  # it would print that it loads from the hub
            made: Task = swe_bench(dataset=str(folder), revision="local", **given)
        return made
    if dataset.startswith((".", "/", "~")) or Path(dataset).suffix:
        raise UserError(f"dataset={dataset!r}: there is no such file or folder")
    try:
        pinned = {} if revision is None else {"revision": revision}
        made = swe_bench(dataset=dataset, **pinned, **given)
    except Exception as error:  # the hub's client raises many kinds of errors
        raise UserError(
            f"dataset={dataset!r} could not be loaded from the hub: {type(error).__name__}: "
            f"{error}. To read a local file or folder instead, give -T dataset=PATH"
        ) from error
    return made


def _graded(repo: str, version: str) -> bool:
    from swebench.harness.constants import MAP_REPO_VERSION_TO_SPECS

    return version in MAP_REPO_VERSION_TO_SPECS.get(repo, {})


def _sandbox(kind: str, sample: Sample) -> SandboxEnvironmentSpec:
    made = sample.metadata or {}
    internet = bool(made["allow_internet"])
    return image_sandbox(
        made["image_name"], arch=made["arch"], internet=internet, folder="/testbed"
    )
