"""What the helper with rights does, refuses, and puts back."""

from __future__ import annotations

import ast
import contextlib
import json
import os
import random
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from faults.nvml.cards import H100_PCIE, Card, Process, Slice
from faults.nvml.standin import LOST, NO_PERMISSION, StandIn
from faults.rights import Helper, Lease

from tenfold.rights.unit import HELPER

IN_USE, INSUFFICIENT_RESOURCES = 19, 23
ONE, TWO, THREE = 19, 14, 9  # profile ids of 1g.10gb, 2g.20gb, 3g.40gb


def changes(stand_in: StandIn) -> list[list[str]]:
    """Calls that would change a card: `limit CARD MILLIWATTS` and their like."""
    return [line.split() for line in stand_in.called() if not line.startswith("nvml")]


def limits(stand_in: StandIn) -> list[str]:
    return [call[2] for call in changes(stand_in) if call[:2] == ["limit", "0"]]


def code_of(answer: dict[str, Any]) -> Any:
    assert answer["ok"] is False and isinstance(answer["why"], str)
    return answer["code"]


def test_is_one_short_file_of_pythons_own_modules_only() -> None:
    text = HELPER.read_text()
    assert len(text.splitlines()) <= 200
    imported = set()
    for node in ast.walk(ast.parse(text, feature_version=(3, 8))):
        if isinstance(node, ast.Import):
            imported |= {name.name for name in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(str(node.module))
    assert {name.partition(".")[0] for name in imported} <= sys.stdlib_module_names


def test_sets_a_cap_and_puts_it_back_when_the_lease_ends(
    helper: Helper, stand_in: StandIn, cards: list[Card], lease: Lease
) -> None:
    assert lease.ask("set-cap", cards[0].uuid, 250) == {"ok": True}
    assert lease.ask("set-cap", cards[0].uuid, 220) == {"ok": True}
    assert limits(stand_in) == ["250000", "220000"]
    lease.close()
    helper.restored()
    assert limits(stand_in) == ["250000", "220000", "350000"]


@pytest.mark.parametrize("watts", [0, 1, 199, 351, 700, 1 << 19])
def test_refuses_a_cap_outside_the_cards_limits(
    stand_in: StandIn, cards: list[Card], lease: Lease, watts: int
) -> None:
    assert code_of(lease.ask("set-cap", cards[0].uuid, watts)) == "limits"
    assert changes(stand_in) == []


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b'"set-cap"',
        b"[[[[[[",
        b"[" * 4000,
        b"\xff\xfe",
        b'["set-cap"]',
        b'["set-cap", "UUID"]',
        b'["set-cap", "UUID", 250, 250]',
        b'["set-cap", "UUID", 250.0]',
        b'["set-cap", "UUID", "250"]',
        b'["set-cap", "UUID", true]',
        b'["set-cap", "UUID", -1]',
        b'["set-cap", "UUID", NaN]',
        b'["set-cap", "UUID", 1' + b"0" * 3000 + b"]",
        b'["set-cap", 0, 250]',
        b'["set-cap", null, 250]',
        b'["set-cap", "UUID\\u0000", 250]',
        b'["set-cap", " UUID", 250]',
        b'["restore", "UUID"]',
        b'["_keep", "UUID"]',
        b'["__init__", "UUID"]',
        b'[["set-cap"], "UUID", 250]',
        b'["create", "UUID", 19, 0, 1048576]',
    ],
)
def test_refuses_what_is_no_request(
    stand_in: StandIn, cards: list[Card], lease: Lease, line: bytes
) -> None:
    told = lease.send(line.replace(b"UUID", cards[0].uuid.encode()) + b"\n")
    assert code_of(told) in ("request", 6)  # 6: the driver knows no such card
    assert changes(stand_in) == []


def test_refuses_what_is_longer_than_a_request_and_goes_on(
    stand_in: StandIn, cards: list[Card], lease: Lease
) -> None:
    request = json.dumps(["set-cap", cards[0].uuid, 250]).encode()
    assert code_of(lease.send(b" " * 4096 + request + b"\n")) == "request"
    assert lease.lines.readline()  # of the rest, which is a request of its own
    assert lease.ask("set-cap", cards[0].uuid, 260) == {"ok": True}


