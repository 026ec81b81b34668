"""Changing the key under a running site."""

import base64
import threading
from io import StringIO
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

from core.accounts.models import Person
from core.audit.models import AuditEntry
from core.personal_data import keys, rotation
from core.personal_data.keys import UndecryptableError

OLD = "old1:" + base64.b64encode(b"\1" * 32).decode()
NEW = "new2:" + base64.b64encode(b"\2" * 32).decode()
FIELDS = ("name", "phone", "id_no")
pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _old_key(settings: Any) -> None:
    settings.PERSONAL_DATA_KEYS = OLD


def people(count: int) -> list[Person]:
    return [
        Person.objects.create(name=f"市民{n}", phone=f"1390000{n:04d}", id_no="")
        for n in range(count)
    ]


def stored_keys() -> set[str]:
    with connection.cursor() as cursor:
        cursor.execute("SELECT name FROM core_person UNION ALL SELECT phone FROM core_person")
        return {keys.key_id_of(bytes(value)) for (value,) in cursor.fetchall()}


def column(name: str = "phone") -> rotation.Column:
    return next(c for c in rotation.columns() if c.label == f"core.Person.{name}")


def run(**options: Any) -> str:
    out = StringIO()
    call_command("rotate_personal_data_keys", quiet=True, stdout=out, **options)
    return out.getvalue()


class TestCommand:
    def test_moves_everything_and_says_so(self, settings: Any) -> None:
        before = [(p.name, p.phone, bytes(p.phone_index)) for p in people(7)]
        settings.PERSONAL_DATA_KEYS = f"{NEW},{OLD}"

        said = run(batch=3)

        after = [(p.name, p.phone, bytes(p.phone_index)) for p in Person.objects.order_by("pk")]
        assert after == before
        assert stored_keys() == {"new2"}
        assert "new2" in said
        assert "14 个值" in said
        entry = AuditEntry.objects.get(action="personal_data.rotate_keys")
        assert entry.data == {"key": "new2", "moved": 14, "left": 0}

    def test_the_old_key_can_then_be_taken_away(self, settings: Any) -> None:
        people(2)
        settings.PERSONAL_DATA_KEYS = f"{NEW},{OLD}"
        run()

        settings.PERSONAL_DATA_KEYS = NEW

        assert [p.phone for p in Person.objects.order_by("pk")] == ["13900000000", "13900000001"]

    def test_look_up_by_phone_still_works(self, settings: Any) -> None:
        people(3)
        settings.PERSONAL_DATA_KEYS = f"{NEW},{OLD}"
        run()

        field = Person._meta.get_field("phone_index")
        found = Person.objects.get(phone_index=field.digest("139 0000 0002"))
        assert found.name == "市民2"

    def test_a_second_run_finds_nothing_to_do(self, settings: Any) -> None:
        people(2)
        settings.PERSONAL_DATA_KEYS = f"{NEW},{OLD}"
        run()

        assert "0 个值" in run()

    def test_goes_on_where_it_was_stopped(
        self, settings: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        people(6)
        settings.PERSONAL_DATA_KEYS = f"{NEW},{OLD}"
        rotation.rotate_batch(column(), after=None, size=2)
        assert rotation.count_stale(column()) == 4

        run()

        assert stored_keys() == {"new2"}

    def test_a_value_that_no_key_opens_is_named_and_kept(self, settings: Any) -> None:
        people(3)
        settings.PERSONAL_DATA_KEYS = NEW

        with pytest.raises(CommandError, match=r"core\.Person\.phone：3"):
            run()

        assert stored_keys() == {"old1"}

    def test_covers_every_encrypted_column(self) -> None:
        labels = {column.label for column in rotation.columns()}

        assert {f"core.Person.{name}" for name in FIELDS} <= labels
        assert {"core.Draft.content", "core.Notification.address"} <= labels
        assert any(label.startswith("hotline.") for label in labels)


@pytest.mark.django_db(transaction=True)
@pytest.mark.slow
class TestWhileTheSiteRuns:
    def test_a_row_in_use_is_neither_waited_for_nor_lost(self, settings: Any) -> None:
        rows = people(5)
        settings.PERSONAL_DATA_KEYS = f"{NEW},{OLD}"
        held, release = threading.Event(), threading.Event()

        def writer() -> None:
            with transaction.atomic():
                busy = Person.objects.select_for_update().get(pk=rows[2].pk)
                busy.phone = "13911112222"
                busy.save()
                held.set()
                release.wait(10)
            connection.close()

        thread = threading.Thread(target=writer)
        thread.start()
        held.wait(10)
        moved = rotation.rotate(column(), done=lambda _count: None)
        release.set()
        thread.join()

        assert moved == 4
        assert rotation.count_stale(column()) == 0
        assert Person.objects.get(pk=rows[2].pk).phone == "13911112222"

    def test_two_rotations_at_once_do_the_work_once(self, settings: Any) -> None:
        before = [person.phone for person in people(40)]
        settings.PERSONAL_DATA_KEYS = f"{NEW},{OLD}"
        start, moved = threading.Barrier(3), []

        def work() -> None:
            start.wait()
            moved.append(rotation.rotate(column(), done=lambda _count: None, size=4))
            connection.close()

        threads = [threading.Thread(target=work) for _runner in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

        assert rotation.count_stale(column()) == 0
        assert sum(moved) == 40
        assert [p.phone for p in Person.objects.order_by("pk")] == before


class TestKeys:
    @pytest.mark.parametrize("stored", [b"", b"\x04", b"\x04old1", b"\xff", b"\x04old1" + b"x" * 9])
    def test_a_cut_value_is_undecryptable_and_nothing_worse(self, stored: bytes) -> None:
        with pytest.raises(UndecryptableError):
            keys.decrypt(stored)

    @pytest.mark.parametrize("position", [0, 1, 8, 20, -1])
    def test_a_changed_byte_is_found(self, position: int) -> None:
        changed = bytearray(keys.encrypt("13900008000"))
        changed[position] ^= 1

        with pytest.raises(UndecryptableError):
            keys.decrypt(bytes(changed))
