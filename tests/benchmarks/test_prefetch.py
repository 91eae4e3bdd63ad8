"""`inspect-tts prefetch` against a fake of the engine's HTTP interface, and the real one."""

import json
import shutil
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlparse

import pytest
from click.testing import CliRunner, Result
from helpers import IMAGE, docker_missing
from inspect_ai import eval as inspect_eval

from inspect_tts.cli import main

for package in ("inspect_evals", "swebench", "minisweagent"):
    pytest.importorskip(package, reason="needs the extra `swe`")


class FakeEngine:
    """Answers what the docker SDK asks for when it looks for images and pulls them."""

    def __init__(self) -> None:
        self.images: dict[str, str] = {}
        """Architecture by name."""
        self.failing: set[str] = set()
        self.others: set[str] = set()
        """Images that come for another architecture, whatever was asked for."""
        self.root = "/nowhere"
        self.pulled: list[tuple[str, str | None]] = []
        engine = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *args: Any) -> None:
                pass

            def do_GET(self) -> None:
                path = unquote(urlparse(self.path).path).partition("/v1.")[2].partition("/")[2]
                if path.startswith("images/"):
                    name = path.removeprefix("images/").removesuffix("/json")
                    found = engine.images.get(name)
                    body = {"Id": name, "Architecture": found} if found else {"message": "no such"}
                    return self.answer(body, 200 if found else 404)
                if path == "info":
                    return self.answer({"DockerRootDir": engine.root})
                if self.path == "/version" or path == "version":
                    return self.answer({"ApiVersion": "1.45", "Version": "26.1.5"})
                return self.answer("OK")

            def do_POST(self) -> None:
                query = parse_qs(urlparse(self.path).query)
                name = f"{query['fromImage'][0]}:{query['tag'][0]}"
                platform = query.get("platform", [None])[0]
                engine.pulled.append((name, platform))
                if name in engine.failing:
                    return self.answer({"message": f"manifest for {name} not found"}, 404)
                machine = "riscv" if name in engine.others else (platform or "/amd64")
                engine.images[name] = machine.rpartition("/")[2]
                detail = {"current": 500, "total": 1000}
                event = {"status": "Downloading", "id": "layer", "progressDetail": detail}
                return self.answer(event)

            def answer(self, body: Any, status: int = 200) -> None:
                data = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        self.url = f"tcp://127.0.0.1:{self.server.server_port}"


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    fake = FakeEngine()
    monkeypatch.setenv("DOCKER_HOST", fake.url)
    yield fake
    fake.server.shutdown()


@pytest.fixture
def dataset(tmp_path: Path) -> str:
    from test_swe_dataset import lines, record

    path = tmp_path / "some.jsonl"
    path.write_text(lines(*(record(instance_id=f"a__b-{i}") for i in range(1, 6))), "utf-8")
    return str(path)


def prefetch(dataset: str, *args: str) -> Result:
    given = ("-T", f"dataset={dataset}", "-T", "image_template=x/{id}-{arch}:v1")
    return CliRunner().invoke(main, ["prefetch", "swe_verified", *given, *args])


def test_what_is_missing_is_pulled_and_what_fails_is_said(engine: FakeEngine, dataset: str) -> None:
    names = [f"x/a__b-{i}-x86_64:v1" for i in range(1, 6)]
    engine.images[names[0]] = "amd64"
    engine.failing, engine.others = {names[1]}, {names[2]}
    ran = prefetch(dataset, "--limit", "4")
    assert ran.exit_code == 1, ran.output
    assert "4 images, 1 are already present" in ran.output
    assert f"failed: {names[1]}: " in ran.output
    assert f"manifest for {names[1]} not found" in ran.output
    assert f"failed: {names[2]}: it is for riscv, but amd64 is needed" in ran.output
    assert "1 pulled, 1 already present, 2 failed" in ran.output
    assert sorted(engine.pulled) == [(name, "linux/amd64") for name in names[1:4]]


def test_a_second_run_pulls_only_what_is_still_missing(engine: FakeEngine, dataset: str) -> None:
    engine.failing = {"x/a__b-2-x86_64:v1"}
    assert prefetch(dataset).exit_code == 1
    engine.failing, engine.pulled = set(), []
    ran = prefetch(dataset)
    assert ran.exit_code == 0, ran.output
    assert [name for name, _ in engine.pulled] == ["x/a__b-2-x86_64:v1"]
    assert "1 pulled, 4 already present, 0 failed" in ran.output


