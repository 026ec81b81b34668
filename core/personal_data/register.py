"""The register of what each model field holds: public, internal, personal or sensitive.

Every model names all of its fields once: ``data_classes = classify(public="…", personal="…")``.
A meta-test compares the names with the fields, so a new field cannot stay unclassified.
Personal data: 个人信息保护法 art. 4; sensitive: art. 28.
"""

from collections.abc import Mapping
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
