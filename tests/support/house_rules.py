"""Rules of the house as functions of source text."""

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
FILES = sorted(
    path
    for folder in ("inspect_tts", "tasks", "bench", "tests")
    for path in (ROOT / folder).rglob("*.py")
)
PACKAGE = ROOT / "inspect_tts"
PURE = ("method", "text", "evidence", "execution", "statistics")
"""Folders of decisions and numbers. The files below are pure parts of other subjects."""
PURE_FILES = (
    "agents/terminus/screen.py",
    "estimate/counts.py",
    "estimate/forecast.py",
    "machine/registers.py",
    "models/failure_kinds.py",
    "progress/state.py",
    "progress/words.py",
    "resume/format.py",
    "resume/snapshot_format.py",
    "rollout/account.py",
    "scaled/scheduler.py",
)
PRIVATE = ROOT / "inspect_tts" / "_inspect"
CONTRACT = ROOT / "tests" / "_inspect" / "test_inspect_contract.py"  # pins what PRIVATE relies on

MOST_FILE_LINES = 300
MOST_FUNCTION_LINES = 80
MOST_FILES = 12
"""Of a folder, `__init__.py` included."""

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
    "choix",
    "junitparser",
    "numpy",
    "numpy.typing",
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
"""What pure code may use of `inspect_ai.model`."""
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


def is_pure(module: str) -> bool:
    """Whether a module of ours, by its whole name, is pure."""
    path = "/".join(module.split(".")[1:])
    return path.startswith(tuple(f"{folder}/" for folder in PURE)) or (
        path in PURE or f"{path}.py" in PURE_FILES
    )


def whole(module: str, package: str) -> str:
    """The whole name of a module that is imported in a package."""
    if not module.startswith("."):
        return module
    dots = len(module) - len(module.lstrip("."))
    parent = package.split(".")[: len(package.split(".")) - dots + 1]
    return ".".join([*parent, module[dots:]]).rstrip(".")


def impure(source: str, package: str = "inspect_tts.method") -> list[str]:
    """What the source of a pure module must not hold."""
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
        target = whole(module, package)
        ours = target.startswith("inspect_tts") and (is_pure(target) or is_pure(f"{target}.{name}"))
        message_type = module == "inspect_ai.model" and name in MESSAGE_TYPES
        if not (ours or message_type or module in PURE_MODULES):
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
