"""The same key twice gives the same answer, also when both arrive at once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from core.accounts.models import Organisation
from core.http import idempotency
from core.http.idempotency import (
    IdempotencyBusyError,
    IdempotencyMismatchError,
    InvalidKeyError,
    forget_keys_before,
    run_once,
)
from core.http.models import IdempotencyKey
from core.http.tasks import forget_old_keys
from tests.factories.core import OrganisationFactory, city

RIVALS = 20


class Work:
    """Counts how often it is done, and leaves a row."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fails = fails
        self.times = 0

    def __call__(self) -> tuple[int, dict[str, Any]]:
        self.times += 1
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_sleep(0.02)")  # long enough for rivals to arrive
        unit = OrganisationFactory(code=f"made-{self.times}", region=city())
        if self.fails:
            raise RuntimeError("half way")
        return 201, {"no": unit.code, "at": timezone.now()}


@pytest.mark.django_db
class TestRunOnce:
    def test_gives_the_first_answer_to_every_repetition(self) -> None:
        work = Work()

        first = run_once(scope="contacts", key="k", body=b"{}", work=work)
        second = run_once(scope="contacts", key="k", body=b"{}", work=work)

        assert work.times == 1
        assert first == (201, {"no": "made-1", "at": first[1]["at"]}, False)
        assert second == (201, first[1], True)

    def test_keeps_scopes_apart(self) -> None:
        work = Work()

        run_once(scope="a", key="k", body=b"{}", work=work)
        run_once(scope="b", key="k", body=b"{}", work=work)

        assert work.times == 2

    def test_refuses_the_key_with_another_body(self) -> None:
        work = Work()
        run_once(scope="contacts", key="k", body=b"{}", work=work)

        with pytest.raises(IdempotencyMismatchError):
            run_once(scope="contacts", key="k", body=b"{ }", work=work)

        assert work.times == 1

    def test_frees_the_key_when_the_work_fails(self) -> None:
        with pytest.raises(RuntimeError):
            run_once(scope="contacts", key="k", body=b"{}", work=Work(fails=True))

        assert not IdempotencyKey.objects.exists()
        assert not Organisation.objects.filter(code="made-1").exists()
        assert run_once(scope="contacts", key="k", body=b"{}", work=Work())[0] == 201

    @pytest.mark.parametrize("key", ["x" * 201, "a b", "钥匙", "a\n", "\x00"])
    def test_refuses_keys_that_are_none(self, key: str) -> None:
        work = Work()

        with pytest.raises(InvalidKeyError):
            run_once(scope="contacts", key=key, body=b"", work=work)

        assert work.times == 0

    def test_just_works_without_a_key(self) -> None:
        work = Work()

        assert run_once(scope="contacts", key="", body=b"", work=work)[2] is False
        assert run_once(scope="contacts", key="", body=b"", work=work)[2] is False
        assert work.times == 2
        assert not IdempotencyKey.objects.exists()

    def test_undoes_the_work_without_a_key_too(self) -> None:
        with pytest.raises(RuntimeError):
            run_once(scope="contacts", key="", body=b"", work=Work(fails=True))

        assert not Organisation.objects.filter(code="made-1").exists()

    def test_adds_two_statements(self, django_assert_num_queries: Any) -> None:
        with django_assert_num_queries(2 + 2) as captured:  # and the savepoint of the test
            run_once(scope="contacts", key="k", body=b"{}", work=lambda: (200, {}))

        verbs = [query["sql"].split()[0] for query in captured.captured_queries]
        assert verbs == ["SAVEPOINT", "SELECT", "INSERT", "RELEASE"]

    def test_undoes_its_work_for_an_answer_stored_meanwhile(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        city()
        first = Work()
        run_once(scope="contacts", key="k", body=b"", work=first)
        late, look = Work(), idempotency._look
        late.times = 10
        blind_once = iter([None])
        monkeypatch.setattr(idempotency, "_look", lambda *given: next(blind_once, look(*given)))

        answer = run_once(scope="contacts", key="k", body=b"", work=late)

        assert (late.times, answer) == (11, (201, {"no": "made-1", "at": answer[1]["at"]}, True))
        assert Organisation.objects.filter(code__startswith="made-").count() == 1

    def test_gives_up_when_the_key_comes_and_goes(self, monkeypatch: pytest.MonkeyPatch) -> None:
        run_once(scope="contacts", key="k", body=b"", work=lambda: (200, {}))
        monkeypatch.setattr(idempotency, "_look", lambda *_arguments: None)

        with pytest.raises(IdempotencyBusyError):
            run_once(scope="contacts", key="k", body=b"", work=lambda: (200, {}))

    def test_forgets_after_a_week_by_itself(self) -> None:
        for key, days in [("old", 8), ("kept", 6)]:
            run_once(scope="contacts", key=key, body=b"", work=lambda: (200, {}))
            born = timezone.now() - timedelta(days=days)
            IdempotencyKey.objects.filter(key=key).update(created_at=born)

        assert forget_old_keys() == 1
        assert IdempotencyKey.objects.get().key == "kept"

    def test_forgets_old_keys(self) -> None:
        run_once(scope="contacts", key="old", body=b"", work=lambda: (200, {}))
        IdempotencyKey.objects.update(created_at=timezone.now() - timedelta(days=2))
        run_once(scope="contacts", key="new", body=b"", work=lambda: (200, {}))

        assert forget_keys_before(at=timezone.now() - timedelta(days=1)) == 1
        assert IdempotencyKey.objects.get().key == "new"


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestRace:
    def test_does_the_work_once_for_twenty_rivals(self) -> None:
        city()
        work = Work()
        start = threading.Barrier(RIVALS)

        answers = _in_threads(lambda: _try(start, work))

        assert work.times == 1
        assert Organisation.objects.filter(code__startswith="made-").count() == 1
        assert len({str(answer[:2]) for answer in answers}) == 1
        assert sorted(answer[2] for answer in answers) == [False] + [True] * (RIVALS - 1)

    def test_lets_the_next_rival_work_when_the_first_fails(self) -> None:
        city()
        start = threading.Barrier(RIVALS)
        turns = iter([True])
        done: list[int] = []

        def work() -> tuple[int, dict[str, Any]]:
            if next(turns, False):
                raise RuntimeError("the first one falls")
            done.append(1)
            return 201, {"no": "x"}

        answers = _in_threads(lambda: _try(start, work))

        assert len(done) == 1
        assert [answer for answer in answers if answer[0] == 0] == [(0, {}, False)]
        assert sum(answer[:2] == (201, {"no": "x"}) for answer in answers) == RIVALS - 1

    def test_does_not_wait_for_ever(self) -> None:
        holding, release = threading.Event(), threading.Event()

        def slow() -> tuple[int, dict[str, Any]]:
            holding.set()
            release.wait(20)
            return 201, {}

        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(_closing, lambda: run_once(scope="s", key="k", body=b"", work=slow))
            assert holding.wait(20)
            with connection.cursor() as cursor:
                cursor.execute("SET lock_timeout = '100ms'")
            try:
                with pytest.raises(IdempotencyBusyError):
                    run_once(scope="s", key="k", body=b"", work=lambda: (200, {}))
            finally:
                release.set()
                connection.close()
            assert first.result()[0] == 201


def _try(start: threading.Barrier, work: Any) -> tuple[int, dict[str, Any], bool]:
    start.wait(30)
    try:
        return run_once(scope="contacts", key="same", body=b"{}", work=work)
    except RuntimeError:
        return 0, {}, False


def _closing(call: Any) -> Any:
    try:
        return call()
    finally:
        connection.close()


def _in_threads(call: Any) -> list[Any]:
    with ThreadPoolExecutor(RIVALS) as pool:
        return [task.result() for task in [pool.submit(_closing, call) for _ in range(RIVALS)]]
