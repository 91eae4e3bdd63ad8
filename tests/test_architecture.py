"""The house rules that a machine can check. Each rule is first tried on small sources."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted(
    path
    for folder in ("inspect_tts", "tasks", "bench", "tests")
    for path in (ROOT / folder).rglob("*.py")
)
CORE = ROOT / "inspect_tts" / "core"
PRIVATE = ROOT / "inspect_tts" / "_inspect"
CONTRACT = ROOT / "tests" / "test_inspect_contract.py"  # pins what PRIVATE relies on

MOST_FILE_LINES = 300
MOST_FUNCTION_LINES = 80

PURE_MODULES = {
    "bisect",
    "collections",
    "collections.abc",
    "dataclasses",
    "decimal",
    "enum",
    "fractions",
    "functools",
    "hashlib",
    "heapq",
    "itertools",
    "json",
    "math",
    "operator",
    "re",
    "statistics",
    "string",
    "textwrap",
    "types",
    "typing",
    "unicodedata",
    "pydantic",
}
"""No clock, no randomness, no I/O, no concurrency."""
MESSAGE_TYPES = {
    "ChatMessage",
    "ChatMessageAssistant",
    "ChatMessageSystem",
    "ChatMessageTool",
    "ChatMessageUser",
    "Content",
    "ContentAudio",
    "ContentData",
    "ContentDocument",
    "ContentImage",
    "ContentReasoning",
    "ContentText",
    "ContentToolUse",
    "ContentVideo",
}
"""What core may use of `inspect_ai.model`."""
IMPURE_CALLS = {"__import__", "breakpoint", "eval", "exec", "hash", "id", "input", "open", "print"}
"""`hash` and `id` differ from one process to the next."""


def imports(tree: ast.AST) -> Iterator[tuple[str, str | None]]:
    """Yield (module, name) for each import, dots of relative ones kept; name None for `import x`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((module, alias.name) for alias in node.names)


def impure(source: str) -> list[str]:
    """What the source of a core module must not hold."""
    found = []
    for node in ast.walk(tree := ast.parse(source)):
        if isinstance(node, ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith | ast.Await) or (
            isinstance(node, ast.comprehension) and node.is_async
        ):
            found.append(type(node).__name__)
        if isinstance(node, ast.Name) and node.id in IMPURE_CALLS:
            found.append(node.id)
    for module, name in imports(tree):
        own = module.startswith(".") and not module.startswith("..")
        own = own or (module + ".").startswith("inspect_tts.core.")
        message_type = module == "inspect_ai.model" and name in MESSAGE_TYPES
        if not (own or message_type or module in PURE_MODULES):
            found.append(f"{module}.{name}" if name else module)
    return found


def private_imports(source: str) -> list[str]:
    """What the source imports of Inspect that Inspect does not export."""
    return [
        path
        for module, name in imports(ast.parse(source))
        if (path := f"{module}.{name}" if name else module).startswith("inspect_ai.")
        and any(part.startswith("_") for part in path.split("."))
    ]


