"""One class per operation: parse, one domain call, render."""

from functools import cache
from typing import Any

from django.db.models import Prefetch, QuerySet
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import status
from rest_framework.permissions import AllowAny
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.serializers import BaseSerializer
from rest_framework.views import APIView

from core.accounts.models import User
from core.errors import InvalidError, NotFoundError
from core.errors import gettext_noop as _
from core.events.queries import latest_position, list_events_after
from core.http.idempotency import run_once
from core.http.pagination import keyset_page, page_size_of
from core.http.permissions import PublicOrScope, RequiresScope
from core.http.schema import problems
from core.http.throttles import AnonymousThrottle, ScopedThrottle
from hotline.actions import intake
from hotline.api import serializers as shapes
from hotline.api.filters import TicketFilter
from hotline.models import Reply, Ticket
from hotline.queries import progress
from hotline.queries.similar import similar_to_ticket
from hotline.queries.suggestions import suggest
from hotline.queries.visibility import (
    orders_visible_to,
    scopes_visible_to,
    tickets_visible_to,
)

KEY_HEADER = OpenApiParameter(
    "Idempotency-Key",
    OpenApiTypes.STR,
    OpenApiParameter.HEADER,
    description="同一个键重复提交，只登记一次，返回同样的结果。最长 200 个可见字符。",
)
AFTER = OpenApiParameter("after", OpenApiTypes.STR, description="上一页返回的 next")


def caller_of(request: Request) -> User | None:
    """Return the signed-in user behind a request, or None."""
    return request.user if isinstance(request.user, User) else None


@cache
def _shape(serializer: Any) -> BaseSerializer[Any]:
    """Return the one serializer that validates for all; making one costs more than using it."""
    shape: BaseSerializer[Any] = serializer()
    return shape


def parsed(serializer: type[BaseSerializer[Any]], request: Request) -> dict[str, Any]:
    """Return the validated input, or raise its errors. ``run_validation`` keeps no state."""
    shape = _shape(serializer)  # type: ignore[arg-type]  # classes are hashable
    return dict(shape.run_validation(request.data))


def with_details(rows: QuerySet[Ticket], user: User | None) -> QuerySet[Ticket]:
    """Fetch what a ticket's details show: the orders are those that this reader may see."""
    orders = orders_visible_to(user).select_related("unit", "ticket").order_by("id")
    replies = Reply.objects.select_related("unit").order_by("id")
    return rows.select_related("origin", "region", "category").prefetch_related(
        Prefetch("orders", queryset=orders), Prefetch("replies", queryset=replies)
    )


class CreateContact(APIView):
    """Raise a matter."""

    permission_classes: list[Any] = [PublicOrScope("contacts:write")]
    throttle_classes = [AnonymousThrottle]
    throttle_scope = "anonymous_contact"

    @extend_schema(
        operation_id="contacts_create",
        summary="登记诉求",
        parameters=[KEY_HEADER],
        request=shapes.ContactInput,
        responses={201: shapes.ContactReceipt, **problems(400, 401, 403, 409, 413, 415, 429)},
    )
    def post(self, request: Request) -> Response:
        """Take a contact; the same Idempotency-Key again returns the same ticket."""
        new = shapes.to_contact(parsed(shapes.ContactInput, request))
        if new.external_id and request.auth is None:
            raise InvalidError(fields={"external_id": [_("外部编号只能由接口密钥提交。")]})
        user = caller_of(request)

        def work() -> tuple[int, dict[str, Any]]:
            by = user if request.auth is not None else None
            ticket, _ = intake.register_contact(
                new=new,
                by=by,
                citizen=user if by is None else None,
                at=timezone.now(),
            )
            return status.HTTP_201_CREATED, receipt(ticket)

        code, body, replayed = run_once(
            scope=f"contacts:{user.pk if user else 'anonymous'}",
            key=request.headers.get("Idempotency-Key", ""),
            body=request.body,
            work=work,
        )
        return Response(
            body, status=code, headers={"Idempotency-Replayed": "true"} if replayed else None
        )


def receipt(ticket: Ticket) -> dict[str, Any]:
    """Render what the citizen keeps, ready to be stored."""
    due = ticket.answer_due_at
    return {
        "ticket_no": ticket.no,
        "query_code": ticket.query_code,
        "state": ticket.state,
        "received_at": timezone.localtime(ticket.received_at).isoformat(),
        "answer_due_at": timezone.localtime(due).isoformat() if due else None,
    }


