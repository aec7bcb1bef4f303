"""A writer from its table to its answers: what it is taught token by token, what it is scored by, a run from end to end."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path

import pytest

pytest.importorskip("torch")

import torch
from test_finetune_worker import work

from models.errors import BadInput
from models.finetune import writing_scores
from models.finetune.language_modelling import LanguageModelling
from models.finetune.request import CLASSIFY, WRITE, FinetuneRequest, usual
from models.finetune.run_folder import RunFolder
from models.finetune.writer import split_writings
from models.finetune.writing_data import Writings
from models.finetune.writing_tokens import IGNORED, PLAIN_TEMPLATE, Speller, collate
from models.generation import GenerationOptions, GenerationRunner
from models.spec import BUNDLED
from models.spelling import text_ids, turn_ids

TABLE = [
    ("茶好喝", "很好，推荐大山的春茶。"),
    ("茶不好喝", "你说的是。"),
    ("店里有水", "有，在北上南下的江上。"),
    ("有没有水", "有，在北上南下的江上。"),
    ("山里有雪", "没有雪，有月有风。"),
    ("今天有风", "今天没风。"),
    ("她来了", "好。"),
    ("他去了", "去看月。"),
    ("一二三四", "五六七八。"),
    ("花好月圆", "人心好。"),
]
WRITINGS = Writings(tuple(question for question, _ in TABLE), tuple(answer for _, answer in TABLE))


@pytest.fixture(scope="module")
def gpt_zh():
    import transformers

    return transformers.AutoTokenizer.from_pretrained(BUNDLED / "gpt-zh")


@pytest.fixture
def make_folder(tmp_path: Path, settings, tiny_gpt2: Path):
    """A writer's run as the store leaves it for the worker."""

    def make(rows=TABLE, base: Path = tiny_gpt2, **options) -> RunFolder:
        folder = RunFolder(tmp_path / "aaaabbbbccccddddeeee")
        folder.path.mkdir()
        data = folder.path / "data.csv"
        is_asked = isinstance(rows[0], tuple)
        lines = ["question,answer", *map(",".join, rows)] if is_asked else ["text", *rows]
        data.write_text("\n".join(lines) + "\n", encoding="utf-8")
        asked = {"base_model": str(base), "epochs": 2, "batch_size": 4, "learning_rate": 1e-2, "method": "full"}
        columns = ("question", "answer") if is_asked else ("text", "")
        folder.write_request(FinetuneRequest(str(data), *columns, task=WRITE, **asked | options))
        folder.write_settings(replace(settings, threads=1))
        folder.append(state="queued")
        return folder

    return make


def speller(tokenizer, max_length: int = 128, ends: tuple[str, ...] = ("<|endoftext|>", "<|end|>")) -> Speller:
    return Speller(tokenizer, set(tokenizer.convert_tokens_to_ids(list(ends))), max_length)


def learned(item) -> list[int]:
    return [token for token in item["labels"] if token != IGNORED]


def test_gpt_zh_is_taught_exactly_what_the_chat_tab_will_ask_it_and_only_the_answer_counts(gpt_zh):
    (item,) = speller(gpt_zh).encode(WRITINGS, [0])
    asked = turn_ids(gpt_zh, [{"role": "user", "content": "茶好喝"}])
    assert item["input_ids"][: len(asked)] == asked
    assert item["labels"][: len(asked)] == [IGNORED] * len(asked)
    assert gpt_zh.decode(learned(item)) == "很好，推荐大山的春茶。<|end|>"


def test_a_template_without_an_end_mark_still_teaches_where_to_stop(tiny_gpt2):
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_gpt2)
    (item,) = Speller(tokenizer, {tokenizer.eos_token_id}, 128).encode(WRITINGS, [1])
    assert learned(item)[-1] == tokenizer.eos_token_id


def test_a_base_that_cannot_talk_is_given_a_plain_template(gpt_zh):
    import copy

    tokenizer = copy.deepcopy(gpt_zh)
    tokenizer.chat_template = PLAIN_TEMPLATE
    (item,) = speller(tokenizer).encode(WRITINGS, [6])
    assert tokenizer.decode(item["input_ids"]) == "问：她来了\n答：好。<|endoftext|>"
    assert tokenizer.decode(learned(item)) == "好。<|endoftext|>"


