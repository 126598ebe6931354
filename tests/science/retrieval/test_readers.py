"""Each kind of file becomes text with places; what is broken or hostile says why."""

from __future__ import annotations

import io
import zipfile
from email.message import EmailMessage
from pathlib import Path

import pytest

from tenfold.science.retrieval import read_docx
from tenfold.science.retrieval.documents import MOST_TEXT, Unreadable
from tenfold.science.retrieval.reading import Reading, read

W = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"


def docx(body: str, **more: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as parts:
        xml = f'<w:document xmlns:w="{W}"><w:body>{body}</w:body></w:document>'
        parts.writestr("word/document.xml", xml)
        for name, content in more.items():
            parts.writestr(name, content)
    return packed.getvalue()


def paragraph(text: str, style: str = "") -> str:
    kind = f'<w:pPr><w:pStyle w:val="{style}"/></w:pPr>' if style else ""
    return f"<w:p>{kind}<w:r><w:t>{text}</w:t></w:r></w:p>"


def pdf(*pages: str) -> bytes:
    """A plain PDF with a line of text a page, written by hand."""
    objects = [b"<</Type/Catalog/Pages 2 0 R>>"]
    kids = " ".join(f"{4 + 2 * n} 0 R" for n in range(len(pages)))
    objects.append(f"<</Type/Pages/Kids[{kids}]/Count {len(pages)}>>".encode())
    objects.append(b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>")
    for number, text in enumerate(pages):
        shown = f"BT /F1 12 Tf 50 700 Td ({text}) Tj ET".encode() if text else b""
        place = "/MediaBox[0 0 600 800]/Resources<</Font<</F1 3 0 R>>>>"
        objects.append(f"<</Type/Page/Parent 2 0 R{place}/Contents {5 + 2 * number} 0 R>>".encode())
        objects.append(b"<</Length %d>>stream\n%s\nendstream" % (len(shown), shown))
    out, offsets = b"%PDF-1.4\n", []
    for number, one in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj%s endobj\n" % (number, one)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    size = len(objects) + 1
    head = b"xref\n0 %d\n0000000000 65535 f \n" % size
    tail = b"trailer<</Size %d/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (size, len(out))
    return out + head + table + tail


def test_markdown_by_headings() -> None:
    text = "# Bench\n\nIntro.\n\n## Motor\n\nHot.\n\n```sh\n# no heading\n```\n\n# Else\n\nx\n"
    found = read("a.md", text.encode())
    assert found.title == "Bench"
    assert [(s.headings, s.line) for s in found.sections] == [
        (("Bench",), 1),
        (("Bench", "Motor"), 5),
        (("Else",), 13),
    ]


def test_encodings() -> None:
    said = "馬達的溫度是七十一度。"
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "cp950"):
        assert read("a.txt", said.encode(encoding)).sections[0].text == said
    assert "Café crème" in read("a.txt", "Café crème".encode("latin-1")).sections[0].text
    for content in (b"a\0b" * 9, bytes(range(256)) * 4, b"\xff\xfe\x00\xd8"):
        with pytest.raises(Unreadable):
            read("a.txt", content)
    with pytest.raises(Unreadable, match="binary"):
        read("a.png", b"text")


def test_web_page() -> None:
    page = (
        "<html><head><title> My\n page </title><style>.x{}</style></head><body><h1>A</h1>"
        "<p>One<br>two &amp; three</p><script>evil()</script><h2>B</h2><ul><li>four</ul></body>"
    )
    found = read("a.html", page.encode())
    assert found.title == "My page"
    assert [s.headings for s in found.sections] == [("A",), ("A", "B")]
    assert found.sections[0].text.split() == ["A", "One", "two", "&", "three"]
    assert "evil" not in str(found)
    big5 = '<meta charset="big5"><p>馬達</p>'.encode("big5")
    assert read("b.htm", big5).sections[0].text == "馬達"
    assert read("c.html", b"<div>" * 100_000 + b"deep").sections[0].text == "deep"


def test_word_document() -> None:
    body = paragraph("Logbook", "Title") + paragraph("Motor", "Heading2") + paragraph("It got hot.")
    table = f"<w:tbl><w:tr><w:tc>{paragraph('cell')}</w:tc></w:tr></w:tbl>"
    found = read("a.docx", docx(body + table))
    assert found.title == "Logbook"
    assert found.sections[-1].headings == ("Logbook", "Motor")
    assert found.sections[-1].text == "Motor\nIt got hot.\ncell"


def test_pdf_by_pages() -> None:
    found = read("a.pdf", pdf("First page of it", "", "Third page"))
    assert [(s.place, s.text) for s in found.sections] == [
        ("page 1", "First page of it"),
        ("page 3", "Third page"),
    ]
    assert found.note == "no text on 1 of 3 pages"
    with pytest.raises(Unreadable, match="scanned"):
        read("b.pdf", pdf("", ""))
    for broken in (b"%PDF-1.4 nothing", b"", pdf("x")[:200]):
        with pytest.raises(Unreadable, match="broken PDF"):
            read("c.pdf", broken)


def test_mail_and_mailbox() -> None:
    mail = EmailMessage()
    mail["Subject"], mail["From"] = "Kestrel 馬達", "a@example.org"
    mail.set_content("It got hot.\n\nFrom here on it cools.\n")
    mail.add_alternative("<p>no</p>", subtype="html")
    mail.add_attachment(b"x", maintype="image", subtype="png", filename="m.png")
    found = read("a.eml", bytes(mail))
    assert found.title == "Kestrel 馬達" and "It got hot." in found.sections[0].text
    assert found.note == "attached and not read: m.png"
    line = b"From a@example.org Sat Nov 28 10:00:00 2026\n"
    box = read("b.mbox", line + bytes(mail) + b"\n" + line + b"Subject: two\n\nbody\n")
    assert [s.place for s in box.sections] == ["message 1", "message 2"]
    assert box.sections[1].headings == ("two",)
    with pytest.raises(Unreadable, match="not an mbox"):
        read("c.mbox", b"x")


def test_too_much_text_is_told() -> None:
    found = read("a.txt", b"word " * (MOST_TEXT // 5 + 10))
    assert "only its first 4,000,000" in found.note and len(found.sections[0].text) == MOST_TEXT


def test_bombs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_docx, "MOST_XML", 1_000_000)
    bomb = docx(paragraph("0" * 5_000_000))
    assert len(bomb) < 100_000
    with pytest.raises(Unreadable, match="bomb"):
        read("a.docx", bomb)
    laughs = '<!DOCTYPE x [<!ENTITY a "aaaa">]>' + f'<w:document xmlns:w="{W}"/>'
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as parts:
        parts.writestr("word/document.xml", laughs)
    with pytest.raises(Unreadable, match="DOCTYPE"):
        read("b.docx", packed.getvalue())
    for broken in (b"PK", docx("<w:p>"), b"PK\x03\x04" + b"\0" * 100):
        with pytest.raises(Unreadable, match="broken docx"):
            read("c.docx", broken)


def test_a_reader_that_hangs_or_dies_costs_one_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tenfold.science.retrieval import reading as reading_module

    trap = "import tenfold.science.retrieval.reading as r, time, os\n" + (
        "real = r.read\n"
        "def read(name, content):\n"
        "    if name == 'hang': time.sleep(60)\n"
        "    if name == 'die': os._exit(1)\n"
        "    if name == 'eat': bytearray(8 << 30)\n"
        "    if name == 'odd': raise KeyError('x')\n"
        "    return real(name, content)\n"
        "r.read = read; r.main()"
    )
    monkeypatch.setattr(reading_module, "_MAIN", f"exec({trap!r})")
    with Reading(most_s=0.8) as reading:
        for name in ("hang", "die", "odd"):
            with pytest.raises(Unreadable, match="no answer"):
                reading.read(name, b"x" * 200_000)
        with pytest.raises(Unreadable, match="GiB to read"):
            reading.read("eat", b"x")
        assert reading.read("fine.txt", "好 text".encode()).sections[0].text == "好 text"
