"""Writes tables that are broken in one way each, as visitors bring them, and says which rows a spreadsheet would show.

The good rows are those of the teahouse example: 64 reviews under a header, so data rows are numbered from 2 on.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[1] / "assets" / "examples"
HEADER = ("review", "label")
_GOOD_ROWS = 64
_MARKS = [
    b",",
    b'"',
    b"\n",
    b"\t",
    b";",
    b"\x00",
    b"'",
    b"\\",
    b"\xff",
    "，".encode(),
    b'",',
    b"<p>",
    b"1,2,3,4,5\n",
    b'"\n"',
]


@dataclass(frozen=True)
class Broken:
    name: str
    kind: str  # of finding that the doctor has to name
    raw: bytes
    rows: tuple[int, ...] = ()  # that the finding names, all of them; (): it concerns the file
    label_column: str = ""  # chosen by the visitor; "": guessed
    suffix: str = ".csv"

    def write(self, folder: Path) -> Path:
        path = folder / f"{self.name}{self.suffix}"
        path.write_bytes(self.raw)
        return path


def good_rows() -> list[list[str]]:
    with (EXAMPLES / "finetune_tea.csv").open(encoding="utf-8-sig", newline="") as file:
        return [list(row) for row in list(csv.reader(file))[1 : _GOOD_ROWS + 1]]


def table(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER, delimiter: str = ",") -> str:
    out = io.StringIO()
    csv.writer(out, delimiter=delimiter, lineterminator="\n").writerows([*([header] if header else []), *rows])
    return out.getvalue()


def encoded(rows: Sequence[Sequence[str]], header: Sequence[str] = HEADER, encoding: str = "utf-8") -> bytes:
    return table(rows, header).encode(encoding)


def broken_tables() -> list[Broken]:
    return [*_encodings(), *_delimiters(), *_structures(), *_headers(), *_letters(), *_rows(), *_labels(), *_lengths()]


def hopeless_tables() -> list[Broken]:
    """Broken beyond any repair of ours: the visitor has to bring other rows or choose another column."""
    texts = [text for text, _ in good_rows()]
    return [
        Broken("one_class", "one_class", encoded([(text, "好评") for text in texts])),
        Broken("too_many_classes", "too_many_classes", encoded([(f"第{n}句话", f"类{n % 70}") for n in range(280)])),
        Broken("no_labels", "no_label_column", encoded([(text,) for text in texts], ("review",))),
        Broken("no_rows", "no_rows", encoded([(text, "") for text in texts]), label_column="label"),
    ]


def mangled(raw: bytes, seed: int) -> bytes:
    """A table with marks put in, cut out and copied about at random, as no one would think of."""
    drawn, broken = random.Random(seed), bytearray(raw)
    for _ in range(drawn.randint(1, 12)):
        at = drawn.randrange(len(broken) + 1)
        match drawn.choice(("put", "put", "cut", "copy")):
            case "put":
                broken[at:at] = drawn.choice(_MARKS)
            case "cut":
                del broken[at : at + drawn.randint(1, 60)]
            case "copy":
                broken[at:at] = broken[at - drawn.randint(0, 200) : at]
    return bytes(broken)


def _changed(*changes: tuple[int, str, str]) -> list[list[str]]:
    """The good rows with the cells of some replaced. changes: (number as a spreadsheet shows it, text, label)."""
    rows = good_rows()
    for number, text, label in changes:
        rows[number - 2] = [text, label]
    return rows


def _added(*rows: tuple[str, str]) -> list[list[str]]:
    return [*good_rows(), *map(list, rows)]


def _encodings() -> list[Broken]:
    good = good_rows()
    traditional = [
        ("茶很香，環境也安靜，下次還來", "好"),
        ("等了一個小時，服務態度很差", "差"),
        ("點心做得精緻，價錢也公道", "好"),
        ("桌子沒擦，茶水是冷的", "差"),
        ("老闆熱情，還送了一壺新茶", "好"),
        ("結帳時多算了兩道點心，不會再來", "差"),
    ]
    return [
        Broken("gb18030", "encoding", encoded(good, encoding="gb18030")),
        Broken("big5", "encoding", encoded(traditional, ("評論", "標籤"), "big5")),
        Broken("utf16_with_mark", "encoding", encoded(good, encoding="utf-16")),
        Broken("utf16_without_mark", "encoding", encoded(good, encoding="utf-16-le")),
    ]


def _delimiters() -> list[Broken]:
    good = good_rows()
    wide = "\n".join("，".join((text.replace("，", "、"), label)) for text, label in [HEADER, *good])
    return [
        Broken("tabs", "delimiter", table(good, delimiter="\t").encode()),
        Broken("semicolons", "delimiter", table(good, delimiter=";").encode()),
        Broken("pipes", "delimiter", table(good, delimiter="|").encode()),
        Broken("wide_commas", "delimiter", wide.encode()),
    ]


def _structures() -> list[Broken]:
    """Lines that do not have the cells of the header."""
    lines = table(good_rows()).split("\n")
    opened = [*lines[:4], f'"{lines[4]}', *lines[5:]]
    ragged = [*lines[:6], "茶不错, 点心也好, 就是贵,好评", *lines[6:]]
    short = [*lines[:8], "只有文字没有标签", *lines[8:]]
    nul = [*lines[:2], lines[2].replace(",", "\x00,", 1), *lines[3:]]
    return [
        Broken("open_quote", "open_quotes", "\n".join(opened).encode(), (5,)),
        Broken("ragged_row", "ragged_rows", "\n".join(ragged).encode(), (7,)),
        Broken("short_row", "short_rows", "\n".join(short).encode(), (9,)),
        Broken("nul_byte", "nul_bytes", "\n".join(nul).encode(), (3,)),
        Broken("titled", "title_rows", "\n".join(["茶馆评论，2024 年导出", *lines]).encode(), (1,)),
        Broken("put_together", "repeated_header", "\n".join([*lines[:20], lines[0], *lines[20:]]).encode(), (21,)),
    ]


def _headers() -> list[Broken]:
    good = good_rows()
    return [
        Broken("no_header", "no_header", encoded(good, ())),
        Broken("blanks_in_header", "header_names", encoded(good, (" review ", "label\u200b"))),
    ]


def _letters() -> list[Broken]:
    garbled = "这家店的茶很香，下次还来".encode().decode("latin-1")
    as_gbk = "茶馆的点心又冷又硬，等了很久".encode().decode("gb18030")
    return [
        Broken("read_as_latin", "mojibake", encoded(_changed((3, garbled, "好评"))), (3,)),
        Broken("read_as_gbk", "mojibake", encoded(_changed((4, as_gbk, "差评"))), (4,)),
        Broken("lost_letters", "lost_characters", encoded(_changed((5, "茶锟斤拷香，下次还来", "好评"))), (5,)),
        Broken("zero_width", "invisible", encoded(_changed((6, "茶\u200b很香，水\ufeff也好", "好评"))), (6,)),
        Broken("web_page", "markup", encoded(_changed((7, "<p>茶很香&nbsp;<br/>还会再来</p>", "好评"))), (7,)),
    ]


def _rows() -> list[Broken]:
    good = good_rows()
    (first, label), (second, _) = good[0], good[1]
    other = {"好评": "差评", "差评": "好评"}
    near = f"{first[:-1]}！" if first[-1] != "！" else f"{first[:-1]}。"
    return [
        Broken("empty_cells", "empty", encoded(_added(("  ", "好评"), ("没有标签的一句", ""))), (66, 67)),
        Broken("twice", "duplicates", encoded(_added((first, label), (second, good[1][1]))), (66, 67)),
        Broken("almost_twice", "near_duplicates", encoded(_added((near, label))), (2, 66)),
        Broken("two_labels", "conflicts", encoded(_added((first, other[label]), (first, label))), (2, 66, 67)),
    ]


def _labels() -> list[Broken]:
    good = good_rows()
    odd = [[text, {"好评": "ok", "差评": "bad"}[label]] for text, label in good]
    liked = [index for index, (_, label) in enumerate(odd) if label == "ok"]
    for index, spelt in zip(liked, ("ＯＫ", "ＯＫ", "Ok", "Ok", "ok "), strict=False):
        odd[index] = [odd[index][0], spelt]
    numbers = [[text, {"好评": "1", "差评": "0"}[label]] for text, label in good]
    ones = [index for index, (_, label) in enumerate(numbers) if label == "1"][:2]
    for index in ones:
        numbers[index] = [numbers[index][0], "1.0"]
    ids = [[text, label, f"{index:05d}"] for index, (text, label) in enumerate(good)]
    scores = [[text, f"{1 + index * 0.07:.2f}"] for index, (text, _) in enumerate(good)]
    few = [("一般般，谈不上好坏", "中评"), ("不好不坏，路过可以坐坐", "中评"), ("就那样吧，没什么印象", "中评")]
    uneven = [row for row in good if row[1] == "好评"] + [row for row in good if row[1] == "差评"][:3]
    return [
        Broken("spellings", "label_variants", encoded(odd), tuple(index + 2 for index in liked[:5])),
        Broken("one_and_one_point_zero", "label_variants", encoded(numbers), tuple(index + 2 for index in ones)),
        Broken("ids", "id_labels", encoded(ids, (*HEADER, "id")), label_column="id"),
        Broken("scores", "number_labels", encoded(scores, ("review", "score")), label_column="score"),
        Broken("single_row_of_a_class", "rare_classes", encoded(_added(few[0])), (66,)),
        Broken("few_of_a_class", "few_of_a_class", encoded(_added(*few)), (66, 67, 68)),
        Broken("uneven", "uneven", encoded(uneven)),
    ]


def _lengths() -> list[Broken]:
    texts = [text for text, _ in good_rows()]
    return [
        Broken("long", "long", encoded(_changed((8, "".join(texts[:20]), "好评"))), (8,)),
        Broken("endless", "row_too_long", encoded(_changed((9, "茶" * 20_001, "好评"))), (9,)),
        Broken("few_rows", "few_rows", encoded(good_rows()[:20])),
    ]