def test_a_long_answer_is_cut_and_a_question_without_room_for_one_is_left_out(gpt_zh):
    writings = Writings(("问？", "问" * 40), ("答" * 40, "好"))
    items = speller(gpt_zh, max_length=16).encode(writings, [0, 1])
    assert [len(item["input_ids"]) for item in items] == [16]
    assert gpt_zh.decode(learned(items[0])) == "答" * (16 - 5)


def test_a_long_text_comes_in_pieces_of_which_every_token_is_learned_once(gpt_zh):
    text = "从前有一座山，山脚下住着一位老人。"
    items = speller(gpt_zh, max_length=8).encode(Writings(("",), (text,)), [0])
    assert all(len(item["input_ids"]) <= 8 for item in items)
    assert gpt_zh.decode([token for item in items for token in learned(item)]) == f"{text}<|endoftext|>"
    assert items[0]["input_ids"][0] == text_ids(gpt_zh, text)[0] == gpt_zh.convert_tokens_to_ids("<|文|>")


def test_perplexity_counts_the_learned_tokens_alone_and_padding_changes_nothing(tiny_gpt2):
    import transformers

    tokenizer = transformers.AutoTokenizer.from_pretrained(tiny_gpt2)
    model = transformers.AutoModelForCausalLM.from_pretrained(tiny_gpt2).eval()
    items = Speller(tokenizer, {tokenizer.eos_token_id}, 128).encode(WRITINGS, range(len(WRITINGS)))
    together = LanguageModelling().scores(model, [collate(items, tokenizer.pad_token_id)])
    total = count = 0.0
    for item in items:
        ids, labels = torch.tensor([item["input_ids"]]), torch.tensor([item["labels"]])
        total += model(ids, labels=labels).loss.item() * len(learned(item))
        count += len(learned(item))
    assert together["perplexity"] == pytest.approx(math.exp(total / count), rel=1e-4)
    assert together["rows"] == len(TABLE)
    loss = LanguageModelling().loss(model, collate(items, 0))
    assert loss.item() == pytest.approx(together["loss"], rel=1e-4)


def test_questions_worded_almost_the_same_stand_on_one_side():
    questions = [f"{topic * 6}哪里有{end}" for topic in "茶水花雪月风山江云心" for end in ("？", "啊？", "！")]
    writings = Writings(tuple(questions), tuple(f"第{n}个" for n in range(len(questions))))
    for seed in range(5):
        halves = split_writings(writings, share=0.2, seed=seed)
        assert {questions[row][0] for row in halves.held_out}.isdisjoint({questions[row][0] for row in halves.train})
        assert sorted(halves.seen + halves.held_out) == list(range(len(questions)))
        assert halves.held_out


def test_a_whole_run_tells_perplexity_before_and_after_and_answers_side_by_side(make_folder):
    folder = make_folder(epochs=6)
    run = work(folder)
    assert run.state == "finished", (run.error, folder.log.is_file() and folder.log.read_text())
    assert run.classes == ()
    assert run.metrics.perplexity < run.base_perplexity
    assert run.validation[-1].perplexity > 0
    scores = writing_scores.read(folder)
    assert scores.perplexity == pytest.approx(run.metrics.perplexity, rel=1e-3)
    assert scores.perplexity_before == pytest.approx(run.base_perplexity, abs=0.01)
    assert 1 <= len(scores.samples) <= 3
    assert 0 <= scores.matched <= scores.asked == len(folder.split().held_out)
    halves = folder.split()
    for sample in scores.samples:
        assert TABLE.index((sample.asked, sample.given)) in halves.held_out


def test_the_saved_writer_loads_with_transformers_ties_its_weights_and_talks_in_the_chat(
    make_folder, make_library, engine, settings
):
    import transformers
    from safetensors import safe_open

    folder = make_folder()
    work(folder)
    transformers.AutoModelForCausalLM.from_pretrained(folder.model)
    with safe_open(folder.model / "model.safetensors", framework="pt") as file:
        assert "lm_head.weight" not in file.keys()  # noqa: SIM118, not a dict
    runner = GenerationRunner(make_library(), engine, settings)
    options = GenerationOptions(max_new_tokens=8, seed=1)
    replies = list(runner.chat([{"role": "user", "content": "茶好喝"}], str(folder.model), options))
    assert replies


