"""Tables that are only ever added to refuse changes in the database itself."""

from django.db import migrations

TABLES = ("core_auditentry", "core_auditseal", "core_clockentry", "core_transitionlog")

FUNCTION = """
CREATE FUNCTION tongban_append_only() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'table % is append-only', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$;
"""


def guard(table):
    return migrations.RunSQL(
        f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table}"
        f" FOR EACH ROW EXECUTE FUNCTION tongban_append_only();",
        f"DROP TRIGGER {table}_append_only ON {table};",
    )


class Migration(migrations.Migration):
    dependencies = [("core", "0001_initial")]
    operations = [
        migrations.RunSQL(FUNCTION, "DROP FUNCTION tongban_append_only();"),
        *(guard(table) for table in TABLES),
    ]
