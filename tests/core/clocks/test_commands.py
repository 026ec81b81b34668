"""``recompute_clocks`` and the tasks around it."""

from datetime import UTC, date, datetime
from io import StringIO

import pytest
from django.core.management import call_command

from core.clocks import actions, tasks
from core.clocks.models import Clock
from core.workdays.queries import forget
from tests.core.clocks.conftest import FRIDAY, enter_notice, make_policy, start_clock
from tests.factories.core import district

DECEMBER = datetime(2026, 12, 21, 1, 0, tzinfo=UTC)


def run(*arguments: str) -> list[str]:
    """Run the command and return its lines."""
    out = StringIO()
    call_command("recompute_clocks", *arguments, stdout=out)
    return out.getvalue().splitlines()


@pytest.mark.usefixtures("notices")
class TestRecomputeClocks:
    def test_prints_how_many_moved_and_where(self) -> None:
        clock = start_clock(make_policy(7), subject_id=42, at=DECEMBER)
        enter_notice(2027, {date(2026, 12, 30): True})

        lines = run()

        assert lines == [
            "检查 1 个时限，调整 1 个。",
            "  hotline.ticket 42 answer：2026-12-31 00:00 → 2027-01-01 00:00",
        ]
        clock.refresh_from_db()
        assert not clock.provisional

    def test_shows_a_deadline_that_became_certain_without_moving(self) -> None:
        start_clock(make_policy(7), at=DECEMBER)
        enter_notice(2027, {date(2027, 1, 1): True})

        assert run()[1:] == ["  hotline.ticket 1 answer：2026-12-31 00:00"]

    def test_leaves_certain_deadlines_alone_without_all(self) -> None:
        clock = start_clock(make_policy(7), region=district())
        enter_notice(2026, {date(2026, 9, 22): True}, region=district())

        without = run()
        with_all = run("--all")

        assert without == ["检查 0 个时限，调整 0 个。"]
        assert with_all[0] == "检查 1 个时限，调整 1 个。"
        clock.refresh_from_db()
        assert clock.due_at.date() == date(2026, 9, 30)

    def test_says_when_somebody_holds_a_clock(self, monkeypatch: pytest.MonkeyPatch) -> None:
        result = actions.Recomputed(examined=3, moved=(), left=2)
        monkeypatch.setattr(
            "core.management.commands.recompute_clocks.recompute_provisional", lambda **_: result
        )
        errors = StringIO()

        call_command("recompute_clocks", stdout=StringIO(), stderr=errors)

        assert errors.getvalue() == "2 个正被他人处理，请稍后重试。\n"


@pytest.mark.usefixtures("notices")
class TestTasks:
    def test_recomputes_what_was_provisional(self) -> None:
        start_clock(make_policy(7), subject_id=1, at=DECEMBER)
        start_clock(Clock.objects.get().policy, subject_id=2, at=FRIDAY)
        enter_notice(2027, {date(2026, 12, 30): True})

        assert (tasks.recompute_provisional(), tasks.recompute_provisional()) == (1, 0)

    def test_recomputes_everything_open_in_days(self) -> None:
        start_clock(make_policy(7), region=district())
        enter_notice(2026, {date(2026, 9, 22): True}, region=district())

        assert (tasks.recompute_open(), tasks.recompute_open()) == (1, 0)

    def test_a_worker_with_an_old_calendar_reads_the_new_one(self) -> None:
        forget()
        start_clock(make_policy(7), at=DECEMBER)
        enter_notice(2027, {date(2026, 12, 30): True})

        assert tasks.recompute_open() == 1

    def test_a_changed_calendar_sends_the_task(self, monkeypatch: pytest.MonkeyPatch) -> None:
        sent: list[str] = []
        monkeypatch.setattr(tasks.recompute_open, "delay", lambda: sent.append("sent"))

        tasks.ask_for_recompute(DECEMBER)

        assert sent == ["sent"]
