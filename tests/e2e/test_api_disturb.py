"""The endpoints of the view «disturb»."""

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


def test_an_undisturbed_picture_is_answered_as_it_is_and_a_disturbed_one_comes_back(client):
    file = handle_file(str(CAT))
    _, same = client.predict(file, "resnet-cifar10", api_name="/disturb_image")
    assert same == client.predict(file, "resnet-cifar10", api_name="/classify_image")
    picture, other = client.predict(file, "resnet-cifar10", rotate=180, noise=0.4, api_name="/disturb_image")
    assert other != same
    assert Image.open(picture if isinstance(picture, str) else picture["path"]).size[0] <= 640


def test_a_sweep_names_the_points_and_the_turns(client):
    found = client.predict(handle_file(str(CAT)), "vit-cifar10", "rotate", api_name="/sweep_image")
    assert found["label"] == "cat"
    assert [point["strength"] for point in found["points"]] == [15.0 * step for step in range(13)]
    assert all(turn["label"] != "cat" for turn in found["turns"])


@pytest.mark.parametrize(("more", "said"), [({"noise": 5}, "noise"), ({"crop": -1}, "crop")])
def test_a_value_out_of_bounds_is_refused_in_a_sentence(client, more, said):
    with pytest.raises(AppError, match=said):
        client.predict(handle_file(str(CAT)), **more, api_name="/disturb_image")
    with pytest.raises(AppError, match="crop, rotate"):
        client.predict(handle_file(str(CAT)), kind="melt", api_name="/sweep_image")
