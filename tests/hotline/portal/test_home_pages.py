"""The front page, the search, the doors to come, and a citizen's own list."""

from typing import Any

import pytest
from django.test import Client

from core.notifications.models import Channel, DeliveryState, Notification
from hotline.models import Category, Ticket
from tests.factories.core import EPOCH, UserFactory
from tests.factories.hotline import Desk, ticket
from tests.hotline.portal.form_filling import text


@pytest.mark.django_db
class TestHome:
    def test_works_signed_out_with_search_doors_and_emergency_numbers(self, client: Client) -> None:
        page = text(client.get("/"))

        for words in ("您有什么事？", "我要诉求", "查询进度", 'href="tel:110"', 'href="tel:12345"'):
            assert words in page

    def test_shows_a_signed_in_person_what_waits_and_what_goes_on(self, client: Client) -> None:
        alice = UserFactory()
        answered = Desk().replied(title="答复过的事")
        Ticket.objects.filter(pk=answered.pk).update(citizen=alice)
        ticket(citizen=alice, title="进行中的事")
        ticket(title="别人的事")
        client.force_login(alice)

        page = text(client.get("/"))

        assert page.index("答复过的事") < page.index("进行中的事")
        assert "11月25日（周三）前答复" in page
        assert "别人的事" not in page

    @pytest.mark.parametrize(
        "path",
        ["/services/", "/licenses/", "/community/", "/accessibility/", "/privacy/", "/track/"],
    )
    @pytest.mark.parametrize("mode", ["standard", "elder"])
    def test_every_page_has_the_phone_number(self, client: Client, path: str, mode: str) -> None:
        page = text(client.get(path, {"mode": mode}))

        assert 'href="tel:12345"' in page
        assert f'data-mode="{mode}"' in page

    @pytest.mark.parametrize("path", ["/services/", "/licenses/", "/community/"])
    def test_doors_that_are_not_open_say_so(self, client: Client, path: str) -> None:
        assert "还没有开通" in text(client.get(path))


@pytest.mark.django_db
class TestSearch:
    @pytest.fixture(autouse=True)
    def _category(self) -> None:
        Category.objects.create(code="010103", name="电梯运行", keywords=["电梯", "困人"])

    @pytest.mark.parametrize("query", ["电梯", "小区电梯坏了", "電梯", "电梯运行", "困"])
    def test_finds_subjects_by_words(self, client: Client, query: str) -> None:
        page = text(client.get("/search/", {"q": query}))

        assert "/hotline/new/?about=010103" in page

    def test_finds_own_tickets_only(self, client: Client) -> None:
        alice = UserFactory()
        ticket(citizen=alice, title="我的电梯诉求")
        ticket(citizen=UserFactory(), title="别人的电梯诉求")
        client.force_login(alice)

        page = text(client.get("/search/", {"q": "电梯诉求"}))

        assert "我的电梯诉求" in page
        assert "别人的" not in page

    def test_finds_pages(self, client: Client) -> None:
        assert 'href="/privacy/"' in text(client.get("/search/", {"q": "个人信息"}))

    def test_a_number_leads_to_the_lookup_with_it_filled_in(self, client: Client) -> None:
        made = ticket()

        response = client.get("/search/", {"q": made.no})

        assert response.headers["Location"] == f"/track/?no={made.no}"
        assert f'value="{made.no}"' in text(client.get(response.headers["Location"]))

    def test_says_honestly_that_nothing_fits(self, client: Client) -> None:
        page = text(client.get("/search/", {"q": "量子纠缠"}))

        assert "没有找到" in page
        assert "还没有开通" in page

    @pytest.mark.parametrize("query", ["", " ", "<script>alert(1)</script>", "'" * 500, "%" * 90])
    def test_any_words_give_a_page(self, client: Client, query: str) -> None:
        response = client.get("/search/", {"q": query})

        assert response.status_code == 200
        assert "<script>alert" not in text(response)

    def test_offers_suggestions_while_typing(self, client: Client) -> None:
        assert "电梯运行" in text(client.get("/search/suggest/", {"q": "电梯"}))
        assert text(client.get("/search/suggest/", {"q": "电"})).strip() == ""


@pytest.mark.django_db
class TestMine:
    def test_asks_to_sign_in(self, client: Client) -> None:
        assert client.get("/my/").headers["Location"] == "/accounts/login/?next=/my/"

    def test_an_empty_list_offers_the_first_step(self, client: Client) -> None:
        client.force_login(UserFactory())

        page = text(client.get("/my/"))

        assert "还没有诉求" in page
        assert "还没有消息" in page

    def test_lists_only_own_tickets_page_by_page(self, client: Client) -> None:
        alice = UserFactory()
        for number in range(25):
            ticket(citizen=alice, title=f"第{number}件")
        ticket(citizen=UserFactory(), title="别人的事")
        client.force_login(alice)

        first = client.get("/my/")
        second = client.get("/my/", {"after": first.context["next"]})

        titles = [row.title for row in [*first.context["tickets"], *second.context["tickets"]]]
        assert len(titles) == len(set(titles)) == 25
        assert "别人的事" not in titles

    def test_the_number_of_queries_does_not_grow(
        self, client: Client, django_assert_max_num_queries: Any
    ) -> None:
        alice = UserFactory()
        for _ in range(5):
            ticket(citizen=alice)
        client.force_login(alice)

        with django_assert_max_num_queries(6):
            client.get("/my/")

    def test_a_forged_cursor_is_an_error_page(self, client: Client) -> None:
        client.force_login(UserFactory())

        assert client.get("/my/", {"after": "%%%"}).status_code == 400


@pytest.mark.django_db
class TestMessages:
    def _message(self, user: Any, link: str = "/track/1/") -> Notification:
        return Notification.objects.create(
            collision_key=f"k{user.pk}",
            template="t",
            channel=Channel.IN_APP,
            recipient=user,
            title="诉求已答复",
            body="请评价",
            link=link,
            state=DeliveryState.DELIVERED,
            created_at=EPOCH,
        )

    def test_opening_one_marks_it_read_and_goes_to_its_ticket(self, client: Client) -> None:
        alice = UserFactory()
        message = self._message(alice)
        client.force_login(alice)
        assert "未读" in text(client.get("/my/"))

        response = client.post(f"/my/messages/{message.pk}/read/", {"link": message.link})

        message.refresh_from_db()
        assert message.read_at is not None
        assert response.headers["Location"] == "/track/1/"

    def test_somebody_elses_message_is_not_found(self, client: Client) -> None:
        message = self._message(UserFactory())
        client.force_login(UserFactory())

        assert client.post(f"/my/messages/{message.pk}/read/").status_code == 404
        message.refresh_from_db()
        assert message.read_at is None

    @pytest.mark.parametrize("link", ["https://evil.example/", "//evil.example/", "", "/\\evil"])
    def test_the_link_never_leaves_the_site(self, client: Client, link: str) -> None:
        alice = UserFactory()
        message = self._message(alice)
        client.force_login(alice)

        response = client.post(f"/my/messages/{message.pk}/read/", {"link": link})

        assert response.headers["Location"] == "/my/"
