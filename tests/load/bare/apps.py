"""The yardstick as an app."""

from django.apps import AppConfig


class BareConfig(AppConfig):
    name = "tests.load.bare"
    label = "bare"
