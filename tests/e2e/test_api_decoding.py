"""The endpoints of the views «decoding» and «surprise»."""

from __future__ import annotations

from contextlib import closing

import pytest
from gradio_client import Client
from gradio_client.exceptions import AppError


@pytest.fixture(scope="module")
def client(server):
    with closing(Client(server, verbose=False)) as client:
        yield client


def test_one_beginning_is_written_in_six_ways_that_the_seed_repeats(client):
    found = client.predict("春眠不觉晓，", max_new_tokens=12, seed=3, api_name="/compare_decoding")
    assert [text["way"] for text in found["texts"]] == ["greedy", "beam", "top_k", "top_p", "cold", "hot"]
    again = client.predict("春眠不觉晓，", max_new_tokens=12, seed=3, api_name="/compare_decoding")
    assert [text["written"] for text in again["texts"]] == [text["written"] for text in found["texts"]]
    with pytest.raises(AppError, match="from 1 to 120"):
        client.predict("春眠不觉晓，", max_new_tokens=500, api_name="/compare_decoding")


def test_a_text_is_measured_token_by_token(client):
    text = "床前明月光，疑是地上霜。"
    found = client.predict(text, api_name="/measure_surprise")
    assert "".join(token["text"] for token in found["tokens"]) == text
    assert found["perplexity"] > 1
    assert len(found["tokens"][3]["expected"]) == 3
    with pytest.raises(AppError, match="no text yet"):
        client.predict(" ", api_name="/measure_surprise")
