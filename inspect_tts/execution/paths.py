"""Paths in a workspace, independent of the folder in which it is."""

TREE = "/@tree@"
"""Stands for the workspace's folder in commands and files that are kept."""
_ELSEWHERE = ("/tmp/", "/var/tmp/")  # in the sandbox


def placed(path: str, folder: str = "") -> str | None:
    """The path of a rollout's file: relative to the workspace, or absolute in a temporary folder.

    None if the file is in neither place.
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
    """Join relative paths; None if the result leads out of their root."""
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
