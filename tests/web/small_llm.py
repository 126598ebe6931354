"""A small service that answers like OpenAI's, for tests: `python small_llm.py [PORT]`, else $PORT.

Its models say which way they answer:
    echo       says the last question back, a word at a time, in Markdown
    sources    the same, and in its last chunk the sources that it used
    dies       ends its process in the middle of the answer
    slow       a word every 0.2 s, of which there are many
    plain      answers at once, without a stream
    refuses    HTTP 400 with OpenAI's error
    html       answers with tags, for which a page must not fall

SMALL_LLM_MODELS names other ones, with commas between; what is none of these says the last question
back. Its streams tell which process it is; one that nobody read to its end makes the file that
SMALL_LLM_LEFT names.
"""

from __future__ import annotations

import http.server
import json
import os
import sys
import time
from pathlib import Path

MODELS = ("echo", "sources", "dies", "slow", "plain", "refuses", "html")
MODELS = tuple(os.environ.get("SMALL_LLM_MODELS", ",".join(MODELS)).split(","))
LEFT = os.environ.get("SMALL_LLM_LEFT")
SOURCES = [
    {
        "title": "Notes on the oven",
        "path": "notes/oven.md",
        "text": "The oven takes 12 minutes to reach 180 °C. <b>Never</b> open it before.",
        "place": "lines 10-12",
    },
    {
        "title": "A book",
        "path": "books/bread.pdf",
        "text": "Bread needs patience.",
        "place": "page 3",
    },
]
HTML = (
    'Look: <img src=x onerror="window.hit=1"> <button class="do">Pay</button> [a](javascript:hit=1)'
)


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 1024  # a crowd is not kept waiting for its connection, as with uvicorn


class Model(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True  # else a head and its body are 40 ms apart

    def log_message(self, *_: object) -> None:
        """Silent."""

    def do_GET(self) -> None:
        if self.path == "/health":
            self.say(200, {"ok": True})
        elif self.path == "/v1/models":
            self.say(200, {"object": "list", "data": [{"id": one} for one in MODELS]})
        else:
            self.say(404, {"error": {"message": "nothing here"}})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        model, told = body["model"], body.get("messages")
        if self.path == "/v1/embeddings":
            vector = {"object": "embedding", "index": 0, "embedding": [0.5, -0.5]}
            self.say(200, {"object": "list", "model": model, "data": [vector]})
            return
        if self.path == "/v1/completions":
            choice = {"index": 0, "text": body["prompt"][::-1], "finish_reason": "stop"}
            self.say(200, {"object": "text_completion", "model": model, "choices": [choice]})
            return
        if self.path != "/v1/chat/completions" or model == "refuses":
            self.say(400, {"error": {"message": "the context is too long"}})
            return
        words = answer(model, told, body)
        if model == "plain":
            message = {"role": "assistant", "content": words, "sources": SOURCES[:1]}
            self.say(200, {"choices": [{"index": 0, "message": message, "finish_reason": "stop"}]})
            return
        self.send_response(200)
        self.send_header("X-Pid", str(os.getpid()))
        self.send_header("Content-Type", "text/event-stream")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        try:
            self.stream(model, words)
        except OSError:
            if LEFT:
                Path(LEFT).touch()
            raise

    def stream(self, model: str, words: str) -> None:
        for place, word in enumerate(words.split(" ")):
            if model == "dies" and place == 3:
                os._exit(1)
            self.chunk({"delta": {"content": word if place == 0 else f" {word}"}})
            time.sleep(0.2 if model == "slow" else 0.005)
        last = {"sources": SOURCES} if model == "sources" else {}
        self.chunk({"delta": {}, "finish_reason": "stop"}, **last)
        self.write(b"data: [DONE]\n\n")
        self.wfile.write(b"0\r\n\r\n")

    def chunk(self, choice: dict, **more: object) -> None:
        told = {"object": "chat.completion.chunk", "choices": [{"index": 0, **choice}], **more}
        self.write(f"data: {json.dumps(told)}\n\n".encode())

    def write(self, data: bytes) -> None:
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def say(self, status: int, told: object) -> None:
        data = json.dumps(told).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


def answer(model: str, told: list[dict], body: dict) -> str:
    """Tells how it was asked, so that a test can see that it was."""
    if model == "html":
        return HTML
    if model == "slow":
        return " ".join(f"word{n}" for n in range(200))
    asked = [one["content"] for one in told if one["role"] == "user"]
    system = next((one["content"] for one in told if one["role"] == "system"), "none")
    return (
        f"You asked **{asked[-1]}**, question {len(asked)} of ours. Instructions: {system}. "
        f"Temperature {body.get('temperature')}, at most {body.get('max_tokens')}.\n\n"
        "```python\nprint(1 < 2)\n```\n\n- one\n- two\n"
    )


if __name__ == "__main__":
    port = int(sys.argv[1] if len(sys.argv) > 1 else os.environ["PORT"])
    Server(("127.0.0.1", port), Model).serve_forever()
