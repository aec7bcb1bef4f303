"""How the view «tokens» draws: a text as its tokens, the alternatives of one of them, the branches, as HTML.

Pure functions of plain data and a language. Everything a visitor or a model wrote is escaped here. Knows no event.
"""

from __future__ import annotations

import html
from dataclasses import dataclass, replace

from demos.i18n import Strings
from models.sampling import GenerationOptions
from models.tracing import Alternative, Trace, TracedToken

_STRONGEST = 55  # per cent of colour behind a token that nobody would have guessed; the ink stays readable on it
_BROKEN = "\ufffd"
_LONGEST_NAME = 18  # characters of a branch's name


@dataclass(frozen=True)
class Branch:
    trace: Trace
    parent: int | None = None  # of Looked.branches
    place: int | None = None  # the token of the parent at which it turned off


@dataclass(frozen=True)
class Looked:
    """What the page remembers of the view."""

    model: str
    options: GenerationOptions
    branches: tuple[Branch, ...]
    current: int = 0
    chosen: int | None = None  # the token whose alternatives are shown

    @property
    def trace(self) -> Trace:
        return self.branches[self.current].trace

    def at(self, branch: int) -> Looked:
        """Another branch, at the token with which it began."""
        branch = min(branch, len(self.branches) - 1)
        return replace(self, current=branch, chosen=self.branches[branch].place)

    def with_branches(self, branches: tuple[Branch, ...], most: int) -> Looked:
        """These, the last one shown; of too many the second goes, for the first is the text itself."""
        if len(branches) > most:
            branches = (branches[0], *(replace(one, parent=_shifted(one.parent)) for one in branches[2:]))
        return replace(self, branches=branches, current=len(branches) - 1, chosen=branches[-1].place)


def _shifted(parent: int | None) -> int | None:
    return parent if parent is None or parent < 1 else parent - 1


