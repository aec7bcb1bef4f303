"""What the Generation tab promises: what it draws, how it paces, and that Stop, or leaving, really ends the computing.

A fake runner writes through the real engine and the real cache; the page is asked as a browser asks it, over HTTP.
"""

from __future__ import annotations

import contextlib
import json
import re
import time
import uuid
from collections.abc import Iterator
from contextlib import closing
from types import SimpleNamespace
from typing import Any

import gradio as gr
import httpx
import pytest
from fakes import CountingLoader, fake_spec

from demos import chat, generation, poem
from demos.errors import Reporter
from demos.i18n import Localizer, Strings
from demos.streaming import Explainers, paced
from demos.waiting import Waiter
from models.cache import ModelCache
from models.catalog import Catalog
from models.engine import Engine
from models.errors import BadInput, WrongTask
from models.generation import GenerationOptions
from models.spec import MB
from models.verse import PoemRequest

TOKEN_SECONDS = 0.01
POEM = "白日依山尽，黄河入海流。\n欲穷千里目，更上一层楼。"
CI = "一曲新词酒一杯。\n去年天气旧亭台。\n夕阳西下几时回。\n\n无可奈何花落去，似曾相识燕归来。\n小园香径独徘徊。"


class SlowWriter:
    """Writes as the real runner does: leases from a cache, computes on the engine, one token when asked."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.cache = ModelCache(CountingLoader(), budget_bytes=100 * MB)
        self.asked: list[Any] = []

    def stream(
        self,
        prompt: str,
        model: str = "",
        options: GenerationOptions | None = None,
        *,
        written: list[int] | None = None,
    ) -> Iterator[str]:
        self.asked.append((prompt, model, options))
        yield from self._write(options.max_new_tokens, prompt)

    def poem(self, request: PoemRequest, model: str = "", options: GenerationOptions | None = None) -> Iterator[str]:
        self.asked.append((request, model, options))
        yield from self._write(3)
        yield POEM

    def chat(self, messages: list, model: str = "", options: Any = None, system_prompt: str = "") -> Iterator[str]:
        self.asked.append((messages, model, options, system_prompt))
        if model == "mute":
            raise WrongTask("errors.no_chat_template", model=model)
        yield from self._write(options.max_new_tokens)

    def _write(self, tokens: int, text: str = "") -> Iterator[str]:
        def compute() -> Iterator[str]:
            for number in range(tokens):
                time.sleep(TOKEN_SECONDS)
                yield "字" if number else "首"

        with self.cache.lease(fake_spec("writer")), closing(self.engine.stream(compute())) as pieces:
            for piece in pieces:
                text += piece
                yield text

    @property
    def leases(self) -> int:
        return sum(entry.leases for entry in self.cache.entries())


@pytest.fixture
def writer(engine: Engine) -> SlowWriter:
    return SlowWriter(engine)


class Page:
    """The tab on a page of its own, and the few requests that a browser makes."""

    def __init__(self, writer: SlowWriter, settings: Any) -> None:
        strings = Strings.load()
        quiet = SimpleNamespace(waiting_for=lambda _: None)
        with gr.Blocks(analytics_enabled=False) as self.blocks:
            self.ui = Localizer(strings)
            waiter, reporter = Waiter(quiet, strings), Reporter(strings)
            self.tab = generation.build(
                self.ui, waiter, reporter, writer, Explainers(None, None, None), settings, Catalog()
            )

            def endless(prompt: str) -> Iterator[str]:
                yield from writer.stream(prompt, "", GenerationOptions(max_new_tokens=2000))

            gr.Button().click(reporter.said(endless), gr.Textbox(), gr.Textbox(), api_name="endless")
        self.blocks.queue(api_open=False)
        launched = self.blocks.launch(prevent_thread_lock=True, quiet=True, footer_links=[], ssr_mode=False)
        self.url = launched[1].rstrip("/") + "/gradio_api"
        self.session = uuid.uuid4().hex

    def begin(self) -> tuple[int, str]:
        """Asks for a continued text: (index of the function, id of the event)."""
        index = next(index for index, fn in self.blocks.fns.items() if _continues(fn))
        body = {"data": CONTINUE, "fn_index": index, "session_hash": self.session}
        answer = httpx.post(f"{self.url}/queue/join", json=body, timeout=10)
        assert answer.status_code == 200, answer.text
        return index, answer.json()["event_id"]

    def messages(self, *, until: int | None = None) -> list[dict]:
        """What the server says: the first `until` messages with a value, or all of them."""
        found: list[dict] = []
        with httpx.stream("GET", f"{self.url}/queue/data", params={"session_hash": self.session}, timeout=20) as lines:
            for line in lines.iter_lines():
                if line.startswith("data:"):
                    found.append(json.loads(line[5:]))
                    said = [message for message in found if message["msg"] == "process_generating"]
                    if until is not None and len(said) >= until:
                        break
                    if found[-1]["msg"] in ("close_stream", "process_completed"):
                        break
        return found

    def cancel(self, fn_index: int, event_id: str) -> None:
        body = {"session_hash": self.session, "fn_index": fn_index, "event_id": event_id}
        assert httpx.post(f"{self.url}/cancel", json=body, timeout=10).status_code == 200


@pytest.fixture
def page(writer: SlowWriter, settings) -> Iterator[Page]:
    opened = Page(writer, settings)
    yield opened
    opened.blocks.close(verbose=False)


SAMPLING = [500, 0.9, 50, 0.95, 1.1, 7]
CONTINUE = ["从前", "gpt-zh", None, *SAMPLING]  # None: the language, which the session holds


def _continues(fn: Any) -> bool:
    return getattr(fn.fn, "__qualname__", "") == "Handlers.write" and len(fn.inputs) == len(CONTINUE)


def within(seconds: float, condition: Any) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.01)
    return bool(condition())


def test_stop_ends_the_computing_within_half_a_second(page: Page, writer: SlowWriter, engine: Engine) -> None:
    index, event = page.begin()
    page.messages(until=3)
    assert writer.leases == 1
    page.cancel(index, event)
    assert within(0.5, lambda: writer.leases == 0)
    computed = engine.batches
    time.sleep(0.3)
    assert engine.batches == computed


def test_leaving_the_page_ends_the_computing(page: Page, writer: SlowWriter, engine: Engine) -> None:
    page.begin()
    page.messages(until=3)  # and closes the connection
    assert within(2.0, lambda: writer.leases == 0)
    computed = engine.batches
    time.sleep(0.3)
    assert engine.batches == computed


def test_a_stop_before_the_first_word_gives_the_lease_back(page: Page, writer: SlowWriter) -> None:
    index, event = page.begin()
    assert within(5.0, lambda: writer.asked)
    page.cancel(index, event)
    assert within(1.0, lambda: writer.leases == 0)


def test_one_visitor_stops_nobody_else(page: Page, writer: SlowWriter) -> None:
    mine = page.begin()
    page.messages(until=2)
    stranger = uuid.uuid4().hex
    body = {"session_hash": stranger, "fn_index": mine[0], "event_id": uuid.uuid4().hex}
    httpx.post(f"{page.url}/cancel", json=body, timeout=10)
    begun = len(writer.asked)
    page.session, first = stranger, page.session
    other = page.begin()
    page.messages(until=2)
    assert len(writer.asked) == begun + 1
    page.cancel(*other)
    page.session = first
    page.cancel(*mine)
    assert within(1.0, lambda: writer.leases == 0)


def test_a_client_that_cancels_its_job_gives_the_lease_back(page: Page, writer: SlowWriter, engine: Engine) -> None:
    from gradio_client import Client

    client = Client(page.url.removesuffix("/gradio_api"), verbose=False)
    job = client.submit("从前", api_name="/endless")
    assert within(10.0, lambda: len(job.outputs()) > 3)
    job.cancel()
    assert within(0.5, lambda: writer.leases == 0)
    computed = engine.batches
    time.sleep(0.3)
    assert engine.batches == computed
    with contextlib.suppress(Exception):
        client.close()


def test_the_same_visitor_can_begin_again_after_a_stop(page: Page, writer: SlowWriter) -> None:
    page.cancel(*_after_two(page))
    assert within(0.5, lambda: writer.leases == 0)
    page.cancel(*_after_two(page))
    assert len(writer.asked) == 2


def _after_two(page: Page) -> tuple[int, str]:
    begun = page.begin()
    page.messages(until=2)
    return begun


def test_the_page_gets_at_most_twenty_updates_a_second(page: Page) -> None:
    begun, started = page.begin(), time.monotonic()
    seen = page.messages(until=8)
    took = time.monotonic() - started
    assert sum(message["msg"] == "process_generating" for message in seen) / took < 20
    page.cancel(*begun)


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_paced_texts_begin_at_once_and_always_end_with_the_last() -> None:
    clock = Clock()

    def texts() -> Iterator[str]:
        for number in range(10):
            clock.now += 0.3
            yield str(number)

    assert list(paced(texts(), pause=1.0, clock=clock)) == ["0", "4", "8", "9"]


def test_closing_paced_texts_closes_what_they_come_from() -> None:
    closed = []

    def texts() -> Iterator[str]:
        try:
            while True:
                yield "字"
        finally:
            closed.append(True)

    reader = paced(texts())
    next(reader)
    reader.close()
    assert closed == [True]


@pytest.fixture
def desk(writer: SlowWriter, settings) -> Any:
    strings = Strings.load()
    sampling = SimpleNamespace(options=lambda *values: GenerationOptions(*values).seeded())
    ui = SimpleNamespace(strings=strings)

    def read(texts: Iterator[str], *_: Any) -> Iterator[str]:
        return texts

    return SimpleNamespace(ui=ui, runner=writer, settings=settings, sampling=sampling, read=read)


def shown(text: str = POEM, acrostic: str = "", form: str = "五绝", finished: bool = True) -> poem.Shown:
    return poem.Shown(PoemRequest(form, "浣溪沙" if form == "词" else "", acrostic), text, 42, finished)


@pytest.mark.parametrize(
    ("lang", "kept", "seed"),
    [("zh", "4 句，句句 5 字 · 押尤韵 ✓", "种子 42"), ("en", "4 lines of 5 characters · rhymes in 尤 ✓", "seed 42")],
)
def test_a_poem_is_drawn_a_couplet_a_line_with_its_check_and_seed(desk: Any, lang: str, kept: str, seed: str) -> None:
    drawn = poem.render(shown(), desk, lang)
    assert "<p>白日依山尽，黄河入海流。</p><p>欲穷千里目，更上一层楼。</p>" in unmarked(drawn)
    assert kept in drawn
    assert seed in drawn


def test_the_rhyming_characters_are_marked_while_the_poem_is_written(desk: Any) -> None:
    assert marked(poem.render(shown(), desk, "zh")) == ["流", "楼"]
    assert marked(poem.render(shown("白日依山尽，黄河入海流。\n欲穷", finished=False), desk, "zh")) == ["流"]
    assert marked(poem.render(shown(POEM.replace("楼", "山")), desk, "zh")) == ["流"]
    assert marked(poem.render(shown("白日依山楼，黄河入流", finished=False), desk, "zh")) == []
    assert marked(poem.render(shown("白日依山楼，黄河入海流。", finished=False), desk, "zh")) == ["楼", "流"]


@pytest.mark.parametrize(("lang", "lost"), [("zh", "失韵：第 4 句 ✗"), ("en", "no rhyme in line 4 ✗")])
def test_a_lost_rhyme_names_the_line_and_leaves_the_form(desk: Any, lang: str, lost: str) -> None:
    drawn = poem.render(shown(POEM.replace("楼", "山")), desk, lang)
    assert lost in drawn
    assert "5" in drawn
    assert "✓" in drawn


def test_a_ci_is_checked_against_its_tune_and_drawn_in_stanzas(desk: Any) -> None:
    drawn = poem.render(shown(CI, form="词"), desk, "zh")
    assert "句读合《浣溪沙》 · 押第五部 ✓" in drawn
    assert marked(drawn) == ["杯", "台", "回", "来", "徊"]
    assert '<p class="tea-stanza">无可奈何花落去，' in drawn
    assert "不合《浣溪沙》的句式：第 2 句 ✗" in poem.render(shown(CI.replace("天气", ""), form="词"), desk, "zh")


def marked(drawn: str) -> list[str]:
    return re.findall('<em class="tea-rhyme">(.)</em>', drawn)


def unmarked(drawn: str) -> str:
    return re.sub("</?em[^>]*>", "", drawn)


def test_a_poem_out_of_form_names_the_line(desk: Any) -> None:
    drawn = poem.render(shown(POEM.replace("黄河入海流", "黄河入海")), desk, "zh")
    assert "第 2 句" in drawn
    assert "✗" in drawn


def test_an_acrostic_is_checked(desk: Any) -> None:
    assert "藏头“白黄欲更” ✓" in poem.render(shown(acrostic="白黄欲更"), desk, "zh")
    assert "藏住" in poem.render(shown(acrostic="清风明月"), desk, "zh")


def test_what_is_still_being_written_is_not_judged(desk: Any) -> None:
    assert "✗" not in poem.render(shown("白日依山", finished=False), desk, "zh")


def test_nothing_that_people_or_models_write_is_markup(desk: Any) -> None:
    drawn = poem.render(poem.Shown(PoemRequest("五绝", "<b>山"), "<script>", 1), desk, "zh")
    assert "<b>" not in drawn
    assert "<script>" not in drawn
    assert chat.drawn([{"role": "user", "content": "<img src=x>"}])[0]["content"] == "&lt;img src=x&gt;"


def test_writing_a_poem_ends_with_its_check(desk: Any, writer: SlowWriter) -> None:
    steps = list(poem.Handlers(desk).write("五绝", "山中", "浣溪沙", "", "gpt-zh", "zh", None, *SAMPLING))
    assert "✓" in steps[-1][1]
    assert not any("✓" in drawn for _, drawn in steps[:-1])
    assert writer.asked == [(PoemRequest("五绝", "山中"), "gpt-zh", GenerationOptions(*SAMPLING))]


def test_a_ci_takes_the_tune_and_overlooks_title_and_acrostic(desk: Any, writer: SlowWriter) -> None:
    list(poem.Handlers(desk).write("词", "山中", "如梦令", "清风", "gpt-zh", "zh", None, *SAMPLING))
    assert writer.asked[0][0] == PoemRequest("词", "如梦令")


@pytest.fixture
def talk(desk: Any) -> chat.Handlers:
    return chat.Handlers(desk, ["你好！"])


def test_a_message_joins_the_talk_and_is_answered(talk: chat.Handlers, writer: SlowWriter) -> None:
    turns, _, box = talk.say(" 你好 ", [], "zh")
    assert (turns, box) == ([{"role": "user", "content": "你好"}], "")
    last = list(talk.answer(turns, "gpt-zh", "嘱咐", "zh", None, 3, *SAMPLING[1:]))[-1]
    assert last[0] == [*turns, {"role": "assistant", "content": "首字字"}]
    assert last[2] == 7
    assert writer.asked[0][3] == "嘱咐"


def test_an_empty_message_is_refused(talk: chat.Handlers) -> None:
    with pytest.raises(BadInput):
        talk.say("  ", [], "zh")


def test_regenerating_drops_the_reply_and_needs_a_talk(talk: chat.Handlers) -> None:
    said = [{"role": "user", "content": "你好"}, {"role": "assistant", "content": "好"}]
    assert talk.again(said, "zh")[0] == said[:1]
    assert talk.again(said[:1], "zh")[0] == said[:1]
    with pytest.raises(BadInput):
        talk.again([], "zh")


def test_after_a_refusal_the_message_returns_to_its_box(talk: chat.Handlers) -> None:
    said = [{"role": "user", "content": "你好"}]
    with pytest.raises(WrongTask):
        next(talk.answer(said, "mute", "", "zh", None, *SAMPLING))
    assert talk.take_back(said, "")[::2] == ([], "你好")
    answered = [*said, {"role": "assistant", "content": "好"}]
    assert talk.take_back(answered, "再")[::2] == (answered, "再")


@pytest.mark.parametrize(("lang", "role"), [("zh", "## 我"), ("en", "## User")])
def test_the_export_holds_the_talk(talk: chat.Handlers, lang: str, role: str) -> None:
    said = [{"role": "user", "content": "a < b？"}, {"role": "assistant", "content": "是"}]
    document = talk.markdown(said, "gpt-zh", "嘱咐", lang)
    assert f"{role}\n\na < b？" in document
    assert "gpt-zh" in document
    assert "嘱咐" in document
    with pytest.raises(BadInput):
        talk.markdown([], "gpt-zh", "", lang)


def test_every_example_can_be_asked_for() -> None:
    examples = generation.load_examples()
    assert set(examples) >= {"poem", "continue", "chat"}
    assert all(PoemRequest(**example) for example in examples["poem"])
    assert examples["poem"][0]["form"] == "五绝"
