"""Make messages and stores writable for Inspect's log and for providers."""

from collections.abc import Iterable

from inspect_ai.event import Event, ModelEvent
from inspect_ai.model import ChatMessage, ModelOutput
from inspect_ai.util import Store
from pydantic import BaseModel
from pydantic_core import PydanticSerializationError

from inspect_tts.text.writable import writable, writable_values


def mend_messages(messages: Iterable[ChatMessage]) -> None:
    """Replace half surrogate pairs in messages, in place.

    A model's answer may end in the middle of a pair. If such a message is sent to a model again,
    most providers and Inspect's log of the whole eval fail.
    """
    for message in messages:
        _mend(message)


def mend_events(events: Iterable[Event]) -> None:
    """Replace half surrogate pairs in all inputs and outputs of models."""
    seen = set[int]()
    for event in events:
        if isinstance(event, ModelEvent):
            fresh = [message for message in event.input if id(message) not in seen]
            seen.update(id(message) for message in fresh)
            mend_messages(fresh)
            mend_output(event.output)


def mend_store(store: Store) -> None:
    """Replace half surrogate pairs in the keys and texts of an agent's store.

    Other values are left as they are, because Inspect's log can hold them.
    """
    for key, value in list(store.items()):
        name, mended = writable(key), writable(value) if isinstance(value, str) else value
        if name != key:
            store.delete(key)
        if name != key or mended is not value:
            store.set(name, mended)


def mend_output(output: ModelOutput) -> None:
    """Replace half surrogate pairs in a model's output."""
    _mend(output)
    mend_messages(choice.message for choice in output.choices)


def _mend(value: BaseModel) -> None:
    try:
        value.model_dump_json()
    except PydanticSerializationError:
        mended = type(value).model_validate(writable_values(value.model_dump()))
        for name in type(value).model_fields:
            setattr(value, name, getattr(mended, name))
