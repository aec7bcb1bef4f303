"""The endpoints of the view «tokens»."""

from __future__ import annotations

from contextlib import closing

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError


@pytest.fixture(scope="module")
def client(server):
    with closing(Client(server, verbose=False)) as client:
        yield client


def test_a_trace_is_the_text_of_its_seed_and_a_branch_goes_on_from_another_token(client):
    asked = {"max_new_tokens": 12, "seed": 7}
    found = client.predict("春眠不觉晓，", **asked, api_name="/trace_generation")
    assert found["text"] == client.predict("春眠不觉晓，", **asked, api_name="/generate_text")
    token = found["tokens"][2]
    assert sum(one["kept"] for one in token["alternatives"]) + token["others_kept"] == pytest.approx(1, abs=1e-4)
    other = next(one for one in token["alternatives"] if one["id"] != token["id"])
    prefix = [*(one["id"] for one in found["tokens"][:2]), other["id"]]
    branch = client.predict("春眠不觉晓，", prefix, **asked, api_name="/branch_generation")
    assert [one["id"] for one in branch["tokens"][:3]] == prefix
    assert branch["text"].startswith(found["prompt"] + "".join(one["text"] for one in found["tokens"][:2]))


@pytest.mark.parametrize("prefix", [[-5], ["茶"], "茶"])
def test_a_branch_that_is_none_is_refused_in_a_sentence(client, prefix):
    with pytest.raises(AppError, match="cannot begin like that"):
        client.predict("春眠不觉晓，", prefix, api_name="/branch_generation")
