"""The guard itself: what leaves the machine is refused and named, what stays passes."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
from faults.network import inside

ATTEMPTS = {
    "connect": "socket.socket().connect(('192.0.2.1', 9))",
    "connect6": "socket.socket(socket.AF_INET6).connect(('2001:db8::1', 9))",
    "sendto": "socket.socket(type=socket.SOCK_DGRAM).sendto(b'x', ('192.0.2.1', 9))",
    "sendmsg": "socket.socket(type=socket.SOCK_DGRAM).sendmsg([b'x'], [], 0, ('192.0.2.1', 9))",
    "mapped": "socket.socket(socket.AF_INET6).connect(('::ffff:192.0.2.1', 9))",
    "name": "socket.create_connection(('example.invalid', 9))",
}


def _child(code: str, log: Path) -> subprocess.CompletedProcess[str]:
    variables = {**os.environ, "NETGUARD_LOG": str(log)}
    command = [sys.executable, "-c", f"import socket; {code}"]
    return subprocess.run(command, env=variables, capture_output=True, text=True, timeout=60)


@pytest.mark.parametrize("attempt", ATTEMPTS)
def test_child_that_leaves_is_refused_and_named(attempt: str, tmp_path: Path) -> None:
    log = tmp_path / "log"
    child = _child(ATTEMPTS[attempt], log)
    assert child.returncode == 1
    refused = "Temporary failure" if attempt == "name" else "Network is unreachable"
    assert refused in child.stderr
    (line,) = log.read_text().splitlines()
    assert line.split()[1].startswith("python")
    assert line.endswith("name example.invalid" if attempt == "name" else "port 9")


def test_grandchild_is_refused(tmp_path: Path) -> None:
    """The guard travels through a shell and a second interpreter."""
    log = tmp_path / "log"
    code = f"import subprocess; subprocess.run(['sh', '-c', '{sys.executable} -c \"import socket; "
    code += 'socket.socket().connect((\\\\"192.0.2.1\\\\", 9))"\'])'
    _child(code, log)
    assert "192.0.2.1" in log.read_text()


def test_loopback_and_unix_sockets_pass(tmp_path: Path) -> None:
    code = f"""
import os
for family, address in ((socket.AF_INET, ('127.0.0.1', 0)), (socket.AF_INET6, ('::1', 0)),
                        (socket.AF_UNIX, {str(tmp_path / "s")!r})):
    server = socket.socket(family); server.bind(address); server.listen()
    client = socket.socket(family); client.connect(server.getsockname())
socket.getaddrinfo('localhost', 80)
print('passed')
"""
    log = tmp_path / "log"
    child = subprocess.run(
        [sys.executable, "-c", "import socket\n" + code],
        env={**os.environ, "NETGUARD_LOG": str(log)},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert child.stdout == "passed\n", child.stderr
    assert not log.exists()


def test_this_process_is_refused_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    log = tmp_path / "log"
    monkeypatch.setenv("NETGUARD_LOG", str(log))
    with socket.socket() as outward, pytest.raises(OSError, match="tests have no network"):
        outward.connect(("192.0.2.1", 9))
    with socket.socket(type=socket.SOCK_DGRAM) as outward, pytest.raises(OSError):
        outward.sendto(b"x", ("192.0.2.1", 9))
    assert log.read_text().count("pytest 192.0.2.1 port 9") == 2
    with socket.create_server(("127.0.0.1", 0)) as server:
        socket.create_connection(server.getsockname()).close()


def test_what_counts_as_inside() -> None:
    for host in ("127.0.0.1", "127.8.8.8", "::1", "0.0.0.0", "::", "localhost", "::ffff:127.0.0.1"):
        assert inside(host), host
    for host in ("192.0.2.1", "10.0.0.1", "169.254.169.254", "2001:db8::1", "example.invalid"):
        assert not inside(host), host


def test_an_escape_fails_the_run(tmp_path: Path) -> None:
    """A whole pytest run of its own, in which a test swallows the refusal, must end red."""
    (tmp_path / "conftest.py").write_text(Path(__file__).with_name("conftest.py").read_text())
    (tmp_path / "faults").symlink_to(Path(__file__).with_name("faults"))
    (tmp_path / "test_escape.py").write_text(
        "import socket, contextlib\n"
        "def test_escape():\n"
        "    with socket.socket() as s, contextlib.suppress(OSError):\n"
        "        s.connect(('192.0.2.1', 9))\n"
        "def test_skips():\n"
        "    import pytest; pytest.skip('no such part')\n"
    )
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(tmp_path)]
    lenient = {name: value for name, value in os.environ.items() if name != "TENFOLD_NO_SKIP"}
    run = subprocess.run(
        command, cwd=tmp_path, env=lenient, capture_output=True, text=True, timeout=60
    )
    assert run.returncode == 1, run.stdout
    assert "1 passed, 1 skipped" in run.stdout
    assert "tried to leave the machine" in run.stdout
    variables = {**os.environ, "TENFOLD_NO_SKIP": "1"}
    strict = subprocess.run(
        command, cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=60
    )
    assert "1 failed, 1 passed" in strict.stdout
    assert "test_skips was skipped" in strict.stdout
