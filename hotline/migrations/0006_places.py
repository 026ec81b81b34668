from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("hotline", "0005_merging")]

    operations: list[object] = []
