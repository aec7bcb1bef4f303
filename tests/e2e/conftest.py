"""The whole app in a process of its own, as a visitor finds it, and Chromium in front of it."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hub_pushing import PushServer
from tiny_models import write_gpt2

ROOT = Path(__file__).resolve().parents[2]
TOKEN = "hf_abcdefghijklmnop"
SAY = {"zh": "zh-CN", "en": "en-GB"}
FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


@pytest.fixture(scope="session")
def hub(
    tmp_path_factory: pytest.TempPathFactory, tiny_bert: Path, tiny_gpt2: Path, tiny_vit: Path, deep_gpt2: Path
) -> Iterator[PushServer]:
    """The only Hub the app can reach: random models, slowly served so that the wait can be seen; TOKEN may write to tea."""
    server = PushServer(tmp_path_factory.mktemp("pushed"))
    server.tokens[TOKEN] = "tea"
    models = {"tea/bert": tiny_bert, "tea/gpt2": tiny_gpt2, "tea/vit": tiny_vit, "tea/deep-gpt2": deep_gpt2}
    for name, folder in models.items():
        server.add(name, folder)
    server.delay = 0.2
    with server.running():
        yield server


@pytest.fixture(scope="session")
def deep_gpt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a random GPT-2 so deep that a long text takes seconds on any machine."""
    return write_gpt2(tmp_path_factory.mktemp("deep") / "gpt2", width=64, layers=96, positions=1024)


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """TEAHOUSE_HOME of the app."""
    return tmp_path_factory.mktemp("teahouse")


@pytest.fixture(scope="session")
def server(home: Path, hub: PushServer) -> Iterator[str]:
    """The address of a freshly started app with a home of its own and no network but loopback."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environ = os.environ | {
        "TEAHOUSE_HOME": str(home),
        "GRADIO_SERVER_PORT": str(port),
        "HF_ENDPOINT": hub.url,
        "NO_PROXY": "localhost,127.0.0.1",
    }
    with (home / "server.log").open("wb") as log:
        process = subprocess.Popen([sys.executable, "app.py"], cwd=ROOT, env=environ, stdout=log, stderr=log)
        try:
            _wait_for(f"http://127.0.0.1:{port}/", process, home / "server.log")
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait(timeout=30)


def _wait_for(url: str, process: subprocess.Popen, log: Path) -> None:
    ends = time.monotonic() + 120
    while time.monotonic() < ends:
        if process.poll() is not None:
            break
        try:
            urllib.request.urlopen(url, timeout=5).read()
            return
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    raise RuntimeError(f"the app did not come up:\n{log.read_text(errors='replace')[-3000:]}")


@pytest.fixture(scope="session")
def browser():
    """Chromium. Without one the tests skip and say why; in CI they fail instead."""
    executable = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if executable is None:
        reason = "no Chromium on this machine: apt-get install chromium fonts-noto-cjk"
        if os.environ.get("CI"):
            pytest.fail(reason)
        pytest.skip(reason)
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=60_000)  # the first answer may wait for torch
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=executable, args=list(FLAGS))
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser, server) -> Iterator[Callable]:
    """visit("?tab=vision&lang=en", width=360) opens the page in a fresh visitor's browser and waits until it is worded.

    Every request of the visit must be local: checked when the test ends.
    """
    contexts, strangers = [], []

    def open_page(query: str = "", *, lang: str = "zh", width: int = 1200, dark: bool = False):
        context = browser.new_context(
            viewport={"width": width, "height": 900}, locale=SAY[lang], color_scheme="dark" if dark else "light"
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(30_000)
        page.on(
            "request", lambda request: strangers.append(request.url) if not _is_local(request.url, server) else None
        )
        page.goto(f"{server}/{query}")
        page.wait_for_selector("#tea-tabs")
        page.wait_for_function("() => document.documentElement.classList.contains('tea-awake')")
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert strangers == []


def _is_local(url: str, server: str) -> bool:
    return url.startswith((server, "data:", "blob:"))
