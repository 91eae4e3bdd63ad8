"""Paths of a workspace, wherever it stands."""

TREE = "/@tree@"
"""Stands for the folder of the workspace in commands and files that are kept."""
_ELSEWHERE = ("/tmp/", "/var/tmp/")  # of the sandbox


def placed(path: str, folder: str = "") -> str | None:
    """Where a file of a rollout stands: below the workspace, or in a folder for temporary files.

    None for what is neither.
    """
    if path.startswith("~") or "\n" in path or "$" in path or not path.strip():
        return None
    if path.startswith(f"{TREE}/"):
        folder, path = "", path.removeprefix(f"{TREE}/")
    elif path.startswith("/"):
        tidy = joined(path)
        return f"/{tidy}" if tidy and f"/{tidy}".startswith(_ELSEWHERE) else None
    return joined(folder, path) or None


def joined(*parts: str) -> str | None:
    """Join relative paths; None for what leads out of their root."""
    found: list[str] = []
    for name in "/".join(parts).split("/"):
        if name == "..":
            if not found:
                return None
            found.pop()
        elif name not in ("", "."):
            found.append(name)
    return "/".join(found)


def folder_after(words: tuple[str, ...], folder: str) -> str | None:
    """The folder that `cd` leads to; None for one outside of the workspace."""
    target = words[1] if len(words) > 1 else "~"
    if target == TREE:
        return ""
    if target.startswith(("~", "/")) and not target.startswith(f"{TREE}/"):
        return None
    if target.startswith(f"{TREE}/"):
        return joined(target.removeprefix(f"{TREE}/"))
    return joined(folder, target)
