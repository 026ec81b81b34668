"""What a citizen learns of a ticket, and what opens it."""

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import NotFoundError
from hotline.actions import citizen, closing, handling
from hotline.models import Ticket
from hotline.queries import progress
from tests.factories.core import EPOCH, UserFactory
from tests.factories.hotline import Desk, ticket


@pytest.fixture
def desk(db: None) -> Desk:
    return Desk()


@pytest.mark.django_db
class TestFindByCode:
    def test_number_and_code_open_the_ticket(self) -> None:
        made = ticket()

        found = progress.find_by_code(ticket_no=made.no, query_code=made.query_code)

        assert found.pk == made.pk

    def test_blanks_dashes_case_and_full_width_do_not_matter(self) -> None:
        made = ticket()
        wide = "".join(chr(ord(c) + 0xFEE0) for c in made.no)
        code = f" {made.query_code[:4].lower()}-{made.query_code[4:].lower()} "

        found = progress.find_by_code(ticket_no=f" {wide} ", query_code=code)

        assert found.pk == made.pk

    @pytest.mark.parametrize("code", ["", "WRONGCOD", "\x00", "\ud800", "码" * 10_000, "\x00" * 32])
    def test_a_wrong_code_is_not_found(self, code: str) -> None:
        made = ticket()

        with pytest.raises(NotFoundError):
            progress.find_by_code(ticket_no=made.no, query_code=code)

    @pytest.mark.parametrize(
        "number", ["", "1", "5" * 21, "5" * 5000, "\x00", "\ud800", "' OR 1=1 --", "１" * 21]
    )
    def test_an_absent_ticket_refuses_as_a_wrong_code_does(self, number: str) -> None:
        made = ticket()
        with pytest.raises(NotFoundError) as wrong:
            progress.find_by_code(ticket_no=made.no, query_code="WRONGCOD")

        with pytest.raises(NotFoundError) as absent:
            progress.find_by_code(ticket_no=number, query_code=made.query_code)

        assert absent.value.message == wrong.value.message
        assert absent.value.details == wrong.value.details == {}

    def test_the_number_alone_opens_nothing(self) -> None:
        made = ticket()

        with pytest.raises(NotFoundError):
            progress.find_by_code(ticket_no=made.no, query_code="\x00" * 32)


class TestAnyInput:
    @given(st.text(max_size=200), st.text(max_size=200))
    def test_cleaning_never_fails(self, number: str, phone: str) -> None:
        cleaned = progress.clean_number(number)

        assert cleaned == "" or (len(cleaned) == 21 and cleaned.isdigit())
        assert progress.phone_index(phone) is None or len(progress.phone_index(phone) or b"") > 0


@pytest.mark.django_db
class TestFindByPhone:
    @pytest.mark.parametrize(
        "phone", ["19900001234", "199 0000 1234", "+86 199-0000-1234", "１９９００００１２３４"]
    )
    def test_the_number_given_at_registration_opens_it_however_written(self, phone: str) -> None:
        made = ticket()

        assert progress.find_by_phone(ticket_no=made.no, phone=phone).pk == made.pk

    @pytest.mark.parametrize("phone", ["", "19900009999", "\x00", "王小满", "\x00" * 32])
    def test_another_phone_is_not_found(self, phone: str) -> None:
        made = ticket()

        with pytest.raises(NotFoundError):
            progress.find_by_phone(ticket_no=made.no, phone=phone)

    @pytest.mark.parametrize("phone", ["", "\x00", "19900001234"])
    def test_a_ticket_without_phone_opens_to_no_phone(self, phone: str) -> None:
        made = ticket(caller_phone="")

        with pytest.raises(NotFoundError):
            progress.find_by_phone(ticket_no=made.no, phone=phone)


@pytest.mark.django_db
class TestFindOwn:
    def test_the_owner_finds_it_and_charlie_does_not(self) -> None:
        alice, charlie = UserFactory(), UserFactory()
        made = ticket(citizen=alice)

        assert progress.find_own(ticket_no=made.no, user=alice).pk == made.pk
        with pytest.raises(NotFoundError):
            progress.find_own(ticket_no=made.no, user=charlie)

    def test_a_ticket_of_nobody_is_nobodys(self) -> None:
        made = ticket()

        with pytest.raises(NotFoundError):
            progress.find_own(ticket_no=made.no, user=UserFactory())