class TokensView:
    def __init__(self, strings: Strings) -> None:
        self._strings = strings

    def draw(self, looked: Looked | None, lang: str) -> str:
        if looked is None:
            return ""
        trace = looked.trace
        if not trace.tokens:
            return f'<p class="tea-muted">{self._say("nothing", lang)}</p>'
        parts = [self._branches(looked, lang), self._text(looked, lang), self._legend(lang)]
        if looked.chosen is not None and looked.chosen < len(trace.tokens):
            parts.append(self._token(trace.tokens[looked.chosen], lang))
        return f'<div class="tea-tokens">{"".join(parts)}</div>'

    def writing(self, kept: str, grown: str) -> str:
        """A text on its way."""
        return (
            f'<div class="tea-tokens"><p class="tea-tokens-text"><span class="tea-given">{html.escape(kept)}</span>'
            f"{html.escape(grown)}</p></div>"
        )

    def _branches(self, looked: Looked, lang: str) -> str:
        if len(looked.branches) == 1:
            return ""
        items = []
        for number, branch in enumerate(looked.branches):
            name = self._say("first", lang)
            if branch.place is not None:
                turned = "".join(token.text for token in branch.trace.tokens[branch.place :])[:_LONGEST_NAME]
                name = self._say("branch", lang, number=number, text=html.escape(turned))
            here = ' class="is-here" aria-current="true"' if number == looked.current else ""
            items.append(f'<li{here}><button type="button" data-branch="{number}">{name}</button></li>')
        return f'<ol class="tea-branches">{"".join(items)}</ol>'

    def _text(self, looked: Looked, lang: str) -> str:
        place = looked.branches[looked.current].place
        tokens = "".join(
            self._button(number, token, looked.chosen, place, lang) for number, token in enumerate(looked.trace.tokens)
        )
        given = f'<span class="tea-given">{html.escape(looked.trace.prompt)}</span>'
        return f'<p class="tea-tokens-text">{given}{tokens}</p>'

    def _button(self, number: int, token: TracedToken, chosen: int | None, place: int | None, lang: str) -> str:
        kinds = [
            kind
            for kind, holds in (
                ("is-chosen", number == chosen),
                ("is-turn", number == place),
                ("is-part", not token.text),
                ("is-kept", place is not None and number < place),
            )
            if holds
        ]
        share = round(_STRONGEST * (1 - token.probability))
        title = self._say("title", lang, percent=percent(token.probability))
        breaks = "<br>" * token.text.count("\n")
        shown = html.escape(token.text.replace("\n", "")) or ("⏎" if breaks else "·")
        return (
            f'<button type="button" class="{" ".join(kinds)}" data-token="{number}" title="{title}" '
            f'style="background:color-mix(in srgb, var(--tea-warm) {share}%, transparent)">{shown}</button>{breaks}'
        )

    def _legend(self, lang: str) -> str:
        return (
            f'<p class="tea-tokens-legend"><span>{self._say("sure", lang)}</span><i></i>'
            f"<span>{self._say('unsure', lang)}</span></p>"
        )

    def _token(self, token: TracedToken, lang: str) -> str:
        head = self._say("chosen", lang, text=quoted(token.text), percent=percent(token.probability))
        if token.forced:
            head += self._say("forced", lang)
        largest = max(max(one.probability, one.kept) for one in token.alternatives) or 1.0
        rows = "".join(self._row(one, one.id == token.id, largest, lang) for one in token.alternatives)
        hints = [self._say("hint", lang)]
        if any(one.penalized and not one.cut_by for one in token.alternatives):
            hints.append(self._say("penalized", lang))
        columns = "".join(f"<th>{self._say(name, lang)}</th>" for name in ("alternative", "before", "after"))
        return (
            f'<div class="tea-alternatives"><p>{head}</p><table><thead><tr>{columns}</tr></thead>'
            f"<tbody>{rows}{self._rest(token, lang)}</tbody></table>"
            f'<p class="tea-muted">{"<br>".join(hints)}</p></div>'
        )

    def _row(self, one: Alternative, is_written: bool, largest: float, lang: str) -> str:
        words = self._say("end", lang) if one.is_end else quoted(one.text)
        name = f'<b lang="zh">{words}</b>'
        if not is_written:
            title = self._say("go", lang, text=words)
            name = f'<button type="button" data-id="{one.id}" title="{title}">{name}</button>'
        after = _bar(one.kept, largest, "is-after") + ("<sup>↺</sup>" if one.penalized else "")
        if one.cut_by:
            after = f'<span class="tea-cut">{self._say(f"cut_{one.cut_by}", lang)}</span>'
        kind = ' class="is-written"' if is_written else ' class="is-cut"' if one.cut_by else ""
        return f"<tr{kind}><td>{name}</td><td>{_bar(one.probability, largest, 'is-before')}</td><td>{after}</td></tr>"

    def _rest(self, token: TracedToken, lang: str) -> str:
        if not token.others:
            return ""
        words = self._say("others", lang, count=f"{token.others:,}")
        return f'<tr class="is-rest"><td colspan="2">{words}</td><td>{percent(token.others_kept)}</td></tr>'

    def _say(self, key: str, lang: str, **values: object) -> str:
        return self._strings.text(f"tokens.{key}", lang, **values)


def percent(share: float) -> str:
    """«3.2 %», escaped; a share below a thousandth is not called nothing."""
    if 0 < share < 0.001:
        return "&lt;0.1 %"
    if 0.999 < share < 1:
        return "&gt;99.9 %"
    return f"{100 * share:.1f} %"


def quoted(text: str) -> str:
    """A token as one can see it: a blank, a line's end and a part of a character have signs of their own."""
    if _BROKEN in text or not text:
        return "·"
    return html.escape(text).replace("\n", "⏎").replace(" ", "␣")


def _bar(share: float, largest: float, kind: str) -> str:
    return f'<span class="tea-share {kind}"><i style="width:{100 * share / largest:.1f}%"></i></span><em>{percent(share)}</em>'
