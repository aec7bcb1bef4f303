"""Explanations of pictures through gradio_client, on the bundled models."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError
from PIL import Image

CAT = Path(__file__).resolve().parents[2] / "assets" / "examples" / "pictures" / "cat.jpg"


@pytest.fixture(scope="module")
def client(server):
    with closing(Client(server, verbose=False)) as client:
        yield client


@pytest.mark.parametrize("method", ["", "rollout", "occlusion"])
def test_any_class_can_be_asked_for_at_the_resolution_of_the_picture(client, method):
    maps = [
        client.predict(handle_file(str(CAT)), "vit-cifar10", label, method, api_name="/explain_image")
        for label in ("cat", "ship")
    ]
    with Image.open(CAT) as picture, Image.open(maps[0]) as cat, Image.open(maps[1]) as ship:
        assert cat.size == ship.size == picture.size
        assert (cat.tobytes() == ship.tobytes()) == (method == "rollout")  # which knows no class


@pytest.mark.parametrize(("model", "method"), [("resnet-cifar10", "gradcam"), ("vit-cifar10", "attention")])
def test_a_map_is_checked(client, model, method):
    found = client.predict(handle_file(str(CAT)), model, "cat", api_name="/check_explanation")
    assert (found["label"], found["method"]) == ("cat", method)
    assert all(0 <= found[part] <= 1 for part in ("whole", "without_hottest", "without_random"))
    assert found["holds"] == (found["without_hottest"] < found["without_random"])


@pytest.mark.parametrize(("arguments", "named"), [(["teapot"], "teapot"), (["", "gradcam"], "occlusion")])
def test_a_class_or_a_method_that_is_not_there_is_named(client, arguments, named):
    with pytest.raises(AppError, match=named):
        client.predict(handle_file(str(CAT)), "vit-cifar10", *arguments, api_name="/explain_image")
