"""Arguments of components: defined once as a model, checked before the first rollout starts."""

import inspect
from collections.abc import Callable, Mapping, Sequence
from difflib import get_close_matches
from functools import wraps
from logging import getLogger
from textwrap import fill
from typing import Any, ClassVar, Literal, NoReturn, ParamSpec, Self, TypeVar, get_args, get_origin

from pydantic import ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from .errors import UserError
from .method.parameters import RENAMED, TIES, Parameters, renamed

logger = getLogger(__name__)
P = ParamSpec("P")
R = TypeVar("R")


class Options(Parameters):
    """A group of arguments: each is a field with type, range, default and one sentence."""

    as_recorded: ClassVar[bool] = False
    """Whether an argument that is None or not given means the value that a log recorded."""

    @classmethod
    def of(cls, other: "Options", **changes: Any) -> Self:
        """Copy the arguments that another model shares with this one, except for `changes`."""
        shared = [name for name in cls.model_fields if name in type(other).model_fields]
        return cls(**({name: getattr(other, name) for name in shared} | changes))

    @classmethod
    def sentence(cls, name: str) -> str:
        """The sentence about an argument, from the nearest base class that has one."""
        bases = [base for base in cls.__mro__ if issubclass(base, Parameters)]
        fields = [base.model_fields[name] for base in bases if name in base.model_fields]
        return next((field.description for field in fields if field.description), "")

    @classmethod
    def parameters(cls) -> list[inspect.Parameter]:
        """The arguments as keyword parameters of a function."""
        return [
            inspect.Parameter(
                name,
                inspect.Parameter.KEYWORD_ONLY,
                default=None if cls.as_recorded else field.default,
                annotation=field.annotation,
            )
            for name, field in cls.model_fields.items()
        ]

    def arguments(self) -> dict[str, Any]:
        """All arguments by name."""
        return {name: getattr(self, name) for name in type(self).model_fields}

    def given(self) -> dict[str, Any]:
        """The arguments that were given, by name."""
        return {name: getattr(self, name) for name in self.model_fields_set}


def takes(options: Callable[P, Options]) -> Callable[[Callable[[Any], R]], Callable[P, R]]:
    """Give a factory the fields of a model as its keyword arguments."""
    model: Any = options  # typed as its constructor, for the signature

    def decorate(build: Callable[[Any], R]) -> Callable[P, R]:
        @wraps(build)
        def factory(*args: P.args, **kwargs: P.kwargs) -> R:
            if args:
                names = ", ".join(model.model_fields)
                raise UserError(f"{build.__name__} takes keyword arguments only: {names}")
            return build(checked(model, kwargs, build.__name__))

        shape = [*model.parameters(), *_old_names(model)]
        factory.__signature__ = inspect.Signature(shape)  # type: ignore[attr-defined]
        factory.__doc__ = _documented(build.__doc__ or "", model)
        del factory.__wrapped__
        return factory

    return decorate


def _old_names(model: type[Options]) -> list[inspect.Parameter]:
    """A parameter that accepts arguments under the names of earlier versions, if there are any."""
    if not any(new in model.model_fields for new, _ in RENAMED.values()):
        return []
    return [inspect.Parameter("renamed", inspect.Parameter.VAR_KEYWORD)]


def checked(model: type[Options], given: Mapping[str, Any], name: str) -> Any:
    """Check arguments and make the model from them; raise a `UserError` if one is wrong."""
    given = _renamed(model, given)
    if model.as_recorded:
        given = {key: value for key, value in given.items() if value is not None}
    try:
        return model(**given)
    except ValidationError as error:
        _refuse(model, name, error.errors(include_url=False)[0])


def _renamed(model: type[Options], given: Mapping[str, Any]) -> dict[str, Any]:
    """Accept arguments of an earlier version by their old name, with a warning."""
    old = [name for name in given if name not in model.model_fields and name in RENAMED]
    old = [name for name in old if RENAMED[name][0] in model.model_fields]
    for name in old:
        new = RENAMED[name][0]
        if new in given:
            raise UserError(f"{name} and {new} are the same argument; give {new} alone")
        logger.warning(
            f"the argument {name} is now called {new}; the next version will remove {name}"
        )
    for value in _tie(given).values():
        logger.warning(f"tie={given['tie']} is now called tie={value}")
    kept = {name: value for name, value in given.items() if name not in old}
    return {**kept, **renamed({name: given[name] for name in old}), **_tie(given)}


def _tie(given: Mapping[str, Any]) -> dict[str, Any]:
    tie = given.get("tie")
    return {"tie": TIES[tie]} if isinstance(tie, str) and tie in TIES else {}


def _refuse(model: type[Options], factory: str, error: ErrorDetails) -> NoReturn:
    """Raise an error that tells the user what to do."""
    name, value = str(error["loc"][0]), error["input"]
    if error["type"] == "extra_forbidden":
        raise unknown_argument(factory, name, list(model.model_fields)) from None
    raise UserError(_message(name, value, model.model_fields[name], error)) from None


_IN = " " * 4
_BOUNDS = (("ge", ">="), ("gt", ">"), ("lt", "<"))


def kinds_of(annotation: Any) -> dict[Any, tuple[Any, ...]]:
    """The alternative types of an argument, each with its own bounds."""
    found: dict[Any, tuple[Any, ...]] = {}
    for each in {annotation, *get_args(annotation)}:
        bounds = [part for info in getattr(each, "__metadata__", ()) for part in info.metadata]
        found[each.__origin__ if bounds else each] = tuple(bounds)
    return found


