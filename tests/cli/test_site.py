"""site: the real program, its summary, its page and its refusals."""

import re
import subprocess
import sys
from html.parser import HTMLParser

import pytest

from tenfold.cli.site_words import told as words_of

BOX = "10xH100-PCIe"
SITE = """
[site]
currency = "EUR"
price_kwh = 0.3
cloud_gpu_hour = 2.0

[[circuit]]
name = "cellar"
volts = 208
amps = 30

[cooling]
kind = "air-conditioner"
watts = 6000
ambient_c = 22

[[quiet]]
from = "22:00"
until = "07:00"
watts = 4500
"""


@pytest.fixture
def place(tmp_path):
    path = tmp_path / "site.toml"
    path.write_text(SITE)
    return path


def test_a_box_on_common_circuits(tenfold, tmp_path):
    told = tenfold("site", "--box", BOX, cwd=tmp_path)
    assert told.out.startswith(f"{BOX}  modelled\n  wall        unknown\n")
    assert "It runs whole on 230 V 32 A; 240 V 30 or 40 or 50 A;" in told.out
    assert "3 000 W idle, 5 284 W typical, 5 700 W at worst" in told.out
    assert "19 448 BTU/h, 667 CFM of air 15 K warmer" in told.out
    assert told.out.endswith(f"page  site-{BOX}/site.html\n")


def test_a_box_at_a_place(tenfold, place, tmp_path):
    told = tenfold("site", "--box", BOX, "--site", place, cwd=tmp_path)
    assert "wall        yes, with a cap of 279 W a card\n" in told.out
    assert "room        yes\n" in told.out
    assert "neighbours  yes, with a cap of 230 W a card\n" in told.out
    assert "27.4 A of 24 A for hours, breaker 30 A: over what it may carry for hours" in told.out
    assert "1.  Quiet hours (22:00-07:00) leave 4 500 W of 5 700 W" in told.out
    assert "32 948 kWh, 9 884 EUR, 8 h/day at work, idle else" in told.out


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen = [], []

    def handle_starttag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))
        if tag not in ("meta",):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_startendtag(self, tag, attributes):
        self.seen.append((tag, dict(attributes)))


def test_the_page_needs_nothing_else_and_names_sources(tenfold, place, tmp_path):
    out = tmp_path / "deep" / "down"
    tenfold("site", "--box", BOX, "--site", place, "--out", out, "--json")
    page = (out / "site.html").read_text()
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in tags.seen}
    assert not re.search(r"(https?:)?//(?!\d)|url\(|@import", page)
    assert [tag for tag, _ in tags.seen].count("svg") == 3  # watts, the circuit, the room
    for source in ("ServeTheHome", "PB-11133", "Zeus", "NEC 210.20", "arXiv 2506.14551"):
        assert source in page, source
    for word in ("prefers-color-scheme: dark", "@media print", "27.4 A", "unknown", "279"):
        assert word in page, word


def test_the_bars_are_as_long_as_their_watts(tenfold, place, tmp_path):
    tenfold("site", "--box", BOX, "--site", place, "--out", tmp_path, "--json")
    page = (tmp_path / "site.html").read_text()
    bars = [float(n) for n in re.findall(r"<rect class='bar[^']*'[^>]* width=([\d.]+)", page)]
    idle, typical, worst, amps = bars
    assert idle / worst == pytest.approx(3000 / 5700, abs=1e-3)
    assert typical / worst == pytest.approx((2200 + 3500 * 0.881) / 5700, abs=1e-3)
    assert amps > worst * 0.8  # another scale
    over = re.findall(r"<rect class='(bar[^']*)'", page)
    assert over == ["bar", "bar over", "bar over", "bar over"]


def test_json_is_the_answer_and_draws_only_if_asked(tenfold, tmp_path):
    told = tenfold("site", "--box", BOX, "--json", cwd=tmp_path)
    assert told.json["power"]["worst"]["value"] == 5700
    assert not list(tmp_path.iterdir())


def test_this_box(tenfold, tmp_path):
    told = tenfold("site", cwd=tmp_path)
    assert told.out.startswith("this machine\n  wall        unknown\n")
    assert (tmp_path / "site-this-machine" / "site.html").exists()


def test_a_wall_or_room_that_does_not_take_it_ends_with_1(tenfold, place, tmp_path):
    place.write_text("[site]\nwatts = 2500\n")
    told = tenfold("site", "--box", BOX, "--site", place, cwd=tmp_path, status=1)
    assert "wall        no\n" in told.out and "Not even the idle box fits" in told.out
    place.write_text('[cooling]\nkind = "room"\nwatts = 2500\n')
    tenfold("site", "--box", BOX, "--site", place, cwd=tmp_path, status=1)
    # Of the neighbours it is told, and no more.
    place.write_text('[[quiet]]\nfrom = "22:00"\nuntil = "07:00"\nwatts = 2500\n')
    told = tenfold("site", "--box", BOX, "--site", place, cwd=tmp_path)
    assert "neighbours  no\n" in told.out


def test_ten_sxm_in_one_chassis_are_refused(tenfold):
    told = tenfold("site", "--box", "10xH100-SXM", status=2)
    assert "does not exist" in told.err and "Buy several nodes" in told.err
    assert "tenfold site --box 8xH100-SXM+2xH100-SXM" in told.err


def test_two_nodes_and_a_box_file(tenfold, tmp_path):
    told = tenfold("site", "--box", "8xH100-SXM+2xH100-SXM", cwd=tmp_path)
    assert "host_watts" in told.out and "8 cards on one board" in told.out
    (tmp_path / "attic.toml").write_text('[[node]]\ncards = "4xL40S"\nhost_w = 600\n')
    told = tenfold("site", "--box", "attic.toml", "--json", cwd=tmp_path)
    assert told.json["box"] == "attic" and told.json["power"]["worst"]["value"] == 2000


def test_files_that_cannot_be_read_or_written(tenfold, place, tmp_path):
    assert "No such file" in tenfold("site", "--site", tmp_path / "none.toml", status=2).err
    (tmp_path / "latin.toml").write_bytes(b'name = "\xe9"\n')
    assert "UTF-8" in tenfold("site", "--site", tmp_path / "latin.toml", status=2).err
    (tmp_path / "file").write_text("")
    told = tenfold("site", "--box", BOX, "--out", tmp_path / "file", status=2)
    assert "cannot be written" in told.err
    place.write_text("[site]\nwatt = 3\n")
    told = tenfold("site", "--site", place, status=2)
    assert "watt" in told.err and "site.toml" in told.err


def test_help_imports_no_page_and_no_rich():
    code = (
        "import sys; from tenfold.cli.__main__ import main; main(['site', '--help']);"
        "print([m for m in ('rich', 'tenfold.cli.site_page', 'tenfold.cli.site_init')"
        " if m in sys.modules], file=sys.stderr)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert "tenfold site init" in ended.stdout and ended.stderr.strip() == "[]"


@pytest.mark.parametrize(
    ("value", "unit", "words"),
    [
        (None, "W", "unknown"),
        (5283.5, "W", "5 284 W"),
        (24.04, "A", "24.04 A"),
        (0.9976, "share", "99 %"),
        (1.0, "share", "100 %"),
        (1, "cards", "1 card"),
        (9884.3, "money", "9 884 in your currency"),
    ],
)
def test_words(value, unit, words):
    basis = "unknown" if value is None else "computed"
    assert words_of({"value": value, "unit": unit, "source": "", "basis": basis}) == words
