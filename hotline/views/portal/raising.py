"""Raising a matter, page by page. Every page works without script and keeps what was typed."""

import json
from typing import Any, cast

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.datastructures import MultiValueDict
from django.utils.functional import cached_property
from django.utils.translation import gettext as _

from core.accounts.queries import person_of
from core.attachments.models import Attachment
from core.attachments.views import UploadView
from core.drafts.actions import DraftTooLargeError
from core.errors import DomainError
from hotline.actions import raising
from hotline.forms.portal import KIND_EXAMPLES, MatterForm
from hotline.queries import raising as answers_of
from hotline.queries.categories import resolve_category
from hotline.queries.directory import list_handling_units
from hotline.rules.raising import (
    ACCUSED,
    ACCUSING_KINDS,
    EVIDENCE,
    SLUGS,
    WHAT,
    WHAT_KIND,
    WHERE,
    Page,
    find_page,
    is_yes,
    pages_grouped,
    pages_one_by_one,
    text_of,
)
from hotline.states import MatterKind
from hotline.views.portal.edge import UNPROCESSABLE, PortalView
from hotline.views.portal.suggesting import hints_for

NARROW_COOKIE = "width"
ACCEPTED = "image/jpeg,image/png,image/webp,.pdf,.docx,.xlsx,video/mp4,audio/mpeg,.amr,.wav"
CHECKBOXES = frozenset({"confidential", "publishable"})
Answers = dict[str, Any]


def asks_one_by_one(request: HttpRequest) -> bool:
    """Tell whether each question gets its own page: on phones and in elder mode.

    The page script knows the width and says it in a cookie; before that the browser's own word
    counts.
    """
    if getattr(request, "reading_mode", "") == "elder":
        return True
    width = request.COOKIES.get(NARROW_COOKIE, "")
    if width in {"narrow", "wide"}:
        return width == "narrow"
    is_mobile = request.headers.get("Sec-CH-UA-Mobile") == "?1"
    return is_mobile or "Mobi" in request.headers.get("User-Agent", "")


class MatterView(PortalView):
    """Knows the kept answers and the pages that they lead to."""

    def setup(self, request: HttpRequest, *args: Any, **kwargs: Any) -> None:
        """Give the browser something to keep its answers under."""
        super().setup(request, *args, **kwargs)
        self.need_holder()

    @cached_property
    def answers(self) -> Answers:
        """Return what was typed so far, and what this request adds to it."""
        return answers_of.load_answers(user=self.person, holder=self.holder)

    def pages(self) -> list[Page]:
        """Return the pages for this screen and the kind chosen so far."""
        make = pages_one_by_one if asks_one_by_one(self.request) else pages_grouped
        return make(text_of(self.answers, "kind"))

    def problems(self) -> dict[str, list[str]]:
        """Return what is still wrong, by input."""
        return answers_of.find_problems(
            answers=self.answers, user=self.person, holder=self.holder, at=timezone.now()
        )

    def signed_out_meanwhile(self) -> bool:
        """Tell whether the form was drawn for somebody whose session has ended since."""
        return bool(self.request.POST.get("signed_in_as")) and self.person is None

    def sign_in_again(self, here: str) -> HttpResponse:
        """Ask to sign in; what this browser keeps goes along with the person who does."""
        messages.warning(
            self.request, _("登录已过期，请重新登录。您填写的内容已经保存，登录后接着填。")
        )
        return redirect(f"{reverse('account_login')}?next={here}")


class Start(MatterView):
    """``/hotline/new/``: the first question, with a hint of the subject from a search result."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Go to the first page."""
        about = request.GET.get("about", "")
        suffix = f"?about={about}" if resolve_category(about) else ""
        return redirect(reverse("hotline:raise", args=[WHAT_KIND.slug]) + suffix)