@pytest.mark.django_db
class TestProgress:
    def test_a_fresh_ticket_is_held_by_the_centre_with_a_promise_and_its_reason(self) -> None:
        made = ticket(at=EPOCH)

        told = progress.progress_of(made, at=EPOCH)

        assert told.state_text == "已登记，等待热线工作人员受理"
        assert told.holder == "12345 热线中心"
        assert told.answer_by is not None
        assert str(told.answer_by) == "2026-11-25"
        assert told.next_promise == "11月25日（周三）前答复您。"
        assert "7 个工作日" in told.explanation
        assert told.source == "default, not from the decree"
        assert [step.title for step in told.steps] == ["已登记"]
        assert told.can_supplement
        assert told.can_withdraw
        assert not told.can_evaluate

    def test_a_dispatched_ticket_names_its_unit(self, desk: Desk) -> None:
        made = desk.dispatched(assists=("assist-unit",))

        told = progress.progress_of(made, at=desk.now)

        assert told.holder == "住建局"
        assert told.state_text == "已交承办单位，等待签收"
        assert told.steps[-1].title == "已交住建局办理"
        assert told.steps[-1].text == "协助单位：供电公司。"

    @pytest.mark.parametrize("changes", [{"kind": "report"}, {"confidential": True}])
    def test_a_report_or_confidential_ticket_names_no_unit(
        self, desk: Desk, changes: dict[str, object]
    ) -> None:
        made = desk.replied(**changes)

        told = progress.progress_of(made, at=desk.now)

        everything = repr((told.holder, told.steps, told.replies, told.next_promise))
        assert "住建局" not in everything
        assert told.replies[0].unit is None

    def test_progress_notes_say_only_that_work_goes_on(self, desk: Desk) -> None:
        made = desk.dispatched()
        no = desk.lead_order(made).no
        handling.sign_order(order_no=no, by=desk.handler, at=desk.tick())
        handling.add_progress(order_no=no, text="内部：配件缺货", by=desk.handler, at=desk.tick())
        handling.add_progress(order_no=no, text="内部：再催", by=desk.handler, at=desk.tick())

        told = progress.progress_of(Ticket.objects.get(pk=made.pk), at=desk.now)

        assert [step.title for step in told.steps].count("办理有新进展") == 1
        assert "内部" not in repr(told)

    def test_nobody_inside_is_named(self, desk: Desk) -> None:
        made = desk.replied()

        told = progress.progress_of(made, at=desk.now)

        names = [desk.agent, desk.handler, desk.head]
        assert not any(person.display_name in repr(told) for person in names)

    def test_an_answer_can_be_evaluated_until_it_was(self, desk: Desk) -> None:
        made = desk.replied()

        before = progress.progress_of(made, at=desk.now)
        verdict = closing.Verdict(solved="yes", satisfaction=1)
        done = closing.evaluate_ticket(ticket=made, verdict=verdict, by=None, at=desk.tick())
        after = progress.progress_of(done, at=desk.now)

        assert before.can_evaluate
        assert before.replies[0].text == "三盏路灯已于当日修复。"
        assert before.replies[0].unit is not None
        assert "评价" in before.next_promise
        assert not after.can_evaluate
        assert after.state_text == "已办结"
        assert after.holder == ""
        assert "已解决，非常满意" in [step.text for step in after.steps]

    def test_an_overdue_ticket_says_so(self, desk: Desk) -> None:
        made = desk.dispatched()

        told = progress.progress_of(made, at=EPOCH + timedelta(days=30))

        assert told.is_overdue
        assert "已经超过" in told.next_promise

    def test_supplement_and_withdrawal_are_steps(self, desk: Desk) -> None:
        made = ticket(at=desk.tick())
        citizen.add_supplement(ticket=made, text="又坏了一盏", by=None, at=desk.tick())
        done = citizen.withdraw_ticket(ticket=made, reason="已修好", by=None, at=desk.tick())

        told = progress.progress_of(done, at=desk.now)

        assert [(step.title, step.text) for step in told.steps] == [
            ("已登记", ""),
            ("您补充了情况", "又坏了一盏"),
            ("您撤回了诉求", "已修好"),
        ]
        assert not told.can_supplement
        assert not told.can_withdraw

    def test_costs_the_same_few_queries_for_any_history(
        self, desk: Desk, django_assert_max_num_queries: object
    ) -> None:
        made = desk.replied()
        fresh = progress.find_by_code(ticket_no=made.no, query_code=made.query_code)

        with django_assert_max_num_queries(9):  # type: ignore[operator]
            progress.progress_of(fresh, at=desk.now)


@pytest.mark.django_db
class TestLists:
    def test_only_own_tickets_are_listed(self) -> None:
        alice = UserFactory()
        mine, _other = ticket(citizen=alice), ticket(citizen=UserFactory())

        assert [row.no for row in progress.list_own(user=alice)] == [mine.no]

    def test_answered_tickets_wait_for_their_citizen(self, desk: Desk) -> None:
        made = desk.replied()
        alice = UserFactory()
        Ticket.objects.filter(pk=made.pk).update(citizen=alice)
        working = ticket(citizen=alice)

        assert [row.no for row in progress.list_waiting_for(user=alice)] == [made.no]
        assert [row.no for row in progress.list_in_progress(user=alice)] == [working.no]
