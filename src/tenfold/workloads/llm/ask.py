"""Ask your documents: an answer with numbered sources, or "I don't know".

Looks the question up in an index (llm.index). Without a model the answer is an extract: the best
supported sentences, word for word, labelled as that. With a model (a folder that llm.finetune
wrote, or an OpenAI-compatible service) the passages found go before the question, with your profile
(profile.md in the index folder, see docs/ask-your-notes.md), and the answer cites them; how much of
the model's context that took is shown, and what did not fit is named. Where no passage holds enough
of the question, the answer is that it is not known. Judged by its citations: each number is a
listed source, each quote stands there word for word. Without an index it asks made-up documents,
whose answers are known. What it does not do: remember the conversation; that is a service's part.

    tenfold run llm.ask --index ~/notes-index --question "How hot did the motor get?"
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import Field, field_validator

from tenfold.catalogue.contract import Job, WorkloadParams
from tenfold.terms.box import Device, DeviceKind
from tenfold.terms.needs import Needs
from tenfold.terms.outcome import Result, Verdict
from tenfold.terms.refusal import refusal

SIZES: dict[str, dict[str, Any]] = {
    "smoke": {"k": 5},
    "desk": {"k": 8, "answer_tokens": 400},
    "full": {"k": 20, "answer_tokens": 1000},
}
REQUIRES = ("index",)
RESUMES = True

LANGUAGES = ("en", "zh-Hant")  # of the made-up documents
# Of the made-up questions: 160 that one document answers, 112 that none does.
GATE_SOURCE = 0.95
GATE_UNKNOWN = 0.95
GATE_ANSWER = 0.90  # the answer's own words stand in the three sentences of the extract
PROCESS_GIB = 0.6
TRANSFORMERS_GIB = 1.5
MOST_QUESTIONS = 10_000


class Params(WorkloadParams):
    question: str = Field(
        "",
        description="What you ask; or the full path of a text file with one question a line.",
        max_length=10_000,
        json_schema_extra={"unit": "text"},
    )
    index: str = Field(
        "",
        description="Full path of the index folder; empty for made-up documents.",
        json_schema_extra={"unit": "path"},
    )
    model: str = Field(
        "",
        description="Full path of a model folder, or the address of an OpenAI-compatible service;"
        " empty for an extract.",
        json_schema_extra={"unit": "path or address"},
    )
    model_name: str = Field(
        "",
        description="Which model of the service; not for a folder.",
        max_length=200,
        json_schema_extra={"unit": "text"},
    )
    key_file: str = Field(
        "",
        description="Full path of a file with the key of the service; a key itself would stay in"
        " the queue.",
        json_schema_extra={"unit": "path"},
    )
    k: int = Field(
        8,
        description="How many passages are looked up.",
        ge=1,
        le=100,
        json_schema_extra={"unit": "passages"},
    )
    context_tokens: int = Field(
        0,
        description="How much the model may read at once; 0 for all it can.",
        ge=0,
        le=1 << 24,
        json_schema_extra={"unit": "tokens"},
    )
    answer_tokens: int = Field(
        400,
        description="How long an answer of a model may be.",
        ge=1,
        le=100_000,
        json_schema_extra={"unit": "tokens"},
    )

    @field_validator("index", "key_file")
    @classmethod
    def _whole_path(cls, value: str) -> str:
        if value and not value.startswith(("/", "~")):
            raise ValueError("give the full path: a job runs in a folder of its own")
        return value

    @field_validator("model")
    @classmethod
    def _path_or_address(cls, value: str) -> str:
        if value and not value.startswith(("/", "~", "http://", "https://")):
            raise ValueError("give the full path of a folder, or an address with http://")
        return value


def needs(params: Params, device: Device) -> Needs:
    """By the files of the index and of the model: both are in memory while it answers."""
    index = Path(params.index).expanduser() / "index.sqlite" if params.index else None
    index_gib = 1.5 * index.stat().st_size / 2**30 if index and index.is_file() else 0.1
    folder = _folder(params)
    if folder is None:
        return Needs(
            cores=1,
            memory_gib=PROCESS_GIB + index_gib,
            time_s=5.0,
            basis=f"the index in memory ({index_gib:.2g} GiB); a service's own time comes on top",
        )
    weights = sum(path.stat().st_size for path in folder.glob("*.safetensors"))
    gpu = device.kind is DeviceKind.GPU
    # float16 weights become float32 on a CPU; a token reads all of them once.
    memory_gib = TRANSFORMERS_GIB + index_gib + (1.2 if gpu else 2.2) * weights / 2**30
    bandwidth = 1e12 if gpu else 1e10
    return Needs(
        gpus=1 if gpu else 0,
        cores=1,
        memory_gib=memory_gib,
        time_s=12 + params.answer_tokens * max(weights / bandwidth, 0.004),
        basis=f"{weights / 1e9:.3g} GB of weights, read once a token; one answer",
        load="decode",
    )


def run(job: Job, params: Params) -> Result:
    from tenfold.science.retrieval.answering import answer, open_model
    from tenfold.science.retrieval.index import Index
    from tenfold.science.retrieval.profile import read_profile

    cases = _cases(job, params)
    key = _key(params)
    model = open_model(
        params.model,
        params.model_name,
        key,
        params.context_tokens,
        params.answer_tokens,
        job.device,
    )
    answers: list[Any] = []
    right: list[dict[str, bool]] = []
    for index_folder, asked in job.progress(cases, unit="index"):
        profile = read_profile(index_folder)
        with Index.open(index_folder, job.device) as index:
            for question, path, words in asked:
                told = answer(index, model, question, params.k, profile)
                answers.append(told)
                right.append(_right(told, path, words))
                if params.index:
                    _tell(job, told)
        job.checkpoint(lambda folder: (folder / "done").write_text(""), len(answers))
    _show(job, answers)
    figures = _figures(answers, right, made=not params.index)
    return Result(_summary(figures, answers), figures)


def check(params: Params, result: Result) -> Verdict:
    """Fails for an invented citation; on made-up documents also for a wrong source or answer."""
    figures = result.figures
    wrong = figures["wrong_citations"]
    if wrong:
        sentence = f"{wrong} citations of {figures['questions']} answers stand in no listed source."
        return Verdict(False, sentence, {"wrong_citations": float(wrong)})
    if not figures["made"]:
        sentence = (
            f"{figures['citations']} citations of {figures['questions']} answers are all of listed"
            f' sources; {figures["unknown"]} questions were answered "I don\'t know".'
        )
        return Verdict(True, sentence, {"citations": float(figures["citations"])})
    gates = {"right_source": GATE_SOURCE, "right_unknown": GATE_UNKNOWN}
    if not params.model:
        gates["right_answer"] = GATE_ANSWER
    told = {name: float(figures[name]) for name in gates}
    sentence = (
        f'The right source for {told["right_source"]:.1%} of made-up questions, "I don\'t know"'
        f" to {told['right_unknown']:.1%} of those that nothing answers (gate"
        f" {GATE_SOURCE:.0%} each)"
    )
    if not params.model:
        sentence += (
            f"; the answer is quoted for {told['right_answer']:.1%} (gate {GATE_ANSWER:.0%})"
        )
    holds = all(told[name] >= gate for name, gate in gates.items())
    return Verdict(holds, f"{sentence}. No citation is invented.", told)


def _folder(params: Params) -> Path | None:
    address = params.model.startswith(("http://", "https://"))
    return Path(params.model).expanduser() if params.model and not address else None


def _key(params: Params) -> str:
    if not params.key_file:
        return ""
    path = Path(params.key_file).expanduser()
    try:
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise refusal("ask.key", path=path, why=error) from error


def _cases(job: Job, params: Params) -> list[tuple[Path, list[tuple[str, str, str]]]]:
    """(index, [(question, path of the right document, words of the answer)]) of each index."""
    if params.index:
        return [(Path(params.index).expanduser(), [(q, "", "") for q in _questions(params)])]
    from tenfold.science.retrieval.build import Build
    from tenfold.science.retrieval.made import write_corpus
    from tenfold.science.retrieval.vectors import open_embedder

    cases = []
    for language in LANGUAGES:
        folder, index = job.folder / "documents" / language, job.folder / "index" / language
        corpus = write_corpus(folder, language)
        build = Build(folder, index, open_embedder(None, "cpu"), None, 10, 1)
        build.begin(job.note)
        for _ in build.update():
            pass
        build.close()
        unknown = [(one.text, "", "") for one in (*corpus.foreign, *corpus.absent)]
        asked = [(one.text, one.path, one.answer) for one in corpus.questions] + unknown
        if params.question:
            asked = [(question, "", "") for question in _questions(params)]
        cases.append((index, asked))
    return cases


def _questions(params: Params) -> list[str]:
    path = Path(params.question).expanduser() if params.question.startswith(("/", "~")) else None
    if path is not None and path.is_file():
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        found = [line.strip() for line in lines if line.strip()][:MOST_QUESTIONS]
    else:
        found = [params.question.strip()] if params.question.strip() else []
    if not found:
        raise refusal("ask.empty")
    return found


def _tell(job: Job, told: Any) -> None:
    """The answer, what it cites, and what of the model's context it took, as notes."""
    job.note(f"{told.question} -> {told.text}")
    for number in told.cited:
        if 0 < number <= len(told.sources):
            hit = told.sources[number - 1]
            job.note(f"[{number}] {hit.title} ({hit.path}, {hit.place})")
    job.note(f"Context: {told.context}.")


