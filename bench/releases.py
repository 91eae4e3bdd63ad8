"""Images of SWE-bench problems without the official ones.

The tree is the base commit where a clone of the repository is at hand, else a release from PyPI,
less the fix and its tests. What it runs on is from PyPI. A problem whose tree cannot be made is
left out, with the reason.
"""

import io
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

BASE = "tts/base:bookworm"
TEMPLATE = "tts-cross/{id}"

_DJANGO = ["asgiref<3.8", "sqlparse<0.5", "pytz", "jinja2<3.1", "setuptools<70", "tzdata"]
_DJANGO += ["docutils<0.18", "pyyaml", "numpy", "Pillow<10", "tblib<2", "argon2-cffi", "bcrypt<4.1"]
_SPHINX = ["sphinx==3.5.4", "jinja2<3.1", "docutils<0.17", "pytest<8", "html5lib", "roman<4"]
_SPHINX += ["markupsafe<2.1", "setuptools<70", "sphinxcontrib-applehelp<1.0.5", "babel"]
_SPHINX += ["sphinxcontrib-devhelp<1.0.3", "sphinxcontrib-qthelp<1.0.4", "typed-ast"]
_SPHINX += ["sphinxcontrib-htmlhelp<2.0.2", "sphinxcontrib-serializinghtml<1.1.6"]
_SPHINX += ["alabaster<0.7.13"]
_PYTEST = ["pytest==7.2.0", "hypothesis<6.60", "attrs<23", "py", "toml", "xmlschema<2", "nose"]
_PYTEST += ["pygments<2.14", "argcomplete<2", "wcwidth", "more-itertools", "importlib-metadata<5"]
_PYLINT = ["pylint==2.14.0", "astroid==2.11.6", "pytest<8", "typing-extensions"]
_NUMBERS = ["numpy<1.24", "pandas<1.6", "pytest<8", "setuptools<70"]
_FLAT = ["matplotlib<3.7", "scipy<1.11"]


@dataclass(frozen=True)
class Recipe:
    """What a release runs on."""

    python: str
    pins: Sequence[str]
    path: str = "."
    """Of the packages, below the tree."""
    remove: str = ""
    """A package of the environment that gives way to the tree."""
    after: str = "true"
    """What is made in the tree, with `$site` for the environment's packages."""


class NoImageError(Exception):
    """An image cannot be made, and why."""


def recipe(repo: str, version: str) -> Recipe:
    """What a problem's release runs on."""
    major = tuple(map(int, version.split(".")[:2]))
    match repo:
        case "django/django":
            python = "3.8" if major < (4, 0) else "3.9" if major < (5, 0) else "3.11"
            return Recipe(python, _DJANGO)
        case "sympy/sympy":
            return Recipe("3.8", ["mpmath<1.4", "pytest<8"])
        case "sphinx-doc/sphinx":
            return Recipe("3.8", _SPHINX, remove="sphinx")
        case "pytest-dev/pytest":
            made = "cp $site/generated_version.py /testbed/src/_pytest/_version.py"
            return Recipe("3.9", _PYTEST, path="src", remove="pytest", after=made)
        case "pylint-dev/pylint":
            return Recipe("3.9", _PYLINT, remove="pylint")
        case "mwaskom/seaborn":
            return Recipe("3.9", [*_NUMBERS, *_FLAT])
        case "pydata/xarray":
            return Recipe("3.9", ["numpy<1.23", "pandas<1.5", "pytest<8", "setuptools<70"])
    raise NoImageError(f"{repo} must be compiled")


_DOCKERFILE = """\
FROM ENVIRONMENT
COPY . /context/
RUN mkdir /testbed && cd /testbed && tar xzf /context/source --strip-components 1 \\
 && git init -q -b main . && git config gc.auto 0 \\
 && for each in patch test_patch; do \\
      [ ! -s /context/$each ] || git apply -R --whitespace=nowarn /context/$each \\
      || git apply -R -C1 --whitespace=nowarn /context/$each || exit 1; done \\
 && printf '__pycache__/\\n*.pyc\\n' >.git/info/exclude \\
 && git add -A -f && git -c user.name=base -c user.email=base@example.org commit -qm base \\
 && git gc -q --prune=now \\
 && site=$(echo /opt/site/lib/python*/site-packages) && AFTER && rm -r /context
ENV PATH=/opt/site/bin:$PATH PYTHONPATH=/testbed/SOURCES PIP_NO_INDEX=1
WORKDIR /testbed
"""


def build(
    record: Mapping[str, Any],
    offline: Mapping[str, Any] | None,
    cache: Path,
    repositories: Path | None = None,
) -> None:
    """Build the image of a problem, unless it is there.

    Args:
        record: The problem, as SWE-bench has it.
        offline: Which release holds it, if that is known.
        cache: Folder of what is got from PyPI.
        repositories: Folder of git clones, `OWNER/NAME` each.
    """
    name = TEMPLATE.format(id=record["instance_id"])
    if _docker("image", "inspect", name) is None:
        return
    made = recipe(record["repo"], record["version"])
    text = _DOCKERFILE.replace("ENVIRONMENT", _environment(made, cache))
    text = text.replace("AFTER", made.after).replace("SOURCES", made.path)
    files = {"Dockerfile": text.encode(), "patch": b"", "test_patch": b""}
    if (commit := _commit(record, repositories)) is not None:
        failed = _docker("build", "-q", "-t", name, "-", given=_archive(files | {"source": commit}))
        if failed is not None:
            raise NoImageError(failed)
        return
    files |= {each: record[each].encode() for each in ("patch", "test_patch")}
    why = "there is no release"
    for release in _releases(record, offline):
        try:
            context = _archive(files | {"source": _sdist(release, cache).read_bytes()})
        except NoImageError as error:
            why = str(error)
            continue
        failed = _docker("build", "-q", "-t", name, "-", given=context)
        if failed is None:
            return
        why = f"{release}: {failed}"
    raise NoImageError(why)