def long_functions(source: str, most: int = MOST_FUNCTION_LINES) -> list[str]:
    """Functions of more lines than allowed, decorators and docstring included."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            if (node.end_lineno or first) - first + 1 > most:
                found.append(node.name)
    return found


def offences(files: list[Path], rule: Callable[[str], list[str]]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}: {what}"
        for path in files
        for what in rule(path.read_text(encoding="utf-8"))
    ]


# --- the rules hold


def test_the_core_is_pure_and_synchronous() -> None:
    files = [path for path in FILES if path.is_relative_to(CORE)]
    assert len(files) >= 8
    assert offences(files, impure) == []


def test_private_inspect_imports_live_in_one_place() -> None:
    elsewhere = [p for p in FILES if not p.is_relative_to(PRIVATE) and p != CONTRACT]
    assert offences(elsewhere, private_imports) == []
    assert len(elsewhere) < len(FILES)


def test_no_file_is_long() -> None:
    lines = {
        str(p.relative_to(ROOT)): len(p.read_text(encoding="utf-8").splitlines()) for p in FILES
    }
    assert {path: count for path, count in lines.items() if count > MOST_FILE_LINES} == {}


def test_no_function_is_long() -> None:
    assert offences(FILES, long_functions) == []


# --- the rules find what they are for

IMPURE: list[Any] = [
    pytest.param("async def f(): pass", ["AsyncFunctionDef"], id="async def"),
    pytest.param("async def f(): await g()", ["AsyncFunctionDef", "Await"], id="await"),
    pytest.param("async def f():\n async with g(): pass", ["AsyncFunctionDef", "AsyncWith"], id="async with"),
    pytest.param("async def f():\n async for x in g(): pass", ["AsyncFunctionDef", "AsyncFor"], id="async for"),
    pytest.param("async def f(): [x async for x in g()]", ["AsyncFunctionDef", "comprehension"], id="async in a list"),
    pytest.param("import asyncio, anyio", ["asyncio", "anyio"], id="concurrency"),
    pytest.param("import random\nfrom secrets import choice", ["random", "secrets.choice"], id="randomness"),
    pytest.param("import time\nfrom datetime import datetime", ["time", "datetime.datetime"], id="clock"),
    pytest.param("import os\nimport subprocess\nfrom pathlib import Path", ["os", "subprocess", "pathlib.Path"], id="I/O"),
    pytest.param("def f():\n import os", ["os"], id="inside a function"),
    pytest.param("open('x')\nprint(hash('x'))", ["open", "print", "hash"], id="built-in I/O and salted hashes"),
    pytest.param("from inspect_ai.model import get_model", ["inspect_ai.model.get_model"], id="a model"),
    pytest.param("import inspect_ai.model", ["inspect_ai.model"], id="all of a module"),
    pytest.param("from inspect_ai.util import sandbox", ["inspect_ai.util.sandbox"], id="a sandbox"),
    pytest.param("from ..errors import UserError", ["..errors.UserError"], id="relative, out of the core"),
    pytest.param("from inspect_tts.errors import UserError", ["inspect_tts.errors.UserError"], id="absolute, out of the core"),
    pytest.param("from inspect_tts.corex import a", ["inspect_tts.corex.a"], id="a name that begins like core"),
    pytest.param("import re\nfrom collections.abc import Sequence\nfrom pydantic import Field", [], id="what is allowed"),
    pytest.param("from inspect_ai.model import ChatMessage, ChatMessageTool", [], id="message types"),
    pytest.param("from .lots import lane\nfrom . import lots\nfrom inspect_tts.core.lots import lane\nimport inspect_tts.core", [], id="each other"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), IMPURE)
def test_rule_of_the_core(source: str, expected: list[str]) -> None:
    assert sorted(impure(source)) == sorted(expected)


PRIVATE_IMPORTS: list[Any] = [
    pytest.param("from inspect_ai._util.error import E", ["inspect_ai._util.error.E"], id="from a private module"),
    pytest.param("import inspect_ai._util.error as e", ["inspect_ai._util.error"], id="a private module"),
    pytest.param("from inspect_ai.util._store import S", ["inspect_ai.util._store.S"], id="private below public"),
    pytest.param("from inspect_ai.util import _store", ["inspect_ai.util._store"], id="private name of a public module"),
    pytest.param("from inspect_ai import _util", ["inspect_ai._util"], id="private name of the package"),
    pytest.param("def f():\n from inspect_ai.log._x import y", ["inspect_ai.log._x.y"], id="inside a function"),
    pytest.param("from inspect_ai.util import store\nimport inspect_ai", [], id="public"),
    pytest.param("from inspect_tts._inspect import grade\nfrom ._inspect import grade", [], id="ours"),
]  # fmt: skip


@pytest.mark.parametrize(("source", "expected"), PRIVATE_IMPORTS)
def test_rule_of_private_imports(source: str, expected: list[str]) -> None:
    assert private_imports(source) == expected


FUNCTIONS: list[Any] = [
    pytest.param("def f():\n 1\n 2", [], id="as long as allowed"),
    pytest.param("def f():\n 1\n 2\n 3", ["f"], id="one line more"),
    pytest.param("async def f():\n 1\n 2\n 3", ["f"], id="async"),
    pytest.param("@a\n@b\ndef f():\n 1", ["f"], id="decorators count"),
    pytest.param("class C:\n def f(self):\n  1\n  2\n  3", ["f"], id="methods"),
    pytest.param("def f():\n def g():\n  1\n  2\n  3", ["f", "g"], id="inner ones, too"),
]


@pytest.mark.parametrize(("source", "expected"), FUNCTIONS)
def test_rule_of_function_length(source: str, expected: list[str]) -> None:
    assert long_functions(source, most=3) == expected
