"""Shapes of the hotline API. They parse and render; they neither write nor authorise."""

from typing import Any

from rest_framework import serializers

from core.errors import InvalidError
from core.errors import gettext_noop as _
from core.personal_data.masking import mask_name, mask_phone, redact
from hotline.models import HandlingOrder, Ticket
from hotline.policies import sees_caller
from hotline.rules.intake import NewContact
from hotline.states import (
    CallbackResult,
    LegalChannel,
    MatterKind,
    OrderRole,
    OrderState,
    Source,
    TicketState,
    TriageOutcome,
    Urgency,
)


class CallerInput(serializers.Serializer[Any]):
    """Who raises the matter; all optional, a phone number lets us call back."""

    name = serializers.CharField(required=False, allow_blank=True, max_length=200)
    phone = serializers.CharField(required=False, allow_blank=True, max_length=60)
    id_no = serializers.CharField(required=False, allow_blank=True, max_length=40)


class LocationInput(serializers.Serializer[Any]):
    """A point in degrees."""

    lng = serializers.DecimalField(max_digits=9, decimal_places=6)
    lat = serializers.DecimalField(max_digits=8, decimal_places=6)


class ContactInput(serializers.Serializer[Any]):
    """A contact as other systems and citizens send it."""

    source = serializers.ChoiceField(  # type: ignore[assignment]  # the wire name; hides DRF's own
        choices=Source.choices, default=Source.PORTAL
    )
    external_id = serializers.CharField(required=False, allow_blank=True, max_length=120)
    caller = CallerInput(required=False)
    title = serializers.CharField(required=False, allow_blank=True, max_length=2_000)
    content = serializers.CharField(max_length=100_000)
    region = serializers.CharField(max_length=12)
    address = serializers.CharField(required=False, allow_blank=True, max_length=2_000)
    location = LocationInput(required=False, allow_null=True)
    kind = serializers.ChoiceField(choices=MatterKind.choices, default=MatterKind.HELP)
    category = serializers.CharField(required=False, allow_blank=True, max_length=6)
    urgency = serializers.ChoiceField(choices=Urgency.choices, default=Urgency.ORDINARY)
    confidential = serializers.BooleanField(default=False)
    publishable = serializers.BooleanField(default=False)
    accused_unit = serializers.CharField(required=False, allow_blank=True, max_length=40)
    received_at = serializers.DateTimeField(required=False, allow_null=True)
    attachments = serializers.ListField(
        child=serializers.UUIDField(), required=False, max_length=12
    )


def to_contact(data: dict[str, Any]) -> NewContact:
    """Return validated contact input as the domain's value."""
    values = dict(data)
    caller = values.pop("caller", {})
    location = values.pop("location", None) or {}
    tokens = values.pop("attachments", [])
    return NewContact(
        **{"title": "", **values},
        caller_name=caller.get("name", ""),
        caller_phone=caller.get("phone", ""),
        caller_id_no=caller.get("id_no", ""),
        lng=location.get("lng"),
        lat=location.get("lat"),
        attachments=tuple(str(token) for token in tokens),
    )


class ContactReceipt(serializers.Serializer[Any]):
    """What the citizen keeps: number, query code, and when the answer is due."""

    ticket_no = serializers.CharField()
    query_code = serializers.CharField()
    state = serializers.ChoiceField(choices=TicketState.choices)
    received_at = serializers.DateTimeField()
    answer_due_at = serializers.DateTimeField(allow_null=True)


class UnitOutput(serializers.Serializer[Any]):
    """A unit."""

    code = serializers.CharField()
    name = serializers.CharField()


class OrderOutput(serializers.ModelSerializer[HandlingOrder]):
    """A handling order."""

    ticket_no = serializers.CharField(source="ticket.no")
    unit = UnitOutput()
    role = serializers.ChoiceField(choices=OrderRole.choices)
    state = serializers.ChoiceField(choices=OrderState.choices)

    class Meta:
        model = HandlingOrder
        fields = [
            "no",
            "ticket_no",
            "unit",
            "role",
            "instruction",
            "state",
            "version",
            "answer",
            "issued_at",
            "due_at",
            "signed_at",
            "first_contact_at",
            "answered_at",
            "approved_at",
        ]


