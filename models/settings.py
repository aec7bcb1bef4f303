"""Every knob of the app: read from the environment once, typed, validated when built. Knows nothing of what uses it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

HUB = "https://huggingface.co"
MODELSCOPE = "https://modelscope.cn"
DTYPES = ("auto", "float32", "bfloat16")
MB = 1024 * 1024


@dataclass(frozen=True)
class Settings:
    """Bounds and places. Sizes in bytes, times in seconds, lengths in characters unless a name says otherwise."""

    home: Path = field(default_factory=lambda: Path.home() / ".cache" / "teahouse")  # runs and caches live here
    server_name: str = "127.0.0.1"
    server_port: int | None = None  # None: the first free one from 7860 on
    memory_budget: int = 4096 * MB  # what all loaded models together may take
    threads: int = 0  # torch threads for inference; 0: torch's own choice
    dtype: str = "auto"  # of models in memory, one of DTYPES; auto: bfloat16 where it is faster here
    endpoints: tuple[str, ...] = (HUB,)  # the Hub, then its mirrors, in the order they are tried
    offline: bool = False
    # Ask ModelScope after the Hub? Off until the host says so: a server calls no one unasked, and there the same
    # owner/name can belong to somebody else.
    modelscope: bool = False
    modelscope_endpoint: str = MODELSCOPE
    local_folders: bool = True  # may people type a folder of the server? Not on a public Space
    hub_timeout: float = 10.0
    max_download: int = 4096 * MB
    max_upload: int = 20 * MB
    max_pixels: int = 40_000_000
    max_pictures: int = 24  # judged together
    max_album_models: int = 4  # that judge them
    max_characters: int = 20_000
    max_prompt_characters: int = 4_000
    max_rows: int = 20_000
    max_columns: int = 64
    max_batch_rows: int = 2_000
    max_classes: int = 64
    max_new_tokens: int = 512
    max_generation_seconds: float = 120.0
    max_train_seconds: float = 3 * 3600.0
    max_train_parameters: int = 320_000_000  # of a base to fine-tune: 16 bytes each while it trains
    max_runs: int = 20  # kept runs; the oldest finished ones go first
    max_runs_per_visitor: int = 3  # queued or training at once
    run_days: float = 30.0  # a run is kept so long after its last event
    queue_size: int = 64
    queue_per_model: int = 256  # items that may wait in front of the inference thread
    concurrency: int = 8  # requests of one kind that may wait for the inference thread at once
    warm_up: bool = True

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, (int, float)) and not isinstance(value, bool) and not value >= 0:
                raise ValueError(f"{name} must not be negative, got {value}")
        if self.server_port is not None and not 0 < self.server_port < 65536:
            raise ValueError(f"server_port must be between 1 and 65535, got {self.server_port}")
        if self.dtype not in DTYPES:
            raise ValueError(f"dtype must be one of {', '.join(DTYPES)}, got {self.dtype!r}")
        if not self.endpoints:
            raise ValueError("endpoints must name at least one")
        for endpoint in (*self.endpoints, self.modelscope_endpoint):
            if not endpoint.startswith(("http://", "https://")):
                raise ValueError(f"an endpoint begins with http:// or https://, got {endpoint!r}")

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Reads TEAHOUSE_*, GRADIO_SERVER_*, HF_ENDPOINT, HF_HUB_OFFLINE and MODELSCOPE_ENDPOINT.

        ValueError names the wrong variable.
        """
        env = os.environ if environ is None else environ
        chosen: dict[str, object] = {}
        for variable, (name, parse) in _VARIABLES.items():
            if env.get(variable, "").strip():
                chosen[name] = _parsed(variable, env[variable].strip(), parse)
        if "SPACE_ID" in env:
            chosen.setdefault("local_folders", False)
        return cls(**chosen)

    @property
    def runs(self) -> Path:
        """One folder a fine-tuning run."""
        return self.home / "runs"

    @property
    def hub_cache(self) -> Path:
        """Downloaded models, in huggingface_hub's own layout."""
        return self.home / "hub"

    @property
    def modelscope_cache(self) -> Path:
        """Models downloaded from ModelScope, in its client's own layout."""
        return self.home / "modelscope"

    @property
    def uploads(self) -> Path:
        """Gradio's temporary files: wiped at every start."""
        return self.home / "uploads"


def _parsed(variable: str, text: str, parse):
    try:
        return parse(text)
    except (ValueError, OverflowError) as error:
        raise ValueError(f"{variable}={text!r}: {error}") from error


def _flag(text: str) -> bool:
    if text.lower() in {"1", "true", "yes", "on"}:
        return True
    if text.lower() in {"0", "false", "no", "off"}:
        return False
    raise ValueError("write 1 or 0")


def _megabytes(text: str) -> int:
    return int(float(text) * MB)


def _dtype(text: str) -> str:
    if text.lower() not in DTYPES:
        raise ValueError(f"write one of {', '.join(DTYPES)}")
    return text.lower()


def _endpoints(text: str) -> tuple[str, ...]:
    return tuple(part.strip().rstrip("/") for part in text.split(",") if part.strip())


_VARIABLES = {
    "TEAHOUSE_HOME": ("home", lambda text: Path(text).expanduser().resolve()),
    "GRADIO_SERVER_NAME": ("server_name", str),
    "GRADIO_SERVER_PORT": ("server_port", int),
    "TEAHOUSE_MEMORY_MB": ("memory_budget", _megabytes),
    "TEAHOUSE_THREADS": ("threads", int),
    "TEAHOUSE_DTYPE": ("dtype", _dtype),
    "TEAHOUSE_LOCAL_FOLDERS": ("local_folders", _flag),
    "TEAHOUSE_MAX_DOWNLOAD_MB": ("max_download", _megabytes),
    "TEAHOUSE_MAX_UPLOAD_MB": ("max_upload", _megabytes),
    "TEAHOUSE_MAX_ROWS": ("max_rows", int),
    "TEAHOUSE_MAX_TRAIN_SECONDS": ("max_train_seconds", float),
    "TEAHOUSE_RUN_DAYS": ("run_days", float),
    "TEAHOUSE_WARM_UP": ("warm_up", _flag),
    "HF_ENDPOINT": ("endpoints", _endpoints),  # several, separated by commas: tried in turn
    "HF_HUB_OFFLINE": ("offline", _flag),
    "TEAHOUSE_MODELSCOPE": ("modelscope", _flag),
    "MODELSCOPE_ENDPOINT": ("modelscope_endpoint", lambda text: text.rstrip("/")),
}