def test_problems_are_named_and_so_is_the_architecture(engine: FakeEngine, dataset: str) -> None:
    ran = prefetch(dataset, "--sample-id", "a__b-3", "-T", "arch=arm64")
    assert ran.exit_code == 0, ran.output
    assert engine.pulled == [("x/a__b-3-arm64:v1", "linux/arm64")]


def test_a_full_disk_is_refused_before_anything_is_pulled(
    engine: FakeEngine, dataset: str, tmp_path: Path
) -> None:
    engine.root = str(tmp_path)
    ran = prefetch(dataset, "--gb-per-image", "1000000")
    assert ran.exit_code == 1
    assert "5 images at 1e+06 GB each" in ran.output
    assert "--limit" in ran.output
    assert engine.pulled == []


def test_a_reserve_stays_free(engine: FakeEngine, dataset: str, tmp_path: Path) -> None:
    engine.root = str(tmp_path)
    free = shutil.disk_usage(tmp_path).free / 1e9
    ran = prefetch(dataset, "--gb-per-image", str(max(0.01, (free - 2.5) / 5)))
    assert (ran.exit_code, engine.pulled) == (1, [])
    assert "5 GB in reserve" in ran.output


def eval_on(engine: FakeEngine, dataset: str, folder: Path) -> str:
    """Run two problems with images of the fake engine; what ended the eval."""
    from inspect_tts.benchmarks.swe_verified.task import swe_verified

    [log] = inspect_eval(
        swe_verified(dataset=dataset, image_template="x/{id}-{arch}:v1"),
        model="mockllm/model",
        sample_id=["a__b-1", "a__b-2"],
        display="none",
        log_dir=str(folder),
    )
    assert (log.status, log.samples) == ("error", [])
    return str(log.error and log.error.message)


@pytest.mark.docker  # Inspect asks for the docker command
def test_an_eval_ends_before_its_first_sample_if_an_image_cannot_be_pulled(
    engine: FakeEngine, dataset: str, tmp_path: Path
) -> None:
    engine.failing = {"x/a__b-1-x86_64:v1", "x/a__b-2-x86_64:v1"}
    message = eval_on(engine, dataset, tmp_path)
    assert "x/a__b-1-x86_64:v1 is missing (and 1 more) and cannot be pulled" in message
    assert "manifest for x/a__b-1-x86_64:v1 not found" in message
    assert "inspect-tts prefetch swe_verified" in message


@pytest.mark.docker  # Inspect asks for the docker command
def test_an_eval_ends_before_its_first_sample_if_an_image_is_for_another_machine(
    engine: FakeEngine, dataset: str, tmp_path: Path
) -> None:
    engine.images = {f"x/a__b-{i}-x86_64:v1": "amd64" for i in (1, 3)}
    engine.images["x/a__b-2-x86_64:v1"] = "arm64"
    message = eval_on(engine, dataset, tmp_path)
    assert "x/a__b-2-x86_64:v1 is for arm64, but the task needs amd64" in message
    assert "-T arch=" in message
    assert engine.pulled == []


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--sample-id", "a__b-33"], ["a__b-33", "none of the 5", "did you mean a__b-3"]),
        (["-T", "dataset"], ["-T dataset", "NAME=VALUE"]),
        (["-T", "arch=amd64"], ["arch='amd64'", "'x86_64'"]),
    ],
)
def test_a_mistake_is_one_message(
    engine: FakeEngine, dataset: str, args: list[str], words: list[str]
) -> None:
    ran = prefetch(dataset, *args)
    assert ran.exit_code == 1
    assert ran.output.startswith("Error: ")
    for word in words:
        assert word in ran.output


def test_no_engine_is_one_message(dataset: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    ran = prefetch(dataset)
    assert ran.exit_code == 1
    assert "the docker engine is not responding" in ran.output
    assert "DOCKER_HOST" in ran.output


@pytest.mark.docker
def test_the_real_engine_has_what_it_has_and_says_why_it_lacks_the_rest(dataset: str) -> None:
    missing = docker_missing()
    if missing:
        pytest.skip(missing)
    template = f"image_template={IMAGE}{{id}}"
    ran = prefetch(dataset, "--limit", "1", "-T", template)
    assert ran.exit_code == 1
    assert f"failed: {IMAGE}a__b-1: " in ran.output
    from docker.client import DockerClient

    name = "tts-prefetch/a__b-1"
    client = DockerClient.from_env()
    client.images.get(IMAGE).tag(name)
    try:
        ran = prefetch(dataset, "--limit", "1", "-T", "image_template=tts-prefetch/{id}")
        assert ran.exit_code == 0, ran.output
        assert "0 pulled, 1 already present, 0 failed" in ran.output
    finally:
        client.images.remove(name)
