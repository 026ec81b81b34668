"""Every page that an address leads to: readable by everybody, on every screen, in every mode.

The addresses are taken from the urlconf itself: a new page without a case fails the suite.
"""

import json
import re
import time
import uuid
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils import timezone

from core.accounts.models import User
from core.accounts.states import Role
from core.documents.actions import request_document
from core.documents.models import Document, DocumentState
from core.notifications.models import Channel, DeliveryState, Notification
from hotline.actions import closing, raising
from hotline.models import Ticket
from hotline.queries.tickets import TICKET
from hotline.rules.raising import SLUGS
from tests.core.accounts.authenticator import Passkey
from tests.factories.core import UserFactory, member, policies
from tests.factories.hotline import Desk, category, ticket
from tests.journeys.browsers import Desktop
from tests.journeys.conftest import Seat

pytestmark = [
    pytest.mark.browser,
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.django_db(transaction=True),
    pytest.mark.urls("tests.journeys.error_pages"),
]
PASSWORD = "Tongban-test-2026"
SECRET = "JBSWY3DPEHPK3PXP"
WIDTHS = (1440, 390)
REPORT = """() => ({
  lang: document.documentElement.lang,
  titles: document.querySelectorAll("h1").length,
  wide: document.documentElement.scrollWidth > window.innerWidth + 1,
  named: document.title.trim().length > 0,
})"""

NO_PAGE = {
    "": "redirects to allauth's own address of the same page, or is the admin's 404",
    "account_confirm_login_code": "codes by mail are not used for signing in",
    "account_email_verification_sent": "addresses are not verified by mail",
    "account_landing": "redirects to the room of one's role",
    "account_set_password": "redirects who has a password to the change of it",
    "admin:autocomplete": "JSON",
    "admin:jsi18n": "script",
    "admin:login": "redirects to the common sign-in",
    "admin:logout": "only posted to",
    "admin:password_change": "redirects to the common page",
    "admin:password_change_done": "redirects to the common page",
    "admin:app_list": "not linked: the menu lists the models",
    "admin:search": "closed: it would look into models past their rights",
    "admin:view_on_site": "redirects to the object",
    "api-docs": "a third party's viewer of the schema",
    "api-schema": "YAML",
    "console:attachment": "a file",
    "console:callbacks": "redirects to the queue",
    "console:colleagues": "JSON",
    "console:counts": "JSON",
    "console:download_document": "a file",
    "console:events": "JSON",
    "console:phone_start": "redirects to a fresh registration",
    "console:queue_rows": "a fragment",
    "console:reviews": "redirects to the queue",
    "healthz": "text",
    "hotline:calendar": "a file",
    "hotline:file": "a file",
    "hotline:raise_divisions": "JSON",
    "hotline:raise_start": "redirects to the first question",
    "hotline:search_suggestions": "a fragment",
    "javascript-catalog": "script",
    "metrics": "text",
    "mfa_download_recovery_codes": "a file",
    "mfa_generate_recovery_codes": "redirects to the codes while there are some",
    "mfa_login_webauthn": "JSON",
    "openid_connect_callback": "redirects",
    "openid_connect_login": "redirects to the provider",
    "readyz": "text",
    "set_language": "only posted to",
    "socialaccount_signup": "redirects who does not come from the provider",
    "uploads": "JSON",
}
MODEL_PAGE = re.compile(r"^admin:(core|hotline)_[\w-]+$")


@dataclass(frozen=True)
class Case:
    """One page: who opens which address, and what to do there first."""

    who: str
    path: str
    status: int = 200
    before: Callable[[Desktop], None] | None = None


Cases = dict[str, list[Case]]


@dataclass
class City:
    """People by what they are, and a realistic object for each page."""

    desk: Desk
    people: dict[str, User | None] = field(default_factory=dict)
    cases: Cases = field(default_factory=dict)


def names_of_pages(patterns: list[Any], namespace: str = "") -> Iterator[tuple[str, bool]]:
    """Yield the name of each address and whether it can be opened at all."""
    for pattern in patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{pattern.namespace}:" if pattern.namespace else ""
            yield from names_of_pages(pattern.url_patterns, namespace + inner)
        elif isinstance(pattern, URLPattern):
            view = getattr(pattern.callback, "view_class", None)
            name = f"{namespace}{pattern.name}" if pattern.name else ""
            yield name, view is None or hasattr(view, "get")


