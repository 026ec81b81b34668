"""`manage.py import_contacts`: a bad row stops nothing, a second run adds nothing."""

import csv
import io
import json
import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.clocks.models import Clock
from core.events.models import Event
from hotline.actions import importing
from hotline.models import Contact, Ticket
from tests.factories.core import OrganisationFactory, city, district, policies
from tests.factories.hotline import category

pytestmark = pytest.mark.django_db
COLUMNS = ["编号", "标题", "正文", "时间"]
MAP = "external_id=编号,title=标题,content=正文,received_at=时间"
ROWS = [
    [f"A-{n}", f"第{n}件", f"三盏路灯坏了{n}。", f"2026-11-{n + 10} 08:30:00"] for n in range(3)
]
DATA = os.environ.get("TONGBAN_DATA", "")


@pytest.fixture(autouse=True)
def _city(db: None) -> None:
    city()
    district()
    category()
    policies()
    OrganisationFactory(code="accused")


def run(path: Path, **options: Any) -> str:
    """Import a file and return what was said."""
    said = io.StringIO()
    options = {"source": "online_inquiry", "map": MAP, **options}
    call_command("import_contacts", str(path), stdout=said, **options)
    return said.getvalue()


def summary(said: str) -> str:
    return said.strip().splitlines()[-1]


@pytest.fixture
def table(tmp_path: Path) -> Callable[..., Path]:
    """Return what writes rows into a CSV file."""

    def write(*rows: list[Any], columns: list[str] = COLUMNS, encoding: str = "utf-8") -> Path:
        path = tmp_path / "rows.csv"
        with path.open("w", encoding=encoding, newline="") as file:
            csv.writer(file).writerows([columns, *rows])
        return path

    return write


