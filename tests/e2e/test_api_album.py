"""Several pictures at once through gradio_client, on the bundled models."""

from __future__ import annotations

import csv
from contextlib import closing
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

PICTURES = Path(__file__).resolve().parents[2] / "assets" / "examples" / "pictures"


@pytest.fixture(scope="module")
def client(server):
    with closing(Client(server, verbose=False)) as client:
        yield client


def test_pictures_come_back_as_a_summary_and_a_csv_in_their_order(client, tmp_path):
    broken = tmp_path / "broken.png"
    broken.write_text("tea")
    files = [handle_file(str(path)) for path in (PICTURES / "wok.jpg", broken, PICTURES / "cat.jpg")]
    summary, path = client.predict(files, "resnet-cifar10,vit-cifar10", api_name="/classify_images")
    assert (summary["pictures"], summary["unreadable"]) == (3, 1)
    assert summary["agreements"][0]["of"] == 2
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["file"] for row in rows] == ["wok.jpg", "broken.png", "cat.jpg"]
    assert rows[2]["vit-cifar10 label"] == rows[2]["resnet-cifar10 label"] == "cat"
    assert "cannot be read" in rows[1]["error"]


def test_the_default_model_knows_a_thousand_classes(client):
    summary, _ = client.predict([handle_file(str(PICTURES / "cat.jpg"))], api_name="/classify_images")
    assert summary["models"] == ["efficientnet-lite0"]


def test_too_many_pictures_are_refused_with_the_bound(client):
    with pytest.raises(AppError, match="24"):
        client.predict([handle_file(str(PICTURES / "cat.jpg"))] * 25, api_name="/classify_images")
