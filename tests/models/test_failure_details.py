"""What is read of a failed call: its status, its message, and whether other calls may succeed."""

from types import SimpleNamespace
from typing import Any

import pytest

from inspect_tts.models.failure_kinds import kind_of
from inspect_tts.models.failures import (
    Failure,
    ModelConfigurationError,
    raise_configuration,
    read_failure,
)


class ApiError(Exception):
    """An error with the attributes that a provider's package gives to its own."""

    def __init__(self, text: str = "", **attributes: Any) -> None:
        super().__init__(text)
        for name, value in attributes.items():
            setattr(self, name, value)


class ConnectError(Exception):
    """As the packages of providers call it."""


@pytest.mark.parametrize(
    ("status", "rejected", "unavailable"),
    [
        (400, True, False),
        (401, False, False),
        (404, True, False),
        (408, False, True),
        (422, True, False),
        (429, False, True),
        (500, False, False),
        (501, False, False),
        (502, False, True),
        (529, False, True),
        (None, False, False),
    ],
)
def test_whether_another_form_of_the_request_may_help(
    status: int | None, rejected: bool, unavailable: bool
) -> None:
    failure = Failure("other", "x", status)
    assert (failure.rejected, failure.unavailable) == (rejected, unavailable)
    assert Failure("other", "x", status, unanswered=True).unavailable


def rpc(name: str) -> ApiError:
    return ApiError(code=lambda: SimpleNamespace(name=name), details=lambda: "said so")


STATUSES: list[tuple[Exception, int | None]] = [
    (ApiError(status_code=418), 418),
    (ApiError(http_status=418), 418),
    (ApiError(status=418), 418),
    (ApiError(code=418), 418),
    (ApiError(response=SimpleNamespace(status_code=418)), 418),
    (ApiError(response={"ResponseMetadata": {"HTTPStatusCode": 418}}), 418),
    (ApiError(response={"code": 418}), 418),
    (rpc("INVALID_ARGUMENT"), 400),
    (rpc("UNAUTHENTICATED"), 401),
    (rpc("PERMISSION_DENIED"), 403),
    (rpc("NOT_FOUND"), 404),
    (rpc("UNAVAILABLE"), 503),
    (rpc("DEADLINE_EXCEEDED"), 504),
    (rpc("CANCELLED"), None),
    (ApiError(code=99), None),
    (ApiError(code=600), None),
    (ApiError(code="418"), None),
    (ValueError("x"), None),
]


@pytest.mark.parametrize(("error", "status"), STATUSES)
def test_where_a_status_is_found(error: Exception, status: int | None) -> None:
    assert read_failure(error).status == status


def caused(message: str, cause: Exception) -> Exception:
    error = RuntimeError(message)
    error.__cause__ = cause
    return error


AWS = {"ResponseMetadata": {"HTTPStatusCode": 418}, "Error": {"Code": "x", "Message": "m"}}
REASONS: list[tuple[Exception, str]] = [
    (ApiError("text", status_code=418, body={"error": {"message": "m"}}), "Error code: 418 - m"),
    (ApiError("text", status_code=418, message="m"), "Error code: 418 - m"),
    (ApiError("text", status_code=418), "Error code: 418 - text"),
    (ApiError("text", status_code=418, body="  a\n b "), "Error code: 418 - a b"),
    (ApiError("text", status_code=418, body={"detail": "d"}), "Error code: 418 - d"),
    (ApiError("text", status_code=418, body={"error": "e", "message": "m"}), "Error code: 418 - m"),
    (
        ApiError("text", status_code=418, body=[{"msg": f"m{i}"} for i in range(7)]),
        "Error code: 418 - m0; m1; m2; m3; m4",
    ),
    (ApiError(response=AWS), "Error code: 418 - m"),
    (rpc("NOT_FOUND"), "Error code: 404 - said so"),
    (ValueError("x"), "ValueError: x"),
    (caused("x", ValueError("y")), "RuntimeError: x (ValueError: y)"),
    (caused("x: y", ValueError("y")), "RuntimeError: x: y"),
    (ValueError("half \ud83d"), "ValueError: half ?"),
]


