"""Every endpoint through gradio_client, on the bundled models: the promises that pages and notebooks rely on."""

from __future__ import annotations

import csv
import hashlib
import time
import zipfile
from contextlib import closing
from pathlib import Path

import pytest
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

ASSETS = Path(__file__).resolve().parents[2] / "assets" / "examples"
CAT = ASSETS / "pictures" / "cat.jpg"
PROMISED = {
    "/classify_sentiment": ["text", "model"],
    "/explain_sentiment": ["text", "model"],
    "/attend_sentiment": ["text", "model", "layer", "head"],
    "/minimal_pairs": ["text", "model"],
    "/compare_sentiment": ["text", "model", "other_model"],
    "/compare_sentiment_batch": ["file", "text_column", "model", "other_model"],
    "/classify_sentiment_batch": ["file", "text_column", "model"],
    "/generate_text": [
        "prompt",
        "model",
        "max_new_tokens",
        "temperature",
        "top_k",
        "top_p",
        "repetition_penalty",
        "seed",
    ],
    "/trace_generation": ["prompt", "model", "max_new_tokens", "temperature", "top_k", "top_p", "repetition_penalty"],
    "/branch_generation": ["prompt", "prefix", "model", "max_new_tokens", "temperature", "top_k", "top_p"],
    "/compare_decoding": ["prompt", "model", "max_new_tokens", "seed"],
    "/measure_surprise": ["text", "model"],
    "/chat": ["message", "history", "model", "system_prompt"],
    "/classify_image": ["image", "model"],
    "/explain_image": ["image", "model", "label", "method"],
    "/check_explanation": ["image", "model", "label", "method"],
    "/check_poem": ["poem", "form"],
    "/disturb_image": ["image", "model", "crop", "rotate", "blur", "noise", "brightness", "cover_size"],
    "/sweep_image": ["image", "model", "kind"],
    "/classify_images": ["files", "model"],
    "/inspect_dataset": ["file", "text_column", "label_column"],
    "/repair_dataset": ["file", "text_column", "label_column", "repairs"],
    "/preview_augmentation": ["file", "text_column", "label_column", "augment", "augment_share", "base_model", "seed"],
    "/plan_finetune": ["file", "text_column", "label_column", "base_model", "epochs", "batch_size", "learning_rate"],
    "/start_finetune": ["file", "text_column", "label_column", "base_model", "epochs", "batch_size", "learning_rate"],
    "/finetune_status": ["run_id"],
    "/stop_finetune": ["run_id"],
    "/resume_finetune": ["run_id"],
    "/download_finetuned": ["run_id"],
    "/push_finetuned": ["run_id", "repo_id", "token", "private"],
    "/compare_runs": ["run_ids"],
    "/evaluate_run": ["run_id"],
    "/correct_labels": ["run_id", "corrections"],
    "/models": [],
}


@pytest.fixture(scope="module")
def client(server):
    with closing(Client(server, verbose=False)) as client:
        yield client


def test_the_endpoints_and_parameters_are_those_promised(client):
    described = client.view_api(return_format="dict")["named_endpoints"]
    assert set(described) == set(PROMISED)
    for name, parameters in PROMISED.items():
        given = described[name]["parameters"]
        assert [parameter["parameter_name"] for parameter in given][: len(parameters)] == parameters
        assert all(parameter["parameter_has_default"] for parameter in given[1:]), name


def test_a_good_review_is_positive_and_a_bad_one_negative(client):
    good = client.predict("房间干净，服务也很周到，下次还来。", api_name="/classify_sentiment")
    bad = client.predict("菜又凉又咸，等了一个小时，再也不来了。", api_name="/classify_sentiment")
    assert (good["label"], bad["label"]) == ("positive", "negative")
    assert sum(entry["confidence"] for entry in good["confidences"]) == pytest.approx(1, abs=1e-4)


def test_the_words_that_spoke_for_it_join_to_the_text(client):
    text = "房间干净，服务也很周到。"
    explained = client.predict(text, api_name="/explain_sentiment")
    assert explained["label"] == "positive"
    assert "".join(token["text"] for token in explained["tokens"]) == text
    assert "".join(word["text"] for word in explained["words"]) == text
    assert {"weight", "occlusion"} <= set(explained["words"][0])
    assert explained["completeness"]["error"] < 0.05
    assert 0 <= explained["deletion"]["top"] <= 1


