"""The public API of the view «album»: several pictures judged at once, with a csv of the answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import gradio as gr

from demos.endpoint import Endpoint, model_field
from demos.errors import Reporter
from demos.i18n import Strings, preferred
from demos.picture_file import PictureFiles
from models.album import Photo, write_csv
from models.progress import finished

if TYPE_CHECKING:
    from demos.page import Teahouse


def endpoints(teahouse: Teahouse) -> list[Endpoint]:
    reporter = Reporter(Strings.load())

    def classify_images(files: list[Photo], model: str, request: gr.Request):
        album = finished(teahouse.album.steps(files, model.split(",")))
        asked = request.headers.get("accept-language")
        lang = preferred(asked) if asked else "en"
        path = write_csv(album, lambda error: reporter.sentence(error, lang), teahouse.settings.uploads)
        return album.summary, str(path)

    return [
        Endpoint(
            classify_images,
            [PictureFiles(label="files: pictures", file_count="multiple"), model_field("efficientnet-lite0")],
            [
                gr.JSON(label="summary: models, pictures, unreadable, uncertain, agreements, disagreements"),
                gr.File(label="csv: file, each model's label and score, error"),
            ],
            "classify_images",
            "The likeliest class of each of several pictures. model: one, or several separated by commas.",
        )
    ]
