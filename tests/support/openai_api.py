"""A local server that speaks the OpenAI API as its own servers and others do, errors included."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from threading import Lock
from typing import Any

from inspect_ai.model import GenerateConfig, Model, get_model
from loopback import listening

Body = dict[str, Any]
Reply = str | tuple[int, Body | list[Body] | str]
"""An answer, or the status and body of an error; text is sent as it is."""

SUMMARY = '{"requirements": [], "strategy": "tried", "final_state": "ended"}'


def text_of(body: Body) -> str:
    """What a request asks."""
    contents = [message["content"] for message in body["messages"]]
    return "\n".join(
        content if isinstance(content, str) else "".join(part["text"] for part in content)
        for content in contents
    )


def role_of(body: Body) -> str:
    """Who is asked: `judge`, `summarizer`, `preflight` or `agent`."""
    text = text_of(body)
    if "Final verdict" in text:
        return "judge"
    if "<trajectory" in text:
        return "summarizer"
    return "preflight" if "only checks that you can be reached" in text else "agent"


def answer(body: Body) -> Reply:
    """What a model that works well answers."""
    return {"judge": "Final verdict: Solution 1", "summarizer": SUMMARY}.get(role_of(body), "done")


def said(message: str, **more: Any) -> Body:
    """The body of an error."""
    return {"error": {"message": message, "type": "invalid_request_error", **more}}


class Server:
    """What is answered, and what was asked."""

    def __init__(self) -> None:
        self.reply: Callable[[Body], Reply] = answer
        self.stop = "stop"
        self.logprobs: Callable[[Body, str], Body | None] = lambda body, text: None
        self.asked: list[Body] = []
        self.url = ""
        self.lock = Lock()

    def model(self, name: str = "m", provider: str = "openai-api/local", **options: Any) -> Model:
        """A model of the server."""
        return get_model(
            f"{provider}/{name}",
            base_url=f"{self.url}/v1",
            api_key="none",
            config=GenerateConfig(max_retries=0, **options),
            memoize=False,
        )

    def roles(self) -> list[str]:
        """Who was asked, in order."""
        return [role_of(body) for body in self.asked]

    def of(self, role: str) -> list[Body]:
        """What a role was asked."""
        return [body for body in self.asked if role_of(body) == role]


def _handler(server: Server) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["content-length"])))
            with server.lock:
                server.asked.append(body)
                reply = server.reply(body)
            if isinstance(reply, str):
                self._send(200, self._completion(body, reply))
            else:
                self._send(reply[0], reply[1])

        def _completion(self, body: Body, text: str) -> Body:
            message = {"role": "assistant", "content": text}
            return {
                "id": "chatcmpl-1",
                "object": "chat.completion",
                "created": 0,
                "model": body["model"],
                "choices": [
                    {
                        "index": i,
                        "message": message,
                        "finish_reason": server.stop,
                        "logprobs": server.logprobs(body, text),
                    }
                    for i in range(body.get("n") or 1)
                ],
                "usage": {"prompt_tokens": 10, "completion_tokens": 5, "total_tokens": 15},
            }

        def _send(self, status: int, body: Body | list[Body] | str) -> None:
            data = (body if isinstance(body, str) else json.dumps(body)).encode()
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, format: str, *args: Any) -> None:
            pass

    return Handler


@contextmanager
def serving() -> Iterator[Server]:
    """Run a server on a free port."""
    server = Server()
    with listening(_handler(server)) as server.url:
        yield server
