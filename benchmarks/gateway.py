"""What the gateway adds to a streamed answer: the same tokens straight from a service and through
`/v1/chat/completions` of the proxy, in one run, in turns.

`python benchmarks/gateway.py` starts a small server that writes a token every 5 ms and puts into
each the moment at which it did (CLOCK_MONOTONIC, which all processes share). How much later the
client has it is what the way costs: for the first token with the way there (connection, looking up
the model, the service's own head), for the others alone. A second server writes without a pause:
tokens a second, of one client and of 32. At last a crowd asks at once: who is answered, who is told
to try again (HTTP 429), who is lost, and what memory the proxy took. Kept in
`results/gateway.json`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from faults.daemon import free_port
from faults.kept import keep, quantile
from faults.proxied import Proxied, accepts, until

from tenfold.terms.route import Route, RouteState

EVERY_S = 0.005
SERVER = """
import asyncio, json, sys, time

async def met(reader, writer):
    while line := (await reader.readline()).strip():
        length = 0
        path = line.split()[1]
        while (header := (await reader.readline()).strip()):
            name, _, value = header.partition(b":")
            if name.lower() == b"content-length":
                length = int(value)
        asked = json.loads(await reader.readexactly(length)) if length else {}
        if path == b"/v1/models":
            body = json.dumps({"data": [{"id": "paced"}, {"id": "fast"}]}).encode()
            writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n" % len(body) + body)
            await writer.drain()
            continue
        writer.write(b"HTTP/1.1 200 OK\\r\\nContent-Type: text/event-stream\\r\\n"
                     b"Transfer-Encoding: chunked\\r\\n\\r\\n")
        for place in range(asked["max_tokens"]):
            if place and asked["model"] == "paced":
                await asyncio.sleep(EVERY_S)
            chunk = {"id": "x", "object": "chat.completion.chunk", "model": asked["model"],
                     "at_s": time.monotonic(),
                     "choices": [{"index": 0, "delta": {"content": " word"}}]}
            data = b"data: " + json.dumps(chunk).encode() + b"\\n\\n"
            writer.write(b"%x\\r\\n%s\\r\\n" % (len(data), data))
            await writer.drain()
        end = b"data: [DONE]\\n\\n"
        writer.write(b"%x\\r\\n%s\\r\\n0\\r\\n\\r\\n" % (len(end), end))
        await writer.drain()
    writer.close()

async def main():
    server = await asyncio.start_server(met, "127.0.0.1", int(sys.argv[1]), backlog=1024)
    await server.serve_forever()

