"""Invented samples for the living style guide, which is served in development only."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms, template
from django.utils import timezone

register = template.Library()

NOON = dt.datetime(2026, 11, 22, 14, 32, tzinfo=dt.UTC)
KINDS = [
    ("consultation", "咨询"),
    ("help", "求助"),
    ("complaint", "投诉"),
    ("suggestion", "建议"),
]
KIND_WORDS = {
    "consultation": "问政策、问办法",
    "help": "遇到困难，请政府帮忙",
    "complaint": "对服务或管理不满意",
    "suggestion": "有更好的主意",
}
LEVELS = [(1, "非常满意"), (2, "满意"), (3, "基本满意"), (4, "不满意"), (5, "非常不满意")]


class SampleForm(forms.Form):
    """One field of each sort; sent empty or too long it shows every error."""

    kind = forms.ChoiceField(label="诉求类型", choices=KINDS, widget=forms.RadioSelect)
    title = forms.CharField(
        label="标题", help_text="一句话说清是什么事，不超过 40 字。", max_length=40
    )
    content = forms.CharField(
        label="详细情况",
        help_text="什么时候、在哪里、发生了什么、希望怎么解决。",
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 5}),
    )
    district = forms.ChoiceField(
        label="区县", choices=[("", "请选择"), ("519901", "江口区"), ("519902", "云台区")]
    )
    phone = forms.CharField(label="联系电话", help_text="用来告诉您办理结果。", max_length=20)
    happened_on = forms.DateField(
        label="发生日期", required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    channels = forms.MultipleChoiceField(
        label="希望怎么通知您",
        choices=[("sms", "短信"), ("in_app", "站内消息")],
        widget=forms.CheckboxSelectMultiple,
        required=False,
    )
    confidential = forms.BooleanField(
        label="请为我保密", help_text="承办单位看不到您的姓名和电话。", required=False
    )
    satisfied = forms.TypedChoiceField(
        label="对办理结果满意吗？", choices=LEVELS, widget=forms.RadioSelect, required=False
    )


@register.simple_tag
def styleguide_samples() -> dict[str, Any]:
    """Everything that the style guide shows, by the context names of the parts."""
    return {
        "form": SampleForm(initial={"kind": "help", "title": "小区门口路灯不亮"}),
        "failed": SampleForm({"title": "路灯" * 40, "phone": ""}, prefix="failed"),
        "kind_words": KIND_WORDS,
        "now": NOON,
        "regions": _regions(),
        **_lists(),
        **_conversation(),
    }


def _lists() -> dict[str, Any]:
    return {
        "answers": [
            {"label": "诉求类型", "value": "求助", "change_url": "#kind"},
            {"label": "标题", "value": "小区门口路灯不亮", "change_url": "#title"},
            {"label": "发生日期", "value": "", "change_url": "#date"},
        ],
        "facts": [
            {"label": "来电人", "value": "陈女士"},
            {"label": "电话", "value": "138****5566"},
            {"label": "近 90 天诉求", "value": "3 件"},
        ],
        "tasks": [
            {"title": "是什么事", "url": "#1", "state": "done"},
            {"title": "在哪里", "url": "#2", "state": "doing", "hint": "区县已选，还差详细地址"},
            {"title": "照片和附件", "url": "#3", "state": "todo"},
            {"title": "检查并提交", "url": "#4", "state": "blocked"},
        ],
        "crumbs": [
            {"title": "首页", "url": "/"},
            {"title": "我的诉求", "url": "#"},
            {"title": "路灯"},
        ],
        "rows": _tickets(),
    }


def _tickets() -> list[dict[str, Any]]:
    plain: list[tuple[str, str, str, str, str, int]] = [
        (
            "临江大道 18 号路灯连续三晚不亮，老人出门不便",
            "urgent",
            "紧急",
            "registered",
            "待分办",
            30,
        ),
        ("咨询新生儿落户需要哪些材料", "normal", "一般", "dispatched", "已派单", 82),
        ("桥头燃气异味", "critical", "特急", "callback_due", "待回访", 100),
        ("楼下早餐店油烟直排" + "，住户反映多次仍未解决" * 6, "normal", "一般", "redo", "重办", 55),
    ]
    return [
        {
            "no": f"RJ20261122{number:05d}",
            "title": title,
            "urgency": urgency,
            "urgency_text": urgency_text,
            "state": state,
            "state_text": state_text,
            "percent": percent,
            "due_at": NOON + dt.timedelta(days=number),
        }
        for number, (title, urgency, urgency_text, state, state_text, percent) in enumerate(
            plain, 1
        )
    ]


def _conversation() -> dict[str, Any]:
    return {
        "timeline": [
            {"at": NOON, "title": "收到您的诉求", "kind": "done", "who": "12345 热线"},
            {
                "at": NOON + dt.timedelta(hours=2),
                "title": "已转江口区城市管理局办理",
                "text": "由市政设施科负责，协办单位：临江街道办事处。",
                "kind": "now",
                "who": "江口区城市管理局",
            },
            {"at": NOON + dt.timedelta(days=5), "title": "给您答复", "kind": "next"},
        ],
        "notes": [
            {"who": "陈女士", "at": NOON, "text": "昨晚又全灭了，有老人摔了一跤。", "mine": True},
            {
                "who": "江口区城市管理局",
                "at": NOON,
                "text": "今天下午到现场检修。",
                "official": True,
            },
        ],
        "left": [("=", "请"), ("-", "江口区"), ("=", "城市管理局三天内处理路灯问题。")],
        "right": [("=", "请"), ("+", "云台区"), ("=", "城市管理局三天内处理路灯问题。")],
        "soon": timezone.now() + dt.timedelta(minutes=5),
    }


def _regions() -> dict[str, Any]:
    return {
        "type": "FeatureCollection",
        "features": [
            _square("519901", "江口区", west=104.0),
            _square("519902", "云台区", west=104.2),
        ],
    }


def _square(code: str, name: str, *, west: float) -> dict[str, Any]:
    east, south, north = west + 0.2, 30.5, 30.7
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {
        "type": "Feature",
        "properties": {"code": code, "name": name},
        "geometry": {"type": "Polygon", "coordinates": [ring]},
    }