class TicketRow(serializers.ModelSerializer[Ticket]):
    """A ticket in a list: no personal data but the masked caller.

    A unit learns nothing of the caller of a confidential ticket or a 举报, not even masked, and
    reads its words without phones, IDs and plates. ``context["user"]`` is the reader.
    """

    title = serializers.SerializerMethodField()
    region = serializers.CharField(source="region.code")
    region_name = serializers.CharField(source="region.full_name")
    category = serializers.CharField(source="category.code", default=None, allow_null=True)
    category_name = serializers.CharField(
        source="category.full_name", default=None, allow_null=True
    )
    source = serializers.ChoiceField(  # type: ignore[assignment]  # the wire name; hides DRF's own
        source="origin.source", choices=Source.choices
    )
    caller_name = serializers.SerializerMethodField()
    caller_phone = serializers.SerializerMethodField()

    class Meta:
        model = Ticket
        fields = [
            "no",
            "title",
            "kind",
            "category",
            "category_name",
            "region",
            "region_name",
            "source",
            "urgency",
            "confidential",
            "state",
            "version",
            "caller_name",
            "caller_phone",
            "received_at",
            "answer_due_at",
            "replied_at",
            "closed_at",
        ]

    def get_caller_name(self, ticket: Ticket) -> str:
        """Return the masked name."""
        return mask_name(ticket.origin.caller_name) if self._sees_caller(ticket) else ""

    def get_caller_phone(self, ticket: Ticket) -> str:
        """Return the masked number."""
        return mask_phone(ticket.origin.caller_phone) if self._sees_caller(ticket) else ""

    def get_title(self, ticket: Ticket) -> str:
        """Return the title as the reader may see it."""
        return self._readable(ticket, ticket.title)

    def _sees_caller(self, ticket: Ticket) -> bool:
        return sees_caller(self.context["user"], ticket)

    def _readable(self, ticket: Ticket, text: str) -> str:
        return text if self._sees_caller(ticket) else redact(text)


class ReplyOutput(serializers.Serializer[Any]):
    """What the city told the citizen."""

    unit = serializers.CharField(source="unit.name", default=None, allow_null=True)
    text = serializers.CharField()
    at = serializers.DateTimeField()


class TicketDetail(TicketRow):
    """A ticket with its words, orders and replies."""

    content = serializers.SerializerMethodField()
    orders = OrderOutput(many=True)
    replies = ReplyOutput(many=True)

    class Meta(TicketRow.Meta):
        fields = [
            *TicketRow.Meta.fields,
            "content",
            "address",
            "triage_outcome",
            "triage_channel",
            "rounds",
            "orders",
            "replies",
        ]

    def get_content(self, ticket: Ticket) -> str:
        """Return the content as the reader may see it."""
        return self._readable(ticket, ticket.content)


class VersionInput(serializers.Serializer[Any]):
    """The version the caller saw; another one now is a 409."""

    version = serializers.IntegerField(required=False, min_value=0, max_value=2_147_483_647)


class ReasonInput(VersionInput):
    """A reason."""

    reason = serializers.CharField(max_length=1_000)


class TextInput(serializers.Serializer[Any]):
    """A text."""

    text = serializers.CharField(max_length=20_000)


class ReviseInput(VersionInput):
    """What to correct; only the given fields change."""

    title = serializers.CharField(required=False, max_length=2_000)
    content = serializers.CharField(required=False, max_length=100_000)
    address = serializers.CharField(required=False, allow_blank=True, max_length=2_000)
    kind = serializers.ChoiceField(required=False, choices=MatterKind.choices)
    category = serializers.CharField(required=False, allow_blank=True, max_length=6)
    region = serializers.CharField(required=False, max_length=12)
    urgency = serializers.ChoiceField(required=False, choices=Urgency.choices)
    confidential = serializers.BooleanField(required=False)
    accused_unit = serializers.CharField(required=False, allow_blank=True, max_length=40)


class TriageInput(VersionInput):
    """A triage decision other than 派单."""

    outcome = serializers.ChoiceField(
        choices=[c for c in TriageOutcome.choices if c[0] != TriageOutcome.DISPATCHED]
    )
    reason = serializers.CharField(max_length=1_000)
    channel = serializers.ChoiceField(
        choices=LegalChannel.choices, required=False, allow_blank=True
    )
    linked_no = serializers.CharField(required=False, allow_blank=True, max_length=24)