def test_a_heads_attention_is_a_matrix_whose_rows_sum_to_one(client):
    told = client.predict("房间很干净。", api_name="/attend_sentiment")
    assert len(told["weights"]) == len(told["weights"][0]) == len(told["tokens"]) == len(told["scores"])
    assert [sum(row) for row in told["weights"]] == pytest.approx([1] * len(told["tokens"]), abs=0.02)
    assert {"answer", "next", "previous", "rest"} == set(told["patterns"])
    mean = client.predict("房间很干净。", "emotion-zh", 1, 0, api_name="/attend_sentiment")
    assert (mean["layer"], mean["head"], mean["scores"]) == (1, 0, None)
    with pytest.raises(AppError, match="13"):
        client.predict("房间很干净。", "emotion-zh", 13, api_name="/attend_sentiment")


def test_minimal_pairs_say_what_was_expected_and_what_came(client):
    told = client.predict("这家店的面很好吃。", api_name="/minimal_pairs")
    negated = next(variant for variant in told["variants"] if variant["rule"] == "negation")
    assert (negated["text"], negated["expectation"]) == ("这家店的面不好吃。", "flip")
    assert (negated["label"], negated["as_expected"]) == ("negative", True)
    assert told["failed"] == sum(not variant["as_expected"] for variant in told["variants"])


def test_two_models_are_compared_on_one_text_and_on_a_batch(client):
    told = client.predict("今天终于放假啦，太开心了！", api_name="/compare_sentiment")
    assert (told["compared_by"], told["verdict"]) == ("sides", "agree")
    summary, path = client.predict(
        handle_file(str(ASSETS / "reviews.csv")), "text", api_name="/compare_sentiment_batch"
    )
    assert summary["agree"] + summary["differ"] + summary["no_side"] == summary["rows"] == 40
    with Path(path).open(encoding="utf-8-sig", newline="") as file:
        assert [row["verdict"] for row in csv.DictReader(file)].count("differ") == summary["differ"]


@pytest.mark.parametrize(
    ("text", "emotion"),
    [("今天终于放假啦，太开心了！", "happiness"), ("排了两个小时的队还被插队，气死我了", "anger")],
)
def test_an_emotion_is_named_among_eight(client, text, emotion):
    answer = client.predict(text, "emotion-zh", api_name="/classify_sentiment")
    assert answer["label"] == emotion
    assert len(answer["confidences"]) == 8
    explained = client.predict(text, "emotion-zh", api_name="/explain_sentiment")
    assert "".join(token["text"] for token in explained["tokens"]) == text


def test_a_batch_comes_back_in_order_as_a_csv_for_excel(client):
    summary, path = client.predict(
        handle_file(str(ASSETS / "reviews.csv")), "text", api_name="/classify_sentiment_batch"
    )
    raw = Path(path).read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(raw.decode("utf-8-sig").splitlines(keepends=True)))
    with (ASSETS / "reviews.csv").open(encoding="utf-8-sig", newline="") as file:
        asked = [row["text"] for row in csv.DictReader(file)]
    assert list(rows[0])[:3] == ["text", "label", "score"]
    assert {"positive", "negative"} <= set(rows[0])
    assert len(rows) == len(asked) == 40
    assert [row["text"].strip() for row in rows] == [text.strip() for text in asked]
    assert isinstance(summary, dict)


def test_the_same_seed_writes_the_same_text_and_streams_it(client):
    first = client.submit("春眠不觉晓，", max_new_tokens=24, seed=7, api_name="/generate_text")
    pieces = list(first)
    again = client.predict("春眠不觉晓，", max_new_tokens=24, seed=7, api_name="/generate_text")
    assert len(pieces) > 1
    assert pieces[-1] == again
    assert again.startswith("春眠不觉晓，")


def test_a_chat_answers(client):
    assert client.predict("你好！", [], seed=1, max_new_tokens=40, api_name="/chat").strip()


# A close-up of a cat; the ViT, right on 78 of 100 test pictures, takes it for a dog.
@pytest.mark.parametrize(
    ("model", "answers"),
    [("efficientnet-lite0", "Egyptian cat"), ("resnet-cifar10", "cat"), ("vit-cifar10", "cat dog")],
)
def test_a_picture_gets_five_classes_and_a_heat_map(client, model, answers):
    answer = client.predict(handle_file(str(CAT)), model, api_name="/classify_image")
    assert len(answer["confidences"]) == 5
    assert answer["label"] in answers
    assert Path(client.predict(handle_file(str(CAT)), model, api_name="/explain_image")).stat().st_size > 1000


def test_a_dataset_is_inspected_and_its_columns_guessed(client):
    report = client.predict(handle_file(str(ASSETS / "finetune_tea.csv")), api_name="/inspect_dataset")
    assert report["text_column"] == "review"
    assert report["label_column"] == "label"


