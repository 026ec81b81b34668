"""诉求分类 in the admin site: the tree, and its table in and out."""

from dataclasses import replace
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core.accounts.states import Role
from core.audit.models import AuditEntry
from hotline.models import Category
from hotline.rules.category_rows import CategoryRow, NoTableError, compare, read_table
from tests.factories.admin import sign_in
from tests.factories.core import OrganisationFactory, member

IMPORT = "/admin/hotline/category/do/import/"
TABLE = """代码,名称,关键词,默认类型,默认承办单位,启用
03,城市管理,,,,
0305,停车,,,,
030502,占道停车,乱停 占道,投诉,CGJ,是
"""


@pytest.fixture
def client(db: None) -> Client:
    OrganisationFactory(code="CGJ")
    return sign_in(member(Role.SYSTEM_ADMIN))


class TestTheTree:
    def test_a_new_category_finds_its_parent_by_its_code(self, client: Client) -> None:
        Category.objects.create(code="03", name="城市管理", full_name="城市管理")

        client.post("/admin/hotline/category/add/", {"code": "0305", "name": "停车"})

        made = Category.objects.get(code="0305")
        assert made.full_name == "城市管理 / 停车"
        assert AuditEntry.objects.filter(action="category.created").exists()

    def test_without_its_parent_it_is_refused_in_words(self, client: Client) -> None:
        answer = client.post("/admin/hotline/category/add/", {"code": "0305", "name": "停车"})

        assert "代码去掉末两位应是一个已有分类" in answer.content.decode()
        assert not Category.objects.exists()

    def test_a_new_name_reaches_the_names_below(self, client: Client) -> None:
        top = Category.objects.create(code="03", name="城市管理", full_name="城市管理")
        below = Category.objects.create(code="0305", name="停车", parent=top)

        client.post(f"/admin/hotline/category/{top.pk}/change/", {"name": "城管"})

        below.refresh_from_db()
        assert below.full_name == "城管 / 停车"

    def test_a_code_cannot_be_changed_by_hand(self, client: Client) -> None:
        top = Category.objects.create(code="03", name="城市管理")

        client.post(f"/admin/hotline/category/{top.pk}/change/", {"code": "04", "name": "城管"})

        top.refresh_from_db()
        assert (top.code, top.name) == ("03", "城管")

    def test_taking_one_out_of_use_takes_all_below_along(self, client: Client) -> None:
        top = Category.objects.create(code="03", name="城市管理")
        below = Category.objects.create(code="0305", name="停车", parent=top)
        path = f"/admin/hotline/category/{top.pk}/do/switch/"

        page = client.get(path).content.decode()
        client.post(path, {"reason": "分类合并"})

        below.refresh_from_db()
        assert "1 个下级分类一并停用" in page
        assert not below.is_active


