"""The lesson cards: whole in both languages, and the story that they tell leads somewhere."""

from __future__ import annotations

import re

import pytest

from demos.i18n import LANGUAGES, Strings
from demos.lessons import LESSONS, PARTS, STORY, Lesson, Paper, card
from demos.page import TABS

STRINGS = Strings.load()


@pytest.mark.parametrize("name", sorted(LESSONS))
@pytest.mark.parametrize("lang", LANGUAGES)
def test_a_card_says_what_its_view_shows_and_what_not_with_its_papers(name: str, lang: str) -> None:
    lesson = LESSONS[name]
    drawn = card(STRINGS, lesson, lang)
    assert [len(part) > 20 for part in re.findall("<dd>(.*?)</dd>", drawn)] == [True] * len(PARTS)
    assert all(f'href="{paper.url}"' in drawn for paper in lesson.papers)
    assert drawn.count("is-here") == 1


def test_each_step_of_the_story_leads_to_a_view_of_that_step() -> None:
    for step, path in STORY.items():
        place, _, name = path.rpartition("/")
        assert (LESSONS[name].place, LESSONS[name].step) == (place, step)


def test_every_view_is_in_a_tab_and_every_tab_has_one() -> None:
    assert {lesson.place.partition("/")[0] for lesson in LESSONS.values()} == set(TABS)


def test_what_a_card_cites_is_escaped() -> None:
    lesson = Lesson("training", "finetune", "training", (Paper("A & B", 'https://x.example/"'),))
    drawn = card(STRINGS, lesson, "en")
    assert "A &amp; B" in drawn
    assert 'x.example/"' not in drawn
