"""Pushing a model to a Hub on loopback: what arrives there, what is refused, and that the token is nowhere afterwards."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import DEAD_ENDPOINT
from hub_pushing import PushServer

from demos.errors import Reporter
from demos.i18n import Strings
from models.errors import BadInput, SourceFailed, TeahouseError
from models.finetune import publish
from models.finetune.request import FinetuneRequest
from models.finetune.run_folder import RunFolder
from models.settings import Settings

TOKEN = "hf_abcdefghijklmnop"
SECRET = "不想给别人看的茶评"


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[PushServer]:
    """A Hub on which TOKEN belongs to tea."""
    (tmp_path / "hub").mkdir()
    server = PushServer(tmp_path / "hub")
    server.tokens[TOKEN] = "tea"
    with server.running():
        yield server


@pytest.fixture
def folder(tmp_path: Path, tiny_bert: Path) -> RunFolder:
    """A run that has ended, with the model of tiny_bert."""
    folder = RunFolder(tmp_path / "runs" / ("a" * 20))
    folder.path.mkdir(parents=True)
    data = folder.path / "data.csv"
    data.write_text(f"text,label\n{SECRET}一,好\n{SECRET}二,差\n", encoding="utf-8")
    folder.write_request(FinetuneRequest(str(data), "text", "label"))
    folder.model.symlink_to(tiny_bert)
    for state in ("queued", "running", "finished"):
        folder.append(state=state)
    return folder


@pytest.fixture
def at(settings: Settings, hub: PushServer) -> Settings:
    return replace(settings, endpoints=(hub.url,))


def said(error: TeahouseError, lang: str = "en") -> str:
    return Reporter(Strings.load()).sentence(error, lang)


def test_model_card_script_and_weights_arrive_in_a_private_repository(hub, folder, at):
    address = publish.push(folder, "tea/leaves", TOKEN, settings=at)
    assert address == f"{hub.url}/tea/leaves"
    repository = hub.repositories["tea/leaves"]
    assert repository.private
    arrived = {path.name: path.read_bytes() for path in repository.files()}
    assert arrived["model.safetensors"] == (folder.model / "model.safetensors").read_bytes()
    assert {"config.json", "tokenizer.json", "README.md", "classify.py", "requirements.txt"} <= set(arrived)


def test_what_was_pushed_loads_from_the_hub_as_any_other_model(hub, folder, at, make_library):
    publish.push(folder, "tea/leaves", TOKEN, private=False, settings=at)
    with make_library(at).lease("tea/leaves", "text-classification") as loaded:
        assert loaded.labels == ["negative", "positive"]


def test_nothing_of_the_visitors_table_is_sent(hub, folder, at):
    publish.push(folder, "tea/leaves", TOKEN, settings=at)
    for path in hub.repositories["tea/leaves"].files():
        assert SECRET.encode() not in path.read_bytes(), path.name
        assert folder.run_id.encode() not in path.read_bytes(), path.name


def test_a_second_push_adds_to_the_same_repository(hub, folder, at):
    for _ in range(2):
        publish.push(folder, "tea/leaves", TOKEN, settings=at)
    assert len(hub.seen("/api/repos/create")) == 1
    assert len(hub.seen("/commit/")) == 2


def test_a_private_push_does_not_go_into_a_public_repository(hub, folder, at):
    publish.push(folder, "tea/leaves", TOKEN, private=False, settings=at)
    with pytest.raises(BadInput) as refused:
        publish.push(folder, "tea/leaves", TOKEN, settings=at)
    assert refused.value.key == "errors.repository_is_public"
    assert len(hub.seen("/commit/")) == 1


@pytest.mark.parametrize(
    "name", ["", "leaves", "tea/", "/leaves", "tea/le aves", "../leaves", "tea/a--b", "茶/叶", "a/b/c"]
)
def test_a_name_that_cannot_be_one_is_refused_before_anything_is_sent(hub, folder, at, name):
    with pytest.raises(BadInput) as refused:
        publish.push(folder, name, TOKEN, settings=at)
    assert refused.value.key == "errors.repository_name"
    assert not hub.requests


@pytest.mark.parametrize("token", ["", "hf", "hf_with a space", "hf_line\nbreak", "令牌令牌令牌令牌", "x" * 500])
def test_a_token_that_cannot_stand_in_a_header_is_refused_without_being_repeated(hub, folder, at, token):
    with pytest.raises(BadInput) as refused:
        publish.push(folder, "tea/leaves", token, settings=at)
    assert refused.value.key == "errors.token_malformed"
    assert not refused.value.values
    assert not hub.requests


def test_a_token_that_the_hub_does_not_know_is_named_as_the_reason(folder, at):
    with pytest.raises(SourceFailed) as refused:
        publish.push(folder, "tea/leaves", "hf_unknownunknown", settings=at)
    assert refused.value.key == "errors.token_refused"


def test_a_name_that_belongs_to_others_is_named_as_the_reason(folder, at):
    with pytest.raises(SourceFailed) as refused:
        publish.push(folder, "coffee/beans", TOKEN, settings=at)
    assert refused.value.key == "errors.push_forbidden"
    assert "coffee/beans" in said(refused.value)


@pytest.mark.parametrize("lang", ["zh", "en"])
def test_without_a_network_one_sentence_says_so_and_what_to_do(folder, settings, lang):
    with pytest.raises(SourceFailed) as refused:
        publish.push(folder, "tea/leaves", TOKEN, settings=replace(settings, endpoints=(DEAD_ENDPOINT,)))
    assert refused.value.values["tried"]["key"] == "failures.unreachable"
    assert "zip" in said(refused.value, lang)


def test_a_server_that_stays_offline_pushes_nothing(hub, folder, at):
    with pytest.raises(SourceFailed) as refused:
        publish.push(folder, "tea/leaves", TOKEN, settings=replace(at, offline=True))
    assert refused.value.key == "errors.push_offline"
    assert not hub.requests


@pytest.mark.parametrize("where", ["/api/repos/create", "/commit/"])
def test_a_connection_that_breaks_off_is_one_sentence(hub, folder, at, where):
    hub.breaks_off_at = where
    with pytest.raises(SourceFailed) as refused:
        publish.push(folder, "tea/leaves", TOKEN, settings=at)
    assert refused.value.key == "errors.push_failed"
    assert refused.value.values["tried"]["key"] == "failures.push_broke_off"


@pytest.mark.parametrize("spoil", [None, "unknown", "broken", "dead"])
def test_the_token_is_nowhere_afterwards(hub, folder, at, spoil, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    token = "hf_veryverysecret" if spoil == "unknown" else TOKEN
    hub.breaks_off_at = "/commit/" if spoil == "broken" else ""
    chosen = replace(at, endpoints=(DEAD_ENDPOINT,)) if spoil == "dead" else at
    error = None
    try:
        publish.push(folder, "tea/leaves", token, settings=chosen)
    except SourceFailed as failed:
        error = failed
    assert (error is None) == (spoil is None)
    assert error is None or error.__context__ is None
    assert token not in caplog.text + repr(error) + said(error or SourceFailed("errors.push_offline"))
    written = [path for place in (folder.path, tmp_path / "hub", at.home) for path in place.rglob("*")]
    assert all(token.encode() not in path.read_bytes() for path in written if path.is_file())