def test_names_no_slice_for_a_card(stand_in: StandIn, cards: list[Card], lease: Lease) -> None:
    cards[1].slices = [Slice("3g.40gb", 4, 5, "MIG-1")]
    stand_in.write()
    assert code_of(lease.ask("set-cap", "MIG-1", 250)) in ("request", 6)
    assert changes(stand_in) == []


def test_locks_a_clock_within_what_the_card_takes(
    helper: Helper, stand_in: StandIn, cards: list[Card], lease: Lease
) -> None:
    uuid = cards[0].uuid
    assert lease.ask("lock-clock", uuid, 0) == {"ok": True}  # nothing was locked here
    assert code_of(lease.ask("lock-clock", uuid, 209)) == "limits"
    assert code_of(lease.ask("lock-clock", uuid, 1981)) == "limits"
    assert changes(stand_in) == []
    assert lease.ask("lock-clock", uuid, 1200) == {"ok": True}
    assert lease.ask("lock-clock", uuid, 0) == {"ok": True}
    assert lease.ask("lock-clock", uuid, 1500) == {"ok": True}
    lease.close()
    helper.restored()
    locked = [call[2] for call in changes(stand_in)]
    assert locked == ["1200", "0", "1500", "0"]


def test_carves_where_it_is_told_and_only_there(
    stand_in: StandIn, cards: list[Card], lease: Lease
) -> None:
    card = cards[1].uuid
    first = lease.ask("create", card, ONE, 6, 1)
    second = lease.ask("create", card, THREE, 0, 4)
    assert first["ok"] and second["ok"]
    instances = lease.ask("layout", card)["instances"]
    assert sorted(instances) == [
        [first["instance"], ONE, 6, 1, True],
        [second["instance"], THREE, 0, 4, True],
    ]
    assert lease.ask("destroy", card, first["instance"]) == {"ok": True}
    assert [row[1:3] for row in lease.ask("layout", card)["instances"]] == [[THREE, 0]]


@pytest.mark.parametrize("at", [(THREE, 1, 4), (THREE, 0, 3), (ONE, 7, 1), (77, 0, 1), (5, 4, 4)])
def test_refuses_a_placement_that_the_driver_does_not_offer(
    stand_in: StandIn, cards: list[Card], lease: Lease, at: tuple[int, int, int]
) -> None:
    assert code_of(lease.ask("create", cards[1].uuid, *at)) in ("limits", 3)
    assert changes(stand_in) == []


def test_leaves_foreign_instances_alone(stand_in: StandIn, cards: list[Card], lease: Lease) -> None:
    cards[1].slices = [Slice("3g.40gb", 4, 5, "MIG-theirs")]
    stand_in.write()
    card = cards[1].uuid
    assert lease.ask("layout", card)["instances"] == [[5, THREE, 4, 4, False]]
    assert code_of(lease.ask("destroy", card, 5)) == "foreign"
    assert code_of(lease.ask("create", card, THREE, 4, 4)) == "taken"  # nor does it become ours
    assert code_of(lease.ask("create", card, ONE, 6, 1)) == INSUFFICIENT_RESOURCES
    assert code_of(lease.ask("destroy", card, 5)) == "foreign"
    assert not any(call[0] in ("destroy", "uncompute") for call in changes(stand_in))


def test_forgets_its_slices_when_they_are_gone(
    helper: Helper, stand_in: StandIn, cards: list[Card], lease: Lease
) -> None:
    """After a reset of the card somebody else's may stand where ours did."""
    card = cards[1].uuid
    assert lease.ask("create", card, THREE, 4, 4)["ok"]
    stand_in.changes.unlink()
    assert lease.ask("layout", card)["instances"] == []
    cards[1].slices = [Slice("3g.40gb", 4, 5, "MIG-theirs")]
    stand_in.write()
    assert code_of(lease.ask("destroy", card, 5)) == "foreign"


