"""ModelScope after the Hub: its real client against a server on loopback that cuts, refuses, spoils and dies."""

from __future__ import annotations

import importlib.util
import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import DEAD_ENDPOINT
from hub_server import Cut, HubServer
from modelscope_server import ModelScopeServer
from visitor import CLASSIFY, Visitor, local_answer

from models import checkpoint
from models.errors import BadInput, SourceFailed, UnknownModel, UnsafeWeights, WrongTask, phrase
from models.modelscope import snapshot
from models.settings import MB, Settings

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("modelscope_hub") is None,
    reason="ModelScope's client is not installed: pip install modelscope-hub",
)

WEIGHTS = "model.safetensors"
DEAD = phrase("failures.unreachable", place=DEAD_ENDPOINT)


@pytest.fixture
def server(tiny_bert: Path) -> Iterator[ModelScopeServer]:
    with ModelScopeServer().running() as server:
        server.add("tea/oolong", tiny_bert)
        yield server


@pytest.fixture
def settings(settings: Settings, server: ModelScopeServer) -> Settings:
    """The Hub is dead; ModelScope is asked."""
    return replace(settings, modelscope=True, modelscope_endpoint=server.url)


@pytest.fixture
def visitor(settings: Settings) -> Visitor:
    return Visitor(settings)


def fetched(server: ModelScopeServer, name: str) -> bool:
    return bool(server.seen(f"FilePath={name}", "GET"))


def test_a_model_that_the_dead_hub_cannot_give_comes_from_modelscope_and_answers_as_its_files_do(
    visitor: Visitor, settings: Settings, tiny_bert: Path
) -> None:
    assert visitor.answer("tea/oolong") == pytest.approx(local_answer(tiny_bert, settings))


def test_while_the_hub_answers_modelscope_is_not_asked(settings: Settings, server, tiny_bert: Path) -> None:
    with HubServer().running() as hub:
        hub.add("tea/oolong", tiny_bert)
        assert Visitor(replace(settings, endpoints=(hub.url,))).answer("tea/oolong")
    assert server.requests == []


def test_what_was_downloaded_from_the_hub_serves_before_modelscope_is_asked(
    settings: Settings, server: ModelScopeServer, tiny_bert: Path
) -> None:
    with HubServer().running() as hub:
        hub.add("tea/oolong", tiny_bert)
        visitor = Visitor(replace(settings, endpoints=(hub.url,)))
        answer = visitor.answer("tea/oolong")
    assert Visitor(visitor.settings).answer("tea/oolong") == answer
    assert server.requests == []


def test_switched_off_it_is_not_asked_and_not_named(settings: Settings, server: ModelScopeServer) -> None:
    refusal = Visitor(replace(settings, modelscope=False)).refused("tea/oolong", SourceFailed)
    assert refusal == {"key": "errors.hub_unreachable", "model": "tea/oolong", "tried": [DEAD]}
    assert server.requests == []


def test_a_host_switches_it_on(server: ModelScopeServer, tmp_path: Path) -> None:
    environ = {"TEAHOUSE_HOME": str(tmp_path), "HF_ENDPOINT": DEAD_ENDPOINT, "MODELSCOPE_ENDPOINT": f"{server.url}/"}
    with pytest.raises(SourceFailed):
        Visitor(Settings.from_env(environ)).answer("tea/oolong")
    assert Visitor(Settings.from_env(environ | {"TEAHOUSE_MODELSCOPE": "1"})).answer("tea/oolong")


def test_a_model_that_only_modelscope_has_is_taken_from_there(settings: Settings) -> None:
    with HubServer().running() as hub:
        assert Visitor(replace(settings, endpoints=(hub.url,))).answer("tea/oolong")


def test_a_model_that_neither_has_is_refused_with_both_named(settings: Settings, server: ModelScopeServer) -> None:
    with HubServer().running() as hub:
        refusal = Visitor(replace(settings, endpoints=(hub.url,))).refused("tea/nowhere", UnknownModel)
        both = [phrase("failures.missing", place=place) for place in (hub.url, server.url)]
    assert refusal == {"key": "errors.unknown_repository", "model": "tea/nowhere", "tried": both}


def test_that_the_hub_lacks_a_model_is_said_though_modelscope_is_dead(settings: Settings) -> None:
    with HubServer().running() as hub:
        dead = replace(settings, endpoints=(hub.url,), modelscope_endpoint=DEAD_ENDPOINT)
        refusal = Visitor(dead).refused("tea/nowhere", UnknownModel)
        assert refusal["tried"] == [phrase("failures.missing", place=hub.url), DEAD]


