"""Many tickets at once, by SQL from one real ticket: only their number matters here."""

from django.db import connection

COPY = """
WITH numbers AS (SELECT generate_series(%(first)s, %(last)s) AS n),
matters AS (
  INSERT INTO hotline_matter (created_at) SELECT now() FROM numbers RETURNING id
), contacts AS (
  INSERT INTO hotline_contact
    (source, external_id, source_number, title, content, received_at)
  SELECT 'portal', '', '', 'x', 'x', now() FROM numbers RETURNING id
), pairs AS (
  SELECT m.id AS matter_id, c.id AS contact_id, m.rank FROM
    (SELECT id, row_number() OVER () AS rank FROM matters) m JOIN
    (SELECT id, row_number() OVER () AS rank FROM contacts) c USING (rank)
)
INSERT INTO hotline_ticket ({columns}, matter_id, origin_id, no, received_at)
SELECT {values}, p.matter_id, p.contact_id,
  'B' || lpad((%(first)s + p.rank - 1)::text, 20, '0'),
  t.received_at - ((%(last)s - p.rank) * interval '7 seconds')
FROM pairs p CROSS JOIN (SELECT * FROM hotline_ticket WHERE no = %(model)s) t
"""
OWN = {"id", "matter_id", "origin_id", "no", "received_at"}
STEP = 20_000


def multiply(*, model_no: str, have: int, want: int) -> None:
    """Insert copies of the ticket until ``want`` were made; ``have`` were made before."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT column_name FROM information_schema.columns"
            " WHERE table_name = 'hotline_ticket' AND table_schema = 'public'"
            " AND is_generated = 'NEVER'"
        )
        columns = sorted(row[0] for row in cursor.fetchall() if row[0] not in OWN)
        statement = COPY.replace("{columns}", ", ".join(columns)).replace(
            "{values}", ", ".join(f"t.{column}" for column in columns)
        )
        for first in range(have + 1, want + 1, STEP):
            last = min(first + STEP - 1, want)
            cursor.execute(statement, {"first": first, "last": last, "model": model_no})
        cursor.execute("ANALYZE")
