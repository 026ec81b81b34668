"""The serial of ticket numbers: a sequence that begins again after 999999."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("hotline", "0001_initial")]

    operations = [
        migrations.RunSQL(
            "CREATE SEQUENCE hotline_ticket_serial MINVALUE 1 MAXVALUE 999999 CYCLE",
            "DROP SEQUENCE hotline_ticket_serial",
        )
    ]
