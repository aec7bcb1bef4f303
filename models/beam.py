"""Beam search in steps: transformers' own, stopped after every token until the next step is asked for.

Its `generate` runs from the first token to the last in one call, and nobody else could be served meanwhile. Here it runs
in a thread of its own that waits after every token; whoever asks for a step waits for that one token. Knows token ids
and no text.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from models.loading import LoadedModel
from models.spelling import end_tokens

if TYPE_CHECKING:
    from torch import Tensor


def beam_search(loaded: LoadedModel, ids: Sequence[int], max_new_tokens: int, beams: int) -> Iterator[list[int]]:
    """The likeliest text so far after every step, and the one that was found at last. Closing it ends the search."""
    search = _Search(loaded, list(ids), max_new_tokens, beams)
    try:
        while (found := search.step()) is not None:
            yield found
    finally:
        search.close()


class _Search:
    def __init__(self, loaded: LoadedModel, ids: list[int], max_new_tokens: int, beams: int) -> None:
        self._loaded, self._ids, self._longest, self._beams = loaded, ids, max_new_tokens, beams
        self._ends = end_tokens(loaded.model, loaded.processor)
        self._told: queue.Queue[list[int] | BaseException | None] = queue.Queue()
        self._may_go = threading.Semaphore(0)
        self._closed = False
        self._thread = threading.Thread(target=self._run, name="beam-search", daemon=True)

    def step(self) -> list[int] | None:
        """Computes one more token for every beam. None when the search has ended."""
        if self._thread.ident is None:
            self._thread.start()
        else:
            self._may_go.release()
        found = self._told.get()
        if isinstance(found, BaseException):
            raise found
        return found

    def close(self) -> None:
        self._closed = True
        self._may_go.release(2)  # after a step, and after the last text
        if self._thread.ident is not None:
            self._thread.join()

    def _run(self) -> None:
        try:
            self._tell(self._generate())
            self._told.put(None)
        except BaseException as error:  # belongs to whoever asked for the step
            self._told.put(error)

    def _tell(self, tokens: list[int]) -> None:
        written = tokens[len(self._ids) :]
        end = next((place for place, token in enumerate(written) if token in self._ends), len(written))
        self._told.put(written[:end])
        self._may_go.acquire()

    def _pause(self, input_ids: Tensor, scores: Any, **_: Any) -> Tensor:
        """As a StoppingCriteria: called after every token with all beams, the likeliest first."""
        import torch

        if not self._closed:
            self._tell(input_ids[0].tolist())
        return torch.full((len(input_ids),), self._closed, dtype=torch.bool, device=input_ids.device)

    def _generate(self) -> list[int]:
        import torch

        tokens = torch.tensor([self._ids], device=self._loaded.model.device)
        with torch.inference_mode():
            found = self._loaded.model.generate(
                input_ids=tokens,
                attention_mask=torch.ones_like(tokens),
                max_new_tokens=self._longest,
                num_beams=self._beams,
                do_sample=False,
                repetition_penalty=1.0,
                eos_token_id=sorted(self._ends) or None,
                pad_token_id=min(self._ends, default=0),
                stopping_criteria=[self._pause],
            )
        return found[0].tolist()
