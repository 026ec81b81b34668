"""Model fields for personal data: encrypted text, and the blind index that finds it."""

from collections.abc import Callable
from typing import Any

from django.core.exceptions import FieldError
from django.db import models
from django.utils.module_loading import import_string

from core.personal_data import keys


class EncryptedTextField(models.Field):  # type: ignore[type-arg]  # not subscriptable
    """Text kept as AES-256-GCM bytes. It can be read and tested for null, never searched.

    The empty string stands for "not given" and is stored as null.
    """

    description = "encrypted text"

    def __init__(self, *args: Any, max_length: int = 200, **kwargs: Any) -> None:
        kwargs.setdefault("blank", True)
        kwargs.setdefault("default", "")
        kwargs["null"] = True
        kwargs["max_length"] = max_length
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Leave out the nullability that the field always has."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.pop("null", None)
        return name, path, args, kwargs

    def db_type(self, connection: Any) -> str:
        """Store bytes."""
        return "bytea"

    def get_internal_type(self) -> str:
        """Be treated as bytes by the schema editor."""
        return "BinaryField"

    def get_prep_value(self, value: Any) -> Any:
        """Encrypt on the way in."""
        if value is None or value == "":
            return None
        return keys.encrypt(str(value))

    def get_db_prep_value(self, value: Any, connection: Any, prepared: bool = False) -> Any:  # noqa: FBT001, FBT002  Django's signature
        """Hand bytes to the driver."""
        return self.get_prep_value(value) if not prepared else value

    def from_db_value(self, value: Any, expression: Any, connection: Any) -> str:
        """Decrypt on the way out."""
        return "" if value is None else keys.decrypt(bytes(value))

    def get_default(self) -> Any:
        """Default to the empty string."""
        return ""

    def get_lookup(self, lookup_name: str) -> Any:
        """Refuse every comparison but ``isnull``: equal texts have unequal ciphers."""
        if lookup_name != "isnull":
            raise FieldError(f"{self.name} 已加密，只能按盲索引查找。")
        return super().get_lookup(lookup_name)

    def formfield(self, **kwargs: Any) -> Any:
        """Offer a plain text input."""
        from django import forms

        return forms.CharField(
            **{"max_length": self.max_length, "required": not self.blank, **kwargs}
        )


class BlindIndexField(models.BinaryField):  # type: ignore[type-arg]  # not subscriptable
    """A keyed digest of another field of the same row, kept in step on every save.

    ``source`` names the field, ``normalise`` the dotted path of a function text → canonical text.
    An empty source gives null. ``save(update_fields=…)`` must name the index beside its source, or
    the index keeps the old value. ``purpose`` separates indexes: a phone never equals an ID number.
    """

    def __init__(
        self, *args: Any, source: str = "", purpose: str = "", normalise: str = "", **kwargs: Any
    ) -> None:
        self.source, self.purpose, self.normalise = source, purpose, normalise
        kwargs.update(null=True, editable=False)
        super().__init__(*args, **kwargs)

    def deconstruct(self) -> Any:
        """Keep source, purpose and normalise in migrations."""
        name, path, args, kwargs = super().deconstruct()
        kwargs.update(source=self.source, purpose=self.purpose, normalise=self.normalise)
        return name, path, args, kwargs

    def digest(self, value: str) -> bytes | None:
        """Return the digest to look for, or None when there is nothing to find."""
        if not value:
            return None
        normalise: Callable[[str], str] = import_string(self.normalise)
        return keys.blind_index(self.purpose, normalise(value))

    def pre_save(self, model_instance: models.Model, add: bool) -> bytes | None:  # noqa: FBT001  Django's signature
        """Compute the digest from the source field."""
        value = self.digest(getattr(model_instance, self.source) or "")
        setattr(model_instance, self.attname, value)
        return value
