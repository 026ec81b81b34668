"""Plain HTTP for production workers."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings.prod")

application = get_wsgi_application()

# What was loaded until here stays for ever: no need to look through it again and again.
gc.collect()
gc.freeze()