class AskPage(MatterView):
    """One page of questions."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Ask."""
        page = find_page(self.pages(), slug)
        if page is None:
            return redirect("hotline:raise", slug=WHAT_KIND.slug)
        if page.slug != slug:
            return redirect(f"{reverse('hotline:raise', args=[page.slug])}#{slug}")
        return self._ask(page, self._blank_form(page))

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Keep what was typed, then go where the pressed button leads."""
        page = find_page(self._pages_with_posted_kind(), slug) or self.pages()[0]
        typed = self._typed(page)
        self.answers.update(typed)
        too_large = self._keep(page, typed)
        if self.signed_out_meanwhile():
            return self.sign_in_again(reverse("hotline:raise", args=[page.slug]))
        action = request.POST.get("action", "next")
        if action == "back" and not too_large:
            return redirect(self._before(page))
        if action == "regions":
            return self._ask(page, self._form(page, data=self.answers))
        if page.slug == EVIDENCE.slug and (refused := self._handle_files(action)):
            return refused
        return self._go_on(page)

    def _go_on(self, page: Page) -> HttpResponse:
        problems = {k: v for k, v in self.problems().items() if k in page.fields}
        if problems:
            form = self._form(page, data=self.answers)
            form.blame(problems)
            return self._ask(page, form, status=UNPROCESSABLE)
        if self.request.POST.get("return") == "check" and not self._asks_anew(page):
            return redirect("hotline:raise_check")
        return redirect(self._after(page))

    def _asks_anew(self, page: Page) -> bool:
        """After a change to 投诉 or 举报 there is one more question."""
        asked = ACCUSED in page.questions or "accused_unit" in self.answers
        needs = text_of(self.answers, "kind") in ACCUSING_KINDS
        return WHAT_KIND in page.questions and needs and not asked

    def _pages_with_posted_kind(self) -> list[Page]:
        if "kind" in self.request.POST:
            self.answers["kind"] = self.request.POST["kind"]
        return self.pages()

    def _typed(self, page: Page) -> Answers:
        posted = self.request.POST
        typed: Answers = {}
        for name in page.fields:
            if name == "attachments":
                typed[name] = posted.getlist(name)
            elif name in CHECKBOXES:
                typed[name] = "on" if is_yes(posted.get(name, "")) else ""
            else:
                typed[name] = posted.get(name, "")
        return typed

    def _keep(self, page: Page, typed: Answers) -> bool:
        """Keep the page; what is too large stays on the page, beside its error."""
        try:
            raising.keep_page(
                page=page.slug,
                fields=typed,
                user=self.person,
                holder=self.holder,
                at=timezone.now(),
            )
        except DraftTooLargeError:
            return True
        return False

    def _handle_files(self, action: str) -> HttpResponse | None:
        """Take in or take back files that came without script."""
        if action.startswith("remove:"):
            token = action.removeprefix("remove:")
            raising.remove_upload(
                token=token, user=self.person, holder=self.holder, at=timezone.now()
            )
            return redirect("hotline:raise", slug=EVIDENCE.slug)
        files = self.request.FILES.getlist("attachments_files")
        refusals = [words for file in files if (words := self._take(file))]
        self.answers = answers_of.load_answers(user=self.person, holder=self.holder)
        if refusals:
            page = find_page(self.pages(), EVIDENCE.slug) or self.pages()[0]
            form = self._form(page, data=self.answers)
            form.blame({"attachments": refusals})
            return self._ask(page, form, status=UNPROCESSABLE)
        if action == "upload":
            return redirect("hotline:raise", slug=EVIDENCE.slug)
        return None

    def _take(self, file: "UploadedFile[bytes]") -> str:
        """Keep one file; return the words of a refusal."""
        try:
            raising.add_upload(upload=file, user=self.person, holder=self.holder, at=timezone.now())
        except DomainError as error:
            values = {"file": file.name, "problem": _(str(error.message))}
            return _("%(file)s：%(problem)s") % values
        return ""

    def _blank_form(self, page: Page) -> MatterForm:
        initial = {**self._known_person(), **self.answers}
        about = self.request.GET.get("about", "")
        if resolve_category(about) and not text_of(self.answers, "category"):
            initial["category"] = about
        return self._form(page, initial=initial)

    def _known_person(self) -> Answers:
        known = person_of(self.person) if self.person else None
        return {"name": known.name, "phone": known.phone} if known else {}

    def _form(self, page: Page, **kwargs: Any) -> MatterForm:
        if "data" in kwargs:
            kwargs["data"] = _as_posted(kwargs["data"])
        else:
            flags = {name: is_yes(kwargs["initial"].get(name)) for name in CHECKBOXES}
            kwargs["initial"] = {**kwargs["initial"], **flags}
        anonymous_allowed = text_of(self.answers, "kind") == MatterKind.REPORT
        form = MatterForm(names=page.fields, anonymous_allowed=anonymous_allowed, **kwargs)
        if WHERE in page.questions:
            form.offer(answers_of.region_options(answers=self.answers))
        if ACCUSED in page.questions:
            form.offer({"accused_unit": list_handling_units().values_list("code", "name")})
        return form

    def _ask(self, page: Page, form: MatterForm, *, status: int = 200) -> HttpResponse:
        pages = self.pages()
        number = pages.index(page) if page in pages else 0
        uploads = answers_of.list_uploads(
            answers=self.answers, user=self.person, holder=self.holder
        )
        context = {
            "page": page,
            "slugs": [question.slug for question in page.questions],
            "form": form,
            "number": number + 1,
            "total": len(pages) + 1,
            "is_first": number == 0,
            "one_by_one": asks_one_by_one(self.request),
            "may_switch": self.request.method == "GET",
            "kind_examples": KIND_EXAMPLES,
            "answers": self.answers,
            "uploads": [_shown(upload) for upload in uploads],
            "accept": ACCEPTED,
            "shapes": answers_of.district_shapes() if WHERE in page.questions else None,
            "returns": self.request.GET.get("return") or self.request.POST.get("return", ""),
            "has_draft": bool(self.answers) and number == 0,
            "is_report": text_of(self.answers, "kind") == MatterKind.REPORT,
        }
        if WHAT in page.questions:
            context["hints"] = self._hints(form)
        return self.show("raise/page.html", context, status=status)

    def _hints(self, form: MatterForm) -> dict[str, Any]:
        category = form["category"].value() or ""
        return hints_for(
            title=text_of(self.answers, "title"),
            content=text_of(self.answers, "content"),
            region=text_of(self.answers, "district"),
            category=str(category),
        )

    def _before(self, page: Page) -> str:
        pages = self.pages()
        index = pages.index(page)
        return reverse("hotline:raise", args=[pages[max(index - 1, 0)].slug])

    def _after(self, page: Page) -> str:
        pages = self.pages()
        index = pages.index(page)
        if index + 1 == len(pages):
            return reverse("hotline:raise_check")
        return reverse("hotline:raise", args=[pages[index + 1].slug])


class StartOver(MatterView):
    """Forgets what was typed."""

    def post(self, request: HttpRequest) -> HttpResponse:
        """Drop the drafts; the next page also clears the browser's own copies."""
        raising.forget_answers(user=self.person, holder=self.holder)
        return redirect("hotline:raise_cleared")


