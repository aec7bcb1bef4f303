"""Pushes a run's model to the Hub with the visitor's own token: card, script and weights, never their table.

The token lives for the length of one call: it is not stored, not logged, and stands in no error. Private unless asked
otherwise; a repository that exists is added to only where it is as private as was asked. Knows no page.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from models import failures
from models.errors import BadInput, SourceFailed, phrase
from models.finetune import package
from models.finetune.run_folder import RunFolder
from models.settings import Settings

logger = logging.getLogger(__name__)
_REPOSITORY = re.compile(r"(?!.*(--|\.\.))[A-Za-z0-9][\w.-]{0,38}/[A-Za-z0-9_][\w.-]{0,94}[A-Za-z0-9_]|[A-Za-z0-9]+/\w")
_TOKEN = re.compile(r"[\x21-\x7e]{8,200}")  # what can stand in a header
_MESSAGE = "A model fine-tuned in Model Teahouse"


def push(folder: RunFolder, repository: str, token: str, *, private: bool = True, settings: Settings) -> str:
    """The address of the repository with the model in it. The first endpoint of the settings is given the token.

    BadInput for a name or a token that cannot be one, SourceFailed where the Hub was not reached or refused.
    """
    repository, token = (repository or "").strip(), (token or "").strip()
    _check(repository, token, settings)
    endpoint = settings.endpoints[0]
    try:
        _push(_Hub(endpoint, token, settings.hub_timeout), repository, package.published(folder), private)
    except BadInput:
        raise
    except Exception as error:
        failed = _failure(endpoint, repository, error)
    else:
        return f"{endpoint}/{repository}"
    raise failed  # outside: the exception, whose request carries the token, is not its context


def _check(repository: str, token: str, settings: Settings) -> None:
    if not _REPOSITORY.fullmatch(repository):
        raise BadInput("errors.repository_name", repository=repository[:100])
    if not _TOKEN.fullmatch(token):
        raise BadInput("errors.token_malformed")
    if settings.offline:
        raise SourceFailed("errors.push_offline")


def _push(hub: _Hub, repository: str, files: Mapping[str, package.Content], private: bool) -> None:
    found = hub.is_private(repository)
    if found is None:
        hub.create(repository, private)
    elif private and not found:
        raise BadInput("errors.repository_is_public", repository=repository)
    hub.commit(repository, files)


class _Hub:
    """The three things that are asked of it, by its own client."""

    def __init__(self, endpoint: str, token: str, timeout: float) -> None:
        from huggingface_hub import HfApi

        self._api, self._timeout = HfApi(endpoint=endpoint, token=token), timeout

    def is_private(self, repository: str) -> bool | None:
        """None where there is no such repository, or none that the token may see. Fails soon where there is no network."""
        from huggingface_hub.errors import RepositoryNotFoundError

        try:
            return bool(self._api.model_info(repository, timeout=self._timeout).private)
        except RepositoryNotFoundError:
            return None

    def create(self, repository: str, private: bool) -> None:
        self._api.create_repo(repository, private=private, repo_type="model")

    def commit(self, repository: str, files: Mapping[str, package.Content]) -> None:
        """All files in one commit. Open files go by plain HTTP, which every mirror and proxy lets through, xet does not."""
        from huggingface_hub import CommitOperationAdd

        with ExitStack() as opened:
            additions: list[Any] = [
                CommitOperationAdd(
                    name, opened.enter_context(content.open("rb")) if isinstance(content, Path) else content
                )
                for name, content in sorted(files.items())
            ]
            self._api.create_commit(repository, additions, commit_message=_MESSAGE, repo_type="model")


def _failure(endpoint: str, repository: str, error: Exception) -> SourceFailed:
    """Whatever went wrong as one sentence. The log gets the kind of error alone."""
    status = getattr(getattr(error, "response", None), "status_code", None)
    logger.warning("the push to %s failed: %s, status %s", endpoint, type(error).__name__, status)
    if status == 401:
        return SourceFailed("errors.token_refused", place=endpoint)
    if status == 403:
        return SourceFailed("errors.push_forbidden", place=endpoint, repository=repository)
    reason = failures.named(endpoint, error)
    if reason["key"] == "failures.broke_off":  # whose sentence speaks of a download that goes on
        reason = phrase("failures.push_broke_off", place=endpoint)
    return SourceFailed("errors.push_failed", tried=reason)
