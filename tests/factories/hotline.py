"""Hotline rows made through the real actions, so that clocks, events and audit exist."""

from datetime import datetime, timedelta
from typing import Any

from core.accounts.models import Organisation, User
from core.accounts.states import Role
from hotline.actions import closing, handling, intake, triage
from hotline.models import Category, HandlingOrder, Ticket
from hotline.rules.intake import NewContact
from hotline.states import MatterKind, Source
from tests.factories.core import EPOCH, OrganisationFactory, district, member, policies


def category(code: str = "030502", name: str = "占道停车") -> Category:
    """Return a leaf of the category tree."""
    return Category.objects.get_or_create(code=code, defaults={"name": name, "full_name": name})[0]


def ticket(*, at: datetime = EPOCH, citizen: User | None = None, **changes: Any) -> Ticket:
    """Register a contact and return its ticket."""
    policies()
    values: dict[str, Any] = {
        "source": Source.PORTAL,
        "title": "小区门口路灯不亮",
        "content": "小区东门外三盏路灯一周不亮，晚上老人出行不便。",
        "region": district().code,
        "kind": MatterKind.HELP,
        "caller_name": "王小满",
        "caller_phone": "19900001234",
    }
    values.update(changes)
    made, _ = intake.register_contact(new=NewContact(**values), by=None, at=at, citizen=citizen)
    return made


class Desk:
    """One of each role, and the steps of the closed loop; each step is a minute later."""

    def __init__(self) -> None:
        self.unit: Organisation = OrganisationFactory(code="lead-unit", name="住建局")
        self.other: Organisation = OrganisationFactory(code="assist-unit", name="供电公司")
        self.agent = member(Role.AGENT)
        self.lead = member(Role.SHIFT_LEAD)
        self.auditor = member(Role.AUDITOR)
        self.handler = member(Role.HANDLER, unit=self.unit)
        self.head = member(Role.UNIT_HEAD, unit=self.unit)
        self.assist_handler = member(Role.HANDLER, unit=self.other)
        self.assist_head = member(Role.UNIT_HEAD, unit=self.other)
        self.now = EPOCH

    def tick(self) -> datetime:
        """Let a minute pass."""
        self.now += timedelta(minutes=1)
        return self.now

    def dispatched(self, *, assists: tuple[str, ...] = (), **changes: Any) -> Ticket:
        """Return a ticket that went to the lead unit."""
        made = ticket(at=self.tick(), **changes)
        return triage.dispatch_ticket(
            ticket_no=made.no,
            dispatch=triage.Dispatch(lead=self.unit.code, assists=assists, instruction="请核实"),
            by=self.agent,
            at=self.tick(),
        )

    def lead_order(self, made: Ticket) -> HandlingOrder:
        """Return the 主办's order."""
        return HandlingOrder.objects.get(ticket=made, role="lead")

    def answered(self, **changes: Any) -> Ticket:
        """Return a ticket whose lead answer waits for approval."""
        made = self.dispatched(**changes)
        no = self.lead_order(made).no
        handling.sign_order(order_no=no, by=self.handler, at=self.tick())
        handling.record_first_contact(
            order_no=no, text="已电话联系市民，约定当日到场。", by=self.handler, at=self.tick()
        )
        handling.submit_answer(
            order_no=no, answer="三盏路灯已于当日修复。", by=self.handler, at=self.tick()
        )
        return Ticket.objects.get(pk=made.pk)

    def replied(self, **changes: Any) -> Ticket:
        """Return a ticket with its reply."""
        made = self.answered(**changes)
        handling.approve_order(order_no=self.lead_order(made).no, by=self.head, at=self.tick())
        return Ticket.objects.get(pk=made.pk)

    def in_review(self, **changes: Any) -> Ticket:
        """Return a ticket whose citizen was not satisfied."""
        made = self.replied(**changes)
        verdict = closing.Verdict(solved="no", satisfaction=5, comment="没有修好")
        return closing.evaluate_ticket(ticket=made, verdict=verdict, by=None, at=self.tick())