@pytest.fixture(autouse=True)
def _quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let lines about bad rows go where the command writes, and the progress bar nowhere."""
    monkeypatch.setenv("TQDM_DISABLE", "1")


class TestFormats:
    @pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
    def test_csv(self, table: Callable[..., Path], encoding: str) -> None:
        path = table(*ROWS, encoding=encoding)

        assert summary(run(path)) == "新增 3 条，已有 0 条，未导入 0 条。"
        assert summary(run(path)) == "新增 0 条，已有 3 条，未导入 0 条。"

        made = Ticket.objects.select_related("origin", "region").get(title="第1件")
        assert (made.origin.source, made.origin.external_id) == ("online_inquiry", "A-1")
        assert timezone.localtime(made.received_at) == datetime(
            2026, 11, 11, 8, 30, tzinfo=timezone.get_default_timezone()
        )
        assert (made.region.code, made.kind, made.state) == ("519900", "help", "registered")
        assert Clock.objects.filter(subject_id=made.pk, kind="answer", state="running").count() == 1
        assert Event.objects.filter(kind="hotline.ticket.registered").count() == 3

    def test_xlsx(self, tmp_path: Path) -> None:
        book = openpyxl.Workbook()
        assert book.active is not None
        for row in (COLUMNS, ["A-1", "标题", "正文", datetime(2026, 11, 11, 8, 30)]):
            book.active.append(row)
        book.active.append([7, "数字编号", 12345, "2026/11/11"])
        book.save(tmp_path / "rows.xlsx")

        assert summary(run(tmp_path / "rows.xlsx")) == "新增 2 条，已有 0 条，未导入 0 条。"
        assert summary(run(tmp_path / "rows.xlsx")) == "新增 0 条，已有 2 条，未导入 0 条。"
        assert set(Contact.objects.values_list("external_id", flat=True)) == {"A-1", "7"}

    def test_jsonl_has_the_fields_of_the_api(self, tmp_path: Path) -> None:
        row = {
            "external_id": "J-1",
            "title": "路灯",
            "content": "坏了",
            "region": "519901",
            "caller": {"name": "王小满", "phone": "19900001234", "id_no": ""},
            "location": {"lng": 104.06, "lat": 30.57},
            "kind": "complaint",
            "category": "030502",
            "urgency": "urgent",
            "confidential": True,
            "publishable": "否",
            "accused_unit": "accused",
            "address": "青竹巷 7 号",
            "received_at": "2026-11-11T08:30:00+08:00",
        }
        path = tmp_path / "rows.jsonl"
        path.write_text(json.dumps(row, ensure_ascii=False), encoding="utf-8")

        assert summary(run(path, map="")) == "新增 1 条，已有 0 条，未导入 0 条。"
        assert summary(run(path, map="")) == "新增 0 条，已有 1 条，未导入 0 条。"

        made = Ticket.objects.select_related("origin").get()
        assert (made.origin.caller_name, made.origin.caller_phone) == ("王小满", "19900001234")
        assert (made.kind, made.urgency, made.confidential) == ("complaint", "urgent", True)
        assert (float(made.lng or 0), float(made.lat or 0)) == (104.06, 30.57)
        assert (made.publishable, made.address) == (False, "青竹巷 7 号")


BAD_ROWS: list[tuple[list[Any], str]] = [
    (["B", "标题", "", ""], "content：请写明您要反映的具体内容。"),
    (["B", "标题", "\u202e", ""], "content：请写明您要反映的具体内容。"),
    (["B", "标题", "正文", "前天"], "received_at：“前天”不是可识别的日期时间。"),
    (["B", "标题", "正文", "2026-02-30"], "received_at：“2026-02-30”不是可识别的日期时间。"),
    (["B", "标题", "正文", "1899-12-31"], "received_at：收到时间过早，请检查日期。"),
    (["B", "题" * 201, "正文", ""], "title：标题最多 200 个字，现在有 201 个字。"),
    (["B", "标题", "字" * 100_000, ""], "content：内容最多 20000 个字，现在有 100000 个字。"),
    (["B", "标题", "正文", "", "多出来"], "有 5 列，但列名只有 4 个。"),
]


class TestBadRows:
    @pytest.mark.parametrize(("row", "reason"), BAD_ROWS, ids=range(len(BAD_ROWS)))
    def test_are_told_with_line_and_reason_and_stop_nothing(
        self, table: Callable[..., Path], capsys: Any, row: list[Any], reason: str
    ) -> None:
        said = run(table(ROWS[0], row, ROWS[1]))

        assert f"第 3 行未导入：{reason}" in said + capsys.readouterr().out
        assert summary(said) == "新增 2 条，已有 0 条，未导入 1 条。"
        assert set(Contact.objects.values_list("external_id", flat=True)) == {"A-0", "A-1"}

    @pytest.mark.parametrize(
        ("values", "field"),
        [
            ({"received_at": "tomorrow"}, "received_at"),
            ({"region": "999999"}, "region"),
            ({"region": "519901\x00"}, ""),
            ({"region": "\ud800"}, "region"),
            ({"category": "9\x009"}, "category"),
            ({"category": {"a": 1}}, "category"),
            ({"accused_unit": "no\x00body"}, "accused_unit"),
            ({"kind": "rumour"}, "kind"),
            ({"urgency": 5}, "urgency"),
            ({"lng": "NaN", "lat": "30"}, "lng"),
            ({"lng": "1e999999", "lat": "30"}, "lng"),
            ({"lng": "Infinity", "lat": "30"}, "lng"),
            ({"lng": "104"}, "location"),
            ({"lng": [104], "lat": [30]}, "lng"),
            ({"confidential": "也许"}, "confidential"),
            ({"caller": {"phone": "12"}}, "caller.phone"),
            ({"caller": {"id_no": "110101900307003"}}, "caller.id_no"),
            ({"caller": {"name": "王" * 61}}, "caller.name"),
            ({"caller": "王小满"}, ""),
            ({"address": "路" * 201}, "address"),
            ({"received_at": "0001-01-01T00:00:00+23:59"}, "received_at"),
            ({"received_at": 10**40}, "received_at"),
            ({"received_at": "9999-12-31T23:59:59-23:59"}, "received_at"),
        ],
        ids=str,
    )
    def test_of_every_kind_and_field(
        self, tmp_path: Path, capsys: Any, values: dict[str, Any], field: str
    ) -> None:
        if values == {"received_at": "tomorrow"}:
            values = {"received_at": (timezone.now() + timedelta(days=1)).isoformat()}
        row = {"external_id": "X", "title": "路灯", "content": "坏了", **values}
        path = tmp_path / "rows.jsonl"
        path.write_text(
            "\n".join(json.dumps(line) for line in (row, {"external_id": "Y", "content": "好行"}))
        )

        said = run(path, map="")

        told = said + capsys.readouterr().out
        if field:
            assert f"第 1 行未导入：{field}：" in told
        assert Contact.objects.filter(external_id="Y").exists()
        assert Contact.objects.filter(external_id="X").exists() is (field == "")

    def test_many_are_summed_up(self, table: Callable[..., Path], capsys: Any) -> None:
        said = run(
            table(*(["", "", "", ""] for _ in range(3)), *([n, "题", "", ""] for n in range(60)))
        )

        assert (said + capsys.readouterr().out).count("行未导入：") == 50
        assert "另有 10 行未导入，未逐一列出。" in said


class TestBadFiles:
    @pytest.mark.parametrize(
        ("name", "content", "message"),
        [
            ("a.csv", b"", "第一行应为列名"),
            ("a.csv", bytes(range(256)) * 40, "无法识别文件编码"),
            ("a.xlsx", b"PK\x03\x04", "不是有效的 XLSX"),
            ("a.pdf", b"%PDF-1.7", "只支持"),
        ],
    )
    def test_are_refused_in_one_sentence(
        self, tmp_path: Path, name: str, content: bytes, message: str
    ) -> None:
        path = tmp_path / name
        path.write_bytes(content)

        with pytest.raises(CommandError, match=message):
            run(path)

    def test_neither_a_directory_nor_nothing_is_a_file(self, tmp_path: Path) -> None:
        for path in (tmp_path, tmp_path / "nowhere.csv"):
            with pytest.raises(CommandError, match="没有找到文件"):
                run(path)

    def test_unknown_fields_in_the_map_are_named(self, table: Callable[..., Path]) -> None:
        with pytest.raises(CommandError, match="未知字段：titel"):
            run(table(*ROWS), map="titel=标题")

    def test_a_city_without_policies_is_told(self, table: Callable[..., Path]) -> None:
        from core.clocks.models import ClockPolicy

        ClockPolicy.objects.all().delete()

        with pytest.raises(CommandError, match="时限政策"):
            run(table(*ROWS))


class TestOnce:
    def test_rows_without_an_id_are_known_by_their_words(self, table: Callable[..., Path]) -> None:
        rows = [["", "甲", "一样", ""], ["", "甲", "一样", ""], ["", "甲", "不一样", ""]]

        assert summary(run(table(*rows))) == "新增 2 条，已有 1 条，未导入 0 条。"
        assert summary(run(table(*rows))) == "新增 0 条，已有 3 条，未导入 0 条。"

    def test_long_ids_that_begin_alike_stay_apart(self, table: Callable[..., Path]) -> None:
        rows = [[f"{'长' * 200}{n}", "题", f"正文{n}", ""] for n in range(2)]

        assert summary(run(table(*rows))) == "新增 2 条，已有 0 条，未导入 0 条。"
        assert summary(run(table(*rows))) == "新增 0 条，已有 2 条，未导入 0 条。"

    def test_the_same_id_of_another_source_is_another_contact(
        self, table: Callable[..., Path]
    ) -> None:
        run(table(*ROWS))

        assert summary(run(table(*ROWS), source="mayor_mailbox")).startswith("新增 3 条")

    def test_after_a_crash_the_next_run_adds_exactly_the_rest(
        self, table: Callable[..., Path], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rows = [[f"C-{n}", f"第{n}件", f"正文{n}", ""] for n in range(10)]
        path = table(*rows)
        monkeypatch.setattr(importing, "BATCH", 4)
        real, calls = importing.register_contact, []

        def dies_at_the_seventh(**arguments: Any) -> Any:
            calls.append(1)
            if len(calls) == 7:
                raise KeyboardInterrupt
            return real(**arguments)

        monkeypatch.setattr(importing, "register_contact", dies_at_the_seventh)
        with pytest.raises(KeyboardInterrupt):
            run(path)
        assert Ticket.objects.count() == 4
        monkeypatch.setattr(importing, "register_contact", real)

        assert summary(run(path)) == "新增 6 条，已有 4 条，未导入 0 条。"
        assert set(Contact.objects.values_list("external_id", flat=True)) == {
            row[0] for row in rows
        }


@pytest.mark.slow
@pytest.mark.skipif(not DATA, reason="TONGBAN_DATA names no folder with f3_messages.csv")
def test_the_real_messages_go_in_once() -> None:
    path = Path(DATA) / "f3_messages.csv"
    columns = "title=title,content=detail,received_at=time,external_id=id"

    assert summary(run(path, map=columns)) == "新增 1816 条，已有 0 条，未导入 0 条。"
    assert summary(run(path, map=columns)) == "新增 0 条，已有 1816 条，未导入 0 条。"
    assert Ticket.objects.count() == 1816