def test_a_gate_on_the_hub_is_not_walked_around(settings: Settings, server, tiny_bert: Path) -> None:
    with HubServer().running() as hub:
        hub.add("tea/oolong", tiny_bert, gated=True)
        refusal = Visitor(replace(settings, endpoints=(hub.url,))).refused("tea/oolong", UnknownModel)
    assert refusal["key"] == "errors.gated"
    assert server.requests == []


def test_both_dead_are_named_in_their_order(settings: Settings) -> None:
    dead = "http://127.0.0.1:19"
    refusal = Visitor(replace(settings, modelscope_endpoint=dead)).refused("tea/oolong", SourceFailed)
    assert refusal["tried"] == [DEAD, phrase("failures.unreachable", place=dead)]


@pytest.mark.parametrize(("status", "key"), [(500, "failures.down"), (403, "failures.refused")])
def test_a_status_is_named(visitor: Visitor, server: ModelScopeServer, status: int, key: str) -> None:
    server.status = status
    refusal = visitor.refused("tea/oolong", SourceFailed)
    assert refusal["tried"] == [DEAD, phrase(key, place=server.url, status=status)]


def test_a_private_model_is_named_as_refused(visitor: Visitor, server: ModelScopeServer) -> None:
    server.repositories["tea/oolong"].gated = True
    refusal = visitor.refused("tea/oolong", SourceFailed)
    assert refusal["tried"] == [DEAD, phrase("failures.refused", place=server.url, status=403)]


def test_something_else_behind_its_address_is_named_so(visitor: Visitor, server: ModelScopeServer) -> None:
    server.status = 200
    refusal = visitor.refused("tea/oolong", SourceFailed)
    assert refusal["tried"] == [DEAD, phrase("failures.unreadable", place=server.url)]


