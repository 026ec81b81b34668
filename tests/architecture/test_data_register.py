"""Every field of every model says how far its value may travel, and keeps to it."""

import re
from collections.abc import Iterator
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from django.apps import apps
from django.db import models

from core.personal_data.actions import PROTECTED
from core.personal_data.fields import BlindIndexField, EncryptedTextField
from core.personal_data.register import THIRD_PARTY, DataClass

OURS = {"core", "services", "hotline", "licenses", "community", "city"}
IDENTIFYING = re.compile(r"(^|_)(name|phone|mobile|email|address|id|id_no|plate)($|_)")
PLAIN_ON_PURPOSE = {
    "core.User.display_name": "colleagues read it on every page; citizens have Person.name",
    "core.User.email": "django-allauth looks people up by it",
    "core.Attachment.name": "a file name, shown to whoever may open the file",
    "core.AuditEntry.address": "an IP address: auditors search the trail by it",
    "hotline.Ticket.address": "where the matter is, not where the citizen lives; searched by it",
}
MARKER = "私密7Q"
MOMENT = datetime(1987, 6, 5, 4, 3, tzinfo=UTC)


def our_models() -> list[type[models.Model]]:
    """Every concrete model of our apps."""
    return [model for model in apps.get_models() if model._meta.app_label in OURS]


def fields_of(model: type[models.Model]) -> Iterator[Any]:
    """The concrete fields that the model itself declares or inherits."""
    yield from (*model._meta.concrete_fields, *model._meta.many_to_many)


def label(model: type[models.Model]) -> str:
    return model._meta.label


@pytest.mark.parametrize("model", our_models(), ids=label)
class TestOurModels:
    def test_classify_exactly_their_fields(self, model: type[models.Model]) -> None:
        declared = vars(model).get("data_classes")

        assert declared is not None, f"{label(model)} declares no data_classes"
        assert set(declared) == {field.name for field in fields_of(model)}

    def test_encrypt_what_identifies_a_person(self, model: type[models.Model]) -> None:
        for field in fields_of(model):
            name = f"{label(model)}.{field.name}"
            protected = model.data_classes.get(field.name) in PROTECTED  # type: ignore[attr-defined]
            if protected and IDENTIFYING.search(field.name) and name not in PLAIN_ON_PURPOSE:
                assert isinstance(field, EncryptedTextField | BlindIndexField), name

    def test_classify_every_encrypted_field_as_personal(self, model: type[models.Model]) -> None:
        for field in fields_of(model):
            if isinstance(field, EncryptedTextField | BlindIndexField):
                assert model.data_classes[field.name] in PROTECTED  # type: ignore[attr-defined]

    def test_sensitive_data_is_always_encrypted(self, model: type[models.Model]) -> None:
        for field in fields_of(model):
            if model.data_classes.get(field.name) is DataClass.SENSITIVE:  # type: ignore[attr-defined]
                assert isinstance(field, EncryptedTextField | BlindIndexField), field.name

    def test_show_nothing_personal_as_text(self, model: type[models.Model]) -> None:
        instance = filled(model)

        for shown in (str(instance), repr(instance), f"{instance}", f"{instance!r}"):
            assert MARKER not in shown
            assert "1987" not in shown
            assert "87.6543" not in shown


class TestOtherPeoplesModels:
    def test_are_all_listed_with_what_they_hold(self) -> None:
        foreign = {label(model) for model in apps.get_models() if model._meta.app_label not in OURS}

        assert foreign == set(THIRD_PARTY)
        assert all(entry.holds for entry in THIRD_PARTY.values())


class TestAllowList:
    def test_names_only_fields_that_need_it(self) -> None:
        for name in PLAIN_ON_PURPOSE:
            model_label, _dot, field_name = name.rpartition(".")
            model = apps.get_model(model_label)
            field = model._meta.get_field(field_name)

            assert not isinstance(field, EncryptedTextField)
            assert model.data_classes[field_name] in PROTECTED


class TestTheTestItself:
    """A guard that cannot fail guards nothing."""

    def test_sees_a_model_that_shows_too_much(self) -> None:
        instance = filled(apps.get_model("core.Person"))

        assert MARKER in instance.name
        assert MARKER in instance.phone


def filled(model: type[models.Model]) -> Any:
    """Return an unsaved row whose every personal field holds something to recognise."""
    classes = model.data_classes  # type: ignore[attr-defined]
    values = {
        field.attname: _sample(field)
        for field in model._meta.concrete_fields
        if classes.get(field.name) in PROTECTED and not field.is_relation
    }
    return model(pk=1, **values)


def _sample(field: Any) -> Any:
    samples: list[tuple[type, Any]] = [
        (models.DateTimeField, MOMENT),
        (models.DateField, date(1987, 6, 5)),
        (models.DecimalField, Decimal("87.654321")),
        (models.IntegerField, 1987),
        (models.UUIDField, UUID("19871987-1987-4987-8987-198719871987")),
        (models.JSONField, {"value": MARKER}),
        (models.BinaryField, MARKER.encode()),
        (models.FileField, f"{MARKER}.pdf"),
    ]
    return next((value for kind, value in samples if isinstance(field, kind)), MARKER)