class TestImporting:
    def test_shows_the_difference_and_writes_nothing(self, client: Client) -> None:
        Category.objects.create(code="03", name="城管", full_name="城管")
        file = SimpleUploadedFile("c.csv", TABLE.encode("gb18030"))

        page = client.post(IMPORT, {"file": file}).content.decode()

        assert "新增 2 个，修改 1 个，0 个不变，0 行有误" in page
        assert "<del>城管</del>" in page
        assert Category.objects.count() == 1

    def test_confirmed_it_is_applied_and_a_second_time_changes_nothing(
        self, client: Client
    ) -> None:
        def confirm() -> Any:
            answer = client.post(IMPORT, {"text": TABLE})
            data = {"text": TABLE, "confirmed": answer.context["confirmed"]}
            return client.post(IMPORT, data, follow=True)

        first = confirm().content.decode()
        second = confirm().content.decode()

        made = Category.objects.get(code="030502")
        assert made.full_name == "城市管理 / 停车 / 占道停车"
        assert made.keywords == ["乱停", "占道"]
        assert made.default_unit is not None
        assert made.default_kind == "complaint"
        assert "已导入 3 行" in first
        assert "已导入 0 行，3 行没有变化" in second

    def test_bad_rows_are_named_and_the_rest_goes_in(self, client: Client) -> None:
        table = TABLE + "0399,,,,,\nabc,坏,,,,\n030599,好的,,,,\n0304,另一,,未知类型,,\n"

        answer = client.post(IMPORT, {"text": table})
        page = answer.content.decode()
        client.post(IMPORT, {"text": table, "confirmed": answer.context["confirmed"]})

        assert [row.line for row in answer.context["bad_rows"]] == [5, 6, 8]
        assert "代码应为 2、4 或 6 位数字" in page
        assert set(Category.objects.values_list("code", flat=True)) == {
            "03",
            "0305",
            "030502",
            "030599",
        }

    @pytest.mark.parametrize(
        ("content", "text"),
        [
            (b"", "请选择文件或粘贴表格内容"),
            (b"name,code\n", "至少包含“代码”和“名称”"),
            (b"\xff\xfe\x00\x81\xff", "无法识别文件编码"),
            (b"x" * (513 * 1024), "文件超过 512 KB"),
        ],
    )
    def test_a_file_that_is_no_table_is_said_so(
        self, client: Client, content: bytes, text: str
    ) -> None:
        file = SimpleUploadedFile("c.csv", content)

        answer = client.post(IMPORT, {"file": file} if content else {})

        assert answer.status_code == 422
        assert text in answer.content.decode()

    def test_what_is_exported_imports_without_a_difference(self, client: Client) -> None:
        answer = client.post(IMPORT, {"text": TABLE})
        client.post(IMPORT, {"text": TABLE, "confirmed": answer.context["confirmed"]})

        exported = client.post("/admin/hotline/category/do/export/").content.decode()
        answer = client.post(IMPORT, {"text": exported})

        assert answer.context["difference"].unchanged == 3
        assert not answer.context["difference"].changed


TOP = CategoryRow(
    code="01", name="城建", keywords=("路",), kind="complaint", unit="A", is_active=False
)


class TestReadingATable:
    KINDS = {"投诉": "complaint"}

    def read(self, text: str) -> Any:
        return read_table(text, kinds=self.KINDS, units=["A"], present={"01": TOP})

    @pytest.mark.parametrize(
        ("row", "reason"),
        [
            ("1,名,,", "代码应为 2、4 或 6 位数字。"),
            ("0201,名,,", "上级分类不存在。"),
            ("0101,,,", "名称不能为空，且不超过 60 个字。"),
            (f"0101,{'长' * 61},,", "名称不能为空，且不超过 60 个字。"),
            ("0101,名,别的,", "默认类型不是已有的诉求类型。"),
            ("0101,名,,B", "默认承办单位的代码不存在或已停用。"),
        ],
    )
    def test_names_what_is_wrong(self, row: str, reason: str) -> None:
        good, bad = self.read(f"代码,名称,默认类型,默认承办单位\n{row}\n")

        assert not good
        assert [(one.line, one.reason) for one in bad] == [(2, reason)]

    def test_a_missing_column_keeps_and_an_empty_cell_empties(self) -> None:
        (kept,), _none = self.read("代码,名称\n01,城市建设\n")
        (emptied,), _none = self.read("代码,名称,关键词,默认承办单位,启用\n01,城市建设,,,是\n")

        assert kept == replace(TOP, name="城市建设")
        assert emptied == CategoryRow(code="01", name="城市建设", kind="complaint")

    def test_a_code_stands_once(self) -> None:
        good, bad = self.read("代码,名称\n0101,甲\n0101,乙\n")

        assert [row.name for row in good] == ["甲"]
        assert bad[0].reason == "代码在表中重复出现。"

    def test_too_many_rows_are_no_table(self) -> None:
        with pytest.raises(NoTableError):
            self.read("代码,名称\n" + "01,甲\n" * 2001)

    def test_comparing_names_each_changed_field(self) -> None:
        before = CategoryRow(code="01", name="甲", keywords=("a",))
        after = CategoryRow(code="01", name="乙", keywords=("a",), is_active=False)

        difference = compare(wanted=[after], present={"01": before})

        assert [(c.field, c.before, c.after) for c in difference.changed[0][1]] == [
            ("name", "甲", "乙"),
            ("is_active", "是", "否"),
        ]
