"""Demo matters are lived, not inserted: each goes through the real actions at past moments.

So the demo city has true clocks, ledgers, events, logs and an audit trail. A matter that is
already there (by its key as the external id) is left alone.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

from django.db import transaction
from django.utils import timezone

from core.accounts.models import User
from hotline.actions import citizen, closing, handling, intake, triage
from hotline.models import Contact, HandlingOrder, Ticket
from hotline.rules.intake import NewContact
from hotline.states import OrderRole, Source, TicketState

Matter = dict[str, Any]
Step = Callable[[datetime], object]
PREFIX = "demo:"
MATTERS = Path(__file__).with_name("matters.json")
RECENT = {"replied": timedelta(hours=3), "registered": timedelta(0)}

BREATH = timedelta(minutes=5)
OPENS, CLOSES = 8, 18


def in_office_hours(moment: datetime) -> datetime:
    """Return the moment itself, or one in the last office hour before it."""
    local = timezone.localtime(moment)
    if OPENS <= local.hour < CLOSES:
        return local
    evening = local - timedelta(days=1) if local.hour < OPENS else local
    return evening.replace(hour=CLOSES - 1)


def play_all() -> int:
    """Play the matters that are missing, oldest first; return how many."""
    matters: list[Matter] = json.loads(MATTERS.read_text(encoding="utf-8"))
    known = set(
        Contact.objects.filter(external_id__startswith=PREFIX).values_list("external_id", flat=True)
    )
    missing = [m for m in matters if PREFIX + m["key"] not in known]
    missing.sort(key=lambda matter: -matter["days_ago"])
    players = Players()
    for matter in missing:
        Story(matter, players, timezone.now()).play()
    return len(missing)


class Players:
    """The demo users by name; a unit's handler and head are found by its code."""

    def __init__(self) -> None:
        self.by_name = {user.username: user for user in User.objects.filter(is_active=True)}
        by_role: dict[str, list[User]] = {}
        rows = User.objects.filter(memberships__isnull=False).values_list(
            "username", "memberships__role"
        )
        for username, role in rows.order_by("pk"):
            if username in self.by_name:
                by_role.setdefault(role, []).append(self.by_name[username])
        self.by_role = by_role

    def one(self, role: str, index: int = 0) -> User:
        """Return one user with this role; the index spreads the work."""
        people = self.by_role[role]
        return people[index % len(people)]

    def of_unit(self, unit_id: int, role: str) -> User:
        """Return the unit's own user with this role."""
        return User.objects.filter(
            memberships__organisation_id=unit_id, memberships__role=role
        ).earliest("pk")


