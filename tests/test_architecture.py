"""The house rules that a machine can check. Each rule is first tried on small sources."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

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
    "base64",
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
    "ipaddress",
    "itertools",
    "json",
    "math",
    "operator",
    "re",
    "shlex",
    "statistics",
    "string",
    "textwrap",
    "types",
    "typing",
    "unicodedata",
    "zlib",
    "pydantic",
    "pydantic_core",
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
BUILTINS = {"__import__", "breakpoint", "eval", "exec", "hash", "id", "input", "open", "print"}
"""`hash` and `id` differ from one process to the next."""


def imports(tree: ast.AST) -> Iterator[tuple[str, str | None]]:
    """Yield (module with its leading dots, name or None for `import x`) of each import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((alias.name, None) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = "." * node.level + (node.module or "")
            yield from ((module, alias.name) for alias in node.names)


def bound(name: ast.Name) -> bool:
    return isinstance(name.ctx, ast.Store)


def impure(source: str) -> list[str]:
    """What the source of a core module must not hold."""
    tree = ast.parse(source)
    own = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and bound(node)}
    own |= {node.arg for node in ast.walk(tree) if isinstance(node, ast.arg)}
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.AsyncFunctionDef | ast.AsyncFor | ast.AsyncWith | ast.Await) or (
            isinstance(node, ast.comprehension) and node.is_async
        ):
            found.append(type(node).__name__)
        if isinstance(node, ast.Name) and node.id in BUILTINS - own:
            found.append(node.id)
    for module, name in imports(tree):
        sibling = module.startswith(".") and not module.startswith("..")
        sibling = sibling or f"{module}.".startswith("inspect_tts.core.")
        message_type = module == "inspect_ai.model" and name in MESSAGE_TYPES
        if not (sibling or message_type or module in PURE_MODULES):
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
    """Functions of more lines than allowed, decorators included, docstring not."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            told = len((ast.get_docstring(node, clean=False) or "").splitlines())
            if (node.end_lineno or first) - first + 1 - told > most:
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

IMPURE = {
    "async def": ("async def f(): pass", "AsyncFunctionDef"),
    "await": ("async def f(): await g()", "AsyncFunctionDef Await"),
    "async with": ("async def f():\n async with g(): pass", "AsyncFunctionDef AsyncWith"),
    "async for": ("async def f():\n async for x in g(): pass", "AsyncFor AsyncFunctionDef"),
    "async in a list": ("async def f(): [x async for x in g()]", "AsyncFunctionDef comprehension"),
    "concurrency": ("import asyncio, anyio", "anyio asyncio"),
    "randomness": ("import random\nfrom secrets import choice", "random secrets.choice"),
    "clock": ("import time\nfrom datetime import datetime", "datetime.datetime time"),
    "I/O": ("import os, subprocess\nfrom pathlib import Path", "os pathlib.Path subprocess"),
    "inside a function": ("def f():\n import os", "os"),
    "I/O and salted hashes without import": ("open('x')\nprint(map(hash, 'x'))", "hash open print"),
    "a model": ("from inspect_ai.model import get_model", "inspect_ai.model.get_model"),
    "all of a module": ("import inspect_ai.model", "inspect_ai.model"),
    "a sandbox": ("from inspect_ai.util import sandbox", "inspect_ai.util.sandbox"),
    "out of the core, relative": ("from ..errors import E", "..errors.E"),
    "out of the core, absolute": ("from inspect_tts.errors import E", "inspect_tts.errors.E"),
    "a name that begins like core": ("from inspect_tts.corex import a", "inspect_tts.corex.a"),
    "allowed: pure modules": ("import re\nfrom collections.abc import Set\nimport pydantic", ""),
    "allowed: message types": ("from inspect_ai.model import ChatMessage, ChatMessageTool", ""),
    "allowed: each other": ("from .lots import lane\nfrom . import lots", ""),
    "allowed: each other, absolute": ("from inspect_tts.core.lots import lane", ""),
    "allowed: a field called id": ("class A:\n id: str\nA().id", ""),
    "allowed: variables called id": ("[id for id in 'x']\ndef f(hash): return hash", ""),
}


@pytest.mark.parametrize(("source", "expected"), IMPURE.values(), ids=IMPURE)
def test_rule_of_the_core(source: str, expected: str) -> None:
    assert sorted(impure(source)) == expected.split()


PRIVATE_IMPORTS = {
    "from a private module": ("from inspect_ai._util.error import E", "inspect_ai._util.error.E"),
    "a private module": ("import inspect_ai._util.error as e", "inspect_ai._util.error"),
    "private below public": ("from inspect_ai.util._x import S", "inspect_ai.util._x.S"),
    "private name in a public module": ("from inspect_ai.util import _x", "inspect_ai.util._x"),
    "private name in the package": ("from inspect_ai import _util", "inspect_ai._util"),
    "inside a function": ("def f():\n from inspect_ai.log._x import y", "inspect_ai.log._x.y"),
    "allowed: public": ("from inspect_ai.util import store\nimport inspect_ai", ""),
    "allowed: ours": ("from inspect_tts._inspect import grade\nfrom ._inspect import grade", ""),
}


@pytest.mark.parametrize(("source", "expected"), PRIVATE_IMPORTS.values(), ids=PRIVATE_IMPORTS)
def test_rule_of_private_imports(source: str, expected: str) -> None:
    assert private_imports(source) == expected.split()


FUNCTIONS = {
    "as long as allowed": ("def f():\n 1\n 2", ""),
    "one line more": ("def f():\n 1\n 2\n 3", "f"),
    "the docstring does not count": ('def f():\n """1\n\n 2"""\n 1\n 2', ""),
    "async": ("async def f():\n 1\n 2\n 3", "f"),
    "decorators count": ("@a\n@b\ndef f():\n 1", "f"),
    "methods": ("class C:\n def f(self):\n  1\n  2\n  3", "f"),
    "inner ones, too": ("def f():\n def g():\n  1\n  2\n  3", "f g"),
}


@pytest.mark.parametrize(("source", "expected"), FUNCTIONS.values(), ids=FUNCTIONS)
def test_rule_of_function_length(source: str, expected: str) -> None:
    assert long_functions(source, most=3) == expected.split()