@pytest.mark.parametrize(("error", "reason"), REASONS)
def test_the_reason_of_a_failure(error: Exception, reason: str) -> None:
    assert read_failure(error).reason == reason


def test_a_reason_has_500_characters_at_most() -> None:
    assert len(read_failure(ValueError("x" * 900)).reason) == 500
    assert len(read_failure(ApiError("x" * 900, status_code=418)).reason) == 500


def test_the_error_that_was_retried_is_the_one_that_is_read() -> None:
    inner = ApiError("slow down", status_code=429)
    retried = ApiError("retry", last_attempt=SimpleNamespace(exception=lambda: inner))
    assert read_failure(retried) == read_failure(inner)
    shown = ApiError("request ...", provider_message="m")
    shown.__cause__ = inner
    assert read_failure(shown).status == 429


@pytest.mark.parametrize(
    ("error", "unanswered"),
    [
        (ConnectError("x"), True),
        (TimeoutError("x"), True),
        (ConnectionResetError("x"), True),
        (BrokenPipeError("x"), True),
        (ValueError("x"), False),
        (ApiError("x", status_code=503), False),
    ],
)
def test_whether_an_answer_came(error: Exception, unanswered: bool) -> None:
    assert read_failure(error).unanswered == unanswered


def test_the_code_of_an_error_tells_its_kind_as_well() -> None:
    body = {"error": {"message": "no", "code": "context_length_exceeded"}}
    assert read_failure(ApiError(status_code=400, body=body)).kind == "overflow"
    assert read_failure(ApiError(status_code=400, body=[body])).kind == "overflow"
    plain = {"error": {"message": "no"}}
    told = ApiError(status_code=400, body=plain, provider_message="prompt is too long")
    assert read_failure(told).kind == "overflow"


KINDS: list[tuple[int | None, str, str]] = [
    (413, "x", "overflow"),
    (500, "Request too large", "overflow"),
    (500, "prompt is too long", "overflow"),
    (None, "prompt is too long", "overflow"),
    (400, "x" * 3_980 + " prompt is too long", "overflow"),
    (400, "x" * 4_000 + " prompt is too long", "other"),
    *((status, "prompt is too long", "configuration") for status in (401, 402, 403, 404)),
    (429, "prompt is too long", "other"),
    (400, "too many tokens, please wait", "other"),
    *((status, "x", "configuration") for status in (401, 402, 403, 404, 405, 410)),
    *((status, "x", "other") for status in (400, 406, 409, 412, 418, 422, 429, 500, 503)),
    *((status, "unsupported parameter", "configuration") for status in (400, 412, 422, 429)),
    *((status, "unsupported parameter", "other") for status in (409, 418, 500, None)),
    (403, "flagged by moderation", "other"),
    (429, "insufficient_quota", "configuration"),
    (429, "insufficient_quota: try again in 3s", "configuration"),
    (429, "billing: try again in 3s", "other"),
]


@pytest.mark.parametrize(("status", "message", "kind"), KINDS, ids=lambda value: str(value)[-40:])
def test_what_a_status_and_a_message_mean(status: int | None, message: str, kind: str) -> None:
    assert kind_of(status, message) == kind


def test_an_error_that_names_its_model_says_what_to_do_and_is_passed_on() -> None:
    error = ModelConfigurationError("the judge m/a", "no such key.")
    assert str(error).startswith("the judge m/a cannot be used: no such key. Correct its name")
    assert error.reason == "no such key."
    with pytest.raises(ModelConfigurationError) as raised:
        raise_configuration(error, "m/b", answered=True)
    assert raised.value is error


def test_an_agents_own_error_ends_no_sample() -> None:
    raise_configuration(ApiError("no such page", status_code=404), "m/a", answered=False)
