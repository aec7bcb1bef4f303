"""The number format of a model in memory: what the machine is fast in, where it pays; never float16 on a processor."""

from __future__ import annotations

from pathlib import Path

import pytest

from models import precision
from models.precision import PAYS_FROM, Machine, bytes_in, pick

FAST, PLAIN = Machine("cpu", True), Machine("cpu", False)
SMALL, LARGE = PAYS_FROM - 1, PAYS_FROM


@pytest.mark.parametrize(
    ("machine", "size", "dtype"),
    [
        (FAST, LARGE, "bfloat16"),
        (FAST, SMALL, "float32"),
        (FAST, 0, "float32"),
        (PLAIN, LARGE, "float32"),
        (PLAIN, SMALL, "float32"),
        (Machine("cuda", True), SMALL, "bfloat16"),
        (Machine("cuda", False), LARGE, "float16"),
    ],
)
def test_bfloat16_is_picked_where_the_machine_is_fast_in_it_and_the_model_is_large(
    machine: Machine, size: int, dtype: str
) -> None:
    assert pick("auto", size, machine) == dtype


@pytest.mark.parametrize("asked", ["float32", "bfloat16"])
@pytest.mark.parametrize("machine", [FAST, PLAIN])
def test_what_the_host_asks_for_is_taken(asked: str, machine: Machine) -> None:
    assert {pick(asked, size, machine) for size in (SMALL, LARGE)} == {asked}


def test_a_processor_never_gets_float16() -> None:
    picked = {
        pick(asked, size, machine)
        for asked in ("auto", "float32", "bfloat16")
        for size in (SMALL, LARGE)
        for machine in (FAST, PLAIN, None)
    }
    assert "float16" not in picked


def test_this_machine_is_one_that_torch_knows() -> None:
    flags = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").is_file() else ""
    machine = precision.this_machine()
    assert machine.device == "cpu"
    assert machine.multiplies_bfloat16 == ("avx512_bf16" in flags or "amx_bf16" in flags)


def test_half_precision_takes_half_the_memory() -> None:
    assert [bytes_in(dtype, 100) for dtype in ("float32", "bfloat16", "float16")] == [100, 50, 50]
