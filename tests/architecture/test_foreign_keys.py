"""Every foreign key is indexed: a deletion or a join must not read a whole table."""

import pytest
from django.db import connection

UNINDEXED = """
SELECT c.conrelid::regclass::text, a.attname
FROM pg_constraint AS c
JOIN pg_attribute AS a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1]
WHERE c.contype = 'f'
  AND c.connamespace = 'public'::regnamespace
  AND NOT EXISTS (
    SELECT 1 FROM pg_index AS i
    WHERE i.indrelid = c.conrelid
      AND i.indkey[0] = c.conkey[1]
      AND (
        i.indpred IS NULL  -- an index without the empty ones serves a key just as well
        OR pg_get_expr(i.indpred, i.indrelid) = format('(%I IS NOT NULL)', a.attname)
      )
      AND i.indisvalid
  )
ORDER BY 1, 2
"""
COUNT = "SELECT count(*) FROM pg_constraint WHERE contype = 'f'"
DEFERRED = """
SELECT conname FROM pg_constraint
WHERE contype = 'f' AND conrelid::regclass::text ~ '^(core|hotline)_' AND NOT convalidated
"""


@pytest.mark.django_db
class TestForeignKeys:
    def test_each_leads_an_index(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(UNINDEXED)
            unindexed = cursor.fetchall()
            cursor.execute(COUNT)
            count = cursor.fetchone()[0]

        assert unindexed == []
        assert count > 40

    def test_each_is_validated(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(DEFERRED)

            assert cursor.fetchall() == []
