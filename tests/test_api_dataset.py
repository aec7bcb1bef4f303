"""The endpoints of a table, called as programs do: both languages at once, a repaired csv, a refusal that names what is valid."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from broken_tables import encoded, good_rows

from demos import api_dataset
from models.errors import BadInput
from models.finetune.request import CLASSIFY, WRITE


@pytest.fixture
def call(settings, tmp_path):
    """Calls an endpoint with the bytes of a file."""
    functions = {
        endpoint.name: endpoint.function for endpoint in api_dataset.endpoints(SimpleNamespace(settings=settings))
    }

    def called(name: str, raw: bytes, *rest: str, task: str = CLASSIFY):
        path = tmp_path / "reviews.csv"
        path.write_bytes(raw)
        return functions[name](str(path), "", "", *rest, task, None)

    return called


def test_a_finding_is_said_in_both_languages_with_its_rows(call):
    report = call("inspect_dataset", encoded([*good_rows(), ["", "好评"]]))
    (finding,) = [finding for finding in report["findings"] if finding["kind"] == "empty"]
    assert (finding["rows"], finding["count"], finding["repair"], finding["severity"]) == ([66], 1, "safe", "note")
    assert finding["found"]["zh"] != finding["found"]["en"]
    assert set(finding["repair_does"]) == {"zh", "en"}
    assert report["first_rows"][0]["label"] == good_rows()[0][1]


def test_only_the_repairs_that_were_named_are_done(call):
    rows = [*good_rows(), ["", "好评"], good_rows()[0]]
    told, path = call("repair_dataset", encoded(rows), " duplicates , ")
    assert told["repairs"] == [{"kind": "duplicates", "rows": 1}]
    assert (told["rows_before"], told["rows"]) == (66, 65)
    assert path.endswith("reviews_repaired.csv")


def test_without_names_all_safe_repairs_are_done(call):
    told, _ = call("repair_dataset", encoded([*good_rows(), ["", "好评"], good_rows()[0]]), "")
    assert {mended["kind"] for mended in told["repairs"]} == {"empty", "duplicates"}
    assert [finding["kind"] for finding in told["report"]["findings"] if finding["repair"] == "safe"] == []


def test_a_task_that_does_not_exist_is_refused_with_those_that_do(call):
    with pytest.raises(BadInput) as refused:
        call("inspect_dataset", encoded(good_rows()), task="summarization")
    assert refused.value.values["valid"] == f"{CLASSIFY}, {WRITE}"