@pytest.fixture
def city(desk: Desk, settings: Any) -> City:
    """Fill a city: at least one ticket in each state that has a page of its own."""
    settings.ACCOUNT_RATE_LIMITS = {}
    policies()
    subject = category()
    subject.default_unit = desk.unit
    subject.save()
    citizen = UserFactory(username="citizen", display_name="王小满")
    people: dict[str, User | None] = {
        "stranger": None,
        "citizen": citizen,
        "agent": desk.agent,
        "lead": desk.lead,
        "auditor": desk.auditor,
        "handler": desk.handler,
        "head": desk.head,
        "system": member(Role.SYSTEM_ADMIN),
        "security": member(Role.SECURITY_ADMIN),
        "account": UserFactory(username="account", display_name="刘安"),
        "guarded": guarded_user(),
    }
    made = City(desk, people)
    made.cases = {**portal_cases(made), **console_cases(made), **account_cases(made)}
    made.cases |= {**admin_cases(made), **other_cases()}
    return made


def guarded_user() -> User:
    """Return somebody with a one-time password, recovery codes and a passkey."""
    user = UserFactory(username="guarded", display_name="周安全")
    TOTP.activate(user, SECRET)
    RecoveryCodes.activate(user)
    options = {"publicKey": {"user": {"id": b"guarded"}, "challenge": b"any"}}
    credential = json.loads(Passkey(origin="http://localhost", rp_id="localhost").register(options))
    data = {"name": "值班手机", "credential": credential}
    Authenticator.objects.create(user=user, type=Authenticator.Type.WEBAUTHN, data=data)
    return user


def portal_cases(city: City) -> Cases:
    """Return the citizen's pages."""
    citizen, desk = city.people["citizen"], city.desk
    assert citizen is not None
    answers = {
        "kind": {"kind": "complaint"},
        "content": {"title": "路灯不亮", "content": "三盏路灯一周不亮。"},
        "where": {"district": "519901", "address": "滨江路 18 号"},
        "contact": {"name": "王小满", "phone": "19900001234"},
    }
    for page, fields in answers.items():
        raising.keep_page(page=page, fields=fields, user=citizen, holder="", at=timezone.now())
    open_one = desk.dispatched(citizen=citizen, publishable=True)
    answered, judged = desk.replied(citizen=citizen), desk.in_review(citizen=citizen)
    long_one = ticket(citizen=citizen, title="很长的标题" * 38, content="很长的内容。" * 500)
    message_to(citizen, open_one)
    track = "/track/{}/".format
    return {
        "hotline:home": [Case("citizen", "/"), Case("stranger", "/")],
        "hotline:search": [
            Case("stranger", "/search/?q=路灯"),
            Case("stranger", "/search/?q=没有的"),
        ],
        "hotline:services": [Case("stranger", "/services/")],
        "hotline:licenses": [Case("stranger", "/licenses/")],
        "hotline:community": [Case("stranger", "/community/")],
        "hotline:accessibility": [Case("stranger", "/accessibility/")],
        "hotline:privacy": [Case("stranger", "/privacy/")],
        "hotline:raise": [Case("citizen", f"/hotline/new/{slug}/") for slug in SLUGS],
        "hotline:raise_check": [Case("citizen", "/hotline/new/check/")],
        "hotline:raise_cleared": [Case("stranger", "/hotline/new/cleared/")],
        "hotline:raised": [Case("citizen", f"/hotline/new/done/{open_one.no}/")],
        "hotline:track": [Case("stranger", "/track/")],
        "hotline:track_ticket": [
            Case("citizen", track(open_one.no)),
            Case("citizen", track(answered.no)),
            Case("citizen", track(long_one.no)),
            Case("stranger", track(open_one.no), status=404),
        ],
        "hotline:supplement": [Case("citizen", track(open_one.no) + "supplement/")],
        "hotline:withdraw": [Case("citizen", track(open_one.no) + "withdraw/")],
        "hotline:evaluate": [Case("citizen", track(answered.no) + "evaluate/")],
        "hotline:thanks": [Case("citizen", track(judged.no) + "thanks/")],
        "hotline:my_tickets": [Case("citizen", "/my/")],
    }