def test_a_slice_in_use_stays(stand_in: StandIn, cards: list[Card], lease: Lease) -> None:
    card = cards[1].uuid
    number = lease.ask("create", card, THREE, 4, 4)["instance"]
    cards[1].processes = [Process(1234, instance=number)]
    stand_in.write()
    assert code_of(lease.ask("destroy", card, number)) == IN_USE
    cards[1].processes = []
    stand_in.write()
    assert lease.ask("destroy", card, number) == {"ok": True}


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("nvmlGpuInstanceCreateComputeInstance", INSUFFICIENT_RESOURCES),
        ("nvmlGpuInstanceGetComputeInstanceProfileInfo", 999),
        ("nvmlDeviceCreateGpuInstanceWithPlacement", NO_PERMISSION),
    ],
)
def test_takes_back_what_it_could_not_finish(
    stand_in: StandIn, cards: list[Card], lease: Lease, call: str, code: int
) -> None:
    card = cards[1]
    card.errors = {call: code}
    stand_in.write()
    assert code_of(lease.ask("create", card.uuid, THREE, 4, 4)) == code
    card.errors = {}
    stand_in.write()
    assert lease.ask("layout", card.uuid)["instances"] == []


def test_takes_back_what_the_driver_put_elsewhere(
    stand_in: StandIn, cards: list[Card], lease: Lease
) -> None:
    cards[1].moves = 1  # new instances come to stand at 0
    stand_in.write()
    assert code_of(lease.ask("create", cards[1].uuid, ONE, 6, 1)) == "elsewhere"
    assert lease.ask("layout", cards[1].uuid)["instances"] == []


def test_slices_outlive_the_lease_and_the_helper(
    helper: Helper, stand_in: StandIn, cards: list[Card], lease: Lease
) -> None:
    number = lease.ask("create", cards[1].uuid, THREE, 4, 4)["instance"]
    helper.end(signal.SIGKILL)
    lease.close()
    helper.start()
    again = Lease(helper.socket)
    assert again.ask("layout", cards[1].uuid)["instances"] == [[number, THREE, 4, 4, True]]
    assert again.ask("destroy", cards[1].uuid, number) == {"ok": True}
    again.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_its_own_end_puts_limits_back_at_once_or_at_its_next_start(
    helper: Helper, stand_in: StandIn, cards: list[Card], lease: Lease, number: int
) -> None:
    lease.ask("set-cap", cards[0].uuid, 250)
    lease.ask("lock-clock", cards[0].uuid, 1200)
    helper.end(number)
    lease.close()
    expected = ["250000"] if number == signal.SIGKILL else ["250000", "350000"]
    assert limits(stand_in) == expected
    helper.start()
    assert limits(stand_in) == ["250000", "350000"]
    assert ["clock", "0", "0", "0"] in changes(stand_in)


def test_a_card_on_which_somebody_still_works_keeps_its_limit_until_that_is_gone(
    helper: Helper, stand_in: StandIn, cards: list[Card], lease: Lease
) -> None:
    """The wall was promised that it draws no more."""
    cards[0].processes = [Process(os.getpid())]
    stand_in.write()
    for card in cards[:2]:
        lease.ask("set-cap", card.uuid, 250)
    lease.close()
    helper.restored(but=cards[0].uuid)
    assert limits(stand_in) == ["250000"]
    again = Lease(helper.socket)  # the next daemon takes it over as it is
    assert again.ask("set-cap", cards[0].uuid, 300) == {"ok": True}
    again.close()
    cards[0].processes = []
    stand_in.write()
    helper.restored()
    assert limits(stand_in) == ["250000", "300000", "350000"]


def test_its_end_does_not_wait_for_anybody(
    helper: Helper, stand_in: StandIn, cards: list[Card], lease: Lease
) -> None:
    cards[0].processes = [Process(os.getpid())]
    stand_in.write()
    lease.ask("set-cap", cards[0].uuid, 250)
    helper.end()
    assert limits(stand_in) == ["250000", "350000"]


