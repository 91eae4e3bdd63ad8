"""The parts of SWE-bench Verified by themselves: names of images, the engine, records, grading."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from inspect_ai.dataset import Sample
from inspect_ai.util import ComposeConfig

from inspect_tts import UserError
from inspect_tts.benchmarks.swe_verified.checked import ImageCheck, check_images
from inspect_tts.benchmarks.swe_verified.containers import (
    check_template,
    image_name,
    image_sandbox,
)
from inspect_tts.benchmarks.swe_verified.images import (
    Engine,
    Fetched,
    Wanted,
    check_space,
    fetch_images,
    wanted_images,
)
from inspect_tts.benchmarks.swe_verified.prefetch import select_samples

for package in ("inspect_evals", "swebench", "minisweagent"):
    pytest.importorskip(package, reason="needs the extra `swe`")

# --- images

NAMES = {
    "parts": ("{org}/{repo}:{issue}", "a__b-12", "x86_64", "a/b:12"),
    "parts with signs": ("{org}_{repo}_{issue}", "a-b__c_d-e-7", "x86_64", "a-b_c_d-e_7"),
    "several underscores": ("{org}|{repo}", "a__b__c-7", "x86_64", "a|b__c"),
    "whole": ("x/{id}-{arch}", "any name", "arm64", "x/any name-arm64"),
    "lower case": ("X/{id}", "Astropy__A-1", "x86_64", "x/astropy__a-1"),
}


@pytest.mark.parametrize(("template", "problem", "arch", "name"), NAMES.values(), ids=NAMES)
def test_an_image_has_the_name_of_its_problem(
    template: str, problem: str, arch: str, name: str
) -> None:
    assert image_name(template, problem, arch) == name


def test_a_problem_without_parts_needs_a_template_without_them() -> None:
    for problem in ("one", "a__b", "a__b-x", "b-1"):
        with pytest.raises(UserError, match=r"needs 'org' of the problem .*; use \{id\}"):
            image_name("{org}/{id}", problem)


@pytest.mark.parametrize("template", ["{id}", "{issue}", "x/{org}:{issue}-{arch}"])
def test_a_template_names_each_problem(template: str) -> None:
    check_template(template)


@pytest.mark.parametrize("template", ["{org}/{repo}", "{arch}", "{}", "{id", "{id}{x}"])
def test_another_template_is_refused(template: str) -> None:
    with pytest.raises(UserError, match="image_template="):
        check_template(template)


@pytest.mark.parametrize(
    ("arch", "internet", "platform", "network"),
    [
        ("x86_64", False, "linux/amd64", "none"),
        ("arm64", True, "linux/arm64", None),
        (None, False, None, "none"),
    ],
)
def test_a_sandbox_has_no_network_unless_it_is_asked_for(
    arch: str | None, internet: bool, platform: str | None, network: str | None
) -> None:
    spec = image_sandbox("x", arch=arch, internet=internet, folder="/f")
    assert isinstance(spec.config, ComposeConfig)
    [service] = spec.config.services.values()
    assert (spec.type, service.image, service.working_dir) == ("docker", "x", "/f")
    assert (service.platform, service.network_mode, service.init) == (platform, network, True)
    assert service.command == "sleep infinity"


def sample(name: str, arch: str | None = "x86_64", kind: str = "docker") -> Sample:
    spec = kind if kind != "docker" else image_sandbox(name, arch=arch)
    return Sample(input="x", id=name, metadata={"image_name": name, "arch": arch}, sandbox=spec)


def test_each_image_is_wanted_once_for_its_architecture() -> None:
    samples = [sample("a"), sample("b", "arm64"), sample("a"), sample("c", None)]
    assert wanted_images(samples) == [
        Wanted("a", "amd64"),
        Wanted("b", "arm64"),
        Wanted("c", None),
    ]


# --- the engine


class Client:
    """Plays the docker SDK's client."""

    def __init__(self, root: str = "/nowhere", **images: str) -> None:
        self.images, self.root, self.api = images, root, self
        self.events: list[dict[str, Any]] = []
        self.pulled: list[tuple[str, str, str | None]] = []
        self.failing: dict[str, Exception] = {}

    def ping(self) -> None:
        pass

    def info(self) -> dict[str, str]:
        return {"DockerRootDir": self.root}

    def inspect_image(self, name: str) -> dict[str, str]:
        from docker.errors import NotFound

        if name not in self.images:
            raise NotFound("no such image")
        return {"Architecture": self.images[name]}

    def pull(self, name: str, *, tag: str, platform: str | None, **_: Any) -> Iterator[Any]:
        self.pulled.append((name, tag, platform))
        if name in self.failing:
            raise self.failing[name]
        yield from self.events
        self.images[f"{name}:{tag}"] = (platform or "/amd64").rpartition("/")[2]


def fetched(client: Client, *images: Wanted) -> list[Fetched]:
    return list(fetch_images(Engine(client), images, jobs=2, progress=lambda image, done: None))


def test_what_is_present_for_the_machine_is_kept_and_the_rest_pulled_in_order() -> None:
    client = Client(**{"a:1": "amd64", "b:1": "arm64", "c:1": "riscv"})
    wanted = [Wanted(f"{n}:1", "amd64") for n in "abd"] + [Wanted("c:1", None)]
    assert [(each.image, each.outcome) for each in fetched(client, *wanted)] == [
        (wanted[0], "present"),
        (wanted[1], "pulled"),
        (wanted[2], "pulled"),
        (wanted[3], "present"),
    ]
    assert sorted(client.pulled) == [("b", "1", "linux/amd64"), ("d", "1", "linux/amd64")]