class ListTickets(APIView):
    """The tickets that the caller may see."""

    permission_classes: list[Any] = [RequiresScope("tickets:read")]

    @extend_schema(
        operation_id="tickets_list",
        summary="工单列表",
        parameters=[*TicketFilter.parameters(), AFTER],
        responses={200: shapes.TicketPage, **problems(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """List tickets, newest first, by keyset: follow ``next`` until it is null."""
        user = caller_of(request)
        rows = TicketFilter(request.query_params).apply(tickets_visible_to(user))
        page = keyset_page(
            rows.select_related("origin", "region", "category"),
            order=("-received_at", "-id"),
            after=request.query_params.get("after"),
            size=page_size_of(request.query_params.get("page_size")),
        )
        results = shapes.TicketRow(page.items, many=True, context={"user": user}).data
        return Response({"results": results, "next": page.next})


class ReadTicket(APIView):
    """One ticket."""

    permission_classes: list[Any] = [RequiresScope("tickets:read")]

    @extend_schema(
        operation_id="tickets_read",
        summary="工单详情",
        responses={200: shapes.TicketDetail, **problems(400, 401, 403, 404)},
    )
    def get(self, request: Request, no: str) -> Response:
        """Read one ticket with its orders and replies."""
        user = caller_of(request)
        ticket = with_details(tickets_visible_to(user), user).filter(no=no).first()
        if ticket is None:
            raise NotFoundError
        return Response(shapes.TicketDetail(ticket, context={"user": user}).data)


class ListSimilar(APIView):
    """Tickets like one ticket."""

    permission_classes: list[Any] = [RequiresScope("tickets:read")]

    @extend_schema(
        operation_id="tickets_similar",
        summary="相似工单",
        responses={200: shapes.SimilarOutput(many=True), **problems(400, 401, 403, 404)},
    )
    def get(self, request: Request, no: str) -> Response:
        """Rank earlier tickets by shared words and place; each says why."""
        user = caller_of(request)
        ticket = tickets_visible_to(user).select_related("region").filter(no=no).first()
        if ticket is None:
            raise NotFoundError
        return Response(
            shapes.SimilarOutput(similar_to_ticket(ticket=ticket, user=user), many=True).data
        )


class ListEvents(APIView):
    """The durable sequence."""

    permission_classes: list[Any] = [RequiresScope("events:read")]

    @extend_schema(
        operation_id="events_list",
        summary="事件序列",
        parameters=[
            OpenApiParameter("after", OpenApiTypes.INT, description="已读到的位置；缺省从最新开始")
        ],
        responses={200: shapes.EventPage, **problems(400, 401, 403)},
    )
    def get(self, request: Request) -> Response:
        """Return every event after the cursor that concerns the caller; none is skipped."""
        after = shapes.cursor_from(request.query_params.get("after"))
        if after is None:
            return Response({"events": [], "cursor": latest_position()})
        events = list_events_after(cursor=after, scopes=scopes_visible_to(caller_of(request)))
        cursor = events[-1].position if events else after
        return Response({"events": shapes.EventOutput(events, many=True).data, "cursor": cursor})


class Suggest(APIView):
    """Proposals while somebody types."""

    permission_classes: list[Any] = [PublicOrScope("suggest:read")]
    throttle_classes = [ScopedThrottle]
    throttle_scope = "suggest"

    @extend_schema(
        operation_id="suggest",
        summary="分类、单位与相似诉求建议",
        request=shapes.SuggestInput,
        responses={200: shapes.SuggestOutput, **problems(400, 401, 403, 415, 429)},
    )
    def post(self, request: Request) -> Response:
        """Propose categories, units and similar matters; writes nothing."""
        data = parsed(shapes.SuggestInput, request)
        found = suggest(
            title=data.get("title", ""),
            content=data.get("content", ""),
            region=data.get("region", ""),
            address=data.get("address", ""),
            user=caller_of(request),
        )
        return Response(shapes.SuggestOutput(found).data)


class Track(APIView):
    """Progress for a citizen without an account."""

    permission_classes: list[Any] = [AllowAny]
    throttle_classes = [AnonymousThrottle]
    throttle_scope = "anonymous_track"

    @extend_schema(
        operation_id="track",
        summary="凭编号和查询码查进度",
        parameters=[
            OpenApiParameter("ticket_no", OpenApiTypes.STR, required=True),
            OpenApiParameter("query_code", OpenApiTypes.STR, required=True),
        ],
        responses={200: shapes.TrackOutput, **problems(400, 404, 429)},
    )
    def get(self, request: Request) -> Response:
        """Show progress to who knows number and query code; anything else is not found."""
        ticket = progress.find_by_code(
            ticket_no=request.query_params.get("ticket_no", ""),
            query_code=request.query_params.get("query_code", ""),
        )
        return Response(shapes.TrackOutput(progress.progress_of(ticket, at=timezone.now())).data)
