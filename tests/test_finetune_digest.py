"""The hash of a model: of the weights alone, read again when they change, and the hash of what a run serves."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from models.finetune import digest


def test_a_model_is_known_by_the_sha256_of_its_weights(tmp_path: Path):
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    assert digest.of(tmp_path) == hashlib.sha256(b"weights").hexdigest()


def test_a_folder_without_weights_has_no_hash(tmp_path: Path):
    assert digest.of(tmp_path) == ""


def test_weights_that_changed_are_read_again(tmp_path: Path):
    weights = tmp_path / "model.safetensors"
    weights.write_bytes(b"before")
    before = digest.of(tmp_path)
    weights.write_bytes(b"after!")
    os.utime(weights, ns=(1, 1))
    assert digest.of(tmp_path) == hashlib.sha256(b"after!").hexdigest() != before


def test_weights_that_stay_are_read_once(tmp_path: Path, monkeypatch):
    (tmp_path / "model.safetensors").write_bytes(b"weights")
    known = digest.of(tmp_path)
    monkeypatch.setattr(hashlib, "file_digest", lambda *_: 1 / 0)
    assert digest.of(tmp_path) == known
