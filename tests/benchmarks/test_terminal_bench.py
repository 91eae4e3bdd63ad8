"""Terminal-Bench as a task: what is loaded, from where, and what is wrong with a folder."""

import sys
from pathlib import Path

import pytest
from inspect_ai import eval as inspect_eval
from inspect_ai.dataset import Sample
from inspect_ai.util import ComposeConfig

from inspect_tts.benchmarks.terminal_bench.harbor import inspect_harbor
from inspect_tts.benchmarks.terminal_bench.task import terminal_bench
from inspect_tts.errors import UserError

needs_harbor = pytest.mark.skipif(
    sys.version_info < (3, 12), reason="inspect-harbor needs Python 3.12"
)

TOML = """\
version = "1.0"
[verifier]
timeout_sec = 90.0
[agent]
timeout_sec = 60.0
[environment]
cpus = 2
memory = "2G"
"""
COMPOSE = """\
services:
  default:
    image: tts/base:bookworm
    x-local: true
  database:
    image: tts/base:bookworm
    x-local: true
"""


def write_task(folder: Path, toml: str = TOML, *, compose: str | None = None) -> Path:
    files = {
        "task.toml": toml,
        "instruction.md": "Do it.\n",
        "environment/Dockerfile": "FROM tts/base:bookworm\n",
        "tests/test.sh": "echo 1 > /logs/verifier/reward.txt\n",
        "solution/solve.sh": "true\n",
    }
    if compose is not None:
        files["environment/docker-compose.yaml"] = compose
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def loaded(path: Path, **options: object) -> dict[str, Sample]:
    task = terminal_bench(path=str(path), **options)  # type: ignore[arg-type]
    return {str(sample.id): sample for sample in task.dataset}


def services(sample: Sample) -> ComposeConfig:
    assert sample.sandbox is not None
    assert isinstance(sample.sandbox.config, ComposeConfig)
    return sample.sandbox.config


@needs_harbor
def test_a_folder_of_tasks_or_one_task_is_loaded(tmp_path: Path) -> None:
    for name in ("one", "two", "two-more"):
        write_task(tmp_path / name)
    (tmp_path / "README.md").write_text("no task", encoding="utf-8")
    (tmp_path / "notes").mkdir()
    assert list(loaded(tmp_path)) == ["one", "two", "two-more"]
    assert list(loaded(tmp_path / "two")) == ["two"]
    assert list(loaded(tmp_path, exclude="two*")) == ["one"]
    assert list(loaded(tmp_path, exclude="one, two-more")) == ["two"]
    assert list(loaded(tmp_path, exclude=["one"])) == ["two", "two-more"]


@needs_harbor
def test_the_id_is_the_name_without_its_organization(tmp_path: Path) -> None:
    write_task(tmp_path / "one", TOML + '[task]\nname = "terminal-bench/the-one"\n')
    assert list(loaded(tmp_path)) == ["the-one"]


@needs_harbor
def test_limits_of_a_task_are_those_of_its_file(tmp_path: Path) -> None:
    toml = TOML.replace("[agent]\n", '[agent]\nuser = "worker"\n')
    sample = loaded(write_task(tmp_path / "one", toml), timeout_multiplier=2)["one"]
    assert sample.metadata is not None
    assert sample.metadata["agent_time_limit"] == 120
    assert sample.metadata["verifier_timeout_sec"] == 180
    assert sample.metadata["agent_user"] == "worker"
    service = services(sample).services["default"]
    assert (service.cpus, service.mem_limit) == (2, "2048m")
    larger = loaded(tmp_path / "one", override_cpus=4, override_memory_mb=9000)["one"]
    service = services(larger).services["default"]
    assert (service.cpus, service.mem_limit) == (4, "9000m")


