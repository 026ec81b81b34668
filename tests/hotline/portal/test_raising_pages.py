"""Raising a matter through the pages: without script, with bad input, twice, and after sign-in."""

import io
import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connections
from django.test import Client
from PIL import Image

from core.accounts.states import OrganisationKind
from core.attachments.models import Attachment
from core.drafts.models import Draft
from hotline.models import Category, Contact, Ticket
from tests.factories.core import (
    OrganisationFactory,
    RegionFactory,
    UserFactory,
    city,
    district,
    policies,
)
from tests.hotline.portal.form_filling import (
    CONTACT,
    NEW,
    PHONE_AGENT,
    WHAT,
    WHERE,
    fill,
    once_of,
    send,
    submit,
    text,
)


@pytest.fixture(autouse=True)
def _city(db: None, settings: Any, tmp_path: Any) -> None:
    settings.MEDIA_ROOT = tmp_path
    policies()
    district()
    city()


def _png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8), "blue").save(buffer, "PNG")
    return buffer.getvalue()


def _file(content: bytes, name: str = "photo.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content, content_type="image/png")


class TestTheWholeForm:
    def test_a_stranger_raises_a_matter_and_keeps_number_and_code(self, client: Client) -> None:
        fill(client)

        response = submit(client)

        ticket = Ticket.objects.get()
        assert response.headers["Location"] == f"{NEW}done/{ticket.no}/"
        assert ticket.query_code not in response.headers["Location"]
        page = text(client.get(response.headers["Location"]))
        assert ticket.query_code in page
        assert "为什么是这一天" in page
        assert "7 个工作日" in page
        assert (ticket.title, ticket.region.code, ticket.address) == (
            "东门路灯不亮",
            "519901",
            "滨江路 18 号",
        )
        assert ticket.origin.caller_phone == "19900001234"
        assert ticket.citizen is None
        assert not Draft.objects.exists()

    def test_the_result_survives_a_reload_and_nobody_else_sees_it(self, client: Client) -> None:
        fill(client)
        url = submit(client).headers["Location"]

        again, stranger = client.get(url), Client().get(url)

        assert again.status_code == 200
        assert stranger.status_code == 404
        assert Ticket.objects.get().query_code not in text(stranger)

    def test_the_code_is_in_no_cached_page(self, client: Client) -> None:
        fill(client)

        response = client.get(submit(client).headers["Location"])

        assert "no-store" in response.headers["Cache-Control"]

    def test_the_signed_in_citizen_owns_the_ticket(self, client: Client) -> None:
        alice = UserFactory()
        client.force_login(alice)
        fill(client)

        submit(client)

        ticket = Ticket.objects.get()
        assert ticket.citizen == alice
        assert ticket.origin.user == alice

    def test_a_phone_is_asked_one_question_a_page(self) -> None:
        phone = Client(headers={"user-agent": PHONE_AGENT})

        page = text(phone.get(f"{NEW}kind/"))
        after = send(phone, "kind", {"kind": "help"})

        assert 'name="kind"' in page
        assert 'name="content"' not in page
        assert after.headers["Location"] == f"{NEW}content/"

    @pytest.mark.parametrize(
        ("cookies", "grouped"),
        [({"width": "wide"}, True), ({"width": "narrow"}, False), ({"mode": "elder"}, False)],
    )
    def test_width_and_elder_mode_decide_the_pages(
        self, client: Client, cookies: dict[str, str], grouped: bool
    ) -> None:
        client.cookies.load(cookies)

        page = text(client.get(f"{NEW}kind/"))

        assert ('name="content"' in page) is grouped

    def test_a_question_inside_a_group_leads_to_its_page(self, client: Client) -> None:
        response = client.get(f"{NEW}wishes/")

        assert response.headers["Location"] == f"{NEW}contact/#wishes"

    def test_back_keeps_what_was_typed(self, client: Client) -> None:
        send(client, "kind", WHAT)

        response = send(client, "where", {"address": "半句", "action": "back"})

        assert response.headers["Location"] == f"{NEW}kind/"
        assert "半句" in text(client.get(f"{NEW}where/"))

    def test_a_change_from_the_check_page_returns_there(self, client: Client) -> None:
        fill(client)

        response = send(client, "contact", {**CONTACT, "name": "李女士", "return": "check"})

        assert response.headers["Location"] == f"{NEW}check/"
        assert "李女士" in text(client.get(f"{NEW}check/"))

    def test_start_over_forgets_everything(self, client: Client) -> None:
        fill(client)

        client.post(f"{NEW}start-over/")

        assert not Draft.objects.exists()
        assert "东门路灯" not in text(client.get(f"{NEW}kind/"))


class TestExactlyOnce:
    def test_a_double_click_and_a_reload_give_the_same_ticket(self, client: Client) -> None:
        fill(client)
        once = once_of(client)

        first, second = submit(client, once), submit(client, once)

        assert first.headers["Location"] == second.headers["Location"]
        assert Ticket.objects.count() == 1

    def test_a_second_window_finds_nothing_left_to_send(self, client: Client) -> None:
        fill(client)
        here, there = once_of(client), once_of(client)
        submit(client, here)

        response = submit(client, there)

        assert response.headers["Location"] == f"{NEW}kind/"
        assert Ticket.objects.count() == 1

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.parametrize("same_key", [True, False])
    def test_rivals_at_the_same_moment_make_one_ticket(
        self, client: Client, same_key: bool
    ) -> None:
        fill(client)
        keys = [once_of(client) for _ in range(4)]

        def rival(number: int) -> int:
            try:
                twin = Client()
                twin.cookies = client.cookies
                return submit(twin, keys[0] if same_key else keys[number]).status_code
            finally:
                connections.close_all()

        with ThreadPoolExecutor(4) as pool:
            statuses = list(pool.map(rival, range(4)))

        assert Ticket.objects.count() == 1
        assert statuses == [302] * 4

    def test_sending_costs_a_bounded_number_of_statements(
        self, client: Client, django_assert_max_num_queries: Any
    ) -> None:
        fill(client)
        submit(client)
        fill(client)
        once = once_of(client)

        with django_assert_max_num_queries(15):
            submit(client, once)

    def test_an_odd_key_is_no_way_round(self, client: Client) -> None:
        fill(client)

        response = send(client, "check", {"once": "很怪\x00的键"})

        assert response.status_code == 422
        assert Ticket.objects.count() == 0
        assert "东门路灯不亮" in text(response)


class TestBadInput:
    @pytest.mark.parametrize(
        ("slug", "data", "message"),
        [
            ("kind", {**WHAT, "kind": ""}, "请选择诉求类型。"),
            ("kind", {**WHAT, "kind": "nonsense"}, "诉求类型不在可选范围内。"),
            ("kind", {**WHAT, "content": ""}, "请写明您要反映的具体内容。"),
            ("kind", {**WHAT, "content": "\x00\x07 "}, "请写明您要反映的具体内容。"),
            ("kind", {**WHAT, "title": "长" * 201}, "标题最多 200 个字，现在有 201 个字。"),
            ("kind", {**WHAT, "content": "长" * 20_001}, "内容最多 20000 个字"),
            ("kind", {**WHAT, "content": "长" * 100_000}, "内容最多 20000 个字"),
            ("kind", {**WHAT, "category": "999999"}, "没有这个分类"),
            ("where", {"district": ""}, "请选择事情发生在哪个区县。"),
            ("where", {"district": "999999"}, "没有这个区域，请从列表中选择。"),
            ("where", {"district": "\x00'--"}, "没有这个区域，请从列表中选择。"),
            ("where", {**WHERE, "street": "519902001"}, "不在上面所选的区域里"),
            ("where", {**WHERE, "address": "长" * 201}, "地址最多 200 个字"),
            ("where", {**WHERE, "lng": "200", "lat": "30"}, "坐标不在中国境内"),
            ("where", {**WHERE, "lng": "NaN", "lat": "1e999999"}, "坐标不在中国境内"),
            ("where", {**WHERE, "lng": "105"}, "经度和纬度要一起提供。"),
            ("contact", {"name": "王", "phone": ""}, "请填写联系电话"),
            ("contact", {"name": "王", "phone": "12"}, "电话号码不正确"),
            ("contact", {**CONTACT, "name": "长" * 61}, "姓名最多 60 个字。"),
        ],
    )
    def test_is_said_beside_the_field_and_keeps_what_was_typed(
        self, client: Client, slug: str, data: dict[str, str], message: str
    ) -> None:
        response = send(client, slug, data)

        page = text(response)
        assert response.status_code == 422
        assert message in page
        assert "error-summary" in page
        kept = [v for k, v in data.items() if k in {"title", "address", "name", "content"}]
        assert all(value.replace("\x00", "").strip("\x07 ") in page for value in kept)

    def test_full_width_digits_emoji_and_control_characters_are_taken(self, client: Client) -> None:
        fill(
            client, phone="１９９００００１２３４", title="路灯\x07不亮💡", content="一\x00二\r\n三"
        )

        submit(client)

        contact = Contact.objects.get()
        assert contact.caller_phone == "１９９００００１２３４"
        assert (contact.title, contact.content) == ("路灯不亮💡", "一二\n三")
        found = Client().post(
            "/track/", {"ticket_no": Ticket.objects.get().no, "proof": "19900001234"}
        )
        assert found.status_code == 302

    def test_script_in_text_is_shown_as_text(self, client: Client) -> None:
        hostile = "<script>alert(1)</script>\"'><img src=x onerror=alert(2)>"
        fill(client, title=hostile, content=hostile, address=hostile, name=hostile)

        pages = [text(client.get(f"{NEW}check/"))]
        url = submit(client).headers["Location"]
        no = Ticket.objects.get().no
        pages += [text(client.get(url)), text(client.get(f"/track/{no}/"))]

        assert all("<script>alert" not in page and "<img src=x" not in page for page in pages)
        assert "&lt;script&gt;alert(1)" in pages[0]

    def test_jumping_to_the_end_names_everything_missing_and_registers_nothing(
        self, client: Client
    ) -> None:
        send(client, "kind", {"kind": "help", "action": "back"})

        response = submit(client)

        page = text(response)
        assert response.status_code == 422
        for message in ("请写明您要反映的具体内容", "请选择事情发生在哪个区县", "请填写联系电话"):
            assert message in page
        assert Ticket.objects.count() == 0

    def test_a_post_without_csrf_token_is_refused(self) -> None:
        strict = Client(enforce_csrf_checks=True)

        assert strict.post(f"{NEW}kind/", WHAT).status_code == 403
        assert strict.post(f"{NEW}check/", {"once": "x"}).status_code == 403

    @pytest.mark.parametrize(
        "fields",
        [{"content": [[["x"]]]}, {"attachments": {"a": 1}}, {"phone": 7}, {"confidential": [[1]]}],
    )
    def test_a_draft_of_odd_shape_breaks_no_page(
        self, client: Client, fields: dict[str, Any]
    ) -> None:
        fill(client)
        client.post(
            "/drafts/hotline.new/kind/",
            json.dumps({"fields": fields}),
            content_type="application/json",
        )

        statuses = [client.get(f"{NEW}{s}/").status_code for s in ("kind", "evidence", "check")]

        assert statuses == [200, 200, 200]


class TestWishes:
    def test_a_report_may_come_without_phone_and_is_never_public(self, client: Client) -> None:
        fill(client, kind="report", phone="", publishable="on")

        submit(client)

        ticket = Ticket.objects.get()
        assert ticket.kind == "report"
        assert not ticket.publishable

    def test_secrecy_wins_over_publication(self, client: Client) -> None:
        fill(client, confidential="on", publishable="on")

        submit(client)

        ticket = Ticket.objects.get()
        assert ticket.confidential
        assert not ticket.publishable

    def test_an_accused_unit_is_asked_for_and_kept(self, client: Client) -> None:
        unit = OrganisationFactory(code="CGJ", name="城管局", kind=OrganisationKind.DEPARTMENT)
        send(client, "kind", {**WHAT, "kind": "complaint"})
        assert "城管局" in text(client.get(f"{NEW}where/"))

        fill(client, kind="complaint", accused_unit="CGJ")
        submit(client)

        assert Ticket.objects.get().accused_unit == unit

    def test_an_unknown_accused_unit_is_named(self, client: Client) -> None:
        send(client, "kind", {**WHAT, "kind": "complaint"})

        response = send(client, "where", {**WHERE, "accused_unit": "\x00nobody"})

        assert "没有这个单位" in text(response)

    def test_a_chosen_category_is_kept_and_a_link_may_choose_it(self, client: Client) -> None:
        Category.objects.create(code="010103", name="电梯运行", keywords=["电梯"])
        start = client.get(f"{NEW}?about=010103")
        assert 'value="010103" checked' in text(client.get(start.headers["Location"]))

        fill(client, category="010103")
        submit(client)

        assert Ticket.objects.get().category is not None

    def test_a_link_with_an_unknown_category_is_harmless(self, client: Client) -> None:
        assert client.get(f"{NEW}?about=</script>").headers["Location"] == f"{NEW}kind/"


class TestRegions:
    @pytest.fixture(autouse=True)
    def _streets(self) -> None:
        RegionFactory(code="519901001", name="滨江街道", parent=district(), level="street")

    def test_lists_are_filled_without_script(self, client: Client) -> None:
        page = text(send(client, "where", {**WHERE, "action": "regions"}))

        assert "滨江街道" in page
        assert 'value="519901" selected' in page

    def test_the_smallest_chosen_division_counts(self, client: Client) -> None:
        fill(client, street="519901001")

        submit(client)

        assert Ticket.objects.get().region.code == "519901001"

    @pytest.mark.parametrize(
        ("under", "names"),
        [("519901", ["滨江街道"]), ("519901001", []), ("", []), ("\x00", []), ("5" * 400, [])],
    )
    def test_the_script_asks_for_divisions(
        self, client: Client, under: str, names: list[str]
    ) -> None:
        response = client.get(f"{NEW}divisions/", {"under": under})

        if "\x00" in under:
            assert response.status_code == 400
        else:
            assert [row["name"] for row in response.json()["divisions"]] == names


class TestEvidence:
    def test_files_travel_without_script(self, client: Client) -> None:
        send(client, "evidence", {"attachments_files": [_file(_png())], "action": "upload"})
        page = text(client.get(f"{NEW}evidence/"))
        assert "photo.png" in page

        token = str(Attachment.objects.get().token)
        fill(client, attachments=[token])
        submit(client)

        bound = Attachment.objects.get()
        assert (bound.subject_type, bound.subject_id) == ("hotline.ticket", Ticket.objects.get().pk)

    def test_an_upload_by_script_is_noted_at_once(self, client: Client) -> None:
        client.get(f"{NEW}evidence/")

        answer = client.post(f"{NEW}uploads/", {"file": _file(_png())})

        assert answer.status_code == 201
        assert answer.json()["id"] in text(client.get(f"{NEW}evidence/"))

    def test_a_file_is_removed_without_script(self, client: Client) -> None:
        send(client, "evidence", {"attachments_files": [_file(_png())], "action": "upload"})
        token = str(Attachment.objects.get().token)

        send(client, "evidence", {"attachments": [token], "action": f"remove:{token}"})

        assert not Attachment.objects.exists()
        assert "photo.png" not in text(client.get(f"{NEW}evidence/"))

    def test_a_picture_that_is_a_script_is_refused_and_the_good_one_stays(
        self, client: Client
    ) -> None:
        files = [_file(_png()), _file(b"<script>alert(1)</script>", "evil.png")]

        response = send(client, "evidence", {"attachments_files": files})

        assert response.status_code == 422
        assert "evil.png：不支持这种文件" in text(response)
        assert "photo.png" in text(response)
        assert Attachment.objects.count() == 1

    def test_thirty_megabytes_are_refused_with_the_limit_in_words(self, client: Client) -> None:
        big = _file(b"\x89PNG\r\n\x1a\n" + b"0" * (30 * 1024 * 1024))

        by_script = client.post(f"{NEW}uploads/", {"file": big})
        big.seek(0)
        by_form = send(client, "evidence", {"attachments_files": [big]})

        assert by_script.status_code == 413
        assert by_form.status_code == 422
        assert "文件太大" in by_script.json()["message"]
        assert "文件太大" in text(by_form)
        assert not Attachment.objects.exists()

    def test_a_thousand_tokens_are_refused(self, client: Client) -> None:
        tokens = [str(uuid4()) for _ in range(400)]

        response = send(client, "evidence", {"attachments": tokens})

        assert response.status_code == 422
        assert "附件最多 12 个" in text(response)

    def test_a_request_with_too_many_fields_is_an_error_page(self, client: Client) -> None:
        response = send(client, "evidence", {"attachments": [str(uuid4())] * 1000})

        assert response.status_code == 400

    def test_somebody_elses_upload_is_not_taken(self, client: Client) -> None:
        other = Client()
        token = other.post(f"{NEW}uploads/", {"file": _file(_png())}).json()["id"]

        response = send(client, "evidence", {"attachments": [token]})

        assert response.status_code == 422
        assert "不是您上传的" in text(response)


class TestSessions:
    def test_the_form_goes_on_after_signing_in(self, client: Client) -> None:
        fill(client)
        alice = UserFactory()

        client.post("/accounts/login/", {"login": alice.username, "password": "Tongban-test-2026"})
        submit(client)

        assert Ticket.objects.get().citizen == alice

    def test_a_page_sent_after_the_session_ended_is_kept_and_goes_on(self, client: Client) -> None:
        alice = UserFactory()
        client.force_login(alice)
        send(client, "kind", {**WHAT, "signed_in_as": str(alice.pk)})
        client.logout()

        response = send(client, "where", {**WHERE, "signed_in_as": str(alice.pk)})
        assert response.headers["Location"] == f"/accounts/login/?next={NEW}where/"
        client.post("/accounts/login/", {"login": alice.username, "password": "Tongban-test-2026"})

        check = text(client.get(f"{NEW}check/"))
        assert "东门路灯不亮" in check
        assert "滨江路 18 号" in check

    def test_another_browser_sees_nothing_of_the_draft(self, client: Client) -> None:
        fill(client)

        assert "东门路灯" not in text(Client().get(f"{NEW}kind/"))

    def test_strangers_are_slowed_down_and_lose_nothing(
        self, client: Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("core.http.throttles.wait_of", lambda **_: 42.0)
        fill(client)

        response = submit(client)

        assert response.status_code == 429
        assert "东门路灯不亮" in text(response)
        assert "43 秒" in text(response)
        assert Ticket.objects.count() == 0


class TestHints:
    @pytest.fixture(autouse=True)
    def _category(self) -> None:
        Category.objects.create(code="010103", name="电梯运行", keywords=["电梯"])

    def test_offer_categories_with_reasons_and_an_honest_label(self, client: Client) -> None:
        page = text(client.post(f"{NEW}hints/", {"title": "电梯坏了", "content": ""}))

        assert "电梯运行" in page
        assert "提到“电梯”" in page
        assert "按关键词和已有诉求检索，仅供参考" in page
        assert "不确定，由工作人员判断" in page

    def test_point_to_emergency_numbers(self, client: Client) -> None:
        page = text(client.post(f"{NEW}hints/", {"content": "楼下起火了快来人"}))

        assert 'href="tel:119"' in page

    def test_stay_silent_when_nothing_matches(self, client: Client) -> None:
        page = text(client.post(f"{NEW}hints/", {"content": "你好谢谢再见"}))

        assert "可能属于" not in page

    def test_keep_the_chosen_category(self, client: Client) -> None:
        page = text(client.post(f"{NEW}hints/", {"content": "别的事情", "category": "010103"}))

        assert 'value="010103" checked' in page

    def test_write_nothing_and_escape_hostile_text(self, client: Client) -> None:
        page = text(client.post(f"{NEW}hints/", {"content": "<script>电梯</script>"}))

        assert "<script>" not in page
        assert Contact.objects.count() == 0
        assert Draft.objects.count() == 0
