"""A local server that speaks the Anthropic API, with an honest prompt cache and its failures."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from hashlib import sha256
from http.server import BaseHTTPRequestHandler
from itertools import accumulate, count
from threading import Lock
from time import monotonic, sleep
from typing import Any

from loopback import listening

from inspect_tts.text.fences import blocks

MINIMUM = 1024
"""Tokens of the shortest prefix that is cached."""
LOOKBACK = 20
"""Blocks before a mark in which a written prefix is found."""

GARBAGE, SILENT = 299, 298
"""Failures that are no status: an answer that is no JSON, and none for a minute."""
ERRORS = {429: "rate_limit_error", 500: "api_error", 529: "overloaded_error"}


@dataclass
class Call:
    """One request and what became of it."""

    body: dict[str, Any]
    began: float
    ended: float = 0.0
    status: int = 200
    usage: dict[str, int] = field(default_factory=dict)
    batched: bool = False

    @property
    def blocks(self) -> list[dict[str, Any]]:
        """All text blocks, in the order in which they make up the prompt."""
        parts = [("system", self.body.get("system") or [])]
        parts += [(message["role"], message["content"]) for message in self.body["messages"]]
        return [
            {**block, "role": role}
            for role, content in parts
            for block in (
                [{"type": "text", "text": content}] if isinstance(content, str) else content
            )
        ]

    @property
    def text(self) -> str:
        """The prompt."""
        return "".join(block["text"] for block in self.blocks)

    @property
    def marks(self) -> list[int]:
        """Places of the blocks that end a prefix to be cached."""
        found = [i for i, block in enumerate(self.blocks) if block.get("cache_control")]
        last = [len(self.blocks) - 1] if self.body.get("cache_control") else []
        return sorted({*found, *last})

    def invalid(self) -> str | None:
        """What the API would refuse."""
        if len(self.marks) > 4:
            return "A maximum of 4 blocks with cache_control may be provided."
        if any(not block["text"].strip() for block in self.blocks):
            return "text content blocks must contain non-whitespace text"
        return None


def verdict(text: str) -> str:
    """Names the first solution that has the mark `#good`."""
    shown = [block.text for block in blocks(text) if block.tag.startswith("solution_")]
    good = [number for number, solution in enumerate(shown, 1) if "#good" in solution]
    return f"Final verdict: Solution {good[0] if good else 1}"


class Server:
    """What the handler answers from, and what it records."""

    def __init__(self) -> None:
        self.calls: list[Call] = []
        self.batches: list[list[Any]] = []
        self.answer: Callable[[str], str] = verdict
        self.failures: list[int] = []
        """Statuses that the first requests get instead of an answer."""
        self.together: tuple[int, ...] = ()
        """Each is how many requests must have come before any of them is answered."""
        self.url = ""
        self._written: dict[str, float] = {}
        self._numbers = count()
        self._lock = Lock()

    @property
    def answered(self) -> list[Call]:
        """The requests that were answered, in the order in which they came."""
        return sorted((c for c in self.calls if c.status == 200), key=lambda call: call.began)

    def begin(self, body: dict[str, Any], batched: bool = False) -> Call:
        """Record a request and decide whether it fails."""
        with self._lock:
            call = Call(body, monotonic(), batched=batched)
            self.calls.append(call)
            if not batched and self.failures:
                call.status = self.failures.pop(0)
        if call.status == 200 and call.invalid():
            call.status = 400
        return call

    def message(self, call: Call) -> dict[str, Any]:
        """The answer to a request; its prefixes can be read once it has been sent."""
        if not call.batched:
            place = self.calls.index(call)
            needed = next((count for count in self.together if count > place), 0)
            while len(self.calls) < needed and monotonic() < call.began + 60:
                sleep(0.01)
        content = f"Answer {next(self._numbers)}.\n\n{self.answer(call.text)}"
        call.usage = {**self._cached(call), "output_tokens": len(content) // 4}
        return {
            "id": f"msg_{sha256(content.encode()).hexdigest()[:16]}",
            "type": "message",
            "role": "assistant",
            "model": call.body["model"],
            "content": [{"type": "text", "text": content}],
            "stop_reason": "end_turn",
            "stop_sequence": None,
            "usage": call.usage,
        }

    def sent(self, call: Call) -> None:
        """Note that the answer is out."""
        call.ended = monotonic()
        prefixes, sizes = _prefixes(call)
        with self._lock:
            for mark in call.marks:
                if sizes[mark] >= MINIMUM:
                    self._written.setdefault(prefixes[mark], call.ended)

    def _cached(self, call: Call) -> dict[str, int]:
        prefixes, sizes = _prefixes(call)
        with self._lock:
            known = {key for key, written in self._written.items() if written <= call.began}
        places = {p for m in call.marks for p in range(max(0, m - LOOKBACK + 1), m + 1)}
        read = max((sizes[p] for p in places if prefixes[p] in known), default=0)
        marked = max((sizes[mark] for mark in call.marks), default=0)
        written = max(0, marked - read) if marked >= MINIMUM else 0
        return {
            "input_tokens": sizes[-1] - read - written,
            "cache_creation_input_tokens": written,
            "cache_read_input_tokens": read,
        }


def _prefixes(call: Call) -> tuple[list[str], list[int]]:
    """What identifies the prompt up to each block, and its tokens."""
    texts = accumulate(f"\0{block['role']}\0{block['text']}" for block in call.blocks)
    keys = [sha256(f"{call.body['model']}{text}".encode()).hexdigest() for text in texts]
    lengths = accumulate(len(block["text"]) for block in call.blocks)
    return keys, [length // 4 for length in lengths]


def _events(message: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A message as the stream of its events."""
    [block] = message["content"]
    end = {"stop_reason": message["stop_reason"], "stop_sequence": None}
    yield {"type": "message_start", "message": {**message, "content": [], "stop_reason": None}}
    yield {"type": "content_block_start", "index": 0, "content_block": {**block, "text": ""}}
    delta = {"type": "text_delta", "text": block["text"]}
    yield {"type": "content_block_delta", "index": 0, "delta": delta}
    yield {"type": "content_block_stop", "index": 0}
    yield {"type": "message_delta", "delta": end, "usage": message["usage"]}
    yield {"type": "message_stop"}


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            body = json.loads(self.rfile.read(length))
            path = self.path.partition("?")[0]
            if path == "/v1/messages":
                self._message(server.begin(body))
            elif path == "/v1/messages/batches":
                server.batches.append(body["requests"])
                self._send(self._batch(len(server.batches) - 1))
            else:
                self._send(_error("not_found_error", self.path), 404)

        def do_GET(self) -> None:
            found = re.fullmatch(r"/v1/messages/batches/batch_(\d+)(/results)?", self.path)
            if found is None:
                self._send(_error("not_found_error", self.path), 404)
            elif found[2] is None:
                self._send(self._batch(int(found[1])))
            else:
                lines = []
                for request in server.batches[int(found[1])]:
                    call = server.begin(request["params"], batched=True)
                    result = {"type": "succeeded", "message": server.message(call)}
                    server.sent(call)
                    lines.append({"custom_id": request["custom_id"], "result": result})
                text = "".join(json.dumps(line) + "\n" for line in lines)
                self._write(text, "application/x-jsonl", 200)

        def _message(self, call: Call) -> None:
            if call.status == SILENT:
                sleep(60)
            elif call.status == GARBAGE:
                self._write("<html>down for maintenance</html>", "application/json", 200)
            elif call.status != 200:
                kind = ERRORS.get(call.status, "invalid_request_error")
                self._send(_error(kind, call.invalid() or kind), call.status)
            elif call.body.get("stream"):
                events = _events(server.message(call))
                lines = [f"event: {e['type']}\ndata: {json.dumps(e)}\n\n" for e in events]
                server.sent(call)
                self._write("".join(lines), "text/event-stream", 200)
            else:
                message = server.message(call)
                server.sent(call)
                self._send(message)

        def _batch(self, number: int) -> dict[str, Any]:
            size = len(server.batches[number])
            counts = {"processing": 0, "errored": 0, "canceled": 0, "expired": 0}
            return {
                "id": f"batch_{number}",
                "type": "message_batch",
                "processing_status": "ended",
                "request_counts": {**counts, "succeeded": size},
                "created_at": "2026-01-01T00:00:00Z",
                "expires_at": "2026-01-02T00:00:00Z",
                "ended_at": "2026-01-01T00:00:01Z",
                "results_url": f"{server.url}/v1/messages/batches/batch_{number}/results",
            }

        def _send(self, body: dict[str, Any], status: int = 200) -> None:
            self._write(json.dumps(body), "application/json", status)

        def _write(self, text: str, kind: str, status: int) -> None:
            self.send_response(status)
            self.send_header("content-type", kind)
            self.send_header("content-length", str(len(text.encode())))
            if status == 429:
                self.send_header("retry-after", "1")
            self.end_headers()
            self.wfile.write(text.encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


def _error(kind: str, message: str) -> dict[str, Any]:
    return {"type": "error", "error": {"type": kind, "message": message}}


@contextmanager
def serving() -> Iterator[Server]:
    """Run a server on a free port."""
    server = Server()
    with listening(_handler(server)) as server.url:
        yield server
