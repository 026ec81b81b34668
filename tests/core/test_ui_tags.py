"""The page tags: dates, money, icons, marks and the sentences of the scripts."""

import datetime as dt
import json
import re
from decimal import Decimal
from pathlib import Path

import lucide
import pytest
from django.conf import settings
from django.template import Context, Template
from django.utils import translation

from core.templatetags import ui

LATE = dt.datetime(2026, 11, 22, 16, 5, tzinfo=dt.UTC)
TEMPLATES = Path(settings.BASE_DIR) / "templates"
SCRIPTS = Path(settings.BASE_DIR) / "core" / "static" / "core" / "js"


class TestDates:
    def test_writes_a_date_with_its_weekday(self) -> None:
        assert ui.zh_date(dt.date(2026, 11, 22)) == "2026年11月22日（周日）"

    def test_shows_a_moment_in_the_city_s_time_zone(self) -> None:
        assert ui.zh_datetime(LATE) == "2026年11月23日（周一） 00:05"

    def test_writes_english_dates_for_english_readers(self) -> None:
        with translation.override("en"):
            shown = ui.zh_datetime(LATE)

        assert shown == "Mon 23 Nov 2026 00:05"

    @pytest.mark.parametrize("show", [ui.zh_date, ui.zh_time, ui.zh_datetime, ui.short_datetime])
    def test_shows_nothing_for_nothing(self, show: object) -> None:
        assert callable(show)
        assert show(None) == ""

    def test_leaves_the_year_out_of_a_dense_list_only_in_the_same_year(self) -> None:
        now = dt.datetime.now(tz=dt.UTC)
        other_year = LATE.replace(year=2001)

        assert len(ui.short_datetime(now)) == len("11-22 14:32")
        assert ui.short_datetime(other_year) == "2001-11-23 00:05"


class TestMoney:
    @pytest.mark.parametrize(
        ("amount", "shown"),
        [
            (1280, "¥1,280.00"),
            ("0.005", "¥0.01"),
            (Decimal("-12.5"), "-¥12.50"),
            (None, ""),
            ("", ""),
            ("很多", ""),
            ("NaN", ""),
        ],
    )
    def test_groups_and_rounds_to_the_fen(
        self, amount: Decimal | float | str | None, shown: str
    ) -> None:
        assert ui.money(amount) == shown


class TestIcon:
    def test_is_hidden_from_screen_readers_without_a_label(self) -> None:
        drawing = ui.icon("phone")

        assert 'aria-hidden="true"' in drawing
        assert "style=" not in drawing

    def test_escapes_the_label_that_names_it(self) -> None:
        drawing = ui.icon("phone", label='打"电话"<')

        assert 'aria-label="打&quot;电话&quot;&lt;"' in drawing

    def test_refuses_an_unknown_name(self) -> None:
        with pytest.raises(lucide.IconDoesNotExist):
            ui.icon("no-such-drawing")

    def test_every_icon_named_in_a_template_exists(self) -> None:
        pattern = re.compile(r'\{% icon "([a-z0-9-]+)"|icon="([a-z0-9-]+)"')
        pages = [page.read_text() for page in TEMPLATES.rglob("*.html")]
        names = {a or b for page in pages for a, b in pattern.findall(page)}

        drawn = {name for name in names if ui.icon(name)}

        assert drawn == names
        assert "phone-call" in names

    def test_every_state_has_an_icon_that_exists(self) -> None:
        for _tone, name in ui.STATE_LOOKS.values():
            assert "<svg" in ui.icon(name)


class TestMarks:
    @pytest.mark.parametrize(
        ("percent", "tone"), [(None, ""), (74, ""), (75, "soon"), (99.9, "soon"), (100, "over")]
    )
    def test_names_the_tone_of_a_due_bar(self, percent: float | None, tone: str) -> None:
        assert ui.due_tone(percent) == tone

    def test_an_unknown_state_gets_a_plain_dot(self) -> None:
        assert ui.state_look("unheard_of") == {"tone": "", "icon": "circle-dot"}


class TestScriptTexts:
    def test_holds_every_sentence_that_a_script_asks_for(self) -> None:
        block = str(ui.ui_texts())
        sentences = json.loads(block.split(">", 1)[1].rsplit("<", 1)[0])
        calls = re.compile(r'\btext\(\s*"(\w+)"')
        asked = {
            key for script in SCRIPTS.glob("*.js") for key in calls.findall(script.read_text())
        }

        assert asked - sentences.keys() == set()
        assert "saved" in asked


class TestParts:
    def test_a_due_part_says_the_time_in_words_and_keeps_a_given_tone(self) -> None:
        part = Template('{% include "components/due.html" with due_at=at percent=10 tone="over" %}')

        drawn = part.render(Context({"at": LATE}))

        assert "due--over" in drawn
        assert 'title="2026年11月23日（周一） 00:05"' in drawn

    def test_a_field_part_ties_hint_and_error_to_the_input(self) -> None:
        drawn = Template(
            "{% load styleguide %}{% styleguide_samples as s %}"
            '{% include "components/field.html" with field=s.failed.title %}'
        ).render(Context())

        assert 'aria-describedby="id_failed-title_helptext id_failed-title_error"' in drawn
        assert 'id="id_failed-title_error"' in drawn
        assert 'aria-invalid="true"' in drawn


class TestContentSecurity:
    """The policy of portal and console forbids inline script, style attributes and handlers."""

    @pytest.mark.parametrize(
        "page", sorted(TEMPLATES.rglob("*.html")), ids=lambda p: str(p.relative_to(TEMPLATES))
    )
    def test_no_template_needs_an_inline_style_script_or_handler(self, page: Path) -> None:
        if "documents" in page.parts:
            pytest.skip("printed documents are not served to a browser")
        source = page.read_text()

        assert not re.search(r'\sstyle="', source)
        assert not re.search(r'\son[a-z]+="', source)
        assert not re.search(r"<script(?![^>]*\b(src=|application/json))", source)
        assert "<style" not in source
