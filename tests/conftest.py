"""What all tests share: settings with a home of their own, tiny random models, and a wall around the machine.

No test reaches a real network: connections to anything but loopback are refused here, and the Hub's address leads
nowhere, for child processes too. The fakes themselves are in fakes.py, the writers of tiny models in tiny_models.py,
a server that speaks the Hub's protocol in hub_server.py.
"""

from __future__ import annotations

import gc
import ipaddress
import json
import os
import shutil
import socket
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from fakes import DEAD_ENDPOINT

_PROXIES = ("http_proxy", "https_proxy", "all_proxy", "ftp_proxy")
_OURS = ("TEAHOUSE_", "GRADIO_SERVER_", "HF_", "HUGGING_FACE_", "MODELSCOPE_", "SPACE_ID")


def _isolate() -> None:
    """Sets the environment before huggingface_hub and gradio are imported: both read it only once."""
    for name in list(os.environ):
        if name.startswith(_OURS) or name.lower() in _PROXIES:
            del os.environ[name]
    os.environ |= {
        "HF_ENDPOINT": DEAD_ENDPOINT,
        "HF_HOME": tempfile.mkdtemp(prefix="teahouse-hf-"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
        "MODELSCOPE_DOWNLOAD_MAX_RETRIES": "1",  # each further one waits twice as long
        "GRADIO_ANALYTICS_ENABLED": "False",
        "NO_PROXY": "localhost,127.0.0.1",
        "TOKENIZERS_PARALLELISM": "false",
        "OMP_WAIT_POLICY": "PASSIVE",  # as app.py sets it
    }


_isolate()


class NetworkForbidden(OSError):
    """A test tried to leave the machine."""


@pytest.fixture(scope="session", autouse=True)
def no_network() -> Iterator[None]:
    """Only loopback and Unix sockets connect; only local names resolve."""
    patch = pytest.MonkeyPatch()
    for name in ("connect", "connect_ex"):
        patch.setattr(socket.socket, name, _guarded(getattr(socket.socket, name)))
    resolve = socket.getaddrinfo
    patch.setattr(socket, "getaddrinfo", lambda host, *a, **k: (_check_host(host), resolve(host, *a, **k))[1])
    yield
    patch.undo()


def _guarded(connect: Callable[..., Any]) -> Callable[..., Any]:
    def checked(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6):
            _check_host(address[0])
        return connect(self, address)

    return checked


def _check_host(host: str | bytes | None) -> None:
    name = host.decode() if isinstance(host, bytes) else host
    if name in (None, "", "localhost"):
        return
    try:
        address = ipaddress.ip_address(name.partition("%")[0])
    except ValueError:
        raise NetworkForbidden(f"a test asked for {name}") from None
    if not (address.is_loopback or address.is_unspecified):
        raise NetworkForbidden(f"a test asked for {name}")


@pytest.fixture
def settings(tmp_path: Path):
    """Settings with a home that this test has alone, no warm-up and no Hub."""
    from models.settings import Settings

    return Settings(home=tmp_path / "home", warm_up=False, endpoints=(DEAD_ENDPOINT,), threads=2)


@pytest.fixture
def fake_model():
    """Makes FakeLoaded(spec, size_bytes): what a cache holds, without weights."""
    from fakes import FakeLoaded

    return FakeLoaded


@pytest.fixture
def loader():
    """A CountingLoader: loads FakeLoaded, counts, can be held up or made to fail."""
    from fakes import CountingLoader

    return CountingLoader()


@pytest.fixture(scope="session")
def tiny_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a random BERT classifier: negative, positive; a character tokenizer; 64 positions."""
    from tiny_models import write_bert

    return write_bert(tmp_path_factory.mktemp("tiny") / "bert")


@pytest.fixture(scope="session")
def big_bert(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some 25 MB: huggingface_hub keeps what it got in pieces of 10 MB."""
    from tiny_models import write_bert

    return write_bert(tmp_path_factory.mktemp("big") / "bert", vocabulary=200_000)


@pytest.fixture
def change(tiny_bert: Path, tmp_path: Path) -> Callable[..., Path]:
    """Copies tiny_bert with changes to its config.json."""

    def copy(**config: object) -> Path:
        folder = tmp_path / "changed"
        shutil.copytree(tiny_bert, folder)
        path = folder / "config.json"
        path.write_text(json.dumps(json.loads(path.read_text()) | config))
        return folder

    return copy


@pytest.fixture(scope="session")
def tiny_gpt2(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a random GPT-2 with a chat template and 256 positions."""
    from tiny_models import write_gpt2

    return write_gpt2(tmp_path_factory.mktemp("tiny") / "gpt2")


@pytest.fixture(scope="session")
def tiny_vit(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder of a random ViT: cat, dog, teapot; 32 px."""
    from tiny_models import write_vit

    return write_vit(tmp_path_factory.mktemp("tiny") / "vit")


@pytest.fixture
def make_library(settings):
    """Makes a Library over real loading: make_library() or make_library(settings)."""
    from models.activity import Activity
    from models.cache import ModelCache
    from models.catalog import Catalog
    from models.library import Library
    from models.loading import Loader
    from models.sources import Sources

    def make(chosen=settings, catalog: Catalog | None = None) -> Library:
        activity = Activity()
        sources = Sources(chosen, activity)
        cache = ModelCache(Loader(chosen, sources, activity), budget_bytes=chosen.memory_budget)
        return Library(catalog or Catalog(), sources, cache, activity)

    return make


@pytest.fixture
def library(make_library, settings):
    """One over real loading, with one thread: tiny models gain nothing from a second one."""
    pytest.importorskip("torch")
    return make_library(replace(settings, threads=1))


@pytest.fixture
def living_tensors() -> Callable[[], int]:
    """Counts the tensors that are alive: what a computation has left behind."""
    torch = pytest.importorskip("torch")

    def count() -> int:
        gc.collect()
        return sum(torch.is_tensor(thing) for thing in gc.get_objects())

    return count


@pytest.fixture
def engine():
    """An inference thread that ends with the test."""
    from models.engine import Engine

    running = Engine()
    yield running
    running.close()