def _right(told: Any, path: str, words: str) -> dict[str, bool]:
    """What of an answer is as it should be, where that is known."""
    cited = {told.sources[number - 1].path for number in told.cited if number <= len(told.sources)}
    return {"known": bool(path), "source": path in cited, "answer": words in told.text}


def _figures(
    answers: Sequence[Any], right: Sequence[dict[str, bool]], made: bool
) -> dict[str, Any]:
    figures: dict[str, Any] = {
        "made": made and any(one["known"] for one in right),
        "questions": len(answers),
        "unknown": sum(not one.known for one in answers),
        "citations": sum(len(one.cited) for one in answers),
        "wrong_citations": sum(len(one.wrong) for one in answers),
        "uncited": sum(one.known and not one.cited for one in answers),
    }
    if figures["made"]:
        known = [one for one in right if one["known"]]
        unknown = [a for a, one in zip(answers, right, strict=True) if not one["known"]]
        figures["right_source"] = sum(one["source"] for one in known) / len(known)
        figures["right_answer"] = sum(one["answer"] for one in known) / len(known)
        figures["right_unknown"] = sum(not one.known for one in unknown) / len(unknown)
    return figures


def _show(job: Job, answers: Sequence[Any]) -> None:
    shown, told = [], []
    for one in answers:
        lines = [f"## {one.question}", "", one.text, ""]
        sources = []
        for number, hit in enumerate(one.sources, 1):
            lines.append(f"[{number}] {hit.title} ({hit.path}, {hit.place})  ")
            said = {"title": hit.title, "path": hit.path, "text": hit.text, "place": hit.place}
            sources.append({**said, "score": round(hit.score, 3)})
        shown.append("\n".join([*lines, "", f"Context: {one.context}.", ""]))
        told.append(
            {
                "question": one.question,
                "answer": one.text,
                "known": one.known,
                "cited": one.cited,
                "context": one.context,
                "sources": sources,
            }
        )
    (job.artifacts / "answers.md").write_text("\n".join(shown), encoding="utf-8")
    job.artifact("answers.md", "text", "Answers with their sources")
    text = json.dumps(told, ensure_ascii=False, indent=1)
    (job.artifacts / "answers.json").write_text(text + "\n", encoding="utf-8")
    job.artifact("answers.json", "data", "The same as JSON")


def _summary(figures: dict[str, Any], answers: Sequence[Any]) -> str:
    if len(answers) == 1:
        return " ".join(answers[0].text.split())[:500]
    return (
        f"{figures['questions']} questions: {figures['questions'] - figures['unknown']} answered"
        f" with {figures['citations']} citations, {figures['unknown']} not known."
    )
