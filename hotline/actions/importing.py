"""Bringing many contacts in from a file: streamed, in batches, a bad row stops nothing."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from django.db import transaction

from core.accounts.models import User
from core.errors import InvalidError
from hotline.actions.intake import register_contact
from hotline.models import Contact
from hotline.rules.import_rows import BadRowError, Row, RowReader

BATCH = 200


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one row: ``added``, ``known`` or ``bad`` with the reason."""

    line: int
    state: str
    reason: str = ""


def import_rows(
    *, rows: Iterable[Row], reader: RowReader, by: User | None, at: datetime
) -> Iterator[Outcome]:
    """Register every row once and yield what became of it.

    A batch is one transaction and a row a savepoint in it, so a bad row takes nothing with it and
    a crash loses at most one batch, which the next run brings in.
    """
    source = iter(rows)
    while batch := list(islice(source, BATCH)):
        yield from _import_batch(batch, reader, by=by, at=at)


@transaction.atomic
def _import_batch(
    batch: list[Row], reader: RowReader, *, by: User | None, at: datetime
) -> list[Outcome]:
    known = _known_ids(batch, reader)
    return [_import_row(row, reader, known, by=by, at=at) for row in batch]


def _known_ids(batch: list[Row], reader: RowReader) -> set[str]:
    ids = [reader.external_id(row) for row in batch]
    return set(
        Contact.objects.filter(source=reader.source, external_id__in=ids).values_list(
            "external_id", flat=True
        )
    )


def _import_row(
    row: Row, reader: RowReader, known: set[str], *, by: User | None, at: datetime
) -> Outcome:
    if row.problem:
        return Outcome(row.line, "bad", row.problem)
    if reader.external_id(row) in known:
        return Outcome(row.line, "known")
    try:
        _, created = register_contact(new=reader.contact(row), by=by, at=at)
    except BadRowError as error:
        return Outcome(row.line, "bad", str(error))
    except InvalidError as error:
        return Outcome(row.line, "bad", _first_reason(error))
    known.add(reader.external_id(row))
    return Outcome(row.line, "added" if created else "known")


def _first_reason(error: InvalidError) -> str:
    fields: dict[str, list[str]] = error.details.get("fields", {})
    return "；".join(f"{name}：{reasons[0]}" for name, reasons in fields.items()) or str(
        error.message
    )
