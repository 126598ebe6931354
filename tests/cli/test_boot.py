"""The systemd unit, judged by systemd itself where it is there."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tenfold.cli.boot import unit_path, unit_text
from tenfold.client.start import DaemonOptions

HOME = Path('/srv/50% of "mine"/$HOME\\x')


def test_what_systemd_would_replace_is_escaped():
    text = unit_text(HOME, DaemonOptions(box="/a b/box.toml"))
    assert r'Environment="TENFOLD_HOME=/srv/50%% of \"mine\"/$HOME\\x"' in text
    assert r'"/srv/50%% of \"mine\"/$$HOME\\x"' in text
    assert '"/a b/box.toml"' in text
    assert "KillMode=process" in text


def test_it_lies_where_the_configuration_lies(monkeypatch):
    monkeypatch.setenv("XDG_CONFIG_HOME", "/conf")
    assert unit_path() == Path("/conf/systemd/user/tenfold.service")


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="no systemd-analyze here")
def test_systemd_accepts_the_unit(tmp_path):
    unit = tmp_path / "tenfold.service"
    unit.write_text(unit_text(HOME, DaemonOptions()))
    ended = subprocess.run(
        ["systemd-analyze", "--user", "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        env={"XDG_RUNTIME_DIR": str(tmp_path), "HOME": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )
    ours = [line for line in ended.stderr.splitlines() if "tenfold" in line]
    assert ours == []