def _commit(record: Mapping[str, Any], repositories: Path | None) -> bytes | None:
    """The base commit as an archive, where there is a clone that holds it."""
    clone = None if repositories is None else repositories / record["repo"]
    if clone is None or not clone.is_dir():
        return None
    archive = ["git", "-C", str(clone), "archive", "--format=tar.gz", "--prefix=tree/"]
    done = subprocess.run([*archive, record["base_commit"]], capture_output=True, check=False)
    return None if done.returncode else done.stdout


def _releases(record: Mapping[str, Any], offline: Mapping[str, Any] | None) -> list[str]:
    """The releases that may hold a problem's fix, the likeliest first."""
    if offline is not None:
        return [offline["sdist"]]
    package, version = record["repo"].partition("/")[2], record["version"]
    major, minor = version.split(".")[:2]
    after = [f"{major}.{int(minor) + 1}", f"{major}.{int(minor) + 1}.0"]
    before = [f"{version}a1", f"{version}b1", f"{version}rc1", f"{major}.{max(int(minor) - 1, 0)}"]
    tried = [version, *(f"{version}.{patch}" for patch in range(4)), *before, *after]
    return [f"{'Django' if package == 'django' else package}=={each}" for each in tried]


def _sdist(release: str, cache: Path) -> Path:
    """Get the source of a release from PyPI, once."""
    held = cache / "sdists" / release
    if not held.is_file():
        with tempfile.TemporaryDirectory() as folder:
            python = _virtual(_BUILDER, cache / "builder") / "bin" / "python"
            pip = [str(python), "-m", "pip", "download", "-q", "--no-deps", "--no-binary", ":all:"]
            pip += ["--no-build-isolation", "-d", folder, release]
            done = subprocess.run(pip, capture_output=True, text=True, check=False)
            found = [*Path(folder).glob("*.tar.gz")]
            if not found:
                raise NoImageError(f"{release} has no sdist: {done.stderr.strip()[-150:]}")
            held.parent.mkdir(parents=True, exist_ok=True)
            held.write_bytes(found[0].read_bytes())
    return held


_BUILDER = Recipe("3.11", ["pip", "setuptools<66", "wheel", "setuptools_scm<8", "flit_core<4"])
"""What pip needs to read the metadata of an sdist."""


def _environment(made: Recipe, cache: Path) -> str:
    """Build the image with a Python and the packages that a release needs, once."""
    digest = sha256(repr((made.python, list(made.pins), made.remove)).encode()).hexdigest()[:10]
    name = f"tts-cross/environment:{digest}"
    if _docker("image", "inspect", name) is None:
        return name
    folder = _virtual(made, cache / digest)
    root = (folder / "bin" / "python").resolve().parents[1]
    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        tar.add(root, arcname=str(root), filter=_needed)
        tar.add(folder, arcname="/opt/site", filter=_needed)
    text = f"FROM {BASE}\nADD environment.tar /\n"
    text += "RUN ln -sf /opt/site/bin/python /usr/local/bin/python\n"
    context = _archive({"Dockerfile": text.encode(), "environment.tar": data.getvalue()})
    if failed := _docker("build", "-q", "-t", name, "-", given=context):
        raise NoImageError(failed)
    return name


def _needed(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """What of an installation of Python is needed to run."""
    gone = ("/__pycache__/", "/idlelib/", "/tkinter/", "/ensurepip/", ".a/")
    name = f"{entry.name}/"
    tests = "/.pyenv/" in name and "/test/" in name
    return None if tests or any(part in name for part in gone) else entry


def _virtual(made: Recipe, folder: Path) -> Path:
    """Make a virtual environment, once."""
    if (folder / "ready").exists():
        return folder
    uv, python = [sys.executable, "-m", "uv"], f"{folder}/bin/python"
    pyenv = sorted((Path.home() / ".pyenv" / "versions").glob(f"{made.python}.*/bin/python"))
    own = str(pyenv[-1]) if pyenv else made.python
    _run([*uv, "venv", "-q", "--clear", "--python", own, str(folder)])
    _run([*uv, "pip", "install", "-q", "--python", python, "--link-mode", "copy", *made.pins])
    if made.remove:
        _keep_generated(folder)
        _run([*uv, "pip", "uninstall", "-q", "--python", python, made.remove])
    (folder / "ready").touch()
    return folder


def _keep_generated(folder: Path) -> None:
    """What a build generates, and no sdist holds, must outlast the package."""
    for file in folder.glob("lib/python*/site-packages/_pytest/_version.py"):
        file.rename(file.parents[1] / "generated_version.py")


def _run(command: Sequence[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise NoImageError(done.stderr.strip()[-300:])


def _docker(*arguments: str, given: bytes = b"") -> str | None:
    """Call docker; None if it went well, else what it said."""
    done = subprocess.run(["docker", *arguments], input=given, capture_output=True, check=False)
    return None if done.returncode == 0 else done.stderr.decode(errors="replace").strip()[-300:]


def _archive(files: Mapping[str, bytes]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as tar:
        for name, content in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return made.getvalue()
