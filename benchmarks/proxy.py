"""What the proxy costs: the same requests straight to a service and through the proxy, in one run.

`python benchmarks/proxy.py` starts the tests' tiny service and a proxy before it, then takes turns:
small requests one after another on a kept connection (latency), the same from several threads
(requests a second), and one large answer (bytes a second). "fresh" is straight as well, with a
connection for each request: that is how the proxy asks, and what of the difference is the
service's own. Kept in `results/proxy.json`.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests"))

from faults.kept import keep, quantile
from faults.proxied import Proxied

Ask = Callable[[HTTPConnection, str], bytes]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=400, help="small ones a turn")
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--threads", type=int, default=8)
    parser.add_argument("--out", type=Path, help="JSON file, instead of results/proxy.json")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        proxied = Proxied(Path(folder) / "home")
        proxied.start()
        try:
            port = proxied.service()
            proxied.up(port)
            ways = {"direct": (port, ""), "fresh": (port, ""), "proxied": (proxied.port, "/s")}
            keep("proxy", measured(proxied.token, ways, asked), asked.out)
        finally:
            proxied.end()


def measured(
    token: str, ways: dict[str, tuple[int, str]], asked: argparse.Namespace
) -> dict[str, object]:
    def ask(connection: HTTPConnection, path: str) -> bytes:
        connection.request("GET", path, headers={"Authorization": f"Bearer {token}"})
        return connection.getresponse().read()

    def ask_afresh(connection: HTTPConnection, path: str) -> bytes:
        headers = {"Connection": "close"}
        connection.request("GET", path, headers=headers)
        body = connection.getresponse().read()
        connection.close()
        return body

    latency_ms: dict[str, list[float]] = {name: [] for name in ways}
    a_second: dict[str, list[float]] = {name: [] for name in ways}
    mib_s: dict[str, list[float]] = {name: [] for name in ways}
    for turn in range(asked.turns + 1):  # the first one warms up
        for name, (port, prefix) in ways.items():
            how = ask_afresh if name == "fresh" else ask
            one = latencies(how, port, f"{prefix}/", asked.requests)
            many = rate(how, port, f"{prefix}/", asked.requests, asked.threads)
            large = flow(how, port, f"{prefix}/big")
            if turn:
                latency_ms[name] += one
                a_second[name].append(many)
                mib_s[name].append(large)
    p50 = {name: statistics.median(found) for name, found in latency_ms.items()}
    rates = {name: statistics.median(found) for name, found in a_second.items()}
    flows = {name: statistics.median(found) for name, found in mib_s.items()}
    return {
        "requests": asked.requests * asked.turns,
        "threads": asked.threads,
        "latency_p50_ms": {name: round(value, 3) for name, value in p50.items()},
        "latency_p99_ms": {n: round(quantile(v, 0.99), 3) for n, v in latency_ms.items()},
        "added_p50_ms": round(p50["proxied"] - p50["direct"], 3),
        "added_over_fresh_p50_ms": round(p50["proxied"] - p50["fresh"], 3),
        "requests_a_second": {name: round(value) for name, value in rates.items()},
        "requests_ratio": round(rates["proxied"] / rates["direct"], 3),
        "requests_over_fresh": round(rates["proxied"] / rates["fresh"], 3),
        "large_mib_s": {name: round(value) for name, value in flows.items()},
        "large_ratio": round(flows["proxied"] / flows["direct"], 3),
    }


def latencies(ask: Ask, port: int, path: str, count: int) -> list[float]:
    found = []
    with closing(HTTPConnection("127.0.0.1", port)) as connection:
        for _ in range(count):
            began_s = time.perf_counter()
            assert ask(connection, path) == b"hello"
            found.append(1000 * (time.perf_counter() - began_s))
    return found


def rate(ask: Ask, port: int, path: str, count: int, threads: int) -> float:
    each = max(1, count // threads)
    workers = [
        threading.Thread(target=latencies, args=(ask, port, path, each)) for _ in range(threads)
    ]
    began_s = time.perf_counter()
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    return each * threads / (time.perf_counter() - began_s)


def flow(ask: Ask, port: int, path: str) -> float:
    with closing(HTTPConnection("127.0.0.1", port)) as connection:
        began_s = time.perf_counter()
        size = len(ask(connection, path))
        return size / 2**20 / (time.perf_counter() - began_s)


if __name__ == "__main__":
    main()