asyncio.run(main())
""".replace("EVERY_S", str(EVERY_S))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--firsts", type=int, default=200, help="first tokens a turn")
    parser.add_argument("--answers", type=int, default=10, help="paced ones a turn")
    parser.add_argument("--tokens", type=int, default=100, help="of an answer")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--crowd", type=int, default=1300, help="clients at once")
    parser.add_argument("--out", type=Path, help="JSON file, instead of results/gateway.json")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        proxied = Proxied(Path(folder) / "home")
        proxied.start()
        port = free_port()
        server = subprocess.Popen([sys.executable, "-c", SERVER, str(port)])
        try:
            until(lambda: accepts(port))
            proxied.routes(Route("1", ("m", "1"), RouteState.UP, port, attempt=1))
            proxied.ask("/v1/models")
            ways = {"direct": port, "gateway": proxied.port}
            figures = asyncio.run(measured(proxied.token, ways, asked))
            assert proxied.process is not None
            figures["crowd"] = {
                **asyncio.run(crowd(proxied.port, proxied.token, asked.crowd)),
                "proxy_peak_mib": round(peak_mib(proxied.process.pid), 1),
            }
            keep("gateway", figures, asked.out)
        finally:
            server.kill()
            server.wait()
            proxied.end()


async def measured(
    token: str, ways: dict[str, int], asked: argparse.Namespace
) -> dict[str, object]:
    first_ms: dict[str, list[float]] = {name: [] for name in ways}
    later_ms: dict[str, list[float]] = {name: [] for name in ways}
    rates: dict[str, dict[int, list[float]]] = {n: {1: [], asked.clients: []} for n in ways}
    for turn in range(asked.turns + 1):  # the first one warms up
        for name, port in ways.items():
            firsts = [await first(port, token) for _ in range(asked.firsts if turn else 20)]
            first_ms[name] += firsts if turn else []
            for _ in range(asked.answers if turn else 1):
                later = await paced(port, token, asked.tokens)
                later_ms[name] += later if turn else []
            for clients, found in rates[name].items():
                rate = await fast(port, token, clients, asked.tokens * 10)
                if turn:
                    found.append(rate)
    p50 = {name: statistics.median(found) for name, found in first_ms.items()}
    late = {name: statistics.median(found) for name, found in later_ms.items()}
    a_second = {n: {c: statistics.median(r) for c, r in of.items()} for n, of in rates.items()}
    return {
        "firsts": asked.firsts * asked.turns,
        "answers": asked.answers * asked.turns,
        "tokens_of_an_answer": asked.tokens,
        "first_token_p50_ms": {name: round(value, 3) for name, value in p50.items()},
        "first_token_p99_ms": {n: round(quantile(v, 0.99), 3) for n, v in first_ms.items()},
        "first_token_added_ms": round(p50["gateway"] - p50["direct"], 3),
        "token_late_p50_ms": {name: round(value, 3) for name, value in late.items()},
        "token_late_p99_ms": {n: round(quantile(v, 0.99), 3) for n, v in later_ms.items()},
        "token_added_ms": round(late["gateway"] - late["direct"], 3),
        "tokens_a_second": {
            name: {str(clients): round(value) for clients, value in of.items()}
            for name, of in a_second.items()
        },
    }


async def crowd(port: int, token: str, clients: int) -> dict[str, object]:
    """How many clients of one moment got their whole answer, were told to try again, or neither."""

    async def one() -> str:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(request("paced", token, port, 50))
            said = b""
            while not said.endswith((b"0\r\n\r\n", b"}")):
                if not (data := await reader.read(65536)):
                    break
                said = said[:16] + data if len(said) > 16 else said + data
            writer.close()
        except OSError:
            return "lost"
        if said.startswith(b"HTTP/1.1 200") and said.endswith(b"\r\n0\r\n\r\n"):
            return "answered"
        return "told_to_try_again" if said.startswith(b"HTTP/1.1 429") else "lost"

    began_s = time.monotonic()
    found = await asyncio.gather(*(one() for _ in range(clients)))
    counts = {name: found.count(name) for name in ("answered", "told_to_try_again", "lost")}
    return {"clients": clients, **counts, "seconds": round(time.monotonic() - began_s, 1)}


def peak_mib(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text()
    return next(
        int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmHWM")
    )


def request(model: str, token: str, port: int, tokens: int) -> bytes:
    message = {"role": "user", "content": "x" * 200}
    told = {"model": model, "messages": [message], "stream": True, "max_tokens": tokens}
    body = json.dumps(told).encode()
    lines = ["POST /v1/chat/completions HTTP/1.1", f"Host: 127.0.0.1:{port}"]
    lines += [f"Authorization: Bearer {token}", f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode() + body


async def first(port: int, token: str) -> float:
    """Milliseconds from the request, with its connection, to the first token."""
    began_s = time.monotonic()
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request("fast", token, port, 1))
    while not (await reader.readline()).startswith(b"data: "):
        pass
    found = 1000 * (time.monotonic() - began_s)
    while await reader.readline() != b"data: [DONE]\n":
        pass
    writer.close()
    return found


async def paced(port: int, token: str, tokens: int) -> list[float]:
    """How many milliseconds late each token is but the first."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request("paced", token, port, tokens))
    late = []
    while (line := await reader.readline()) != b"data: [DONE]\n":
        if line.startswith(b"data: "):
            late.append(1000 * (time.monotonic() - json.loads(line[6:])["at_s"]))
    writer.close()
    assert len(late) == tokens
    return late[1:]


async def fast(port: int, token: str, clients: int, tokens: int) -> float:
    """Tokens a second that come without a pause, of all clients together."""
    each = max(1, tokens // clients)

    async def one() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(request("fast", token, port, each))
        count = 0
        while (line := await reader.readline()) != b"data: [DONE]\n":
            count += line.startswith(b"data: ")
        writer.close()
        assert count == each

    began_s = time.monotonic()
    await asyncio.gather(*(one() for _ in range(clients)))
    return each * clients / (time.monotonic() - began_s)


if __name__ == "__main__":
    main()
