"""The front page, the search, and the doors that are not open yet."""

from typing import ClassVar

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.notifications.queries import has_unread
from hotline.queries import progress
from hotline.queries.citizen_search import QUERY_MAX, find_for_citizen
from hotline.views.portal.edge import PortalView

SHOWN = 5
# What is searched for stays Chinese, as the requests and categories are; the label is translated.
EXAMPLES = {
    "路灯不亮": _("路灯不亮"),
    "电梯停运": _("电梯停运"),
    "占道停车": _("占道停车"),
    "夜间施工噪声": _("夜间施工噪声"),
    "下水道堵塞": _("下水道堵塞"),
    "拖欠工资": _("拖欠工资"),
    "公交线路": _("公交线路"),
    "医保报销": _("医保报销"),
}
HELP_PAGES = (
    (
        "hotline:raise_start",
        _("提交诉求"),
        _("诉求 投诉 举报 求助 咨询 建议 反映 提交 市长信箱"),
    ),
    ("hotline:track", _("查询进度"), _("进度 查询 编号 查询码 撤回 评价 补充 结果 答复")),
    ("hotline:my_tickets", _("我的诉求和消息"), _("我的 记录 历史 消息 通知")),
    ("hotline:accessibility", _("无障碍声明"), _("无障碍 长辈版 大字 老人 读屏 键盘")),
    ("hotline:privacy", _("隐私说明"), _("隐私 个人信息 保密 电话 身份证 公开")),
)


class Home(PortalView):
    """``/``."""

    door: ClassVar[str] = "home"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show it; a signed-in person sees first what waits for them."""
        context: dict[str, object] = {"examples": EXAMPLES}
        if self.person is not None:
            context |= {
                "waiting": list(progress.list_waiting_for(user=self.person)[:SHOWN]),
                "in_progress": list(progress.list_in_progress(user=self.person)[:SHOWN]),
                "has_unread": has_unread(user=self.person),
            }
        return self.show("home.html", context)


class Search(PortalView):
    """``/search/``."""

    door: ClassVar[str] = "search"

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show what was found, and say what cannot be found yet."""
        query = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:QUERY_MAX]
        number = progress.clean_number(query)
        if number:
            return redirect(f"{reverse('hotline:track')}?no={number}")
        context = {
            "query": query,
            "found": find_for_citizen(query=query, user=self.person),
            "pages": pages_about(query),
            "examples": EXAMPLES,
        }
        return self.show("search.html", context)


class SearchSuggestions(PortalView):
    """What the search box offers while somebody types."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return the list items; nothing for less than two characters."""
        query = " ".join(request.GET.get("q", "").replace("\x00", "").split())[:QUERY_MAX]
        is_long_enough = len(query) > 1
        context = {
            "found": find_for_citizen(query=query, user=None) if is_long_enough else None,
            "pages": pages_about(query) if is_long_enough else [],
        }
        return self.show("search_suggestions.html", context)


class StaticPage(PortalView):
    """A page that is the same for everybody."""

    template = ""
    door_name = ""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show it."""
        return self.show(self.template, {"door": self.door_name})


def pages_about(query: str) -> list[dict[str, str]]:
    """Return our own pages whose name or words the query touches."""
    folded = query.lower()
    if not folded:
        return []
    return [
        {"url": reverse(name), "title": str(title)}
        for name, title, words in HELP_PAGES
        if folded in str(title).lower()
        or any(word in folded or folded in word for word in str(words).lower().split())
    ]