class Story:
    """One matter from its contact to the state it should be found in."""

    def __init__(self, matter: Matter, players: Players, now: datetime) -> None:
        self.matter, self.path, self.players, self.now = matter, matter["path"], players, now
        start = timezone.localtime(now) - timedelta(days=matter["days_ago"])
        start = start.replace(hour=matter["hour"], minute=sum(map(ord, matter["key"])) % 60)
        self.start = min(start, now - timedelta(minutes=30))
        self.agent = players.one("agent", sum(map(ord, matter["key"])))
        self.no = ""

    @transaction.atomic
    def play(self) -> None:
        """Do every step, spread between the contact and now, in office hours where it can be."""
        self._register()
        steps = list(self._steps())
        end = self.now - RECENT.get(self.matter["final_state"], timedelta(hours=1))
        span = max(end - self.start, timedelta(minutes=len(steps)))
        pause = min(span / (len(steps) + 1), timedelta(hours=20))
        late = self.matter["final_state"] in RECENT
        done = self.start
        for index, step in enumerate(steps, start=1):
            evenly = end - pause * (len(steps) - index) if late else self.start + pause * index
            done = max(in_office_hours(evenly), done + min(pause, BREATH))
            step(done)

    def _register(self) -> None:
        matter, caller = self.matter, self.matter["caller"] or {}
        by_phone = matter["source"] == Source.CALL
        new = NewContact(
            source=matter["source"],
            external_id=PREFIX + matter["key"],
            title=matter["title"],
            content=matter["content"],
            region=matter["region"],
            kind=matter["kind"],
            category=matter["category"],
            address=matter.get("address") or "",
            urgency=matter["urgency"],
            confidential=matter["confidential"],
            publishable=matter["publishable"],
            accused_unit=matter.get("accused_unit") or "",
            caller_name=caller.get("name", ""),
            caller_phone=caller.get("phone", ""),
            caller_id_no=caller.get("id_no") or "",
        )
        ticket, _ = intake.register_contact(
            new=new,
            by=self.agent if by_phone else None,
            citizen=self.players.by_name.get(matter.get("citizen") or ""),
            at=self.start,
        )
        self.no = ticket.no

    def _steps(self) -> Iterator[Step]:
        """Yield the steps that lead to the wanted state."""
        outcome, state = self.path.get("outcome"), self.matter["final_state"]
        if state == TicketState.WITHDRAWN:
            yield self._withdraw
        elif outcome == "dispatched":
            yield self._dispatch
            yield from self._handling_steps(state)
        elif outcome:
            yield self._triage

    def _handling_steps(self, state: str) -> Iterator[Step]:
        if state == "dispatched":
            return
        yield partial(self._each_order, self._sign)
        if state == "signed":
            return
        yield partial(self._each_order, self._first_contact)
        for text in self.path.get("progress") or ():
            yield partial(self._progress, text)
        if state == "handling" and not self.path.get("answer"):
            return
        yield self._assist_answers
        yield self._lead_answer
        yield from self._answered_steps(state)

    def _answered_steps(self, state: str) -> Iterator[Step]:
        if state == "handling":
            yield self._send_back
        elif state != "answered_pending_approval":
            yield self._approve
            yield from self._closing_steps(state)

    def _closing_steps(self, state: str) -> Iterator[Step]:
        if state == "callback_due":
            yield self._demand_callback
        callback = self.path.get("callback") or {}
        for attempt in callback.get("attempts") or ():
            yield partial(self._call_back, attempt)
        if state == "redo":
            yield self._redo
        elif state == "closed":
            yield self._close_if_reviewed

    def _ticket(self) -> Ticket:
        return Ticket.objects.get(no=self.no)

    def _orders(self) -> list[HandlingOrder]:
        return list(HandlingOrder.objects.filter(ticket__no=self.no).order_by("-role", "pk"))

    def _lead(self) -> HandlingOrder:
        return HandlingOrder.objects.get(ticket__no=self.no, role=OrderRole.LEAD)

    def _handler(self, order: HandlingOrder) -> User:
        return self.players.of_unit(order.unit_id, "handler")

    def _head(self, order: HandlingOrder) -> User:
        return self.players.of_unit(order.unit_id, "unit_head")

    def _each_order(self, step: Callable[[HandlingOrder, datetime], object], at: datetime) -> None:
        for order in self._orders():
            step(order, at)

    def _withdraw(self, at: datetime) -> None:
        citizen.withdraw_ticket(
            ticket=self._ticket(), reason=self.path["withdraw_reason"], by=None, at=at
        )

    def _triage(self, at: datetime) -> None:
        target = self.path.get("link_to")
        earlier = Ticket.objects.get(origin__external_id=PREFIX + target).no if target else ""
        decision = triage.Triage(
            outcome=self.path["outcome"],
            reason=self.path["triage_reason"],
            channel=self.path.get("channel") or "",
            linked_no=earlier,
        )
        triage.triage_ticket(ticket_no=self.no, triage=decision, by=self.agent, at=at)

    def _dispatch(self, at: datetime) -> None:
        order = triage.Dispatch(
            lead=self.path["lead"],
            assists=tuple(self.path.get("assists") or ()),
            instruction=self.path.get("instruction") or "",
        )
        by = self.players.one("dispatcher", len(self.no))
        triage.dispatch_ticket(ticket_no=self.no, dispatch=order, by=by, at=at)

    def _sign(self, order: HandlingOrder, at: datetime) -> None:
        handling.sign_order(order_no=order.no, by=self._handler(order), at=at)

    def _first_contact(self, order: HandlingOrder, at: datetime) -> None:
        text = self.path.get("first_contact_note") or "已与主办单位联系，核对情况。"
        handling.record_first_contact(order_no=order.no, text=text, by=self._handler(order), at=at)

    def _progress(self, text: str, at: datetime) -> None:
        lead = self._lead()
        handling.add_progress(order_no=lead.no, text=text, by=self._handler(lead), at=at)

    def _assist_answers(self, at: datetime) -> None:
        texts = self.path.get("assist_answers") or {}
        for order in self._orders():
            if order.role == OrderRole.ASSIST:
                text = texts.get(order.unit.code, "已按职责配合办理，情况已告知主办单位。")
                self._answer(order, text, at)
                handling.approve_order(order_no=order.no, by=self._head(order), at=at)

    def _lead_answer(self, at: datetime) -> None:
        self._answer(self._lead(), self.path["answer"], at)

    def _answer(self, order: HandlingOrder, text: str, at: datetime) -> None:
        handling.submit_answer(order_no=order.no, answer=text, by=self._handler(order), at=at)

    def _send_back(self, at: datetime) -> None:
        lead, comment = self._lead(), self.path["approval"]["comment"]
        handling.send_back_order(order_no=lead.no, reason=comment, by=self._head(lead), at=at)

    def _approve(self, at: datetime) -> None:
        lead = self._lead()
        handling.approve_order(order_no=lead.no, by=self._head(lead), at=at)

    def _demand_callback(self, at: datetime) -> None:
        closing.demand_callback(ticket_id=self._ticket().pk, at=at)

    def _call_back(self, attempt: dict[str, str], at: datetime) -> None:
        callback = self.path["callback"]
        verdict = None
        if attempt["result"] == "reached":
            verdict = closing.Verdict(
                solved=callback["solved"],
                satisfaction=callback["satisfaction"],
                comment=callback.get("comment") or "",
            )
        closing.record_callback(
            ticket_no=self.no,
            result=attempt["result"],
            note=attempt.get("note") or "",
            verdict=verdict,
            by=self.agent,
            at=at,
        )

    def _close_if_reviewed(self, at: datetime) -> None:
        if self._ticket().state == TicketState.REVIEW:
            closing.close_after_review(
                ticket_no=self.no,
                reason="经审核，承办单位已依法依规办理到位。",
                by=self.players.one("auditor"),
                at=at,
            )

    def _redo(self, at: datetime) -> None:
        closing.order_redo(
            ticket_no=self.no,
            reason=self.path["redo_reason"],
            by=self.players.one("auditor"),
            at=at,
        )
