"""The first page of each administrator, and the policy its pages carry."""

from datetime import timedelta

import time_machine
from django.test import Client
from django.utils import timezone

from core.accounts.models import Membership, User
from core.accounts.states import Role
from core.administration.charts import HEIGHT, bar_chart
from core.audit.actions import record, seal_pending
from core.audit.checking import check_chain, last_check
from core.audit.models import AuditEntry, Outcome
from core.clocks.models import Clock
from tests.factories.admin import populate, sign_in
from tests.factories.core import EPOCH, member
from tests.factories.hotline import Desk


class TestSystemAdmin:
    def test_sees_what_has_to_be_configured(self, system_admin: User) -> None:
        populate()
        Desk().dispatched()
        Clock.objects.filter(state="running").update(provisional=True)
        with time_machine.travel(EPOCH, tick=False):
            page = sign_in(system_admin).get("/admin/").content.decode()

        assert "2027 年放假通知还没有录入" in page
        assert "1 条消息多次尝试后仍未送出" in page
        assert "1 份文书生成失败" in page
        assert "个期限跨入尚无放假通知的日期" in page

    def test_with_nothing_to_do_it_says_so(self, system_admin: User) -> None:
        page = sign_in(system_admin).get("/admin/").content.decode()

        assert "没有失败的消息" in page
        assert "没有暂定期限" in page


class TestSecurityAdmin:
    def test_sees_accounts_that_need_a_look(self, security_admin: User) -> None:
        agent = member(Role.AGENT)
        now = timezone.now()
        Membership.objects.filter(user=agent).update(ends_at=now + timedelta(days=3))
        record(
            action="account.locked_out",
            by=None,
            at=now,
            outcome=Outcome.REFUSED,
            subject_type="user",
            subject_id=agent.pk,
        )

        answer = sign_in(security_admin).get("/admin/")

        cards = {card.title: card for card in answer.context["cards"]}
        assert [row.text for row in cards["24 小时内被锁定的账号"].rows] == [agent.username]
        assert [row.text for row in cards["30 天内到期的任职"].rows] == [
            f"{agent.username} · 话务员"
        ]
        without = [row.text for row in cards["未绑定两步验证的工作人员"].rows]
        assert without == sorted([agent.username, security_admin.username])


class TestAuditAdmin:
    def test_sees_refusals_reveals_and_the_chain(self, audit_admin: User) -> None:
        now = timezone.now()
        record(action="request.refused", by=audit_admin, at=now, outcome=Outcome.REFUSED)
        record(action="personal_data.reveal", by=audit_admin, at=now, reason="核实")
        seal_pending()

        answer = sign_in(audit_admin).get("/admin/")

        cards = {card.title: card for card in answer.context["cards"]}
        assert [(r.text, r.note) for r in cards["24 小时内的拒绝"].rows] == [
            ("越权访问被拒", "1 次")
        ]
        assert cards["24 小时内的拒绝"].chart.most == 1
        assert cards["24 小时内查看个人信息明文"].rows[0].text == audit_admin.username
        assert cards["审计链封存"].tone == "ok"
        assert cards["审计链核验"].text == "还没有核验过。"

    def test_a_chain_left_unsealed_asks_to_be_looked_at(self, audit_admin: User) -> None:
        record(action="x", by=None, at=timezone.now() - timedelta(hours=1))

        answer = sign_in(audit_admin).get("/admin/")

        cards = {card.title: card for card in answer.context["cards"]}
        assert cards["审计链封存"].tone == "act"

    def test_the_result_of_a_check_is_on_the_record(self, audit_admin: User) -> None:
        record(action="x", by=None, at=timezone.now())
        seal_pending()

        result = check_chain(by=audit_admin, at=timezone.now())

        assert result.flaws == 0
        assert last_check() == result
        assert AuditEntry.objects.latest("id").action == "audit.checked"


class TestOtherRolesCards:
    def test_nobody_sees_the_cards_of_another_administrator(self, db: None) -> None:
        titles = {}
        for role in (Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN):
            answer = sign_in(member(role)).get("/admin/")
            titles[role] = {card.title for card in answer.context["cards"]}

        assert not titles[Role.SYSTEM_ADMIN] & titles[Role.SECURITY_ADMIN]
        assert not titles[Role.SYSTEM_ADMIN] & titles[Role.AUDIT_ADMIN]
        assert not titles[Role.SECURITY_ADMIN] & titles[Role.AUDIT_ADMIN]


class TestContentPolicy:
    def test_pages_run_nothing_inline_and_evaluate_nothing(self, system_admin: User) -> None:
        for path in ("/admin/", "/admin/core/organisation/", "/admin/core/organisation/add/"):
            answer = sign_in(system_admin).get(path)

            policy = answer["Content-Security-Policy"]
            assert "script-src 'self';" in policy + ";"
            assert "style-src 'self';" in policy + ";"
            assert "unsafe" not in policy
            page = answer.content.decode()
            assert "<style" not in page
            assert " style=" not in page
            assert "onclick" not in page

    def test_pages_are_not_kept_by_browsers(self, system_admin: User) -> None:
        assert "no-store" in sign_in(system_admin).get("/admin/")["Cache-Control"]

    def test_the_forged_form_is_refused(self, system_admin: User) -> None:
        client = Client(enforce_csrf_checks=True)
        client.force_login(system_admin, backend="django.contrib.auth.backends.ModelBackend")

        assert client.post("/admin/core/user/do/open/", {}).status_code == 403


class TestBarChart:
    def test_the_tallest_bar_fills_the_height(self) -> None:
        chart = bar_chart(title="t", values=[("a", 1), ("b", 4), ("c", 0)])

        assert [bar.height for bar in chart.bars] == [HEIGHT / 4, HEIGHT, 0]
        assert all(bar.y + bar.height == HEIGHT for bar in chart.bars)

    def test_without_numbers_it_is_flat(self) -> None:
        assert [bar.height for bar in bar_chart(title="t", values=[("a", 0)]).bars] == [0]
