"""The register of what each model field holds: public, internal, personal or sensitive.

Every model names all of its fields once: ``data_classes = classify(public="…", personal="…")``.
A meta-test compares the names with the fields, so a new field cannot stay unclassified.
Personal data: 个人信息保护法 art. 4; sensitive: art. 28.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class DataClass(StrEnum):
    """How far a value may travel."""

    PUBLIC = "public"
    INTERNAL = "internal"
    PERSONAL = "personal"
    SENSITIVE = "sensitive"


def classify(
    *, public: str = "", internal: str = "", personal: str = "", sensitive: str = ""
) -> Mapping[str, DataClass]:
    """Map field names (space separated) to their class; a name given twice raises ValueError."""
    classes: dict[str, DataClass] = {}
    given = {
        DataClass.PUBLIC: public,
        DataClass.INTERNAL: internal,
        DataClass.PERSONAL: personal,
        DataClass.SENSITIVE: sensitive,
    }
    for data_class, names in given.items():
        for name in names.split():
            if name in classes:
                raise ValueError(f"{name} is classified twice")
            classes[name] = data_class
    return classes


@dataclass(frozen=True, slots=True)
class Foreign:
    """What a model that is not ours holds, and why that is acceptable."""

    highest: DataClass
    holds: str


THIRD_PARTY: Mapping[str, Foreign] = {
    "account.EmailAddress": Foreign(DataClass.PERSONAL, "mail addresses of people who sign in"),
    "account.EmailConfirmation": Foreign(DataClass.INTERNAL, "one-time keys"),
    "admin.LogEntry": Foreign(
        DataClass.INTERNAL, "what was done in the admin; object_repr is our str(), never personal"
    ),
    "auth.Group": Foreign(DataClass.INTERNAL, "names of groups"),
    "auth.Permission": Foreign(DataClass.INTERNAL, "names of permissions"),
    "contenttypes.ContentType": Foreign(DataClass.INTERNAL, "names of models"),
    "django_celery_beat.ClockedSchedule": Foreign(DataClass.INTERNAL, "times"),
    "django_celery_beat.CrontabSchedule": Foreign(DataClass.INTERNAL, "times"),
    "django_celery_beat.IntervalSchedule": Foreign(DataClass.INTERNAL, "times"),
    "django_celery_beat.PeriodicTask": Foreign(
        DataClass.INTERNAL, "task names and arguments; arguments are ids only"
    ),
    "django_celery_beat.PeriodicTasks": Foreign(DataClass.INTERNAL, "a moment of change"),
    "django_celery_beat.SolarSchedule": Foreign(DataClass.INTERNAL, "places of the sun"),
    "mfa.Authenticator": Foreign(DataClass.INTERNAL, "secrets and keys of second factors"),
    "sessions.Session": Foreign(DataClass.INTERNAL, "ids of users, signed"),
    "socialaccount.SocialAccount": Foreign(
        DataClass.SENSITIVE, "what the identity provider said: the adapter keeps its subject only"
    ),
    "socialaccount.SocialApp": Foreign(DataClass.INTERNAL, "client ids and secrets"),
    "socialaccount.SocialToken": Foreign(DataClass.INTERNAL, "tokens; storing them is off"),
}