@needs_harbor
def test_compose_services_are_kept(tmp_path: Path) -> None:
    sample = loaded(write_task(tmp_path / "one", compose=COMPOSE))["one"]
    found = services(sample).services
    assert list(found) == ["default", "database"]
    assert [service.mem_limit for service in found.values()] == ["2048m", None]


BROKEN = {
    "no TOML": ("version = ", ["task.toml", "Invalid TOML"]),
    "a key of the wrong type": (
        TOML.replace("cpus = 2", 'cpus = "many"'),
        ["task.toml", "environment.cpus", "-T exclude=bad"],
    ),
    "two wrong keys": (
        TOML.replace("60.0", '"soon"').replace("90.0", "[]"),
        ["agent.timeout_sec", "verifier.timeout_sec"],
    ),
}


@needs_harbor
@pytest.mark.parametrize(("toml", "told"), BROKEN.values(), ids=BROKEN)
def test_a_broken_task_is_named_with_file_and_key(
    toml: str, told: list[str], tmp_path: Path
) -> None:
    write_task(tmp_path / "good")
    write_task(tmp_path / "bad", toml)
    with pytest.raises(UserError) as caught:
        loaded(tmp_path)
    assert str(tmp_path / "bad") in str(caught.value)
    for text in told:
        assert text in str(caught.value)
    assert list(loaded(tmp_path, exclude="bad")) == ["good"]


@needs_harbor
@pytest.mark.parametrize("missing", ["instruction.md", "tests/test.sh", "environment"])
def test_a_task_that_lacks_a_part_is_named(missing: str, tmp_path: Path) -> None:
    path = write_task(tmp_path / "bad") / missing
    if path.is_dir():
        (path / "Dockerfile").unlink()
        path.rmdir()
    else:
        path.unlink()
    with pytest.raises(UserError, match=f"(?s)the task .*bad.*{missing.rpartition('/')[2]}"):
        loaded(tmp_path)


@needs_harbor
def test_bad_arguments_are_refused_before_anything_runs(tmp_path: Path) -> None:
    write_task(tmp_path / "tasks" / "regex-log")
    (tmp_path / "empty").mkdir()
    cases = [
        ({"path": tmp_path / "empty"}, "contains no tasks: a task is a folder with task.toml"),
        ({"path": tmp_path / "nowhere"}, "is not a folder"),
        ({"path": tmp_path / "tasks", "exclude": "regexlog"}, "did you mean regex-log"),
        ({"path": tmp_path / "tasks", "exclude": "zzz"}, "matches no task; there are 1, such as"),
        ({"path": tmp_path / "tasks", "exclude": "*"}, "excludes all tasks"),
        ({"path": tmp_path / "tasks", "timeout_multiplier": 0}, "timeout_multiplier=0"),
        ({"path": tmp_path / "tasks", "timeout_multiplier": float("inf")}, "a number above 0"),
    ]
    for arguments, told in cases:
        with pytest.raises(UserError, match=told):
            loaded(**arguments)  # type: ignore[arg-type]


@needs_harbor
def test_an_unknown_id_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    write_task(tmp_path / "regex-log")
    task = terminal_bench(path=str(tmp_path))
    with pytest.raises(Exception, match=r"(?s)sample_id filter 'regex'.*regex-log"):
        inspect_eval(task, model="mockllm/model", sample_id="regex", display="none")


@needs_harbor
def test_a_hub_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    with pytest.raises(UserError, match=r"could not be loaded from the Harbor hub.*-T path=FOLDER"):
        terminal_bench()


def test_an_old_python_is_told_what_is_needed() -> None:
    with pytest.raises(UserError, match=r"needs Python 3\.12 or newer.*this is 3\.11\.9.*terminal"):
        inspect_harbor((3, 11, 9))


@pytest.mark.skipif(sys.version_info >= (3, 12), reason="of Python 3.11")
def test_on_python_3_11_the_task_says_what_is_needed() -> None:
    with pytest.raises(UserError, match=r"needs Python 3\.12 or newer"):
        terminal_bench()
