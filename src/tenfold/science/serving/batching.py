"""The engine `transformers`: one forward pass a step, for all texts under way.

    engine = Batching(loaded, rows=8, waiting=64)
    running = engine.start(request, tell)       # tell(piece) comes on the engine's own thread
    engine.close()

Each step (1) takes out whoever has gone, (2) adds a token to every text, (3) reads prompts of who
waits, `stretch` tokens at most, so a long prompt does not halt the others. transformers' own
continuous batching is not used: its attention is switched for the whole model, and it knows neither
masks of a grammar, nor a seed a request, nor alternatives (decisions/a-batch-of-our-own.md).
"""

from __future__ import annotations

import threading
import traceback
from collections import deque
from collections.abc import Callable, Sequence
from inspect import signature
from typing import final

import torch
from torch import Tensor

from tenfold.science.serving.cache import RowCache, prompt_mask, step_mask
from tenfold.science.serving.engine import Load, busy
from tenfold.science.serving.loading import Loaded
from tenfold.science.serving.request import Chosen, Piece, Request, Tell
from tenfold.science.serving.sampling import Sampler
from tenfold.science.serving.structured import Grammars
from tenfold.science.serving.words import Words
from tenfold.terms.refusal import Refusal

STRETCH = {"cpu": 256, "cuda": 2048}  # prompt tokens a step
FAILURES = 3  # steps in a row that may fail before the engine gives up


@final
class Text:
    """One request under way; `length` tokens of it are in the cache."""

    def __init__(self, request: Request, tell: Tell, sampler: Sampler, words: Words) -> None:
        self.request, self.tell, self.sampler, self.words = request, tell, sampler, words
        self.length = 0
        self.written: list[int] = []
        self.gone = False

    def cancel(self) -> None:
        self.gone = True

    @property
    def unread(self) -> tuple[int, ...]:
        return self.request.prompt[self.length :]