def message_to(citizen: User, about: Ticket) -> None:
    """Put one unread message into the citizen's inbox."""
    Notification.objects.create(
        collision_key="every-page",
        template="hotline.ticket.dispatch",
        channel=Channel.IN_APP,
        recipient=citizen,
        title="诉求已交办",
        body=f"您的诉求（编号 {about.no}）已交承办单位办理。",
        state=DeliveryState.SENT,
    )


def console_cases(city: City) -> Cases:
    """Return the pages of the desk, the units and the auditor."""
    desk = city.desk
    waiting = ticket(category="030502", title="很长的标题" * 38, content="很长的内容。" * 500)
    dispatched = desk.dispatched(assists=(desk.other.code,))
    answered, replied, review = desk.answered(), desk.replied(), desk.in_review()
    closing.demand_callback(ticket_id=replied.pk, at=desk.tick())
    orders = [desk.lead_order(one).no for one in (dispatched, answered)]
    paper = request_document(
        kind="ticket_record",
        subject_type=TICKET,
        subject_id=waiting.pk,
        by=desk.agent,
        at=desk.tick(),
    )
    page = f"/console/tickets/{waiting.no}/"
    return {
        "console:home": [Case("agent", "/console/"), Case("citizen", "/console/", status=403)],
        "console:queue": [
            Case("agent", "/console/queues/mine/"),
            Case("handler", "/console/queues/working/"),
            Case("auditor", "/console/queues/review/"),
        ],
        "console:search": [Case("agent", "/console/search/")],
        "console:phone_desk": [Case("agent", f"/console/phone/{uuid.uuid4()}/")],
        "console:ticket": [
            Case("agent", page),
            Case("lead", f"/console/tickets/{review.no}/"),
            Case("handler", "/console/tickets/1/", status=404),
        ],
        "console:revise": [Case("agent", page + "revise/")],
        "console:triage": [Case("agent", page + "triage/")],
        "console:dispatch": [Case("agent", page + "dispatch/")],
        "console:order": [
            Case("handler", f"/console/orders/{orders[0]}/"),
            Case("head", f"/console/orders/{orders[1]}/"),
        ],
        "console:callback": [Case("agent", f"/console/callbacks/{replied.no}/")],
        "console:review": [Case("auditor", f"/console/reviews/{review.no}/")],
        "console:document": [Case("agent", f"/console/documents/{paper.token}/")],
    }


def sign_in_by_form(desktop: Desktop, who: str) -> None:
    """Sign in with a password: pages about one's own security want to have seen it."""
    page = desktop.page
    page.goto(f"{desktop.base}/accounts/login/?next=/privacy/")
    page.fill("#id_login", who)
    page.fill("#id_password", PASSWORD)
    page.locator("main form button[type=submit]").first.click()
    page.wait_for_url(re.compile(r"/privacy/|/2fa/authenticate/"))


def as_account(desktop: Desktop) -> None:
    """Sign in without a second factor, once."""
    if desktop.context.cookies(desktop.base + "/accounts/") and _is_in(desktop):
        return
    sign_in_by_form(desktop, "account")