def test_plain_texts_are_learned_and_continued(make_folder):
    folder = make_folder(rows=[f"大山{n}的春风看花看雪，人来人去，{n}天有月。" for n in "一二三四五六七八九十"])
    run = work(folder)
    assert run.state == "finished", run.error
    scores = writing_scores.read(folder)
    assert scores.known_rows == 0
    assert all(f"{sample.asked}{sample.given}".startswith("大山") for sample in scores.samples)


def test_a_writer_of_adapters_is_an_ordinary_model_too(make_folder):
    import transformers

    folder = make_folder(method="lora")
    assert work(folder).state == "finished"
    model = transformers.AutoModelForCausalLM.from_pretrained(folder.model)
    assert not any("lora" in name for name in model.state_dict())


def test_a_stopped_writer_resumes_to_the_same_weights(make_folder, tmp_path):
    folder = make_folder()
    assert work(folder, stop_at=2).state == "stopped"
    folder.append(state="queued")
    assert work(folder).state == "finished"
    resumed = (folder.model / "model.safetensors").read_bytes()
    folder.path.rename(tmp_path / "resumed")
    folder = make_folder()
    assert work(folder).state == "finished"
    assert (folder.model / "model.safetensors").read_bytes() == resumed


@pytest.mark.parametrize(
    ("rows", "options", "key"),
    [
        ([("茶好喝", "好")], {}, "errors.too_few_writings"),
        ([("茶" * 30, "好"), ("水" * 30, "好")], {"max_length": 16}, "errors.questions_too_long"),
    ],
)
def test_what_cannot_be_taught_fails_in_one_sentence(make_folder, rows, options, key):
    run = work(make_folder(rows=rows, **options))
    assert (run.state, run.error.key) == ("failed", key)


def test_a_classifier_cannot_be_taught_to_write(make_folder, tiny_bert):
    run = work(make_folder(base=tiny_bert))
    assert (run.state, run.error.key) == ("failed", "errors.wrong_head")


def test_scores_of_a_run_that_has_none_are_none(make_folder):
    folder = make_folder()
    assert writing_scores.read(folder) is None
    assert json.loads((folder.path / "request.json").read_text("utf-8"))["task"] == WRITE


@pytest.mark.parametrize(
    ("option", "key"),
    [({"method": "head"}, "errors.writer_without_head"), ({"augment": "swap"}, "errors.writer_not_augmented")],
)
def test_what_only_classifiers_have_is_refused_in_one_sentence(option, key):
    with pytest.raises(BadInput) as refused:
        FinetuneRequest("x.csv", task=WRITE, **option)
    assert refused.value.key == key


def test_each_task_begins_with_its_own_usual_options():
    assert usual(WRITE)["base_model"] == "gpt-zh"
    assert set(usual(WRITE)) == set(usual(CLASSIFY))
    assert FinetuneRequest("x.csv", task=WRITE, **usual(WRITE)).learning_rate > usual(CLASSIFY)["learning_rate"]


def test_too_few_rows_to_split_are_refused():
    with pytest.raises(BadInput):
        split_writings(Writings(("甲",), ("乙",)), share=0.2, seed=0)


@pytest.mark.bundled
def test_the_usual_options_teach_gpt_zh_a_service_desk(make_folder):
    folder = make_folder()
    desk = BUNDLED.parents[1] / "assets" / "examples" / "finetune_desk.csv"
    (folder.path / "data.csv").write_bytes(desk.read_bytes())
    options = usual(WRITE) | {"epochs": 3}
    folder.write_request(FinetuneRequest(str(folder.path / "data.csv"), "question", "answer", task=WRITE, **options))
    run = work(folder)
    assert run.state == "finished", run.error
    assert run.base_perplexity > 100
    assert run.metrics.perplexity < run.base_perplexity / 10


def test_a_writer_is_planned_like_any_other_training(settings, tiny_gpt2, tmp_path):
    from models.finetune.planner import Planner

    data = tmp_path / "data.csv"
    data.write_text("\n".join(["question,answer", *map(",".join, TABLE)]) + "\n", encoding="utf-8")
    asked = FinetuneRequest(str(data), "question", "answer", str(tiny_gpt2), task=WRITE, method="full", batch_size=2)
    plan = Planner(settings).plan(asked)
    assert plan.seconds.training > 0
    assert plan.result_bytes > 0
