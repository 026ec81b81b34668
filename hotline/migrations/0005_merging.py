from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("hotline", "0004_calls")]

    operations: list[object] = []