def test_a_killed_client_is_an_ended_lease(
    helper: Helper, stand_in: StandIn, cards: list[Card]
) -> None:
    code = (
        "import os, signal, socket, sys\n"
        "s = socket.socket(socket.AF_UNIX); s.connect(sys.argv[1])\n"
        "s.sendall(sys.argv[2].encode() + b'\\n'); s.recv(99)\n"
        "os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    request = json.dumps(["set-cap", cards[0].uuid, 250])
    client = subprocess.run([sys.executable, "-c", code, str(helper.socket), request])
    assert client.returncode == -signal.SIGKILL
    helper.restored()
    assert limits(stand_in) == ["250000", "350000"]


def test_a_lost_card_is_put_back_when_it_answers_again(
    helper: Helper, stand_in: StandIn, cards: list[Card], lease: Lease
) -> None:
    lease.ask("set-cap", cards[0].uuid, 250)
    cards[0].errors = {"*": LOST}
    stand_in.write()
    lease.close()
    Lease(helper.socket).close()  # has its turn after that was tried
    assert "is not put back yet" in helper.end()
    cards[0].errors = {}
    stand_in.write()
    helper.start()
    assert limits(stand_in)[-1] == "350000"
    assert json.loads(helper.state.read_text())[0] == {}


def test_a_limit_that_could_not_be_remembered_is_not_set(
    helper: Helper, stand_in: StandIn, cards: list[Card], lease: Lease
) -> None:
    helper.state.with_suffix(".half").mkdir()
    assert isinstance(code_of(lease.ask("set-cap", cards[0].uuid, 250)), int)
    assert changes(stand_in) == []
    helper.state.with_suffix(".half").rmdir()


def test_another_uid_gets_no_answer(tmp_path: Path, stand_in: StandIn, cards: list[Card]) -> None:
    if os.getuid() != 0:
        pytest.skip("only root gives a socket away, and only root is kept out by no file mode")
    helper = Helper(tmp_path, stand_in, uid=12345)
    helper.start()
    told = helper.socket.stat()
    assert (told.st_uid, told.st_mode & 0o777) == (12345, 0o600)
    stranger = Lease(helper.socket)
    with contextlib.suppress(ConnectionError):
        assert stranger.ask("set-cap", cards[0].uuid, 250) == {}
    stranger.close()
    assert helper.end() == ""
    assert changes(stand_in) == []


class TestFuzz:
    """Whatever arrives, no call leaves the limits of a card, and the helper answers on."""

    REQUESTS = 2000

    def test_random_requests(
        self, helper: Helper, stand_in: StandIn, cards: list[Card], lease: Lease
    ) -> None:
        chance = random.Random(4)
        accepted = 0
        for _ in range(self.REQUESTS):
            answer = lease.send(_line(chance, [card.uuid for card in cards]) + b"\n")
            assert answer["ok"] or answer["code"] is not None
            accepted += answer["ok"]
        assert accepted > self.REQUESTS / 20  # else it proves nothing
        lease.close()
        helper.restored()
        assert helper.end() == ""
        _judge(stand_in)


def _line(chance: random.Random, cards: list[str]) -> bytes:
    """A request, often a little wrong, sometimes damaged."""
    verb = chance.choice(["set-cap", "lock-clock", "create", "destroy", "layout"])
    numbers: list[Any] = {
        "set-cap": [chance.choice([0, 199, 200, 250, 350, 351, 10**6])],
        "lock-clock": [chance.choice([0, 209, 210, 1500, 1980, 1981])],
        "create": _placement(chance),
        "destroy": [chance.randrange(10)],
        "layout": [],
    }[verb]
    asked: list[Any] = [verb, chance.choice(cards), *numbers]
    while chance.random() < 0.25:
        odd = [None, True, -1, 2**31, 1e300, "", [], {}, "GPU-", "\x00", chance.random()]
        asked.insert(chance.randrange(len(asked) + 1), chance.choice(odd))
        if chance.random() < 0.5:
            asked.pop(chance.randrange(len(asked)))
    line = bytearray(json.dumps(asked).encode())
    while chance.random() < 0.2:
        line[chance.randrange(len(line))] = chance.randrange(256)
    return bytes(line).replace(b"\n", b" ")


def _placement(chance: random.Random) -> list[int]:
    if chance.random() < 0.5:
        return [chance.randrange(22), chance.randrange(9), chance.randrange(9)]
    one = chance.choice(H100_PCIE)
    return [one.id, chance.choice(one.starts), one.memory_slices]


def _judge(stand_in: StandIn) -> None:
    """By the log of the calls themselves."""
    offered = {(p.id, start, p.memory_slices) for p in H100_PCIE for start in p.starts}
    made: set[str] = set()
    seen = set()
    for kind, card, *values in changes(stand_in):
        seen.add(kind)
        if kind == "limit":
            assert 200_000 <= int(values[0]) <= 350_000
        elif kind == "clock":
            assert values == ["0", "0"] or 210 <= int(values[0]) == int(values[1]) <= 1980
        elif kind == "create":
            assert card == "1"
            assert tuple(map(int, values)) in offered
        elif kind == "compute":
            made.add(values[0])
        elif kind == "destroy":
            assert values[0] in made
    assert seen == {"limit", "clock", "create", "compute", "uncompute", "destroy"}
