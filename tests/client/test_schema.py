"""What is read from a JSON schema, and files that are spelt out from the root."""

from pathlib import Path

from tenfold.client.schema import field_shape, with_absolute_paths

SCHEMA = {
    "$defs": {"Shape": {"enum": ["ball", "cube"], "type": "string"}},
    "properties": {
        "file": {"type": "string", "format": "path", "default": ""},
        "files": {"type": "array", "items": {"type": "string", "format": "file-path"}},
        "maybe": {"anyOf": [{"type": "string", "format": "path"}, {"type": "null"}]},
        "shape": {"$ref": "#/$defs/Shape", "description": "One of two.", "default": "ball"},
        "note": {"type": "string"},
    },
}


def test_references_and_options_are_seen_through():
    shape = field_shape(SCHEMA["properties"]["shape"], SCHEMA)
    assert shape["enum"] == ["ball", "cube"] and shape["description"] == "One of two."
    maybe = field_shape(SCHEMA["properties"]["maybe"], SCHEMA)
    assert maybe["format"] == "path" and maybe["optional"]


def test_only_files_become_absolute(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given = {"file": "a.stl", "files": ["b", "/c"], "maybe": "d", "note": "e", "other": Path("f")}
    assert with_absolute_paths(given, SCHEMA) == {
        "file": str(tmp_path / "a.stl"),
        "files": [str(tmp_path / "b"), "/c"],
        "maybe": str(tmp_path / "d"),
        "note": "e",
        "other": str(tmp_path / "f"),
    }


def test_no_file_stays_no_file():
    assert with_absolute_paths({"file": "", "maybe": None}, SCHEMA) == {"file": "", "maybe": None}
