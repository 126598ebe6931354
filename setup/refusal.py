"""What a person sees when setup cannot go on: what, why, next. Its own, because Tenfold, whose
Refusal has the same three sentences, is not installed yet."""

import sys

TEXTS = {
    "python.old": (
        "This Python is too old for Tenfold.",
        "{python} is {version}; Tenfold needs {needed} or newer.",
        "{next}",
    ),
    "python.venv": (
        "This Python cannot make a virtual environment.",
        "{python} comes without its part '{part}'.",
        "{next}",
    ),
    "compiler": (
        "There is no C compiler.",
        "The tests load a few small C files that they compile themselves; no 'cc' is on the PATH.",
        "{next}",
    ),
    "folder": (
        "The folder {folder} cannot be written.",
        "Setup puts everything into {folder}/.venv: {why}.",
        "copy it to a folder of yours: cp -r {folder} ~/tenfold && make -C ~/tenfold {target}",
    ),
    "room": (
        "The disk is too full.",
        "{what} takes about {need_mb:,.0f} MB below {folder}, and {free_mb:,.0f} MB are free.",
        "make room there, or name another place for uv's cache: UV_CACHE_DIR=/there make {target}",
    ),
    "venv": (
        "The virtual environment could not be made.",
        "{why}",
        "rm -rf {venv} && make {target}",
    ),
    "uv": (
        "uv, which installs everything else, could not be had.",
        "pip stopped with exit status {status}; what it said stands above.",
        "look at the network, then make {target} again: it goes on where it stopped",
    ),
    "plan": (
        "It could not be found out what to install.",
        "{why}",
        "look at the network, then make {target} again: it goes on where it stopped",
    ),
    "cuda": (
        "Setup would bring gigabytes of CUDA to a machine without an NVIDIA driver.",
        "The plan has {names}. {why}",
        "name a folder with a CPU wheel of torch: PIP_FIND_LINKS=/folder make {target}; "
        "or if CUDA is meant: UV_TORCH_BACKEND=cu130 make {target}",
    ),
    "install": (
        "The install did not finish.",
        "uv stopped with exit status {status}; what it said stands above.",
        "make {target} again: it goes on where it stopped",
    ),
}


class Refusal(Exception):
    def __init__(self, code: str, **facts: object) -> None:
        self.code = code
        self.what, self.why, self.next = (text.format(**facts) for text in TEXTS[code])
        super().__init__(self.what)

    def show(self) -> None:
        sys.stderr.write(f"{self.what}\n  why   {self.why}\n  next  {self.next}\n")
