"""Settings: every knob typed, read once, refused by the name of the variable that is wrong."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

from models.settings import HUB, MB, Settings


def test_an_empty_environment_gives_the_defaults() -> None:
    assert Settings.from_env({}) == Settings()
    assert Settings().endpoints == (HUB,)


def test_each_variable_reaches_its_setting(tmp_path: Path) -> None:
    settings = Settings.from_env(
        {
            "TEAHOUSE_HOME": str(tmp_path),
            "GRADIO_SERVER_NAME": "0.0.0.0",
            "GRADIO_SERVER_PORT": "8123",
            "TEAHOUSE_MEMORY_MB": "512",
            "TEAHOUSE_THREADS": "2",
            "TEAHOUSE_LOCAL_FOLDERS": "no",
            "TEAHOUSE_MAX_DOWNLOAD_MB": "1.5",
            "TEAHOUSE_MAX_ROWS": "100",
            "TEAHOUSE_WARM_UP": "0",
            "HF_ENDPOINT": "https://one.example/, https://two.example",
            "HF_HUB_OFFLINE": "1",
            "TEAHOUSE_DTYPE": "BFloat16",
            "TEAHOUSE_MODELSCOPE": "1",
            "MODELSCOPE_ENDPOINT": "https://scope.example/",
        }
    )
    assert settings.home == tmp_path.resolve()
    assert (settings.server_name, settings.server_port) == ("0.0.0.0", 8123)
    assert (settings.memory_budget, settings.threads) == (512 * MB, 2)
    assert (settings.local_folders, settings.warm_up, settings.offline) == (False, False, True)
    assert (settings.max_download, settings.max_rows) == (3 * MB // 2, 100)
    assert settings.endpoints == ("https://one.example", "https://two.example")
    assert settings.dtype == "bfloat16"
    assert (settings.modelscope, settings.modelscope_endpoint) == (True, "https://scope.example")


def test_no_place_but_the_hub_is_asked_until_the_host_says_so() -> None:
    assert not Settings.from_env({"MODELSCOPE_ENDPOINT": "https://scope.example"}).modelscope


def test_runs_hub_and_uploads_live_in_the_home(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path)
    places = (settings.runs, settings.hub_cache, settings.modelscope_cache, settings.uploads)
    assert {path.parent for path in places} == {tmp_path}


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("GRADIO_SERVER_PORT", "http"),
        ("TEAHOUSE_MEMORY_MB", "much"),
        ("TEAHOUSE_MEMORY_MB", "inf"),
        ("TEAHOUSE_MEMORY_MB", "nan"),
        ("HF_HUB_OFFLINE", "perhaps"),
        ("TEAHOUSE_WARM_UP", "2"),
        ("TEAHOUSE_DTYPE", "float16"),
    ],
)
def test_a_value_that_cannot_be_read_is_refused_by_its_variable(variable: str, value: str) -> None:
    with pytest.raises(ValueError, match=f"{variable}='{value}'"):
        Settings.from_env({variable: value})


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("GRADIO_SERVER_PORT", "70000", "server_port"),
        ("TEAHOUSE_THREADS", "-1", "threads"),
        ("TEAHOUSE_MAX_TRAIN_SECONDS", "nan", "max_train_seconds"),
        ("HF_ENDPOINT", "hf.example", "http://"),
        ("HF_ENDPOINT", ",", "at least one"),
        ("MODELSCOPE_ENDPOINT", "scope.example", "http://"),
    ],
)
def test_a_value_out_of_its_bounds_is_refused(variable: str, value: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Settings.from_env({variable: value})


def test_a_dtype_that_does_not_exist_is_refused_with_those_that_do() -> None:
    with pytest.raises(ValueError, match="auto, float32, bfloat16"):
        Settings(dtype="int8")
    with pytest.raises(ValueError, match="TEAHOUSE_DTYPE='half': write one of auto, float32, bfloat16"):
        Settings.from_env({"TEAHOUSE_DTYPE": "half"})


def test_an_empty_variable_counts_as_unset() -> None:
    assert Settings.from_env({"HF_ENDPOINT": "", "GRADIO_SERVER_PORT": "  "}) == Settings()


def test_on_a_space_nobody_types_folders_unless_the_host_says_so() -> None:
    assert not Settings.from_env({"SPACE_ID": "tea/house"}).local_folders
    assert Settings.from_env({"SPACE_ID": "tea/house", "TEAHOUSE_LOCAL_FOLDERS": "1"}).local_folders


def test_settings_do_not_change_after_they_are_made() -> None:
    with pytest.raises(FrozenInstanceError):
        Settings().offline = True
