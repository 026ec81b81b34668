from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("hotline", "0006_places")]

    operations: list[object] = []
