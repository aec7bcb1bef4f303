"""Model Teahouse 模型茶馆: the composition root. settings -> cache -> runners -> page -> launch. Imports no torch."""

from __future__ import annotations

import logging
import os
import shutil
import threading
from collections.abc import Callable
from functools import partial

from models import memory

memory.use_one_arena()  # before any thread is started

# Read by gradio when it is imported: no version check, no telemetry, and uploads in a folder of our own.
os.environ.setdefault("GRADIO_ANALYTICS_ENABLED", "False")
# Read by torch's OpenMP: idle threads sleep instead of spinning on cores that a training run beside us needs.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

from models.settings import Settings

settings = Settings.from_env()
os.environ.setdefault("GRADIO_TEMP_DIR", str(settings.uploads))

from PIL import Image

from demos import page, theme
from demos.i18n import ASSETS
from models.activity import Activity
from models.album import AlbumReader
from models.attention import AttentionReader
from models.cache import ModelCache
from models.catalog import Catalog
from models.decoding import DecodingComparer
from models.disturb import Disturber
from models.engine import Engine
from models.errors import TeahouseError
from models.explain import Explainer
from models.explain_text import TextExplainer
from models.finetune.evaluations import Evaluations
from models.finetune.runs import RunStore
from models.generation import GenerationRunner
from models.library import Library
from models.loading import Loader
from models.perplexity import PerplexityReader
from models.sentiment import SentimentRunner
from models.sources import Sources
from models.tracing import Tracer
from models.verse import PoemRequest
from models.vision import VisionRunner

logger = logging.getLogger("teahouse")


def compose(settings: Settings) -> page.Teahouse:
    """Every collaborator, wired. Nothing is loaded yet."""
    activity = Activity()
    sources = Sources(settings, activity)
    cache = ModelCache(Loader(settings, sources, activity), budget_bytes=settings.memory_budget)
    runs = RunStore(settings)
    catalog = Catalog(find_run=runs.find, local_folders=settings.local_folders)
    library = Library(catalog, sources, cache, activity)
    engine = Engine(max_waiting=settings.queue_per_model)
    return page.Teahouse(
        settings=settings,
        library=library,
        sentiment=SentimentRunner(library, engine, settings),
        generation=GenerationRunner(library, engine, settings),
        tracer=Tracer(library, engine, settings),
        decodings=DecodingComparer(library, engine, settings),
        perplexity=PerplexityReader(library, engine, settings),
        vision=VisionRunner(library, engine, settings),
        text_explainer=TextExplainer(library, engine, settings),
        attention=AttentionReader(library, engine, settings),
        explainer=Explainer(library, engine, settings),
        disturber=Disturber(library, engine, settings),
        album=AlbumReader(library, engine, settings),
        runs=runs,
        evaluations=Evaluations(runs, settings),
    )


def warm_up(teahouse: page.Teahouse) -> None:
    """One small answer from each bundled model, behind the open page: the first pass through a model is a slow one."""
    blank = Image.new("RGB", (64, 64))
    answers: list[Callable[[], object]] = [
        lambda: teahouse.sentiment.classify("茶", "sentiment-zh"),
        lambda: list(teahouse.generation.poem(PoemRequest("五绝"), "gpt-zh")),  # the rhyme table too
        *(
            partial(teahouse.vision.classify, blank, name)
            for name in teahouse.library.catalog.bundled("image-classification")
        ),
    ]
    for answer in answers:
        try:
            answer()
        except TeahouseError as error:
            logger.warning("not warmed up: %s", error)


def launch_options(settings: Settings) -> dict:
    return {
        "server_name": settings.server_name,
        "server_port": settings.server_port,
        "theme": theme.theme(),
        "css": theme.css(),
        "head": theme.head(),
        "footer_links": ["api"],
        "allowed_paths": [str(ASSETS / "examples")],
        "max_file_size": settings.max_upload,
        "run_history": False,
        "enable_monitoring": False,
        "show_error": False,
        "ssr_mode": False,
        "state_session_capacity": 1000,
    }


def main() -> None:
    """Opens the page first; torch and the default models follow behind it."""
    demo.launch(**launch_options(settings), prevent_thread_lock=True)
    if settings.warm_up:
        threading.Thread(target=warm_up, args=(teahouse,), name="warm-up", daemon=True).start()
    demo.block_thread()


def wipe_uploads(settings: Settings) -> None:
    """What visitors uploaded before the last stop is nobody's any more."""
    shutil.rmtree(settings.uploads, ignore_errors=True)
    settings.uploads.mkdir(parents=True, exist_ok=True)


logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
teahouse = compose(settings)
demo = page.build(teahouse).queue(
    api_open=False, max_size=settings.queue_size, default_concurrency_limit=settings.concurrency
)

if __name__ == "__main__":
    wipe_uploads(settings)
    main()