def words_of(annotation: Any) -> list[Any]:
    """The words that an argument's type allows in addition to other values."""
    inner = [kind for kind in get_args(annotation) if get_origin(kind) is Literal]
    return [word for kind in inner for word in get_args(kind)]


def number_or_word(text: str) -> int | str:
    """Read a flag that takes a number or a word; wrong words are refused later, with the rest."""
    return int(text) if text.isdecimal() else text


def _message(name: str, value: object, field: FieldInfo, error: ErrorDetails) -> str:
    kinds = kinds_of(field.annotation)
    bounds = [*field.metadata, *(bound for own in kinds.values() for bound in own)]
    least = " and ".join(
        f"{sign} {getattr(each, key)}"
        for each in bounds
        for key, sign in _BOUNDS
        if hasattr(each, key)
    )
    least = " or ".join([least, *map(repr, words_of(field.annotation))])
    match error["type"]:
        case "bool_type":
            return f"{name}={value!r} is neither true nor false; give {name}=true or {name}=false"
        case "literal_error":
            inner = [each for kind in kinds for each in get_args(kind)]
            shown = ", ".join(repr(each) for each in inner or get_args(field.annotation))
            return f"{name}={value!r} is not known; choose one of {shown}"
        case "dict_type":
            return f"{name}={value!r} is not a mapping; give {name}='{{\"key\": 1}}'"
        case "greater_than" if value == 0 and least == "> 0":
            return f"{name}=0 does not allow a single step; give {name} > 0, or leave it out"
        case "greater_than_equal" | "greater_than":
            return f"{name}={value} is too small; give {name} {least}"
        case "less_than":
            return f"{name}={value} is too large; give {name} {least}"
        case "int_type" | "int_from_float" | "float_type" | "finite_number":
            kind = "a whole number" if int in kinds else "a number"
            return f"{name}={value!r} is not {kind}; give {name} {least}"
        case "string_type":
            return f"{name}={value!r} is not a string; give {name}='...'"
    return f"{name}={value!r}: {error['msg']}"


def _documented(text: str, model: type[Options]) -> str:
    """A docstring that lists the model's arguments in its Args section."""
    lines = [
        fill(f"{name}: {model.sentence(name)}", 100, initial_indent=_IN, subsequent_indent=2 * _IN)
        for name in model.model_fields
    ]
    before, returns, after = inspect.cleandoc(text).partition("\nReturns:")
    return "\n".join([before.rstrip("\n"), "", "Args:", *lines, "", returns[1:] + after, ""])


def unknown_argument(factory: str, given: str, names: Sequence[str]) -> UserError:
    """The error for an argument that a factory does not have."""
    close = get_close_matches(given, names, n=1)
    hint = f"; did you mean {close[0]}?" if close else "."
    return UserError(f"{factory} has no argument {given}{hint} It takes {', '.join(names)}")


def known_arguments(factory: Callable[P, R]) -> Callable[P, R]:
    """Make a factory refuse unknown arguments, and values of flags other than true and false."""
    shape = inspect.signature(factory)
    names = list(shape.parameters)

    @wraps(factory)
    def checked(*args: P.args, **kwargs: P.kwargs) -> R:
        for given, value in kwargs.items():
            if given not in names:
                raise unknown_argument(factory.__name__, given, names)
            if isinstance(shape.parameters[given].default, bool) and not isinstance(value, bool):
                raise UserError(
                    f"{given}={value!r} is neither true nor false; give {given}=true or "
                    f"{given}=false"
                )
        try:
            shape.bind(*args, **kwargs)
        except TypeError as error:
            raise UserError(f"{factory.__name__}: {error}. It takes {', '.join(names)}") from None
        return factory(*args, **kwargs)

    return checked


def known_task_arguments(factory: Callable[P, R]) -> Callable[P, R]:
    """Like `known_arguments`, for a task: Inspect would silently drop a misspelled `-T`."""
    checked = known_arguments(factory)
    shape = inspect.signature(factory)
    unknown = inspect.Parameter("unknown", inspect.Parameter.VAR_KEYWORD)
    taken = [*shape.parameters.values(), unknown]
    checked.__signature__ = shape.replace(parameters=taken)  # type: ignore[attr-defined]
    return checked


def mapping(name: str, value: object) -> dict[str, Any]:
    """Refuse a value that is not a mapping; None counts as an empty one."""
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise UserError(f"{name}={value!r} is not a mapping; give {name}='{{\"key\": 1}}'")
    return dict(value)


def at_least(
    name: str, value: float | None, least: float, why: str = "", *, whole: bool = True
) -> None:
    """Refuse a number that is too small."""
    if value is None:
        return
    if isinstance(value, bool) or not isinstance(value, int if whole else int | float):
        kind = "a whole number" if whole else "a number"
        raise UserError(f"{name}={value!r} is not {kind}; give {name} >= {least}")
    if value < least:
        raise UserError(f"{name}={value} is too small; give {name} >= {least}{why}")


def one_of(name: str, value: object, allowed: Sequence[object]) -> None:
    """Refuse a value outside a set."""
    if value not in allowed:
        shown = ", ".join(repr(a) for a in allowed)
        raise UserError(f"{name}={value!r} is not known; choose one of {shown}")