class DispatchInput(VersionInput):
    """One 主办, any number of 协办."""

    lead = serializers.CharField(max_length=40)
    assists = serializers.ListField(
        child=serializers.CharField(max_length=40), required=False, max_length=20
    )
    instruction = serializers.CharField(required=False, allow_blank=True, max_length=1_000)


class VerdictInput(serializers.Serializer[Any]):
    """Solved? and satisfied? (1 = 非常满意)."""

    solved = serializers.CharField(max_length=8)
    satisfaction = serializers.IntegerField(min_value=1, max_value=5)
    comment = serializers.CharField(required=False, allow_blank=True, max_length=1_000)


class CallbackInput(VersionInput):
    """One call-back attempt."""

    result = serializers.ChoiceField(choices=CallbackResult.choices)
    note = serializers.CharField(required=False, allow_blank=True, max_length=500)
    next_at = serializers.DateTimeField(required=False, allow_null=True)
    verdict = VerdictInput(required=False, allow_null=True)


class AnswerInput(VersionInput):
    """The unit's answer."""

    answer = serializers.CharField(max_length=20_000)


class OrderTextInput(VersionInput):
    """A note on an order."""

    text = serializers.CharField(max_length=20_000)


class EventOutput(serializers.Serializer[Any]):
    """One event of the durable sequence."""

    position = serializers.IntegerField()
    kind = serializers.CharField()
    subject_type = serializers.CharField()
    subject_no = serializers.CharField()
    version = serializers.IntegerField()
    at = serializers.DateTimeField()


class EventPage(serializers.Serializer[Any]):
    """Events behind the cursor, and the cursor to go on from."""

    events = EventOutput(many=True)
    cursor = serializers.IntegerField()


class SuggestInput(serializers.Serializer[Any]):
    """What is known of a matter so far."""

    title = serializers.CharField(required=False, allow_blank=True, max_length=2_000)
    content = serializers.CharField(required=False, allow_blank=True, max_length=100_000)
    region = serializers.CharField(required=False, allow_blank=True, max_length=12)
    address = serializers.CharField(required=False, allow_blank=True, max_length=2_000)


class SuggestionOutput(serializers.Serializer[Any]):
    """One proposal with its score between 0 and 1 and why."""

    code = serializers.CharField()
    name = serializers.CharField()
    score = serializers.FloatField()
    reasons = serializers.ListField(child=serializers.CharField())


class SimilarOutput(serializers.Serializer[Any]):
    """One earlier ticket that may be about the same."""

    no = serializers.CharField()
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=TicketState.choices)
    received_at = serializers.DateTimeField()
    score = serializers.FloatField()
    reasons = serializers.ListField(child=serializers.CharField())


class SuggestOutput(serializers.Serializer[Any]):
    """Ranked proposals; ``method`` says honestly how they were found."""

    method = serializers.CharField()
    categories = SuggestionOutput(many=True)
    units = SuggestionOutput(many=True)
    similar = SimilarOutput(many=True)


class TrackStep(serializers.Serializer[Any]):
    """One step in plain words."""

    at = serializers.DateTimeField()
    title = serializers.CharField()
    text = serializers.CharField(allow_blank=True)


class TrackOutput(serializers.Serializer[Any]):
    """Progress for the citizen."""

    ticket_no = serializers.CharField()
    title = serializers.CharField()
    state = serializers.ChoiceField(choices=TicketState.choices)
    state_text = serializers.CharField()
    holder = serializers.CharField(allow_blank=True)
    answer_due_at = serializers.DateTimeField(allow_null=True)
    explanation = serializers.CharField(allow_blank=True)
    steps = TrackStep(many=True)
    replies = ReplyOutput(many=True)


class TicketPage(serializers.Serializer[Any]):
    """A page of tickets; ``next`` is null at the end."""

    results = TicketRow(many=True)
    next = serializers.CharField(allow_null=True)


def cursor_from(raw: str | None) -> int | None:
    """Read an event cursor; raises InvalidError unless it is a whole number from 0."""
    if raw is None or raw == "":
        return None
    if not (raw.isascii() and raw.isdigit() and len(raw) <= 18):  # noqa: PLR2004  bigint digits
        raise InvalidError(fields={"after": [_("应为不小于 0 的整数。")]})
    return int(raw)
