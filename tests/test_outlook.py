"""What a model will cost before it runs: told from the catalog and the disk, with nobody asked."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from models.catalog import Catalog
from models.outlook import begins_with_download, is_downloaded, outlook, training_outlook
from models.spec import MB, ModelSpec

BERT = "google-bert/bert-base-chinese"
QWEN = "Qwen/Qwen2.5-0.5B-Instruct"


def spec_of(name: str, task: str = "text-generation") -> ModelSpec:
    return Catalog().find(name, task)


def put_in_cache(cache: Path, name: str, *files: str, revision: str = "main") -> None:
    """What the Hub's client leaves behind: a named revision, and the snapshot it points to."""
    repository = cache / f"models--{name.replace('/', '--')}"
    snapshot = repository / "snapshots" / "c0ffee"
    snapshot.mkdir(parents=True)
    for file in files:
        (snapshot / file).touch()
    named = repository / "refs" / revision
    named.parent.mkdir(parents=True)
    named.write_text("c0ffee")


def test_a_bundled_model_downloads_nothing_and_fits(settings) -> None:
    cost = outlook(spec_of("gpt-zh"), settings)
    assert (cost.download, cost.is_downloaded, cost.fits) == (0, False, True)


def test_a_model_of_the_hub_tells_its_download_and_its_memory_before_it_starts(settings) -> None:
    cost = outlook(spec_of(QWEN), settings)
    assert cost.download == pytest.approx(1_000_000_000, rel=0.02)  # half precision on the way
    assert cost.memory == pytest.approx(4 * 494_032_768, rel=0.01)  # single precision in memory


@pytest.mark.parametrize(("megabytes", "fits"), [(512, False), (1885, True), (1884, False)])
def test_what_is_larger_than_the_budget_does_not_fit(settings, megabytes: int, fits: bool) -> None:
    assert outlook(spec_of(QWEN), replace(settings, memory_budget=megabytes * MB)).fits is fits


def test_of_a_hub_id_that_nobody_described_nothing_is_claimed(settings) -> None:
    cost = outlook(spec_of("tea/oolong"), settings)
    assert (cost.download, cost.memory, cost.fits) == (None, None, None)


def test_what_was_downloaded_before_is_not_downloaded_again(settings) -> None:
    assert begins_with_download(Catalog(), settings, "text-generation", QWEN)
    put_in_cache(settings.hub_cache, QWEN, "config.json", "model.safetensors")
    assert outlook(spec_of(QWEN), settings).is_downloaded
    assert not begins_with_download(Catalog(), settings, "text-generation", QWEN)


def test_a_look_at_the_config_is_no_download(settings) -> None:
    put_in_cache(settings.hub_cache, QWEN, "config.json")
    assert not is_downloaded(spec_of(QWEN), settings.hub_cache)


def test_another_revision_is_another_download(settings) -> None:
    put_in_cache(settings.hub_cache, QWEN, "config.json", "model.safetensors", revision="refs/pr/3")
    assert is_downloaded(spec_of(f"{QWEN}@refs/pr/3"), settings.hub_cache)
    assert not is_downloaded(spec_of(QWEN), settings.hub_cache)


def test_neither_a_bundled_model_nor_a_refused_name_begins_with_a_download(settings) -> None:
    for name in ("gpt-zh", "sentiment-zh", "no such name"):
        assert not begins_with_download(Catalog(), settings, "text-generation", name)


def test_training_takes_sixteen_bytes_a_parameter_and_is_bounded_by_their_number(settings) -> None:
    bert = spec_of(BERT, "text-classification")
    assert training_outlook(bert, settings).memory == 16 * bert.parameters
    assert training_outlook(bert, settings).fits
    assert not training_outlook(bert, replace(settings, max_train_parameters=100_000_000)).fits
