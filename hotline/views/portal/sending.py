"""Everything once more before a matter is sent, and the sending, exactly once."""

import secrets
import unicodedata
from collections.abc import Callable

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.errors import DomainError, InvalidError
from core.http.idempotency import run_once
from core.http.throttles import check_rate
from hotline.actions import raising
from hotline.forms.portal import KINDS
from hotline.queries import raising as answers_of
from hotline.queries.categories import resolve_category
from hotline.rules.raising import WHAT_KIND, Page, contact_of, is_yes, page_of_field, text_of
from hotline.states import MatterKind
from hotline.views.portal.edge import UNPROCESSABLE, remember_proof
from hotline.views.portal.raising import Answers, MatterView

ONCE_MAX = 80
LABELS = {
    "kind": gettext_lazy("类型"),
    "title": gettext_lazy("一句话"),
    "content": gettext_lazy("详细情况"),
    "category": gettext_lazy("分类"),
    "district": gettext_lazy("发生在哪里"),
    "address": gettext_lazy("具体地址"),
    "lng": gettext_lazy("地图标记"),
    "accused_unit": gettext_lazy("投诉或举报的政府单位"),
    "attachments": gettext_lazy("附件"),
    "name": gettext_lazy("称呼"),
    "phone": gettext_lazy("联系电话"),
    "confidential": gettext_lazy("保密"),
    "publishable": gettext_lazy("公开"),
}


class CheckPage(MatterView):
    """Everything once more before it is sent, and the sending."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show the answers."""
        if not self.answers:
            return redirect("hotline:raise", slug=WHAT_KIND.slug)
        return self._check(self.problems())

    def post(self, request: HttpRequest) -> HttpResponse:
        """Send it, once: the same form again leads to the same ticket."""
        if self.signed_out_meanwhile():
            return self.sign_in_again(reverse("hotline:raise_check"))
        try:
            if self.person is None:
                check_rate(scope="anonymous_contact", request=request)
            _status, answer, _replayed = run_once(
                scope=f"portal:{self.person.pk if self.person else self.holder}"[:ONCE_MAX],
                key=request.POST.get("once", "")[:ONCE_MAX] or secrets.token_urlsafe(16),
                body=b"",
                work=lambda: raising.raise_matter(
                    user=self.person, holder=self.holder, at=timezone.now()
                ),
            )
        except InvalidError as error:
            return self._check(_fields_of(error), status=UNPROCESSABLE)
        except raising.NothingToSendError as error:
            messages.warning(request, _(str(error.message)))
            return redirect("hotline:raise", slug=WHAT_KIND.slug)
        except DomainError as error:
            return self._check({"": [_(str(error.message))]}, status=error.status)
        remember_proof(request, answer["ticket_no"])
        return redirect("hotline:raised", no=answer["ticket_no"])

    def _check(self, problems: dict[str, list[str]], *, status: int = 200) -> HttpResponse:
        pages = self.pages()
        context = {
            "sections": [self._section(page) for page in pages],
            "problems": [
                {"url": self._link(name), "message": _(str(message))}
                for name, found in problems.items()
                for message in found
            ],
            "number": len(pages) + 1,
            "total": len(pages) + 1,
            "before": reverse("hotline:raise", args=[pages[-1].slug]),
            "once": secrets.token_urlsafe(16),
            "is_report": text_of(self.answers, "kind") == MatterKind.REPORT,
        }
        return self.show("raise/check.html", context, status=status)

    def _link(self, name: str) -> str:
        if not name:
            return ""
        page = page_of_field(self.pages(), name)
        return f"{reverse('hotline:raise', args=[page.slug])}?return=check#id_{name}"

    def _section(self, page: Page) -> list[dict[str, str]]:
        rows = []
        for name in page.fields:
            label = LABELS.get(name)
            if label is not None:
                value = self._in_words(name)
                rows.append({"label": str(label), "value": value, "change_url": self._link(name)})
        return rows

    def _in_words(self, name: str) -> str:
        if name == "attachments":
            uploads = answers_of.list_uploads(
                answers=self.answers, user=self.person, holder=self.holder
            )
            return "\n".join(upload.name for upload in uploads) or _("没有附件")
        say = _WORDS.get(name)
        return say(self.answers) if say else text_of(self.answers, name)


def _kind(answers: Answers) -> str:
    return str(dict(KINDS).get(text_of(answers, "kind"), ""))


def _category(answers: Answers) -> str:
    category = resolve_category(text_of(answers, "category"))
    return str(category) if category else _("由工作人员判断")


def _region(answers: Answers) -> str:
    return answers_of.region_name(answers=answers)


def _unit(answers: Answers) -> str:
    code = text_of(answers, "accused_unit")
    return answers_of.unit_name(code=code) if code else _("不涉及政府单位，或者不清楚")


def _point(answers: Answers) -> str:
    lat, lng = text_of(answers, "lat"), text_of(answers, "lng")
    return f"{lat}, {lng}" if lat and lng else _("没有标记")


def _phone(answers: Answers) -> str:
    """Return the number as it will be kept, so that a slip is seen."""
    return unicodedata.normalize("NFKC", text_of(answers, "phone"))


def _secrecy(answers: Answers) -> str:
    return _("请为我保密") if is_yes(answers.get("confidential")) else _("不需要特别保密")


def _publication(answers: Answers) -> str:
    return _("可以公开") if contact_of(answers).publishable else _("不公开")


_WORDS: dict[str, Callable[[Answers], str]] = {
    "kind": _kind,
    "category": _category,
    "district": _region,
    "accused_unit": _unit,
    "lng": _point,
    "phone": _phone,
    "confidential": _secrecy,
    "publishable": _publication,
}


def _fields_of(error: InvalidError) -> dict[str, list[str]]:
    fields = error.details.get("fields")
    return dict(fields) if fields else {"": [_(str(error.message))]}
