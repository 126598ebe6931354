"""up and down, with real daemons."""

import socket
import urllib.request


def test_up_prints_an_address_a_link_and_the_box(tenfold):
    told = tenfold("up")
    assert f"at http://127.0.0.1:{tenfold.port}" in told.out
    assert "/enter?code=" in told.out and "core" in told.out
    assert told.err == ""


def test_the_link_lets_a_browser_in_once(tenfold):
    link = tenfold("up", "--json").json["link"]
    with urllib.request.build_opener(urllib.request.HTTPCookieProcessor()).open(link) as page:
        assert page.status == 200
    assert tenfold("up", "--json").json["link"] != link


def test_up_is_content_with_the_daemon_that_is_there(tenfold):
    first = tenfold("up", "--json").json
    assert first["was_up"] and first["pid"] == tenfold.daemon_pid()


def test_another_daemon_for_the_same_home_is_refused(tenfold):
    told = tenfold("up", "--port", tenfold.port + 1, "--json", status=2).json
    assert told["refusal"]["code"] == "daemon.second"


def test_the_refusal_of_a_daemon_that_cannot_start_is_shown(bare):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", bare.port))
        taken.listen()
        told = bare("up", status=2)
    assert told.err.startswith(f"The port {bare.port} cannot be used.")
    assert len(told.err.splitlines()) == 3 and told.out == ""
    assert (
        bare("up", "--box", "7xNothing", "--json", status=2).json["refusal"]["code"]
        == "box.unknown"
    )


def test_a_home_that_cannot_be_made_is_a_refusal(bare):
    bare.home.write_text("a file is in the way")
    assert bare("up", "--json", status=2).json["refusal"]["code"] == "home.unwritable"


def test_up_down_and_down_again(bare):
    up = bare("up", "--box", "2xH100-PCIe", "--speed", "50", "--json").json
    assert up["modelled"] and not up["was_up"]
    assert "modelled" in bare("status").out
    assert bare("down", "--json").json["ended"] == up["pid"]
    assert "No daemon is up" in bare("down").out
    assert bare("jobs", "--json", status=2).json["refusal"]["code"] == "daemon.absent"


def test_foreground_is_the_daemon_itself(bare):
    process = bare.start("up", "--foreground")
    bare.until((bare.home / "daemon.json").exists)
    assert bare.daemon_pid() == process.pid
    bare("down")
    process.communicate(timeout=20)


def test_at_boot_writes_a_unit_and_starts_nothing(bare, tmp_path):
    told = bare("up", "--at-boot", env={"XDG_CONFIG_HOME": str(tmp_path)})
    assert "systemctl --user enable --now tenfold" in told.out
    assert "loginctl enable-linger" in told.out
    assert str(bare.port) in (tmp_path / "systemd/user/tenfold.service").read_text()
    assert not bare.home.exists()