def as_guarded(desktop: Desktop) -> None:
    """Sign in with a one-time password, once."""
    if _is_in(desktop):
        return
    half_way(desktop)
    code = format_hotp_value(hotp_value(SECRET, int(time.time()) // 30))
    desktop.page.fill("#id_code", code)
    desktop.page.locator("main form button[type=submit]").first.click()
    desktop.page.wait_for_url("**/privacy/")


def half_way(desktop: Desktop) -> None:
    """Give the password, not yet the code."""
    desktop.lose_session()
    sign_in_by_form(desktop, "guarded")


def _is_in(desktop: Desktop) -> bool:
    return any(cookie["name"] == "sessionid" for cookie in desktop.context.cookies())


def account_cases(city: City) -> Cases:
    """Return the pages of signing in and of one's own security."""
    key = Authenticator.objects.get(type=Authenticator.Type.WEBAUTHN).pk
    for_strangers = {
        "account_login": "login/",
        "account_signup": "signup/",
        "account_inactive": "inactive/",
        "account_confirm_email": "confirm-email/none/",
        "account_reset_password": "password/reset/",
        "account_reset_password_done": "password/reset/done/",
        "account_reset_password_from_key": "password/reset/key/1-none/",
        "account_reset_password_from_key_done": "password/reset/key/done/",
        "socialaccount_login_cancelled": "3rdparty/login/cancelled/",
    }
    for_account = {
        "account_logout": "logout/",
        "account_email": "email/",
        "account_change_password": "password/change/",
        "account_reauthenticate": "reauthenticate/",
        "socialaccount_connections": "3rdparty/",
        "mfa_activate_totp": "2fa/totp/activate/",
        "mfa_add_webauthn": "2fa/webauthn/add/",
    }
    for_guarded = {
        "mfa_index": "2fa/",
        "mfa_reauthenticate": "2fa/reauthenticate/",
        "mfa_reauthenticate_webauthn": "2fa/webauthn/reauthenticate/",
        "mfa_deactivate_totp": "2fa/totp/deactivate/",
        "mfa_view_recovery_codes": "2fa/recovery-codes/",
        "mfa_list_webauthn": "2fa/webauthn/",
        "mfa_remove_webauthn": f"2fa/webauthn/keys/{key}/remove/",
        "mfa_edit_webauthn": f"2fa/webauthn/keys/{key}/edit/",
    }
    return {
        **{name: [Case("stranger", f"/accounts/{path}")] for name, path in for_strangers.items()},
        **{
            name: [Case("nobody yet", f"/accounts/{path}", before=as_account)]
            for name, path in for_account.items()
        },
        **{
            name: [Case("nobody at all", f"/accounts/{path}", before=as_guarded)]
            for name, path in for_guarded.items()
        },
        "socialaccount_login_error": [
            Case("stranger", "/accounts/3rdparty/login/error/", status=401)
        ],
        "mfa_authenticate": [
            Case("nobody half way", "/accounts/2fa/authenticate/", before=half_way)
        ],
    }


def admin_cases(city: City) -> Cases:
    """Return the admin's first page, one list and one form."""
    unit = city.desk.unit.pk
    return {
        "admin:index": [Case("system", "/admin/"), Case("agent", "/admin/", status=403)],
        "admin:core_organisation_changelist": [Case("system", "/admin/core/organisation/")],
        "admin:core_organisation_change": [
            Case("system", f"/admin/core/organisation/{unit}/change/")
        ],
    }


def other_cases() -> Cases:
    """Return the errors, the verification page and the parts list."""
    unknown = Document.objects.create(
        token=uuid.uuid4(), kind="ticket_record", subject_type=TICKET, subject_id=1,
        state=DocumentState.FAILED, error="字体缺失",
    )  # fmt: skip
    errors = {"error_400": 400, "error_403_csrf": 403, "error_429": 429, "error_500": 500}
    return {
        "verify-document": [Case("stranger", f"/verify/{unknown.token}/", status=404)],
        "styleguide": [Case("stranger", "/styleguide/")],
        "no such page": [Case("stranger", "/no-such-page/", status=404)],
        **{
            name: [Case("stranger", f"/errors/{name.removeprefix('error_').replace('_', '-')}/", s)]
            for name, s in errors.items()
        },
    }


class Inspector:
    """Opens pages and writes down what is wrong with them."""

    def __init__(self, seat: Seat, city: City, **options: Any) -> None:
        self.seat, self.city, self.options = seat, city, options
        self.desktops: dict[str, Desktop] = {}
        self.found: list[str] = []

    def desktop_of(self, who: str) -> Desktop:
        if who not in self.desktops:
            self.desktops[who] = self.seat(self.city.people.get(who), **self.options)
        return self.desktops[who]

    def look(self, case: Case, *, query: str = "", lang: str = "zh-CN") -> None:
        """Look at one page at both widths."""
        desktop = self.desktop_of(case.who)
        desktop.page.set_viewport_size({"width": WIDTHS[0], "height": 900})
        if case.before is not None:
            case.before(desktop)
        path = case.path + (f"{'&' if '?' in case.path else '?'}{query}" if query else "")
        answer = desktop.page.goto(desktop.base + path, wait_until="load")
        arrived = desktop.page.url.removeprefix(desktop.base)
        assert answer is not None
        if answer.status != case.status:
            self.blame(case, f"says {answer.status}, not {case.status}, at {arrived}")
        for width in WIDTHS:
            desktop.page.set_viewport_size({"width": width, "height": 900})
            self.measure(case, desktop, width, lang)

    def measure(self, case: Case, desktop: Desktop, width: int, lang: str) -> None:
        desktop.page.wait_for_load_state("load")
        seen = desktop.page.evaluate(REPORT)
        if seen["wide"]:
            self.blame(case, f"must be scrolled sideways at {width}")
        if seen["lang"] not in {lang, "zh-hans" if lang == "zh-CN" else lang}:
            self.blame(case, f"is marked as {seen['lang'] or 'no language'}")
        if seen["titles"] != 1:
            self.blame(case, f"has {seen['titles']} h1")
        if not seen["named"]:
            self.blame(case, "has no title")
        if width == WIDTHS[-1]:
            for violation in desktop.violations():
                self.blame(case, f"{violation} at {width}")

    def blame(self, case: Case, words: str) -> None:
        self.found.append(f"{case.path} ({case.who}) {words}")


def cases_of(city: City, *prefixes: str) -> list[Case]:
    return [
        case for name, cases in city.cases.items() if name.startswith(prefixes) for case in cases
    ]


class TestEveryPage:
    def test_has_a_case_here(self, city: City) -> None:
        names = set(names_of_pages(get_resolver().url_patterns))
        openable = {name for name, may_open in names if may_open and not name.startswith("api-")}

        missing = {name for name in openable if not MODEL_PAGE.match(name)} - set(city.cases)

        assert missing - set(NO_PAGE) == set()
        assert set(NO_PAGE) - {name for name, _ in names} == set()
        assert set(NO_PAGE) & set(city.cases) == set()

    def test_of_the_portal_serves_everybody(self, city: City, seat: Seat) -> None:
        inspector = Inspector(seat, city)

        for case in cases_of(city, "hotline:"):
            inspector.look(case)

        assert not inspector.found, "\n".join(inspector.found)

    def test_of_the_portal_serves_the_elderly(self, city: City, seat: Seat) -> None:
        inspector = Inspector(seat, city)

        for case in cases_of(city, "hotline:"):
            inspector.look(case, query="mode=elder")

        assert not inspector.found, "\n".join(inspector.found)
        shown = inspector.desktops["citizen"].page.locator("html")
        assert shown.get_attribute("data-mode") == "elder"

    def test_of_the_portal_speaks_english(self, city: City, seat: Seat) -> None:
        inspector = Inspector(seat, city)
        for who in ("stranger", "citizen"):
            desktop = inspector.desktop_of(who)
            cookie = {"name": "django_language", "value": "en"}
            desktop.context.add_cookies([{**cookie, "url": desktop.base}])

        for case in cases_of(city, "hotline:"):
            inspector.look(case, lang="en")

        assert not inspector.found, "\n".join(inspector.found)

    @pytest.mark.parametrize("scheme", ["light", "dark"])
    def test_of_the_console_serves_the_day_and_the_night(
        self, city: City, seat: Seat, scheme: str
    ) -> None:
        inspector = Inspector(seat, city, color_scheme=scheme)

        for case in cases_of(city, "console:"):
            inspector.look(case)

        assert not inspector.found, "\n".join(inspector.found)

    def test_of_accounts_admin_and_errors_serves_everybody(self, city: City, seat: Seat) -> None:
        inspector = Inspector(seat, city)
        seen = set(cases_of(city, "hotline:", "console:"))

        for case in [one for one in cases_of(city, "") if one not in seen]:
            inspector.look(case)

        assert not inspector.found, "\n".join(inspector.found)
