"""Texts with placeholders."""

import pytest

from core.notifications import templates
from core.notifications.templates import PlaceholderMissingError, Template, UnknownTemplateError


class TestRegister:
    def test_takes_the_same_template_twice(self) -> None:
        template = Template(key="tests.a", title="标题", body="正文 {no}")

        templates.register(template)
        templates.register(template)

        assert templates.get("tests.a") == template

    def test_refuses_other_words_under_the_same_key(self) -> None:
        templates.register(Template(key="tests.a", title="标题", body="正文"))

        with pytest.raises(ValueError, match="twice"):
            templates.register(Template(key="tests.a", title="标题", body="别的"))

    @pytest.mark.parametrize("body", ["{no.secret}", "{no[0]}", "{no!r}", "{no:>10}", "{}"])
    def test_refuses_anything_but_plain_names(self, body: str) -> None:
        with pytest.raises(ValueError, match="plain names"):
            templates.register(Template(key="tests.b", title="标题", body=body))

        with pytest.raises(UnknownTemplateError):
            templates.get("tests.b")


class TestFill:
    def test_takes_values_literally(self) -> None:
        template = Template(key="k", title="{no}", body="{no}")

        assert templates.fill(template, {"no": "{other}"}) == ("{other}", "{other}")

    def test_names_what_is_missing(self) -> None:
        template = Template(key="k", title="{no}", body="{due}{link}")

        with pytest.raises(PlaceholderMissingError) as refused:
            templates.fill(template, {"due": 1})

        assert refused.value.details["missing"] == ["link", "no"]