def test_a_broken_table_is_named_in_both_languages_and_comes_back_repaired(client, tmp_path):
    broken = tmp_path / "reviews.csv"
    good = (ASSETS / "finetune_tea.csv").read_text("utf-8-sig")
    broken.write_bytes(f"{good}茶不错, 就是贵,好评\n，,\n".encode("gb18030"))
    report = client.predict(handle_file(str(broken)), api_name="/inspect_dataset")
    ragged = next(finding for finding in report["findings"] if finding["kind"] == "ragged_rows")
    assert (report["ready"], ragged["rows"]) == (False, [182])
    assert "表头" in ragged["found"]["zh"]
    assert "header" in ragged["found"]["en"]
    told, path = client.predict(handle_file(str(broken)), api_name="/repair_dataset")
    assert {"ragged_rows", "encoding"} <= {mended["kind"] for mended in told["repairs"]}
    assert told["report"]["ready"]
    assert "茶不错, 就是贵" in Path(path).read_text("utf-8-sig")


def test_three_rows_are_shown_varied_and_a_plan_says_what_a_training_takes(client):
    table = handle_file(ASSETS / "finetune_topics.csv")
    rows = client.predict(table, augment="swap", augment_share=0.3, api_name="/preview_augmentation")
    assert len(rows) == 3
    assert all(sorted(row["text"]) == sorted(row["changed"]) for row in rows)
    assert any(row["text"] != row["changed"] for row in rows)
    plan = client.predict(table, epochs=2, minutes=30, api_name="/plan_finetune")
    assert plan["seconds"] > 0
    assert plan["peak_memory_bytes"] > 50_000_000
    assert plan["options"]["epochs"] == 2


def test_a_run_trains_answers_and_is_downloaded(client):
    table = handle_file(str(ASSETS / "finetune_tea.csv"))
    run = client.predict(table, method="head", api_name="/start_finetune")
    run = _until_ended(client, run["run_id"])
    assert run["state"] == "finished", run
    assert run["metrics"]["accuracy"] > 0.6
    answer = client.predict("茶汤清亮，香气很足。", f"run:{run['run_id']}", api_name="/classify_sentiment")
    assert answer["label"] in {"好评", "差评"}
    _, many = client.predict(
        handle_file(str(ASSETS / "reviews.csv")), "", run["model"], api_name="/classify_sentiment_batch"
    )
    with Path(many).open(encoding="utf-8-sig", newline="") as file:
        assert {row["label"] for row in csv.DictReader(file)} <= {"好评", "差评"}
    found = client.predict(run["run_id"], api_name="/evaluate_run")
    assert [one["name"] for one in found["contenders"]] == ["majority", "ngrams", "frozen", "finetuned"]
    assert found["contenders"][-1]["accuracy"]["value"] == pytest.approx(run["metrics"]["accuracy"], abs=1e-4)
    assert found["verdict"]["kind"] in {"gain", "no_clear_gain", "loss"}
    with zipfile.ZipFile(client.predict(run["run_id"], api_name="/download_finetuned")) as archive:
        weights = hashlib.sha256(archive.read("model.safetensors")).hexdigest()
        assert {"config.json", "README.md", "classify.py", "repeat.py", "training/data.csv"} <= set(archive.namelist())
    assert weights == run["sha256"]
    with pytest.raises(AppError, match="run"):
        client.predict(run["run_id"], api_name="/compare_runs")


def _until_ended(client: Client, run_id: str) -> dict:
    ends = time.monotonic() + 300
    while time.monotonic() < ends:
        run = client.predict(run_id, api_name="/finetune_status")
        if run["state"] not in {"queued", "running"}:
            return run
        time.sleep(1)
    raise AssertionError("the run did not end")


@pytest.mark.parametrize(
    ("endpoint", "arguments", "named"),
    [
        ("/classify_sentiment", ["   "], "text"),
        ("/classify_sentiment", ["好", "no-such-model"], "no-such-model"),
        ("/classify_sentiment", ["好", "gpt-zh"], "gpt-zh"),
        ("/classify_sentiment", ["好", "someone/nobody"], "someone/nobody"),
        ("/classify_sentiment", ["好", "run:../../etc"], "run"),
        ("/generate_text", ["春", "gpt-zh", 32, 9.0], "temperature"),
        ("/finetune_status", ["nonsense"], "nonsense"),
    ],
)
def test_a_bad_input_gets_one_sentence_that_names_it(client, endpoint, arguments, named):
    with pytest.raises(AppError) as refused:
        client.predict(*arguments, api_name=endpoint)
    sentence = str(refused.value)
    assert named in sentence
    assert "Traceback" not in sentence
    assert sentence.count("\n") == 0


def test_the_catalog_tells_what_is_known_and_loaded(client):
    told = client.predict(api_name="/models")
    assert {"sentiment-zh", "gpt-zh", "efficientnet-lite0"} <= {model["name"] for model in told["catalog"]}
    assert all(model["good_at"].keys() == {"zh", "en"} for model in told["catalog"])
    assert all(entry["size_bytes"] > 0 for entry in told["cache"])
