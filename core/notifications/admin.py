"""Messages and how they went; dead letters are sent again from here."""

from typing import Any

from django.contrib import admin
from django.utils.translation import gettext_lazy as _

from core.accounts.states import Role
from core.administration import rooms
from core.administration.deeds import Deed, Doing
from core.administration.rights import RoleModelAdmin
from core.notifications.actions import requeue_dead
from core.notifications.models import Channel, DeliveryState, Notification
from core.personal_data.masking import HIDDEN, mask_phone

KEEPERS = frozenset({Role.SYSTEM_ADMIN})


def _requeue(doing: Doing) -> Any:
    requeue_dead(notification_id=doing.subject.pk, by=doing.by, at=doing.at)
    return _("已重新排队发送。")


@admin.register(Notification)
class NotificationAdmin(RoleModelAdmin):
    """Read only and masked; the text of a message is its recipient's."""

    room, place, icon = rooms.MESSAGES, 10, "outbox"
    shortcuts = ((_("发送失败"), "report", "state__exact=dead"),)
    viewers = KEEPERS
    fields = (
        "title",
        "template",
        "channel",
        "recipient",
        "masked_address",
        "state",
        "attempts",
        "next_attempt_at",
        "last_error",
        "created_at",
        "sent_at",
    )
    list_display = (
        "title",
        "channel",
        "recipient",
        "masked_address",
        "state",
        "attempts",
        "created_at",
    )
    list_filter = ("state", "channel")
    list_select_related = ("recipient",)
    ordering = ("-id",)
    sortable_by = ()
    deeds = (
        Deed(
            name="requeue",
            title=_("重新发送"),
            roles=KEEPERS,
            run=_requeue,
            consequence=lambda _row: [
                _("消息会重新进入发送队列，最多再试若干次；对方若已收到过，网关按同一编号去重。")
            ],
            fits=lambda row: row.state == DeliveryState.DEAD,
            icon="send",
        ),
    )

    @admin.display(description=_("地址"))
    def masked_address(self, row: Notification) -> str:
        """Show the ends of a phone number, of other addresses nothing."""
        if row.channel == Channel.SMS:
            return mask_phone(row.address)
        return HIDDEN if row.address else ""
