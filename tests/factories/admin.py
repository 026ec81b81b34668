"""Signing in to the admin site, and one row behind every one of its pages."""

from datetime import date, timedelta
from typing import Any

from django.contrib import admin
from django.test import Client
from django.urls import reverse

from core.accounts.actions import issue_api_key
from core.accounts.models import Person, User
from core.accounts.states import Role
from core.administration.rights import RoleModelAdmin
from core.audit.actions import record
from core.documents.models import Document, DocumentState
from core.http.scopes import Scope
from core.notifications.models import Channel, DeliveryState, Notification
from core.workdays.actions import publish_notice
from core.workdays.rules import NoticeDay
from tests.factories.core import EPOCH, UserFactory, member
from tests.factories.hotline import Desk, category

NAME = "慕容晚晴"
PHONE = "19900777123"
ID_NO = "519901198807045120"
ADDRESS = "蓉江市临江区滨河街道柳荫路88号3栋2单元501室"
EMAIL = "wanqing@mail.example"


def sign_in(user: User) -> Client:
    """Return a browser in which this user is signed in."""
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def pages() -> list[RoleModelAdmin]:
    """Return every registered page, in a fixed order."""
    registered = admin.site._registry.values()
    return sorted(registered, key=lambda page: page.opts.label)  # type: ignore[arg-type, return-value]


def url(page: RoleModelAdmin, route: str, *args: Any) -> str:
    """Return the address of a page."""
    return reverse(f"admin:{page.opts.app_label}_{page.opts.model_name}_{route}", args=args)


def populate() -> User:
    """Make at least one row of every model; return the citizen whose data must stay hidden."""
    citizen = UserFactory(username="wanqing-account", display_name=NAME, email=EMAIL)
    Person.objects.create(user=citizen, name=NAME, phone=PHONE, id_no=ID_NO)
    category()
    desk = Desk()
    made = desk.in_review(
        citizen=citizen,
        caller_name=NAME,
        caller_phone=PHONE,
        caller_id_no=ID_NO,
        address=ADDRESS,
        title=f"{NAME}反映楼道灯不亮",
        content=f"我是{NAME}，电话{PHONE}，身份证{ID_NO}，住{ADDRESS}，请尽快修理。",
    )
    publish_notice(
        year=2026,
        days=[NoticeDay(date(2026, 10, 1), True, "国庆节")],
        source="测试通知",
        region=None,
        by=None,
        at=EPOCH,
    )
    issue_api_key(
        user=member(Role.AGENT), label="对接", scopes=[Scope.TICKETS_READ], by=None, at=EPOCH
    )
    for number, state in enumerate((DeliveryState.DEAD, DeliveryState.SENT)):
        Notification.objects.create(
            collision_key=f"n-{number}",
            template="reply",
            channel=Channel.SMS,
            recipient=citizen,
            address=PHONE,
            title="您的诉求已答复",
            body=f"{NAME}您好，您的诉求已答复。",
            state=state,
        )
    Document.objects.create(
        token="6f1f6a2e-0000-4000-8000-000000000001",
        kind="ticket_record",
        subject_type="hotline.ticket",
        subject_id=made.pk,
        requested_by=citizen,
        state=DocumentState.FAILED,
        error="字体缺失",
    )
    record(
        action="personal_data.reveal", by=desk.agent, at=EPOCH + timedelta(days=1), reason="核实"
    )
    return citizen
