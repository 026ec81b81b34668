from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("hotline", "0007_suggestions")]

    operations: list[object] = []
