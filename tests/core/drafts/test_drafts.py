"""What somebody was typing is kept for them, and for nobody else."""

import json
import threading
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import IntegrityError, connection
from django.test import Client

from core.accounts.models import User
from core.drafts import actions
from core.drafts.models import Draft
from core.drafts.queries import load_draft
from core.holders import cookies
from tests.factories.core import UserFactory

pytestmark = pytest.mark.django_db
AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
HOLDER, OTHER = "a" * 64, "b" * 64
CONTENT = {"title": "夜间占道经营", "phone": "13900008000", "places": ["甲", "乙"]}
URL = "/drafts/contact/new/"


def save(
    content: dict[str, Any] = CONTENT,
    *,
    user: User | None = None,
    holder: str = "",
    key: str = "new",
    at: datetime = AT,
) -> None:
    actions.save_draft(form="contact", key=key, user=user, holder=holder, content=content, at=at)


def load(*, user: User | None = None, holder: str = "", key: str = "new") -> Any:
    return load_draft(form="contact", key=key, user=user, holder=holder)


class TestSave:
    def test_gives_back_what_was_typed(self) -> None:
        alice = UserFactory()

        save(user=alice)
        save({"title": "改过"}, holder=HOLDER)

        assert load(user=alice) == CONTENT
        assert load(holder=HOLDER) == {"title": "改过"}

    @pytest.mark.parametrize("signed_in", [True, False])
    def test_the_next_saving_takes_the_place_of_the_last(self, signed_in: bool) -> None:
        owner: dict[str, Any] = {"user": UserFactory()} if signed_in else {"holder": HOLDER}

        save(**owner)
        save({"title": "改过"}, **owner)

        assert load(**owner) == {"title": "改过"}
        assert Draft.objects.count() == 1

    def test_is_encrypted_on_disk(self) -> None:
        save(holder=HOLDER)

        with connection.cursor() as cursor:
            cursor.execute("SELECT content FROM core_draft")
            stored = bytes(cursor.fetchone()[0])
        assert b"13900008000" not in stored
        assert "夜间占道经营".encode() not in stored

    @pytest.mark.parametrize("text", ["\x00", "\ud800", "😀", "<script>", "１２３", "\u202e"])
    def test_keeps_odd_characters_or_a_stand_in(self, text: str) -> None:
        save({"title": text}, holder=HOLDER)

        kept = load(holder=HOLDER)
        assert kept == {"title": text if text != "\ud800" else "?"}

    def test_refuses_too_much(self) -> None:
        with pytest.raises(actions.DraftTooLargeError):
            save({"title": "字" * 70_000}, holder=HOLDER)

        assert not Draft.objects.exists()

    def test_refuses_an_owner_that_is_nobody(self) -> None:
        with pytest.raises(actions.DraftOwnerMissingError):
            save()

    def test_one_owner_keeps_the_newest(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(actions, "MAX_DRAFTS", 3)
        save(holder=OTHER)

        for number in range(5):
            save(holder=HOLDER, key=f"k{number}", at=AT + timedelta(minutes=number))

        kept = Draft.objects.filter(holder=HOLDER).values_list("key", flat=True)
        assert sorted(kept) == ["k2", "k3", "k4"]
        assert load(holder=OTHER) == CONTENT

    @pytest.mark.django_db(transaction=True)
    @pytest.mark.slow
    def test_two_tabs_at_once_leave_one_whole_draft(self) -> None:
        start = threading.Barrier(6)

        def work(number: int) -> None:
            start.wait()
            save({"tab": number}, holder=HOLDER)
            connection.close()

        threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert Draft.objects.count() == 1
        assert load(holder=HOLDER)["tab"] in range(6)


class TestDatabase:
    @pytest.mark.parametrize("owners", ["both", "none"])
    def test_refuses_two_owners_and_none(self, owners: str) -> None:
        user = UserFactory() if owners == "both" else None
        holder = HOLDER if owners == "both" else ""

        with pytest.raises(IntegrityError, match="draft_has_one_owner"):
            Draft.objects.create(form="f", key="k", user=user, holder=holder, updated_at=AT)

    def test_refuses_a_second_draft_of_one_form(self) -> None:
        save(holder=HOLDER)

        with pytest.raises(IntegrityError, match="draft_once"):
            Draft.objects.create(form="contact", key="new", holder=HOLDER, updated_at=AT)


class TestOwners:
    def test_never_see_each_others(self) -> None:
        alice, charlie = UserFactory(), UserFactory()
        save(user=alice)
        save(holder=HOLDER)

        assert load(user=charlie) is None
        assert load(user=charlie, holder=HOLDER) is None
        assert load(holder=OTHER) is None
        assert load() is None

    def test_never_remove_each_others(self) -> None:
        alice, charlie = UserFactory(), UserFactory()
        save(user=alice)
        save(holder=HOLDER)

        for user, holder in [(charlie, ""), (charlie, HOLDER), (None, OTHER), (None, "")]:
            actions.discard_draft(form="contact", key="new", user=user, holder=holder)

        assert Draft.objects.count() == 2

    def test_remove_their_own(self) -> None:
        save(holder=HOLDER)

        actions.discard_draft(form="contact", key="new", user=None, holder=HOLDER)

        assert load(holder=HOLDER) is None


class TestAdopt:
    def test_signing_in_takes_the_drafts_along(self) -> None:
        alice = UserFactory()
        save(holder=HOLDER)
        save({"of": "other"}, holder=OTHER)

        assert actions.adopt_drafts(holder=HOLDER, by=alice) == 1

        assert load(user=alice) == CONTENT
        assert load(holder=HOLDER) is None
        assert load(holder=OTHER) == {"of": "other"}

    @pytest.mark.parametrize(("minutes", "winner"), [(-5, "unnamed"), (5, "own")])
    def test_of_two_the_newer_stays(self, minutes: int, winner: str) -> None:
        alice = UserFactory()
        save({"which": "own"}, user=alice, at=AT + timedelta(minutes=minutes))
        save({"which": "unnamed"}, holder=HOLDER)

        actions.adopt_drafts(holder=HOLDER, by=alice)

        assert load(user=alice) == {"which": winner}
        assert Draft.objects.count() == 1

    def test_nobody_has_nothing_to_adopt(self) -> None:
        save(holder=HOLDER)

        assert actions.adopt_drafts(holder="", by=UserFactory()) == 0
        assert load(holder=HOLDER) == CONTENT


class TestPurge:
    def test_lets_go_after_thirty_days(self) -> None:
        save(holder=HOLDER, key="old", at=AT - actions.KEPT - timedelta(seconds=1))
        save(holder=HOLDER, key="young", at=AT - actions.KEPT)

        assert actions.purge_old(at=AT) == 1

        assert Draft.objects.get().key == "young"

    def test_takes_a_bounded_number(self) -> None:
        for number in range(3):
            save(holder=HOLDER, key=f"k{number}", at=AT - timedelta(days=60))

        assert actions.purge_old(at=AT, limit=2) == 2
        assert Draft.objects.count() == 1


def send(client: Client, body: Any = CONTENT, method: str = "put", url: str = URL) -> Any:
    data = body if isinstance(body, (str, bytes)) else json.dumps(body)
    return getattr(client, method)(url, data, content_type="application/json")


class TestView:
    @pytest.mark.parametrize("method", ["put", "post"])
    def test_saves_and_says_when(self, client: Client, method: str) -> None:
        response = send(client, method=method)

        draft = Draft.objects.get()
        assert response.status_code == 200
        assert datetime.fromisoformat(response.json()["saved_at"]) == draft.updated_at
        assert response.cookies[cookies.COOKIE]["httponly"]
        assert load(holder=draft.holder) == CONTENT

    def test_belongs_to_who_signed_in(self, client: Client) -> None:
        alice = UserFactory()
        client.force_login(alice)

        response = send(client)

        assert cookies.COOKIE not in response.cookies
        assert load(user=alice) == CONTENT

    def test_forgets(self, client: Client) -> None:
        send(client)

        assert client.delete(URL).status_code == 204
        assert not Draft.objects.exists()

    def test_another_browser_changes_nothing(self, client: Client) -> None:
        send(client)
        other = Client()

        send(other, {"title": "别人的"})
        other.delete(URL)

        (mine,) = Draft.objects.all()
        assert load(holder=mine.holder) == CONTENT

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            ("{", 400, "draft_unreadable"),
            ("[]", 400, "draft_unreadable"),
            ('"text"', 400, "draft_unreadable"),
            (b"\xff\xfe", 400, "draft_unreadable"),
            (" ", 400, "draft_unreadable"),
            ("[" * 100_000, 400, "draft_unreadable"),
            (json.dumps({"a": "x" * 200_000}), 413, "draft_too_large"),
            (json.dumps({"a": "x" * 3_000_000}), 413, "draft_too_large"),
        ],
        ids=["cut", "list", "text", "bytes", "blank", "deep", "large", "huge"],
    )
    def test_says_in_chinese_what_is_wrong(
        self, client: Client, body: str | bytes, status: int, code: str
    ) -> None:
        response = send(client, body)

        assert (response.status_code, response.json()["code"]) == (status, code)
        assert "草稿" in response.json()["message"]
        assert not Draft.objects.exists()

    def test_takes_only_json(self, client: Client) -> None:
        response = client.post(URL, {"title": "x"})

        assert (response.status_code, response.json()["code"]) == (415, "draft_not_json")

    @pytest.mark.parametrize(
        "path", ["/drafts/contact/", "/drafts/a%2Fb/c/", "/drafts/../x/", f"/drafts/{'x' * 99}/a/"]
    )
    def test_odd_names_lead_nowhere(self, client: Client, path: str) -> None:
        assert send(client, url=path).status_code == 404

    def test_is_never_read_over_http(self, client: Client) -> None:
        send(client)

        assert client.get(URL).status_code == 405

    def test_other_sites_cannot_write(self) -> None:
        client = Client(enforce_csrf_checks=True)

        assert send(client).status_code == 403
        assert not Draft.objects.exists()

    def test_is_throttled(self, client: Client, monkeypatch: pytest.MonkeyPatch) -> None:
        from core.http import throttles

        monkeypatch.setitem(throttles.api_settings.DEFAULT_THROTTLE_RATES, "draft", "1/hour")
        send(client)

        response = send(client, {"title": "second"})

        assert (response.status_code, response.json()["code"]) == (429, "throttled")
        assert load(holder=Draft.objects.get().holder) == CONTENT
