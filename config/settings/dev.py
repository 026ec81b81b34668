"""The embedded default: `make run` on one machine over plain HTTP on the loopback address."""

from config.settings.base import *  # noqa: F403  settings are layered by import

DEV_PAGES = True