def test_an_image_without_a_tag_is_the_latest() -> None:
    client = Client()
    fetched(client, Wanted("x/y", None))
    assert client.pulled == [("x/y", "latest", None)]


def test_one_failure_is_told_and_stops_no_other(tmp_path: Path) -> None:
    client = Client()
    client.failing = {"a": OSError("cut off"), "b": RuntimeError("a bug")}
    found = fetched(client, *(Wanted(f"{n}:1", None) for n in "abc"))
    assert [(each.outcome, each.why) for each in found] == [
        ("failed", "cut off"),
        ("failed", "a bug"),
        ("pulled", ""),
    ]
    client.events = [{"error": "manifest unknown"}]
    [failed] = fetched(client, Wanted("d:1", None))
    assert (failed.outcome, failed.why) == ("failed", "manifest unknown")


def test_progress_is_the_sum_over_layers() -> None:
    client, seen = Client(), list[int]()
    layers = [("one", 5), ("other", 7), ("one", 9)]
    client.events = [
        {"status": "Downloading", "id": id, "progressDetail": {"current": now}}
        for id, now in layers
    ]
    client.events.insert(1, {"status": "Extracting", "id": "x", "progressDetail": {"current": 99}})
    Engine(client).pull(Wanted("a:1", None), seen.append)
    assert seen == [5, 12, 16]


def test_space_is_known_for_an_engine_on_this_machine_only(tmp_path: Path) -> None:
    assert Engine(Client("/nowhere")).free_bytes() is None
    assert Engine(Client("")).free_bytes() is None
    assert (Engine(Client(str(tmp_path))).free_bytes() or 0) > 0


class Full(Engine):
    """An engine with so many free bytes."""

    def __init__(self, free: int | None, client: Client | None = None) -> None:
        super().__init__(client or Client())
        self.free = free

    def free_bytes(self) -> int | None:
        return self.free


GB = 10**9


@pytest.mark.parametrize(
    ("free", "missing", "fits"),
    [(11 * GB, 2, True), (11 * GB - 1, 2, False), (None, 99, True), (0, 0, True)],
)
def test_images_must_fit_beside_a_reserve(free: int | None, missing: int, fits: bool) -> None:
    if fits:
        assert check_space(Full(free), missing, 3.0) == free
        return
    with pytest.raises(UserError, match="2 images at 3 GB each and 5 GB in reserve need 11 GB"):
        check_space(Full(free), missing, 3.0)


@pytest.mark.parametrize(("free", "outcome"), [(5 * GB, "pulled"), (5 * GB - 1, "failed")])
def test_nothing_is_pulled_into_the_reserve(free: int, outcome: str) -> None:
    client = Client()
    [found] = fetch_images(
        Full(free, client), [Wanted("a", None)], jobs=1, progress=lambda *_: None
    )
    assert found.outcome == outcome
    assert bool(client.pulled) is (outcome == "pulled")


# --- before the first sample


def test_images_of_the_machine_are_enough_and_of_the_missing_one_is_pulled() -> None:
    client = Client(a="amd64", z="riscv")
    check_images(Engine(client), [Wanted("a", "amd64"), Wanted("z", None)])
    assert client.pulled == []
    check_images(Engine(client), [Wanted(name, "amd64") for name in "abc"])
    assert [name for name, _, _ in client.pulled] == ["b"], "Compose pulls the others"


@pytest.mark.parametrize(("names", "others"), [("b", ""), ("bcd", r" \(and 2 more\)")])
def test_a_missing_image_that_cannot_be_pulled_is_named(names: str, others: str) -> None:
    client = Client(a="amd64")
    client.failing = {"b": OSError("no network")}
    wanted = [Wanted(name, "amd64") for name in f"a{names}"]
    with pytest.raises(UserError, match=f"image b is missing{others} and .*: no network"):
        check_images(Engine(client), wanted)


def test_an_image_of_another_machine_is_refused_before_a_pull() -> None:
    client = Client(b="arm64")
    with pytest.raises(UserError, match=r"b is for arm64, but the task needs amd64.* docker rmi b"):
        check_images(Engine(client), [Wanted("a", "amd64"), Wanted("b", "amd64")])
    assert client.pulled == []


def test_other_sandboxes_need_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    ImageCheck().check([sample("a", kind="local"), Sample(input="x")])
    with pytest.raises(UserError, match="the docker engine is not responding"):
        ImageCheck().check([sample("a")])


def test_problems_are_chosen_by_id_in_the_order_given_then_by_number() -> None:
    samples = [sample(name) for name in "abcd"]

    def chosen(limit: int | None, *ids: str) -> list[object]:
        return [each.id for each in select_samples(samples, limit, ids)]

    assert chosen(None) == ["a", "b", "c", "d"]
    assert chosen(2) == ["a", "b"]
    assert chosen(None, "c", "a") == ["c", "a"]
    assert chosen(1, "c", "a") == ["c"]
    with pytest.raises(UserError, match=r"--sample-id zzz: none of the 4 problems has this id\.$"):
        chosen(None, "a", "zzz")
