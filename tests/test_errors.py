"""Every error that can be raised has its sentence, in both languages, with exactly the values its raise site gives."""

from __future__ import annotations

import ast
import json
import pickle
import re
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from models import errors
from models.finetune import findings

ROOT = Path(__file__).resolve().parents[1]
STRINGS = sorted((ROOT / "assets" / "strings").glob("*.json"))
FAMILY = {
    name for name, kind in vars(errors).items() if isinstance(kind, type) and issubclass(kind, errors.TeahouseError)
}
SOURCES = sorted(
    path for folder in ("models", "demos") for path in (ROOT / folder).rglob("*.py") if "recipes" not in path.parts
)


def errors_of(path: Path) -> dict[str, dict[str, str]]:
    table = json.loads(path.read_text(encoding="utf-8"))
    return {key: sentences for key, sentences in table.items() if key.startswith("errors.")}


# A tab may keep the errors that are its own beside its other strings.
TABLE = {key: sentences for path in STRINGS for key, sentences in errors_of(path).items()}


@dataclass(frozen=True)
class Raised:
    """One place that makes an error of the family."""

    where: str
    key: str | None  # None: not written out
    values: frozenset[str] | None  # None: not written out


def raised() -> Iterator[Raised]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and _name(node.func) in FAMILY and not _is_passed_on(node):
                yield _site(path, node)


def _is_passed_on(call: ast.Call) -> bool:
    """raise BadInput(problem.key, **problem.values): the sentence was chosen where the problem was found.

    Or in another process, from which it came as JSON.
    """
    first = call.args[0] if call.args else None
    by_index = isinstance(first, ast.Subscript) and isinstance(first.slice, ast.Constant) and first.slice.value == "key"
    return by_index or (isinstance(first, ast.Attribute) and first.attr == "key")


def _name(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")


def _site(path: Path, call: ast.Call) -> Raised:
    first = call.args[0] if call.args else None
    key = first.value if isinstance(first, ast.Constant) else None
    names = [keyword.arg for keyword in call.keywords]
    return Raised(f"{path.relative_to(ROOT)}:{call.lineno}", key, None if None in names else frozenset(names))


def placeholders(sentence: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(sentence) if name is not None}


def mentioned() -> set[str]:
    """By the code, and by the doctor's findings that stop a training, whose keys are made of their kinds."""
    written = {key for path in SOURCES for key in re.findall(r'"(errors\.\w+)"', path.read_text(encoding="utf-8"))}
    return written | {key for kind in findings.KINDS if (key := findings.found(kind).key).startswith("errors.")}


SITES = list(raised())


def test_there_are_raise_sites_to_look_at() -> None:
    assert len(SITES) > 25


@pytest.mark.parametrize("site", SITES, ids=lambda site: f"{site.where}:{site.key}")
def test_a_raise_site_has_its_sentence_and_gives_exactly_its_values(site: Raised) -> None:
    assert site.key, "write the key out at the raise site"
    assert site.values is not None, "write the values out at the raise site"
    assert site.key in TABLE
    for language in ("zh", "en"):
        assert placeholders(TABLE[site.key][language]) == site.values, language


def test_every_key_that_the_code_mentions_is_in_the_table_and_no_other_is() -> None:
    assert mentioned() == set(TABLE)


def test_no_key_is_in_two_files() -> None:
    keys = [key for path in STRINGS for key in errors_of(path)]
    assert len(keys) == len(set(keys))


@pytest.mark.parametrize("key", TABLE)
def test_a_sentence_is_one_sentence_in_each_language(key: str) -> None:
    sentences = TABLE[key]
    assert set(sentences) == {"zh", "en"}
    assert re.search(r"[\u4e00-\u9fff]", sentences["zh"])
    assert not re.search(r"[\u4e00-\u9fff]", sentences["en"])
    assert sentences["zh"].endswith("。")
    assert sentences["zh"].count("。") == 1
    assert sentences["en"].endswith(".")
    assert placeholders(sentences["zh"]) == placeholders(sentences["en"])


def test_the_general_sentence_needs_no_values() -> None:
    assert not placeholders(TABLE["errors.internal"]["zh"])


def test_an_error_passes_between_processes_with_its_kind_and_values() -> None:
    error = errors.UnknownModel("errors.unknown_name", model="x", valid="y")
    copy = pickle.loads(pickle.dumps(error))
    assert (type(copy), copy.key, copy.values) == (errors.UnknownModel, error.key, error.values)


def test_an_error_reads_well_in_the_log() -> None:
    assert str(errors.Busy("errors.busy", waiting=3)) == "errors.busy(waiting=3)"
