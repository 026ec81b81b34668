"""Searching rows, with the rights inside the query."""

import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.contrib.postgres.indexes import GinIndex
from django.db import connection, models
from django.test.utils import isolate_apps
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.search.fields import SearchTokensField
from core.search.queries import matches
from core.search.rules import tokenise

MANY = 20_000
pytestmark = pytest.mark.django_db


@pytest.fixture
def note(db: None) -> Iterator[Any]:
    """A table of notes that lives as long as the test."""
    with isolate_apps("core"):

        class Note(models.Model):
            text = models.TextField()
            public = models.BooleanField(default=True)
            search_tokens = SearchTokensField(sources=("text",))

            class Meta:
                app_label = "core"
                db_table = "search_test_note"
                indexes = [GinIndex(fields=["search_tokens"], name="search_test_note_idx")]

            def __str__(self) -> str:
                return f"note {self.pk}"

        with connection.schema_editor() as editor:
            editor.create_model(Note)
        yield Note


def texts(found: Any) -> list[str]:
    return list(found.order_by("-pk").values_list("text", flat=True))


class TestMatches:
    @pytest.mark.parametrize(
        "q",
        ["占道", "占道经营", "佔道經營", "锦书路 烧烤", "烧烤　锦书路", "摊", "A12", "ａ１２"],
    )
    def test_finds_what_contains_every_word(self, note: Any, q: str) -> None:
        note.objects.create(text="锦书路烧烤摊占道经营，编号A12。")
        note.objects.create(text="听江巷路灯不亮，编号B77。")

        assert texts(matches(note.objects.all(), q)) == ["锦书路烧烤摊占道经营，编号A12。"]

    def test_finds_what_was_written_in_traditional_characters(self, note: Any) -> None:
        note.objects.create(text="夜間噪聲擾民")

        assert texts(matches(note.objects.all(), "噪声扰民")) == ["夜間噪聲擾民"]

    def test_finds_other_words_for_the_same(self, note: Any) -> None:
        note.objects.create(text="希望综合执法队来处理")

        assert texts(matches(note.objects.all(), "城管")) == ["希望综合执法队来处理"]

    @pytest.mark.parametrize("q", ["占道 停电", "A1", "12", "电", "道占"])
    def test_does_not_find_half_a_match(self, note: Any, q: str) -> None:
        note.objects.create(text="占道经营A12")

        assert texts(matches(note.objects.all(), q)) == []

    @pytest.mark.parametrize("q", ["", "   ", "\u3000", "\n"])
    def test_a_blank_query_narrows_nothing(self, note: Any, q: str) -> None:
        note.objects.create(text="占道")

        assert texts(matches(note.objects.all(), q)) == ["占道"]

    @pytest.mark.parametrize(
        "q",
        ["%", "'; DROP TABLE core_user; --", "\x00", "{}", "\\", "！！", "😀", "\ud800", "$1 %s"],
    )
    def test_a_hostile_query_is_harmless(self, note: Any, q: str) -> None:
        note.objects.create(text="占道")

        assert texts(matches(note.objects.all(), q)) == []

    @given(q=st.text(max_size=300))
    @settings(
        max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None
    )
    def test_any_text_gives_an_answer(self, note: Any, q: str) -> None:
        list(matches(note.objects.all(), q))

    def test_a_monstrous_query_stays_small(self, note: Any) -> None:
        sql = str(matches(note.objects.all(), " ".join(f"w{n}" for n in range(500))).query)

        assert sql.count("@>") <= 8

    def test_follows_the_row_when_it_changes(self, note: Any) -> None:
        row = note.objects.create(text="停水")
        row.text = "井盖松动"
        row.save()

        assert texts(matches(note.objects.all(), "停水")) == []
        assert texts(matches(note.objects.all(), "井盖")) == ["井盖松动"]


class TestRights:
    def test_a_hidden_row_never_appears_and_never_counts(self, note: Any) -> None:
        note.objects.create(text="占道经营甲")
        hidden = note.objects.create(text="占道经营乙", public=False)
        visible = note.objects.filter(public=True)

        found = matches(visible, "占道 OR 乙")
        plain = matches(visible, "占道")

        assert texts(found) == []
        assert texts(plain) == ["占道经营甲"]
        assert plain.count() == 1
        assert not matches(visible, "经营乙").exists()
        assert hidden not in matches(visible, "城管 占道")

    def test_a_synonym_does_not_step_out_of_the_rights(self, note: Any) -> None:
        note.objects.create(text="执法局已到场", public=False)

        assert texts(matches(note.objects.filter(public=True), "城管")) == []


@pytest.mark.slow
class TestPlan:
    @pytest.fixture
    def many(self, note: Any) -> Any:
        """Twenty thousand notes, one of which holds the word."""
        rows = []
        for number in range(MANY):
            text = f"第{number}号：路面{chr(0x4E00 + number % 500)}{chr(0x5000 + number % 700)}"
            rows.append(note(text=text, search_tokens=sorted(tokenise(text))))
        rows[777].text += "城管"
        rows[777].search_tokens = sorted(tokenise(rows[777].text))
        note.objects.bulk_create(rows, batch_size=2000)
        with connection.cursor() as cursor:
            cursor.execute("SELECT gin_clean_pending_list('search_test_note_idx')")
            cursor.execute("ANALYZE search_test_note")
        return note

    @pytest.mark.parametrize("q", ["城管", "综合执法", "管", "777"])
    def test_uses_the_index(self, many: Any, q: str) -> None:
        found = matches(many.objects.filter(public=True), q).order_by("-pk")[:50]

        plan = json.loads(found.explain(format="json"))
        nodes = list(_nodes(plan[0]["Plan"]))
        assert {"Bitmap Index Scan"} <= {node["Node Type"] for node in nodes}
        assert "Seq Scan" not in {node["Node Type"] for node in nodes}
        assert len(found) == 1


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from _nodes(child)
