"""What people read when something goes wrong: one sentence in their language; the log gets the trace.

Wrap each handler in `Reporter.said`. It finds the language in the handler's own `lang` argument, or for an API call in
the request's Accept-Language.
"""

from __future__ import annotations

import functools
import html
import inspect
import logging
from collections.abc import Callable
from typing import Any

import gradio as gr

from demos.i18n import LANGUAGES, Strings, preferred
from models.errors import TeahouseError

logger = logging.getLogger(__name__)


class Reporter:
    def __init__(self, strings: Strings) -> None:
        self._strings = strings

    def said(self, handler: Callable[..., Any]) -> Callable[..., Any]:
        """The handler (a function or a generator), with its errors said to the visitor."""
        signature = inspect.signature(handler)

        def language(args: tuple, kwargs: dict) -> str:
            given = signature.bind_partial(*args, **kwargs).arguments
            if given.get("lang") in LANGUAGES:
                return given["lang"]
            asked = given["request"].headers.get("accept-language") if given.get("request") else None
            return preferred(asked) if asked else "en"  # a program that names no language

        if inspect.isgeneratorfunction(handler):

            @functools.wraps(handler)
            def streamed(*args: Any, **kwargs: Any):
                try:
                    yield from handler(*args, **kwargs)
                except Exception as error:
                    raise self.shown(error, language(args, kwargs)) from error

            return streamed

        @functools.wraps(handler)
        def called(*args: Any, **kwargs: Any) -> Any:
            try:
                return handler(*args, **kwargs)
            except Exception as error:
                raise self.shown(error, language(args, kwargs)) from error

        return called

    def shown(self, error: Exception, lang: str) -> gr.Error:
        """The error as the page shows it. A gr.Error may be HTML, so everything in it is escaped."""
        if isinstance(error, gr.Error):
            return error
        return gr.Error(html.escape(self.sentence(error, lang), quote=False), duration=12, print_exception=False)

    def sentence(self, error: Exception, lang: str) -> str:
        """One sentence in the visitor's language. Anything outside the family is logged with its trace."""
        if isinstance(error, TeahouseError) and self._strings.knows(error.key):
            logger.info("refused: %s", error)
            return self._strings.text(error.key, lang, **error.values)
        logger.error("unexpected error", exc_info=error)
        return self._strings.text("errors.internal", lang)