def test_without_its_client_the_failure_says_what_to_install(
    visitor: Visitor, server: ModelScopeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.modelscope.CLIENT", "no_such_client")
    refusal = visitor.refused("tea/oolong", SourceFailed)
    assert refusal["tried"] == [DEAD, phrase("failures.no_client", place=server.url, package="modelscope-hub")]


def test_its_client_brings_no_framework_of_its_own(visitor: Visitor) -> None:
    assert visitor.answer("tea/oolong")
    assert "modelscope" not in sys.modules
    assert "datasets" not in sys.modules


@pytest.mark.parametrize("name", ["tea/oolong", "tea/oolong@main", "tea/oolong@v1/tasting"])
@pytest.mark.parametrize("offline", [False, True])
def test_once_downloaded_a_model_answers_with_the_server_gone(
    visitor: Visitor, server: ModelScopeServer, name: str, offline: bool
) -> None:
    server.repositories["tea/oolong"].revisions["v1/tasting"] = "abcde" * 8
    answer = visitor.answer(name)
    server.stop()
    assert Visitor(replace(visitor.settings, offline=offline)).answer(name) == answer


def test_a_revision_stays_within_the_folder_of_downloads(visitor: Visitor, tmp_path: Path) -> None:
    spec = visitor.library.catalog.find("tea/oolong@/etc/tea", CLASSIFY)
    assert snapshot(tmp_path, spec).parent == tmp_path / "models" / "tea--oolong" / "snapshots"


def test_a_download_cut_in_the_middle_goes_on_where_it_broke_off(
    visitor: Visitor, server: ModelScopeServer, settings: Settings, big_bert: Path
) -> None:
    server.add("tea/big", big_bert, cuts={WEIGHTS: Cut(after=12 * MB, times=1)})
    answer = visitor.answer("tea/big")
    assert [seen.range for seen in server.seen(f"FilePath={WEIGHTS}")] == [None, f"bytes={12 * MB}-"]
    assert answer == pytest.approx(local_answer(big_bert, settings))


def test_a_download_that_never_ends_is_one_error_and_a_later_one_resumes_it(
    visitor: Visitor, server: ModelScopeServer, big_bert: Path
) -> None:
    repository = server.add("tea/big", big_bert, cuts={WEIGHTS: Cut(after=5 * MB, times=None)})
    refusal = visitor.refused("tea/big", SourceFailed)
    assert refusal["tried"] == [DEAD, phrase("failures.broke_off", place=server.url)]
    assert Visitor(replace(visitor.settings, offline=True)).refused("tea/big", SourceFailed)["key"] == "errors.offline"
    repository.cuts.clear()
    server.requests.clear()
    assert Visitor(visitor.settings).answer("tea/big")
    assert [seen.range for seen in server.seen(f"FilePath={WEIGHTS}")] == [f"bytes={5 * MB}-"]


def test_weights_that_are_not_what_was_listed_are_not_kept(visitor: Visitor, server: ModelScopeServer) -> None:
    server.repositories["tea/oolong"].spoilt.add(WEIGHTS)
    refusal = visitor.refused("tea/oolong", SourceFailed)
    assert refusal["tried"] == [DEAD, phrase("failures.broken_file", place=server.url)]
    assert list(visitor.settings.modelscope_cache.rglob(f"{WEIGHTS}*")) == []


def test_the_progress_of_a_download_is_told_in_bytes_and_ends_whole(visitor: Visitor, tiny_bert: Path) -> None:
    visitor.answer("tea/oolong")
    size = sum(path.stat().st_size for path in tiny_bert.iterdir())
    downloads = [step for step in visitor.activity.steps if step.key == "activity.downloading"]
    assert {step.total for step in downloads} == {size}
    assert max(step.done for step in downloads) <= size
    assert visitor.activity.of("tea/oolong") is None


def test_a_repository_with_only_pickles_is_refused_before_any_download(
    visitor: Visitor, server: ModelScopeServer, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert", "architectures": ["BertForSequenceClassification"]}')
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    server.add("tea/pickled", tmp_path)
    assert visitor.refused("tea/pickled", UnsafeWeights)["key"] == "errors.only_pickle"
    assert not server.seen("FilePath=")


def test_pickles_and_code_beside_safetensors_are_left_where_they_are(
    visitor: Visitor, server: ModelScopeServer, change
) -> None:
    folder = change()
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    (folder / "modeling_own.py").write_text("raise SystemExit")
    server.add("tea/both", folder)
    assert visitor.answer("tea/both")
    assert fetched(server, WEIGHTS)
    assert not server.seen(".bin")
    assert not server.seen(".py")


@pytest.mark.parametrize(
    ("config", "kind", "key"),
    [
        ({"architectures": ["BertForMaskedLM"]}, WrongTask, "errors.wrong_head"),
        ({"model_type": "gongfu"}, UnknownModel, "errors.unknown_architecture"),
        ({"model_type": "gongfu", "auto_map": {"AutoModel": "x.Y"}}, UnsafeWeights, "errors.own_code"),
    ],
)
def test_a_model_that_cannot_be_used_here_is_refused_before_its_weights(
    visitor: Visitor, server: ModelScopeServer, change, config: dict, kind: type[Exception], key: str
) -> None:
    server.add("tea/other", change(**config))
    assert visitor.refused("tea/other", kind)["key"] == key
    assert not fetched(server, WEIGHTS)


def test_a_download_over_the_limit_is_refused_with_both_sizes(visitor: Visitor, server: ModelScopeServer) -> None:
    server.repositories["tea/oolong"].claimed_sizes[WEIGHTS] = 9000 * MB
    refusal = visitor.refused("tea/oolong", BadInput)
    assert refusal == {"key": "errors.download_too_large", "model": "tea/oolong", "size": 9000, "limit": 4096}
    assert not server.seen("FilePath=")


@pytest.mark.parametrize(("dtype", "times"), [("float32", 1), ("bfloat16", 2)])
def test_the_size_in_memory_is_that_of_single_precision(
    visitor: Visitor, server: ModelScopeServer, change, dtype: str, times: int
) -> None:
    folder = change(dtype=dtype)
    server.add("tea/sized", folder)
    spec = visitor.library.catalog.find("tea/sized", CLASSIFY)
    size = visitor.sources.measured(spec).size_bytes
    assert size == times * (folder / WEIGHTS).stat().st_size
    assert size == pytest.approx(times * checkpoint.parameters(folder) * 4, rel=0.1)


def test_no_login_of_the_host_is_read_and_nothing_is_written_outside_the_home(
    visitor: Visitor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = tmp_path / "host"
    (host / ".modelscope" / "credentials").mkdir(parents=True)
    login = host / ".modelscope" / "credentials" / "cookies"
    login.write_bytes(b"cos\nabort\n(tR.")  # a pickle that would end this process
    monkeypatch.setenv("HOME", str(host))
    assert visitor.answer("tea/oolong")
    assert [path for path in host.rglob("*") if path.is_file()] == [login]
    assert json.loads((snapshot(visitor.settings.modelscope_cache, _spec()) / "config.json").read_text())


def _spec():
    from models.spec import ModelSpec

    return ModelSpec(name="tea/oolong", task=CLASSIFY, source="tea/oolong", origin="hub")
