"""Make text writable for requests, logs and files."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic_core import to_jsonable_python


def writable(text: str) -> str:
    """Replace lone surrogates, which UTF-8 cannot encode, and join surrogate pairs."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return text


def writable_values(value: Any) -> Any:
    """Replace lone surrogates in all strings of nested lists and dictionaries."""
    if isinstance(value, str):
        return writable(value)
    if isinstance(value, dict):
        return {writable_values(key): writable_values(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [writable_values(each) for each in value]
    return value


def plain(value: object) -> Any:
    """Convert a value to JSON data; functions and objects become names, equal in all processes."""

    def other(odd: Any) -> Any:
        if callable(to_list := getattr(odd, "tolist", None)) and not isinstance(odd, type):
            return to_list()
        return str(getattr(odd, "__qualname__", type(odd).__qualname__))

    return to_jsonable_python(_sorted_sets(value), fallback=other, bytes_mode="base64")


def _sorted_sets(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _sorted_sets(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_sorted_sets(each) for each in value]
    if isinstance(value, (set, frozenset)):
        return sorted((plain(each) for each in value), key=lambda each: json.dumps(each))
    return value
