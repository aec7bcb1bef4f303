"""Where files come from: huggingface_hub's real client against a Hub on loopback that cuts, refuses, lies and dies."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fakes import DEAD_ENDPOINT
from hub_server import Cut, HubServer
from visitor import CLASSIFY, Visitor, local_answer

from models.errors import BadInput, SourceFailed, UnknownModel, UnsafeWeights, WrongTask, phrase
from models.settings import Settings
from models.spec import MB

WEIGHTS = "model.safetensors"


@pytest.fixture
def hub(tiny_bert: Path) -> Iterator[HubServer]:
    with HubServer().running() as server:
        server.add("tea/oolong", tiny_bert)
        yield server


@pytest.fixture
def visitor(settings: Settings, hub: HubServer) -> Visitor:
    return Visitor(replace(settings, endpoints=(hub.url,)))


def test_a_typed_hub_id_is_downloaded_and_answers_as_its_files_do(visitor: Visitor, settings, tiny_bert: Path) -> None:
    assert visitor.answer("tea/oolong") == pytest.approx(local_answer(tiny_bert, settings))


def test_the_progress_of_a_download_is_told_in_bytes_and_ends_whole(visitor: Visitor, tiny_bert: Path) -> None:
    visitor.answer("tea/oolong")
    size = sum(path.stat().st_size for path in tiny_bert.iterdir())
    downloads = [step for step in visitor.activity.steps if step.key == "activity.downloading"]
    assert {step.total for step in downloads} == {size}
    assert [step.done for step in downloads] == sorted(step.done for step in downloads)
    assert max(step.done for step in downloads) == size
    assert visitor.activity.of("tea/oolong") is None


def test_a_download_cut_in_the_middle_goes_on_where_it_broke_off(
    visitor: Visitor, hub: HubServer, settings, big_bert
) -> None:
    hub.add("tea/big", big_bert, cuts={WEIGHTS: Cut(after=12 * MB, times=1)})
    answer = visitor.answer("tea/big")
    assert [seen.range for seen in hub.seen(f"tea/big/resolve/{'c0ffee' * 6}abcd/{WEIGHTS}", "GET")] == [
        None,
        f"bytes={10 * MB}-",
    ]
    folder = visitor.sources.fetch(visitor.library.catalog.find("tea/big", CLASSIFY))
    assert (folder / WEIGHTS).read_bytes() == (big_bert / WEIGHTS).read_bytes()
    assert answer == pytest.approx(local_answer(big_bert, settings))


def test_a_download_that_never_ends_is_one_error_and_a_later_one_resumes_it(
    visitor: Visitor, hub: HubServer, big_bert
) -> None:
    repository = hub.add("tea/big", big_bert, cuts={WEIGHTS: Cut(after=12 * MB, times=None)})
    refusal = visitor.refused("tea/big", SourceFailed)
    assert refusal["key"] == "errors.hub_unreachable"
    assert refusal["model"] == "tea/big"
    assert refusal["tried"] == [phrase("failures.broke_off", place=hub.url)]
    repository.cuts.clear()
    hub.requests.clear()
    later = Visitor(visitor.settings)
    assert later.answer("tea/big")
    assert [seen.range for seen in hub.seen(WEIGHTS, "GET")] == [f"bytes={10 * MB}-"]


def test_weights_that_are_not_what_the_hub_names_are_thrown_away(
    visitor: Visitor, hub: HubServer, tiny_bert, tmp_path
) -> None:
    repository = hub.add("tea/forged", shutil.copytree(tiny_bert, tmp_path / "forged"))
    spec = visitor.library.catalog.find("tea/forged", CLASSIFY)
    part = visitor.settings.hub_cache / "models--tea--forged" / "parts"
    part.mkdir(parents=True)
    from hub_server import _described

    entry = _described(repository, repository.folder / WEIGHTS)
    (part / entry["lfs"]["oid"]).write_bytes(b"not these bytes")
    with pytest.raises(SourceFailed) as caught:
        visitor.sources.fetch(spec)
    assert caught.value.values["tried"] == [phrase("failures.broken_file", place=hub.url)]
    assert (visitor.sources.fetch(spec) / WEIGHTS).read_bytes() == (tiny_bert / WEIGHTS).read_bytes()


def test_an_unknown_id_is_refused_by_its_name(visitor: Visitor, hub: HubServer) -> None:
    assert visitor.refused("tea/nowhere", UnknownModel) == {
        "key": "errors.unknown_repository",
        "model": "tea/nowhere",
        "tried": [phrase("failures.missing", place=hub.url)],
    }


def test_an_id_that_no_hub_would_take_is_refused_as_unknown(visitor: Visitor, hub: HubServer) -> None:
    assert visitor.refused("tea/oo--long", UnknownModel)["key"] == "errors.unknown_repository"
    assert hub.requests == []


def test_a_revision_is_taken_from_after_the_at_sign(visitor: Visitor, hub: HubServer) -> None:
    hub.repositories["tea/oolong"].revisions["spring"] = "abcde" * 8
    visitor.answer("tea/oolong@spring")
    assert hub.seen(f"/resolve/{'abcde' * 8}/{WEIGHTS}", "GET")
    assert not hub.seen("c0ffee")


def test_an_unknown_revision_is_refused_by_its_name(visitor: Visitor) -> None:
    refusal = visitor.refused("tea/oolong@winter", UnknownModel)
    assert refusal == {"key": "errors.unknown_revision", "model": "tea/oolong", "revision": "winter"}


def test_a_gated_model_is_refused_before_its_weights(visitor: Visitor, hub: HubServer) -> None:
    hub.repositories["tea/oolong"].gated = True
    assert visitor.refused("tea/oolong", UnknownModel) == {"key": "errors.gated", "model": "tea/oolong"}
    assert not hub.seen(WEIGHTS)


def test_a_repository_with_only_pickles_is_refused_before_any_download(
    visitor: Visitor, hub: HubServer, tmp_path: Path
) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert", "architectures": ["BertForSequenceClassification"]}')
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    hub.add("tea/pickled", tmp_path)
    refusal = visitor.refused("tea/pickled", UnsafeWeights)
    assert refusal == {"key": "errors.only_pickle", "model": "tea/pickled", "files": "pytorch_model.bin"}
    assert not hub.seen("/resolve/")


def test_pickles_beside_safetensors_are_left_where_they_are(visitor: Visitor, hub: HubServer, change) -> None:
    folder = change()
    (folder / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    hub.add("tea/both", folder)
    assert visitor.answer("tea/both")
    assert not hub.seen(".bin")


def test_a_repository_without_a_config_is_refused(visitor: Visitor, hub: HubServer, tiny_bert, tmp_path: Path) -> None:
    shutil.copy(tiny_bert / WEIGHTS, tmp_path / WEIGHTS)
    hub.add("tea/bare", tmp_path)
    assert visitor.refused("tea/bare", UnknownModel) == {"key": "errors.no_config", "model": "tea/bare"}


def test_a_model_of_the_wrong_task_is_refused_by_its_head_before_its_weights(
    visitor: Visitor, hub: HubServer, tiny_gpt2
) -> None:
    hub.add("tea/poet", tiny_gpt2)
    refusal = visitor.refused("tea/poet", WrongTask)
    assert refusal == {"key": "errors.wrong_head", "model": "tea/poet", "head": "GPT2LMHeadModel", "wanted": CLASSIFY}
    assert not hub.seen(WEIGHTS)


@pytest.mark.parametrize("kind", ["homemade", ""])
def test_a_model_that_brings_its_own_code_is_refused_and_its_code_never_runs(
    visitor: Visitor, hub: HubServer, change, tmp_path: Path, kind: str
) -> None:
    names = {"AutoConfig": "modeling_own.OwnConfig", "AutoModelForSequenceClassification": "modeling_own.Own"}
    trace = tmp_path / "it-ran"
    folder = change(model_type=kind, auto_map=names)
    (folder / "modeling_own.py").write_text(f"open({str(trace)!r}, 'w').close()\n")
    hub.add("tea/own", folder)
    assert visitor.refused("tea/own", UnsafeWeights) == {"key": "errors.own_code", "model": "tea/own"}
    assert not hub.seen(".py")
    assert not hub.seen(WEIGHTS)
    with pytest.raises(UnsafeWeights):
        visitor.answer(str(folder))
    assert not trace.exists()


def test_code_beside_a_known_architecture_is_neither_fetched_nor_run(
    visitor: Visitor, hub: HubServer, change, tmp_path
) -> None:
    trace = tmp_path / "it-ran"
    folder = change(auto_map={"AutoModelForSequenceClassification": "modeling_own.Own"})
    (folder / "modeling_own.py").write_text(f"open({str(trace)!r}, 'w').close()\n")
    hub.add("tea/known", folder)
    assert visitor.answer("tea/known") == pytest.approx(visitor.answer(str(folder)))
    assert not hub.seen(".py")
    assert not trace.exists()


def test_an_architecture_that_transformers_does_not_know_is_refused_before_its_weights(
    visitor: Visitor, hub, change
) -> None:
    hub.add("tea/exotic", change(model_type="gongfu"))
    refusal = visitor.refused("tea/exotic", UnknownModel)
    assert refusal == {"key": "errors.unknown_architecture", "model": "tea/exotic", "kind": "gongfu"}
    assert not hub.seen(WEIGHTS)


def test_a_download_over_the_limit_is_refused_with_both_sizes(visitor: Visitor, hub: HubServer) -> None:
    hub.repositories["tea/oolong"].claimed_sizes[WEIGHTS] = 9000 * MB
    refusal = visitor.refused("tea/oolong", BadInput)
    assert refusal == {"key": "errors.download_too_large", "model": "tea/oolong", "size": 9000, "limit": 4096}
    assert not hub.seen("/resolve/")


def test_the_mirror_serves_when_the_first_endpoint_is_dead(settings: Settings, hub: HubServer) -> None:
    assert Visitor(replace(settings, endpoints=(DEAD_ENDPOINT, hub.url))).answer("tea/oolong")


def test_with_all_endpoints_dead_one_sentence_names_each(settings: Settings) -> None:
    dead = (DEAD_ENDPOINT, "http://127.0.0.1:19")
    refusal = Visitor(replace(settings, endpoints=dead)).refused("tea/oolong", SourceFailed)
    assert refusal["key"] == "errors.hub_unreachable"
    assert refusal["tried"] == [phrase("failures.unreachable", place=endpoint) for endpoint in dead]


def test_where_a_mirror_is_dead_and_the_hub_lacks_the_model_both_are_named(settings: Settings, hub: HubServer) -> None:
    refusal = Visitor(replace(settings, endpoints=(DEAD_ENDPOINT, hub.url))).refused("tea/nowhere", UnknownModel)
    assert refusal["key"] == "errors.unknown_repository"
    assert refusal["tried"] == [
        phrase("failures.unreachable", place=DEAD_ENDPOINT),
        phrase("failures.missing", place=hub.url),
    ]


def test_a_clear_answer_of_the_hub_is_not_asked_of_its_mirrors_again(settings: Settings, hub: HubServer) -> None:
    with HubServer().running() as mirror:
        visitor = Visitor(replace(settings, endpoints=(hub.url, mirror.url)))
        hub.repositories["tea/oolong"].gated = True
        assert visitor.refused("tea/oolong", UnknownModel)["key"] == "errors.gated"
        assert visitor.refused("tea/nowhere", UnknownModel)["tried"] == [phrase("failures.missing", place=hub.url)]
        assert mirror.requests == []


@pytest.mark.parametrize(
    ("status", "key"), [(403, "failures.refused"), (429, "failures.too_many"), (418, "failures.status")]
)
def test_an_endpoint_that_refuses_is_named_with_its_status(
    visitor: Visitor, hub: HubServer, status: int, key: str
) -> None:
    hub.status = status
    refusal = visitor.refused("tea/oolong", SourceFailed)
    assert refusal["tried"] == [phrase(key, place=hub.url, status=status)]


def test_an_address_with_something_else_behind_it_is_named_so(visitor: Visitor, hub: HubServer) -> None:
    hub.status = 200  # a page that asks to sign in, say
    assert visitor.refused("tea/oolong", SourceFailed)["tried"] == [phrase("failures.unreadable", place=hub.url)]


def test_a_hub_that_does_not_answer_in_time_is_named_so(settings: Settings, hub: HubServer) -> None:
    hub.delay = 3
    refusal = Visitor(replace(settings, endpoints=(hub.url,), hub_timeout=0.2)).refused("tea/oolong", SourceFailed)
    assert refusal["tried"] == [phrase("failures.timed_out", place=hub.url)]


def test_the_trace_of_a_failure_is_in_the_log(settings: Settings, caplog: pytest.LogCaptureFixture) -> None:
    Visitor(settings).refused("tea/oolong", SourceFailed)
    assert any(record.exc_info and DEAD_ENDPOINT in record.getMessage() for record in caplog.records)


@pytest.mark.parametrize("name", ["tea/oolong", "tea/oolong@main"])
@pytest.mark.parametrize("offline", [False, True])
def test_once_downloaded_a_model_answers_with_the_server_gone(
    visitor: Visitor, hub: HubServer, name: str, offline: bool
) -> None:
    answer = visitor.answer(name)
    hub.stop()
    assert Visitor(replace(visitor.settings, offline=offline)).answer(name) == answer


def test_offline_asks_no_server_and_says_what_was_never_downloaded(visitor: Visitor, hub: HubServer) -> None:
    offline = Visitor(replace(visitor.settings, offline=True))
    assert offline.refused("tea/oolong", SourceFailed) == {"key": "errors.offline", "model": "tea/oolong"}
    assert hub.requests == []


def test_a_model_refused_for_its_task_is_not_taken_for_downloaded(visitor: Visitor, hub: HubServer, tiny_gpt2) -> None:
    hub.add("tea/poet", tiny_gpt2)
    name = f"tea/poet@{'c0ffee' * 6}abcd"
    visitor.refused(name, WrongTask)
    offline = Visitor(replace(visitor.settings, offline=True))
    assert offline.refused(name, SourceFailed) == {"key": "errors.offline", "model": name}


def test_hf_endpoint_and_hf_hub_offline_are_honoured(hub: HubServer, tmp_path: Path) -> None:
    environ = {"TEAHOUSE_HOME": str(tmp_path), "HF_ENDPOINT": f"{hub.url}/"}
    assert Visitor(Settings.from_env(environ)).answer("tea/oolong")
    asked = len(hub.requests)
    assert Visitor(Settings.from_env(environ | {"HF_HUB_OFFLINE": "1"})).answer("tea/oolong")
    assert len(hub.requests) == asked


def test_eight_visitors_of_one_model_download_it_once(visitor: Visitor, hub: HubServer) -> None:
    answers: list[list[float]] = []
    together = threading.Barrier(8)

    def visit() -> None:
        together.wait(timeout=20)
        answers.append(visitor.answer("tea/oolong"))

    threads = [threading.Thread(target=visit) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert len(answers) == 8
    assert all(answer == pytest.approx(answers[0]) for answer in answers)
    assert len(hub.seen(WEIGHTS, "GET")) == 1


def test_the_size_in_memory_is_asked_of_the_hub_before_loading(visitor: Visitor, tiny_bert: Path) -> None:
    from models import checkpoint

    spec = visitor.library.catalog.find("tea/oolong", CLASSIFY)
    assert visitor.sources.measured(spec).size_bytes == checkpoint.parameters(tiny_bert) * 4


def test_a_folder_that_holds_only_pickles_is_refused(visitor: Visitor, tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "bert", "architectures": ["BertForSequenceClassification"]}')
    (tmp_path / "pytorch_model.bin").write_bytes(b"\x80\x04.")
    assert visitor.refused(str(tmp_path), UnsafeWeights)["key"] == "errors.only_pickle"


@pytest.mark.parametrize("file", ["config.json", WEIGHTS])
def test_a_folder_with_a_broken_file_is_refused_by_its_name(visitor: Visitor, change, file: str) -> None:
    folder = change()
    (folder / file).write_bytes(b"\xff\xff{")
    refusal = visitor.refused(str(folder), SourceFailed)
    assert refusal == {"key": "errors.broken_checkpoint", "model": str(folder), "reason": file}
