"""The chain: sealed once and in order, and every tampering is found."""

import hashlib
import io
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest
import structlog
from django.core.management import CommandError, call_command
from django.db import connection, transaction
from gmssl import func, sm3
from hypothesis import given
from hypothesis import strategies as st

from core.audit import chain
from core.audit.actions import record, seal_pending
from core.audit.models import AuditEntry, AuditHead, AuditSeal
from core.audit.queries import count_by_action, find_flaws
from core.audit.tasks import seal_audit
from tests.core.transitions.rivals import race
from tests.factories.core import EPOCH, UserFactory

TABLES = ("core_auditentry", "core_auditseal")


def wrote(count: int = 5) -> list[AuditEntry]:
    return [
        record(action=f"test.{n}", by=None, at=EPOCH, subject_type="test", subject_id=n)
        for n in range(count)
    ]


def flaws() -> set[tuple[str, int]]:
    return {(flaw.kind, flaw.entry_id) for flaw in find_flaws()}


@contextmanager
def as_owner() -> Iterator[Any]:
    """Give a cursor to one who owns the tables and switches their guards off."""
    with connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER {table}_append_only")
        yield cursor
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} ENABLE TRIGGER {table}_append_only")


class TestDigest:
    # GM/T 0004-2012, appendix A: the standard's own two examples.
    ABC = "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    ABCD_16 = "debe9ff92275b8a138604889c18e5a4d6fdb70e5387e5765293dcba39c0c5732"

    def test_gives_the_digests_of_the_standard(self) -> None:
        assert chain.digest(b"abc").hex() == self.ABC
        assert chain.digest(b"abcd" * 16).hex() == self.ABCD_16

    @given(st.binary(max_size=300))
    def test_openssl_and_gmssl_agree(self, message: bytes) -> None:
        expected = sm3.sm3_hash(func.bytes_to_list(message))

        assert hashlib.new("sm3", message).hexdigest() == expected
        assert chain.digest(message).hex() == expected

    def test_works_where_openssl_has_no_sm3(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def without_sm3(name: str, message: bytes) -> Any:
            raise ValueError(f"unsupported hash type {name}")

        monkeypatch.setattr(chain.hashlib, "new", without_sm3)

        assert chain.digest(b"abc").hex() == self.ABC

    def test_can_be_sha_256(self, settings: Any) -> None:
        settings.AUDIT_DIGEST = "sha256"

        assert chain.digest(b"abc") == hashlib.sha256(b"abc").digest()


@pytest.mark.django_db
class TestRecord:
    def test_keeps_who_what_where_and_why(self) -> None:
        user = UserFactory()
        with structlog.contextvars.bound_contextvars(address="192.0.2.7", request_id="r-1"):
            record(
                action="ticket.read",
                by=user,
                at=EPOCH,
                subject_type="ticket",
                subject_id=7,
                reason="核实" * 200,
                data={"fields": ["phone"]},
            )

        entry = AuditEntry.objects.get()
        assert (entry.actor, entry.at, entry.subject_id) == (user, EPOCH, "7")
        assert (entry.address, entry.request_id) == ("192.0.2.7", "r-1")
        assert (len(entry.reason), entry.data) == (300, {"fields": ["phone"]})
        assert chain.is_genuine(entry)

    def test_goes_with_the_transaction(self) -> None:
        with transaction.atomic():
            wrote(1)
            transaction.set_rollback(True)

        assert not AuditEntry.objects.exists()

    def test_equal_deeds_have_different_proofs(self) -> None:
        record(action="same", by=None, at=EPOCH)
        record(action="same", by=None, at=EPOCH)

        first, second = AuditEntry.objects.all()
        assert bytes(first.proof) != bytes(second.proof)
        assert flaws() == set()


@pytest.mark.django_db
class TestSeal:
    def test_chains_what_is_pending_in_batches(self) -> None:
        entries = wrote(5)

        assert [seal_pending(limit=2) for _ in range(4)] == [2, 2, 1, 0]

        seals = list(AuditSeal.objects.order_by("position").values_list("position", "entry_id"))
        assert seals == [(n + 1, entry.pk) for n, entry in enumerate(entries)]
        assert AuditHead.objects.get().position == 5
        assert flaws() == set()

    def test_each_digest_covers_the_one_before(self) -> None:
        entries = wrote(2)
        seal_audit()

        first, second = AuditSeal.objects.order_by("position")
        fresh = AuditEntry.objects.in_bulk([entry.pk for entry in entries])
        assert bytes(first.digest) == chain.link(chain.GENESIS, fresh[entries[0].pk])
        assert bytes(second.digest) == chain.link(bytes(first.digest), fresh[entries[1].pk])

    def test_without_anything_new_the_head_stays(self) -> None:
        wrote(1)
        seal_audit()
        before = AuditHead.objects.values().get()

        assert seal_audit() == 0
        assert AuditHead.objects.values().get() == before


@pytest.mark.slow
@pytest.mark.django_db(transaction=True)
class TestRivals:
    def test_sealers_at_once_seal_everything_once(self) -> None:
        wrote(40)

        sealed = race([lambda: seal_pending(limit=7)] * 10)

        assert sum(sealed) == 40
        assert list(
            AuditSeal.objects.order_by("position").values_list("position", flat=True)
        ) == list(range(1, 41))
        assert flaws() == set()

    def test_an_entry_that_commits_late_is_sealed_behind_younger_ones(self) -> None:
        written, may_commit = threading.Event(), threading.Event()

        def write_slowly() -> int:
            try:
                with transaction.atomic():
                    late = wrote(1)[0].pk
                    written.set()
                    assert may_commit.wait(30)
                return late
            finally:
                connection.close()

        with ThreadPoolExecutor(1) as pool:
            task = pool.submit(write_slowly)
            assert written.wait(30)
            young = wrote(1)[0].pk
            assert seal_audit() == 1
            may_commit.set()
            late = task.result(30)

        assert late < young
        assert seal_audit() == 1
        assert list(AuditSeal.objects.order_by("position").values_list("entry_id", flat=True)) == [
            young,
            late,
        ]
        assert flaws() == set()


@pytest.mark.django_db
class TestTampering:
    @pytest.fixture
    def entries(self) -> list[AuditEntry]:
        entries = wrote(5)
        seal_audit()
        assert flaws() == set()
        return entries

    @pytest.mark.parametrize(
        "change",
        [
            "action = 'other'",
            "at = at + interval '1 microsecond'",
            "subject_id = '9'",
            "outcome = 'refused'",
            "reason = ' '",
            "data = '{\"a\": 1}'",
            "address = '192.0.2.9'",
            "request_id = 'x'",
            "proof = '\\x00'",
        ],
    )
    def test_an_altered_entry_is_found(self, entries: list[AuditEntry], change: str) -> None:
        with as_owner() as cursor:
            cursor.execute(f"UPDATE core_auditentry SET {change} WHERE id = {entries[2].pk}")

        assert flaws() == {("altered", entries[2].pk)}

    def test_another_actor_is_found(self, entries: list[AuditEntry]) -> None:
        scapegoat = UserFactory()
        with as_owner() as cursor:
            cursor.execute(
                f"UPDATE core_auditentry SET actor_id = {scapegoat.pk} WHERE id = {entries[0].pk}"
            )

        assert flaws() == {("altered", entries[0].pk)}

    def test_a_deleted_entry_is_found(self, entries: list[AuditEntry]) -> None:
        with as_owner() as cursor:
            cursor.execute(f"DELETE FROM core_auditentry WHERE id = {entries[1].pk}")

        assert flaws() == {("deleted", entries[1].pk)}

    def test_an_entry_deleted_with_its_seal_is_found(self, entries: list[AuditEntry]) -> None:
        with as_owner() as cursor:
            cursor.execute(f"DELETE FROM core_auditentry WHERE id = {entries[1].pk}")
            cursor.execute(f"DELETE FROM core_auditseal WHERE entry_id = {entries[1].pk}")

        assert {kind for kind, _ in flaws()} >= {"reordered", "altered"}

    def test_closing_the_gap_does_not_help(self, entries: list[AuditEntry]) -> None:
        with as_owner() as cursor:
            cursor.execute(f"DELETE FROM core_auditentry WHERE id = {entries[1].pk}")
            cursor.execute("DELETE FROM core_auditseal WHERE position = 2")
            cursor.execute("UPDATE core_auditseal SET position = position - 1 WHERE position = 3")
            cursor.execute("UPDATE core_auditseal SET position = position - 1 WHERE position = 4")
            cursor.execute("UPDATE core_auditseal SET position = position - 1 WHERE position = 5")

        assert ("altered", entries[2].pk) in flaws()
        assert ("truncated", 0) in flaws()

    def test_swapped_entries_are_found(self, entries: list[AuditEntry]) -> None:
        with as_owner() as cursor:
            cursor.execute("UPDATE core_auditseal SET position = 99 WHERE position = 2")
            cursor.execute("UPDATE core_auditseal SET position = 2 WHERE position = 3")
            cursor.execute("UPDATE core_auditseal SET position = 3 WHERE position = 99")

        assert {("altered", entries[1].pk), ("altered", entries[2].pk)} <= flaws()

    def test_an_inserted_row_is_found_before_and_after_it_is_sealed(
        self, entries: list[AuditEntry]
    ) -> None:
        with connection.cursor() as cursor:
            cursor.execute(
                "INSERT INTO core_auditentry (at, action, outcome, subject_type, subject_id,"
                " reason, data, address, request_id, proof) SELECT at, 'forged', outcome,"
                f" subject_type, subject_id, reason, data, address, request_id, proof"
                f" FROM core_auditentry WHERE id = {entries[0].pk} RETURNING id"
            )
            forged = cursor.fetchone()[0]

        assert ("inserted", forged) in flaws()
        seal_audit()
        assert ("inserted", forged) in flaws()

    def test_a_copied_row_is_found(self, entries: list[AuditEntry]) -> None:
        copy = AuditEntry.objects.get(pk=entries[0].pk)
        copy.pk = None
        copy.save(force_insert=True)
        seal_audit()

        assert flaws() == {("inserted", copy.pk)}

    def test_a_cut_tail_is_found(self, entries: list[AuditEntry]) -> None:
        with as_owner() as cursor:
            cursor.execute("DELETE FROM core_auditseal WHERE position > 3")
            cursor.execute("DELETE FROM core_auditentry WHERE id > %s", [entries[2].pk])

        assert flaws() == {("truncated", 0)}

    def test_a_cut_tail_with_a_new_head_is_found(self, entries: list[AuditEntry]) -> None:
        with as_owner() as cursor:
            cursor.execute("DELETE FROM core_auditseal WHERE position > 3")
            cursor.execute("DELETE FROM core_auditentry WHERE id > %s", [entries[2].pk])
            cursor.execute(
                "UPDATE core_audithead SET position = 3, digest ="
                " (SELECT digest FROM core_auditseal WHERE position = 3)"
            )

        assert flaws() == {("forged_head", 0)}

    def test_a_chain_written_anew_without_the_key_is_found(self, entries: list[AuditEntry]) -> None:
        with as_owner() as cursor:
            cursor.execute(f"UPDATE core_auditentry SET action = 'x' WHERE id = {entries[2].pk}")
            last = chain.GENESIS
            for position, entry in enumerate(AuditEntry.objects.order_by("id"), start=1):
                last = chain.link(last, entry)
                cursor.execute(
                    "UPDATE core_auditseal SET digest = %s WHERE position = %s", [last, position]
                )
            cursor.execute("UPDATE core_audithead SET digest = %s", [last])

        assert flaws() == {("inserted", entries[2].pk), ("forged_head", 0)}

    def test_a_removed_head_is_found(self, entries: list[AuditEntry]) -> None:
        AuditHead.objects.all().delete()

        assert flaws() == {("truncated", 0)}


@pytest.mark.django_db
class TestVerifyAudit:
    def test_seals_and_says_that_the_chain_is_whole(self) -> None:
        wrote(3)
        said = io.StringIO()

        call_command("verify_audit", stdout=said)

        head = AuditHead.objects.get()
        assert said.getvalue() == (f"审计链完整，共 3 条，链尾 {bytes(head.digest).hex()[:16]}。\n")

    def test_names_each_flaw_and_fails(self) -> None:
        entries = wrote(3)
        seal_audit()
        with as_owner() as cursor:
            cursor.execute(f"DELETE FROM core_auditentry WHERE id = {entries[1].pk}")
        said = io.StringIO()

        with pytest.raises(CommandError, match="1 处异常"):
            call_command("verify_audit", stdout=said)

        assert said.getvalue() == f"第 2 环，记录 {entries[1].pk}：记录被删除\n"

    def test_an_empty_trail_is_whole(self) -> None:
        said = io.StringIO()

        call_command("verify_audit", stdout=said)

        assert said.getvalue() == "审计链完整，共 0 条，链尾 -。\n"


@pytest.mark.django_db
def test_counts_by_action() -> None:
    wrote(2)
    record(action="test.0", by=None, at=EPOCH)

    assert count_by_action(since=EPOCH) == {"test.0": 2, "test.1": 1}