@final
class Batching:
    """`note` is told what broke. The first forward passes run here, so that what cannot work is
    found before anybody asks."""

    def __init__(
        self, loaded: Loaded, rows: int, waiting: int, note: Callable[[str], None] = print
    ) -> None:
        self.context = loaded.context
        self.alive = True
        self._loaded, self._rows_most, self._waiting_most = loaded, rows, waiting
        self._note = note
        self._stretch = STRETCH[loaded.device.partition(":")[0]]
        self._like = next(loaded.model.parameters())
        few = "logits_to_keep" in signature(loaded.model.forward).parameters
        self._last_only = {"logits_to_keep": 1} if few else {}
        self._cache = RowCache(rows, loaded.context)
        self._texts: list[Text] = []  # by row; only the last may still have an unread prompt
        self._waiting: deque[Text] = deque()
        self._jobs: deque[Callable[[], None]] = deque()
        self._door = threading.Condition()
        self._closing = False
        self._requests = self._tokens = self._failures = 0
        self._grammars: Grammars | None = None
        self._grammar_lock = threading.Lock()
        self._warm()
        self._thread = threading.Thread(target=self._run, name="engine", daemon=True)
        self._thread.start()

    def start(self, request: Request, tell: Tell) -> Text:
        writing = None
        if request.schema is not None:
            writing = self._grammar().begin(request.schema, request.most)
        words = Words(self._loaded.decode, request.stop)
        text = Text(request, tell, Sampler(request, writing), words)
        with self._door:
            self._waiting = deque(one for one in self._waiting if not one.gone)
            if len(self._waiting) >= self._waiting_most:
                raise busy(len(self._texts), len(self._waiting))
            self._waiting.append(text)
            self._requests += 1
            self._door.notify()
        return text

    def embed(self, prompts: Sequence[tuple[int, ...]]) -> list[list[float]]:
        found: list[list[float] | Exception] = []
        done = threading.Event()

        def work() -> None:
            try:
                found.extend(self._embedded(prompt) for prompt in prompts)
            except Exception as error:  # noqa: BLE001 (it is raised where it was asked for)
                found.append(error)
            done.set()

        with self._door:
            self._jobs.append(work)
            self._door.notify()
        done.wait()
        for one in found:
            if isinstance(one, Exception):
                raise one
        return [one for one in found if not isinstance(one, Exception)]

    @property
    def load(self) -> Load:
        with self._door:
            waiting = sum(not one.gone for one in self._waiting)
        return Load(
            running=len(self._texts),
            waiting=waiting,
            requests=self._requests,
            tokens=self._tokens,
            alive=self.alive,
        )

    @property
    def cache_bytes(self) -> int:
        return self._cache.bytes

    def close(self) -> None:
        with self._door:
            self._closing = True
            self._door.notify()
        self._thread.join(30)

    @torch.inference_mode()
    def _run(self) -> None:
        while True:
            with self._door:
                while not (self._texts or self._waiting or self._jobs or self._closing):
                    self._door.wait()
                if self._closing:
                    break
            try:
                self._step()
                self._failures = 0
            except Exception:  # noqa: BLE001 (who waits has to be told, whatever it was)
                self._fail(traceback.format_exc())
            if self._failures >= FAILURES:
                self.alive = False
                break
        ended = Refusal(
            "serve.ended",
            "The service ends.",
            "It was stopped, or its engine broke.",
            "ask again when it is back: tenfold status",
        )
        self._tell_all(ended)

    def _step(self) -> None:
        while self._jobs:
            self._jobs.popleft()()
        for row in reversed(range(len(self._texts))):
            if self._texts[row].gone:
                self._leave(row)
        self._write()
        left = self._stretch
        while left > 0 and (read := self._read(left)):
            left -= read

    def _write(self) -> None:
        """A token more for every text whose prompt is read."""
        texts = [text for text in self._texts if not text.unread]
        if not texts:
            return
        device = self._like.device
        lengths = [text.length for text in texts]
        longest = max(lengths) + 1
        at = torch.tensor(lengths, device=device)
        last = torch.tensor([[text.written[-1]] for text in texts], device=device)
        self._cache.write(at, longest)
        logits = self._forward(
            last, at[:, None], lambda window: step_mask(at, longest, window, self._like)
        )
        for text in texts:
            text.length += 1
        self._choose(texts, logits)

    def _read(self, most: int) -> int:
        """A stretch of one prompt; how many tokens that were, 0 where nobody waits for it."""
        if not (self._texts and self._texts[-1].unread):
            with self._door:
                while self._waiting and self._waiting[0].gone:
                    self._waiting.popleft()
                if not self._waiting or len(self._texts) >= self._rows_most:
                    return 0
                self._texts.append(self._waiting.popleft())
        text = self._texts[-1]
        start, stretch = text.length, text.unread[:most]
        self._cache.read(len(self._texts) - 1, start)
        places = torch.arange(start, start + len(stretch), device=self._like.device)
        logits = self._forward(
            torch.tensor([stretch], device=self._like.device),
            places[None],
            lambda window: prompt_mask(start, len(stretch), window, self._like),
        )
        text.length += len(stretch)
        if not text.unread:
            self._choose([text], logits)
        return len(stretch)

    def _forward(self, tokens: Tensor, places: Tensor, mask: Callable[[int], Tensor]) -> Tensor:
        """Logits after the last token of each row: (rows, vocabulary), float32."""
        windows = self._loaded.windows
        masks = {kind: mask(window) for kind, window in windows.items()}
        said = self._loaded.model(
            input_ids=tokens,
            attention_mask=masks if len(masks) > 1 else next(iter(masks.values())),
            position_ids=places,
            past_key_values=self._cache,
            use_cache=True,
            **self._last_only,
        )
        return said.logits[:, -1].float()

    def _choose(self, texts: list[Text], logits: Tensor) -> None:
        likeliest = logits.argmax(dim=-1).tolist()
        rows = None if all(text.sampler.plain for text in texts) else logits.cpu()
        for number, text in enumerate(texts):
            if text.sampler.plain or rows is None:
                chosen = Chosen(likeliest[number])
            else:
                chosen = text.sampler.choose(rows[number])
            self._tokens += 1
            self._say(text, chosen)
        for row in reversed(range(len(self._texts))):
            if self._texts[row].gone:
                self._leave(row)

    def _say(self, text: Text, chosen: Chosen) -> None:
        if chosen.id in self._loaded.ends:
            self._end(text, text.words.rest(), (), "stop")
            return
        text.written.append(chosen.id)
        new = text.words.add(chosen.id)
        full = len(text.written) >= text.request.most
        if text.words.stopped or text.sampler.over:
            self._end(text, new + text.words.rest(), (chosen,), "stop")
        elif full:
            new += text.words.rest()
            whole = text.words.stopped or text.sampler.whole
            self._end(text, new, (chosen,), "stop" if whole else "length")
        else:
            text.tell(Piece(new, (chosen,)))

    def _end(self, text: Text, new: str, tokens: tuple[Chosen, ...], why: str) -> None:
        text.gone = True
        text.tell(Piece(new, tokens, why))

    def _leave(self, row: int) -> None:
        """The last row that is read takes the place of `row`, and one that is being read moves
        up by one: the rows stay side by side, and the half-read one the last."""
        last = len(self._texts) - 1
        if self._texts[last].unread and row < last - 1:
            self._cache.move(last - 1, row)
            self._texts[row] = self._texts[last - 1]
            row = last - 1
        if row < last:
            self._cache.move(last, row)
            self._texts[row] = self._texts[last]
        self._texts.pop()

    def _embedded(self, prompt: tuple[int, ...]) -> list[float]:
        tokens = torch.tensor([prompt], device=self._like.device)
        states = self._loaded.model.base_model(input_ids=tokens, use_cache=False)
        mean = states.last_hidden_state[0].float().mean(dim=0)
        row: list[float] = torch.nn.functional.normalize(mean, dim=0).tolist()
        return row

    def _grammar(self) -> Grammars:
        """Made for the first schema: a large vocabulary takes a second."""
        with self._grammar_lock:
            if self._grammars is None:
                backend = self._loaded.tokenizer.backend_tokenizer
                self._grammars = Grammars(backend.to_str(), self._loaded.ends)
            return self._grammars

    @torch.inference_mode()
    def _warm(self) -> None:
        """One prompt and one step, thrown away: takes the cache's memory."""
        self._cache.read(0, 0)
        first, here = torch.zeros((1, 2), dtype=torch.long, device=self._like.device), 2
        places = torch.arange(here, device=self._like.device)[None]
        self._forward(first, places, lambda window: prompt_mask(0, here, window, self._like))
        at = torch.tensor([here], device=self._like.device)
        self._cache.write(at, here + 1)
        self._forward(
            first[:, :1], at[:, None], lambda window: step_mask(at, here + 1, window, self._like)
        )

    def _fail(self, trace: str) -> None:
        self._failures += 1
        self._note(f"A step of the engine failed: {trace.strip().splitlines()[-1][:300]}")
        print(trace, flush=True)  # noqa: T201 (into the job's log)
        broke = Refusal(
            "serve.broke",
            "The engine broke while it answered.",
            trace.strip().splitlines()[-1][:300],
            "ask again; the service's log tells more",
        )
        for text in self._texts:
            if not text.gone:
                text.tell(broke)
        self._texts = []

    def _tell_all(self, ended: Refusal) -> None:
        with self._door:
            self._closing = True
            texts = [*self._texts, *self._waiting]
            self._texts, self._waiting = [], deque()
        for text in texts:
            if not text.gone:
                text.tell(ended)
