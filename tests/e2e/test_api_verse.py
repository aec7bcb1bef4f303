"""The endpoint of the view «verse»."""

from __future__ import annotations

from contextlib import closing

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError


@pytest.fixture(scope="module")
def client(server):
    with closing(Client(server, verbose=False)) as client:
        yield client


def test_a_poem_comes_back_with_its_form_rhyme_and_tones(client):
    found = client.predict("白日依山尽，黄河入海流。欲穷千里目，更上一层楼。", api_name="/check_poem")
    assert (found["form"], found["holds"], found["tones_hold"]) == ("五绝", True, True)
    assert found["pattern"]["begins"] == "仄"
    assert found["lines"][1]["rhyme"] == "尤"


def test_what_is_no_poem_is_refused_in_a_sentence(client):
    with pytest.raises(AppError, match="not all Chinese"):
        client.predict("roses are red, violets are blue", api_name="/check_poem")
    with pytest.raises(AppError, match="五绝"):
        client.predict("白日依山尽，黄河入海流。", "sonnet", api_name="/check_poem")
