"""The catalog: what is typed becomes a spec, or a refusal that says what to write instead."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.catalog import BUNDLED, DEFAULTS, KNOWN, MB, TASKS, Catalog, ModelSpec, sized
from models.errors import BadInput, UnknownModel, UnknownRun, WrongTask

CLASSIFY = "text-classification"


@pytest.mark.parametrize("task", TASKS)
def test_nothing_typed_means_the_default_which_is_bundled(task: str) -> None:
    for typed in ("", "  ", None):
        spec = Catalog().find(typed, task)
        assert (spec.name, spec.origin, spec.task) == (DEFAULTS[task], "bundled", task)


def test_every_known_model_is_found_by_its_name_and_described_in_both_languages() -> None:
    for spec in KNOWN:
        assert Catalog().find(f" {spec.name} ", spec.task) is spec
        assert all(spec.title)
        assert spec.licence
        assert spec.size_bytes >= 10 * MB


def test_names_are_unique() -> None:
    assert len({spec.name for spec in KNOWN}) == len(KNOWN)


def test_bundled_models_lie_in_their_folders() -> None:
    assert {Path(spec.source).parent for spec in KNOWN if spec.origin == "bundled"} == {BUNDLED}


def test_the_picker_offers_no_bare_encoder() -> None:
    names = Catalog().names(CLASSIFY)
    assert names[0] == "sentiment-zh"
    assert "encoder-zh" not in names


@pytest.mark.parametrize(
    ("typed", "source", "revision"),
    [
        ("tea/oolong", "tea/oolong", None),
        ("tea/oolong@v1.0", "tea/oolong", "v1.0"),
        ("tea/oolong@refs/pr/3", "tea/oolong", "refs/pr/3"),
        ("A.b-c_d/E.f-g_h", "A.b-c_d/E.f-g_h", None),
    ],
)
def test_an_owner_and_a_name_are_a_hub_id(typed: str, source: str, revision: str | None) -> None:
    spec = Catalog().find(typed, CLASSIFY)
    assert (spec.name, spec.origin, spec.source, spec.revision) == (typed, "hub", source, revision)
    assert spec.size_bytes == 0


@pytest.mark.parametrize(
    "typed",
    [
        "oolong",
        "tea/oolong/green",
        "tea/",
        "@main",
        "a b/c",
        "tea/oolong@",
        "tea/oolong@../../x",
        "http://tea/x",
        "茶/乌龙",
    ],
)
def test_what_is_neither_name_nor_id_nor_folder_is_refused_with_what_would_be_right(typed: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        Catalog().find(typed, CLASSIFY)
    assert caught.value.key == "errors.unknown_name"
    assert "sentiment-zh" in caught.value.values["valid"]


def test_a_slip_of_the_finger_is_answered_with_the_nearest_name() -> None:
    with pytest.raises(UnknownModel) as caught:
        Catalog().find("sentimen-zh", CLASSIFY)
    assert caught.value.values == {"model": "sentimen-zh", "valid": "sentiment-zh"}


def test_a_known_model_of_another_task_is_refused_with_those_that_would_do() -> None:
    with pytest.raises(WrongTask) as caught:
        Catalog().find("gpt-zh", CLASSIFY)
    assert caught.value.values["task"] == "text-generation"
    assert "sentiment-zh" in caught.value.values["valid"]


def test_a_folder_is_taken_where_it_holds_a_config(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    spec = Catalog().find(str(tmp_path), CLASSIFY)
    assert (spec.origin, spec.source) == ("folder", str(tmp_path.resolve()))


@pytest.mark.parametrize("typed", ["/nowhere/at/all", "./nothing", "~nobody-has-this-name/x", f"/{'x' * 5000}"])
def test_a_folder_that_is_not_there_is_refused(typed: str) -> None:
    with pytest.raises(UnknownModel) as caught:
        Catalog().find(typed, CLASSIFY)
    assert caught.value.key == "errors.no_such_folder"


def test_where_folders_are_not_allowed_none_is_even_looked_for(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(BadInput) as caught:
        Catalog(local_folders=False).find(str(tmp_path), CLASSIFY)
    assert caught.value.key == "errors.no_local_folders"


def test_a_run_is_asked_of_those_who_keep_runs() -> None:
    run = ModelSpec(name="run:abc", task=CLASSIFY, source="/nowhere", origin="run")
    asked: list[str] = []
    catalog = Catalog(find_run=lambda name: (asked.append(name), run)[1])
    assert catalog.find("run:abc", CLASSIFY) is run
    assert asked == ["abc"]
    with pytest.raises(WrongTask):
        catalog.find("run:abc", "text-generation")


def test_an_unknown_run_is_refused() -> None:
    def find_run(run: str) -> ModelSpec:
        raise UnknownRun("errors.unknown_run", run=run)

    with pytest.raises(UnknownRun):
        Catalog(find_run=find_run).find("run:abc", CLASSIFY)
    with pytest.raises(UnknownModel):
        Catalog().find("run:abc", CLASSIFY)


def test_a_spec_with_a_task_nobody_has_is_refused() -> None:
    with pytest.raises(ValueError, match="text-classification"):
        ModelSpec(name="x", task="dancing", source="/nowhere")


def test_a_run_is_shown_to_others_by_the_beginning_of_its_id_only() -> None:
    run = ModelSpec(name="run:0123456789abcdef", task=CLASSIFY, source="/nowhere", origin="run")
    assert run.shown_name == "run:0123…"
    assert KNOWN[0].shown_name == KNOWN[0].name


def test_a_size_found_out_later_makes_another_spec() -> None:
    spec = Catalog().find("tea/oolong", CLASSIFY)
    assert sized(spec, 7).size_bytes == 7
    assert spec.size_bytes == 0