class Cleared(PortalView):
    """Says that nothing is kept any more."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Show it."""
        return self.show("raise/cleared.html", {"slugs": SLUGS})


class Evidence(UploadView):
    """An upload of this form: kept like any upload, and noted among the answers."""

    def post(self, request: HttpRequest) -> HttpResponseBase:
        """Store the file, then note it."""
        response = super().post(request)
        if response.status_code == raising.CREATED:
            token = json.loads(cast("JsonResponse", response).content)["token"]
            raising.note_upload(
                token=token, user=self.person, holder=self.holder, at=timezone.now()
            )
        return response


class Divisions(PortalView):
    """What lies right below a region, for the page script."""

    def get(self, request: HttpRequest) -> HttpResponse:
        """Return ``{"divisions": [{"code", "name"}]}``."""
        rows = answers_of.divisions_under(code=request.GET.get("under", ""))
        listed = [{"code": code, "name": name} for code, name in rows]
        return JsonResponse({"divisions": listed}, json_dumps_params={"ensure_ascii": False})


def _as_posted(answers: Answers) -> MultiValueDict[str, Any]:
    """Return kept answers in the form that a bound form reads."""
    posted: MultiValueDict[str, Any] = MultiValueDict()
    for name, value in answers.items():
        if name in CHECKBOXES:
            if is_yes(value):
                posted[name] = "on"
        elif isinstance(value, str):
            posted[name] = value
    return posted


def _shown(upload: Attachment) -> dict[str, str]:
    return {
        "id": str(upload.token),
        "name": upload.name,
        "remove_url": reverse("upload", args=[upload.token]),
    }
