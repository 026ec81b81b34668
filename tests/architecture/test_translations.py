"""English is complete: every Chinese sentence is marked, collected, translated and compiled.

After adding or changing a sentence (msgfmt comes with GNU gettext; running the site needs only the
committed .mo)::

    python manage.py makemessages -l en --no-location --no-wrap --no-obsolete \
        -i .venv -i var -i tests
    # fill in the empty and the fuzzy entries of config/locale/en/LC_MESSAGES/django.po, then
    cd config/locale/en/LC_MESSAGES && msgfmt --check-format -o django.mo django.po
"""

import ast
import re
import struct
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from gettext import GNUTranslations
from pathlib import Path

import pytest
from django.conf import settings
from django.template.base import Lexer, Token, TokenType
from django.test import Client
from django.urls import reverse
from django.utils.translation import template as templates

from core.accounts.states import Role
from hotline.models import Ticket
from tests.factories.core import member
from tests.factories.hotline import Desk, ticket

ROOT = Path(settings.BASE_DIR)
PO = ROOT / "config/locale/en/LC_MESSAGES/django.po"
MO = PO.with_suffix(".mo")
ROOMS = ("config", "core", "hotline", "services", "licenses", "community")

HAN = re.compile(r"[\u3400-\u9fff]+")
CHINESE = re.compile(r"[\u3001-\u303f\u3400-\u9fff\uff00-\uffef]+")  # with its punctuation
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|%[sd]|\{\w+\}")
ENTRY = re.compile(
    r'(?P<flags>(?:^#.*\n)*)^msgid (?P<id>(?:".*"\n)+)'
    r'(?:^msgid_plural (?P<plural>(?:".*"\n)+))?(?P<texts>(?:^msgstr.*\n(?:".*"\n)*)+)',
    re.MULTILINE,
)
TEXT = re.compile(r'^msgstr(?:\[\d\])? ((?:".*"\n)+)', re.MULTILINE)
CALL = re.compile(r"""\b(?:_|gettext|ngettext)\(\s*u?('(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")""")

MARKS = {
    "_",
    "gettext",
    "gettext_lazy",
    "gettext_noop",
    "ngettext",
    "ngettext_lazy",
    "pgettext",
    "pgettext_lazy",
    "npgettext",
    "npgettext_lazy",
}
OPENING = ("blocktranslate", "blocktrans", "comment")
UNMARKED_ON_PURPOSE = {
    "components/console_tools.html": "the switch names each language in that language",
    "components/portal_tools.html": "the switch names each language in that language",
    "components/styleguide.html": "invented samples, served in development only",
    "components/styleguide_console.html": "invented samples, served in development only",
    "components/styleguide_parts.html": "invented samples, served in development only",
    "components/styleguide_table.html": "invented samples, served in development only",
    "admin/category_preview.html": "the column names of the category table are its format",
    "documents/seal.html": "the seal of a Chinese document",
}
LANGUAGE_SWITCH = "中文"


@dataclass(frozen=True, slots=True)
class Entry:
    """One message of the catalogue."""

    msgid: str
    plural: str
    texts: tuple[str, ...]
    is_fuzzy: bool


def unquoted(lines: str) -> str:
    """Return the text that quoted lines of a catalogue stand for."""
    return "".join(ast.literal_eval(line) for line in lines.splitlines())


def catalogue() -> list[Entry]:
    """Return every entry but the head."""
    found = [
        Entry(
            unquoted(match["id"]),
            unquoted(match["plural"] or ""),
            tuple(unquoted(text) for text in TEXT.findall(match["texts"])),
            "fuzzy" in match["flags"],
        )
        for match in ENTRY.finditer(PO.read_text())
    ]
    return [entry for entry in found if entry.msgid]


def texts_in(compiled: GNUTranslations, entry: Entry) -> tuple[str, ...]:
    """Return what the compiled catalogue says for an entry."""
    if not entry.plural:
        return (compiled.gettext(entry.msgid),)
    return tuple(compiled.ngettext(entry.msgid, entry.plural, n) for n in (1, 2))


def sources() -> Iterator[Path]:
    """Yield our Python files."""
    for room in ROOMS:
        yield from sorted((ROOT / room).rglob("*.py"))


def pages() -> Iterator[tuple[str, str]]:
    """Yield name and text of our templates."""
    folder = ROOT / "templates"
    for path in sorted(p for p in folder.rglob("*") if p.suffix in {".html", ".txt"}):
        yield str(path.relative_to(folder)), path.read_text()


def marked_in_python(tree: ast.AST) -> Iterator[str]:
    """Yield the literal messages of a module."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and called(node.func) in MARKS:
            first = node.args[0]
            if isinstance(first, ast.Constant) and isinstance(first.value, str):
                yield first.value


def called(function: ast.expr) -> str:
    """Return the last name of what is called."""
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


def marked_in_template(text: str) -> Iterator[str]:
    """Yield the messages of a template, as Django's own extraction sees them."""
    for literal in CALL.findall(templates.templatize(text)):
        yield ast.literal_eval(literal)


def unmarked(text: str) -> list[str]:
    """Return the Chinese of a template that stands outside translate tags and comments."""
    found: list[str] = []
    inside = ""
    for token in Lexer(text).tokenize():
        word = token.contents.split()[0] if token.contents.split() else ""
        if token.token_type == TokenType.BLOCK and inside:
            inside = "" if word == f"end{inside}" else inside
        elif token.token_type == TokenType.BLOCK and word in OPENING:
            inside = word
        elif not inside and is_plain(token, word):
            found += CHINESE.findall(re.sub(r"<!--.*?-->", "", bare(token), flags=re.DOTALL))
    return found


def is_plain(token: Token, word: str) -> bool:
    """Tell whether Chinese in this token would be shown as it stands."""
    return token.token_type != TokenType.COMMENT and word not in {"translate", "trans"}


def bare(token: Token) -> str:
    """Return a token without the literals that it marks itself, as in ``title=_("…")``."""
    if token.token_type == TokenType.TEXT:
        return token.contents
    return re.sub(r"""_\((["']).*?\1\)""", "", token.contents)


def shown_chinese(source: str, *allowed: str) -> set[str]:
    """Return the Chinese in a page's source, also in its JSON, but for what is allowed."""
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda found: chr(int(found[1], 16)), source)
    for words in (LANGUAGE_SWITCH, *allowed):
        text = text.replace(words, "")
    return set(CHINESE.findall(text))


class TestCatalogue:
    def test_holds_a_translation_of_every_entry(self) -> None:
        missing = [e.msgid for e in catalogue() if not all(text.strip() for text in e.texts)]

        assert catalogue()
        assert missing == []

    def test_holds_no_guess_of_msgmerge(self) -> None:
        assert [e.msgid for e in catalogue() if e.is_fuzzy] == []

    def test_keeps_the_placeholders(self) -> None:
        broken = [
            (entry.msgid, text)
            for entry in catalogue()
            for text in entry.texts
            if Counter(PLACEHOLDER.findall(entry.msgid)) != Counter(PLACEHOLDER.findall(text))
        ]

        assert broken == []

    def test_has_every_sentence_of_the_python_files(self) -> None:
        known = {entry.msgid for entry in catalogue()}

        missing = {
            (str(path.relative_to(ROOT)), message)
            for path in sources()
            for message in marked_in_python(ast.parse(path.read_text()))
            if HAN.search(message) and message not in known
        }

        assert missing == set()

    def test_has_every_sentence_of_the_templates(self) -> None:
        known = {entry.msgid for entry in catalogue()}

        missing = {
            (name, message)
            for name, text in pages()
            for message in marked_in_template(text)
            if HAN.search(message) and message not in known
        }

        assert missing == set()

    def test_is_compiled(self) -> None:
        data = MO.read_bytes()
        entries = catalogue()
        with MO.open("rb") as file:
            compiled = GNUTranslations(file)

        assert [e.msgid for e in entries if texts_in(compiled, e) != e.texts] == []
        (count,) = struct.unpack("<I", data[8:12])
        assert count == len(entries) + 1  # and the head


class TestMarks:
    def test_a_mark_has_a_name_that_makemessages_knows(self) -> None:
        """An alias such as ``gettext_lazy as lazy`` would be shown, but never collected."""
        aliases = {
            (str(path.relative_to(ROOT)), name.asname)
            for path in sources()
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.ImportFrom)
            for name in node.names
            if name.name in MARKS and name.asname and name.asname not in MARKS
        }

        assert aliases == set()

    def test_a_refusal_that_people_read_is_marked(self) -> None:
        plain = {
            (str(path.relative_to(ROOT)), node.value.value)
            for path in sources()
            for node in ast.walk(ast.parse(path.read_text()))
            if isinstance(node, ast.Assign | ast.AnnAssign)
            and isinstance(node.value, ast.Constant)
            and isinstance(node.value.value, str)
            and HAN.search(node.value.value)
            and "message" in {getattr(target, "id", "") for target in targets(node)}
        }

        assert plain == set()

    def test_templates_say_nothing_that_is_not_marked(self) -> None:
        found = {name: unmarked(text) for name, text in pages() if unmarked(text)}

        assert {k: v for k, v in found.items() if k not in UNMARKED_ON_PURPOSE} == {}
        assert UNMARKED_ON_PURPOSE.keys() <= found.keys()

    @pytest.mark.parametrize(
        "text",
        [
            "<p>提交</p>",
            '{% include "a.html" with title="提交" %}',
            '{{ name|default:"没有" }}',
            '{% translate "提交" %}<b>诉求</b>',
            "{% blocktranslate %}提交{% endblocktranslate %}诉求",
        ],
    )
    def test_an_unmarked_word_would_be_found(self, text: str) -> None:
        assert unmarked(text)

    @pytest.mark.parametrize(
        "text",
        [
            '{% translate "提交" %}',
            "{% blocktranslate with a=b %}提交 {{ a }}{% endblocktranslate %}",
            '{% include "a.html" with title=_("提交") %}',
            "{# 提交 #}{% comment %}提交{% endcomment %}<!-- 提交 -->",
        ],
    )
    def test_a_marked_word_would_not(self, text: str) -> None:
        assert unmarked(text) == []


def names_on(made: Ticket, desk: Desk) -> tuple[str, ...]:
    """Return the citizen's words, the masked caller and the names of people and places."""
    place = made.region
    above = [name for name in (place.full_name, place.name, settings.CITY_NAME) if name]
    return (made.title, made.content, desk.agent.get_full_name(), *above, "王")


def targets(node: ast.Assign | ast.AnnAssign) -> list[ast.expr]:
    """Return what is assigned to."""
    return node.targets if isinstance(node, ast.Assign) else [node.target]


@pytest.mark.django_db
class TestEnglishPages:
    @pytest.fixture
    def reader(self) -> Client:
        return Client(headers={"Accept-Language": "en"})

    @pytest.mark.parametrize(
        "path", ["/", "/track/", "/accounts/login/", "/search/", "/privacy/", "/accessibility/"]
    )
    def test_a_stranger_reads_english_only(self, reader: Client, path: str) -> None:
        page = reader.get(path).content.decode()

        examples = set(HAN.findall("“路灯”")) if path == "/search/" else set()
        assert '<html lang="en"' in page
        assert shown_chinese(page) <= examples

    @pytest.mark.parametrize("slug", ["kind", "where", "evidence", "contact"])
    def test_the_form_asks_in_english(self, reader: Client, slug: str) -> None:
        place = ticket().region
        reader.post("/hotline/new/kind/", {"kind": "help", "title": "Lamp", "content": "Dark."})

        page = reader.get(f"/hotline/new/{slug}/").content.decode()

        assert "Step" in page or "step" in page
        assert shown_chinese(page, place.name) == set()

    def test_a_refused_form_says_why_in_english(self, reader: Client) -> None:
        answer = reader.post("/hotline/new/kind/", {"kind": "", "content": ""})

        page = answer.content.decode()
        assert answer.status_code == 422
        assert "Please choose the kind of request." in page
        assert shown_chinese(page) == set()

    def test_the_console_is_english_but_for_names_and_citizens_words(
        self, reader: Client, desk: Desk
    ) -> None:
        made = ticket()
        reader.force_login(desk.agent)

        for path in (reverse("console:home"), reverse("console:ticket", args=[made.no])):
            page = reader.get(path, follow=True).content.decode()

            assert made.no in page
            assert shown_chinese(page, *names_on(made, desk)) == set()

    def test_the_steps_of_handling_are_english(self, reader: Client, desk: Desk) -> None:
        made = desk.in_review()
        order = desk.lead_order(made)
        said = ("三盏路灯已于当日修复。", "没有修好", "已电话联系市民，约定当日到场。", "请核实")
        names = [user.get_full_name() for user in (desk.handler, desk.head)]

        for user, path in (
            (desk.lead, reverse("console:ticket", args=[made.no])),
            (desk.auditor, reverse("console:review", args=[made.no])),
            (desk.handler, reverse("console:order", args=[order.no])),
        ):
            reader.force_login(user)
            page = reader.get(path).content.decode()

            assert desk.unit.name in page
            known = (*names_on(made, desk), *said, *names, user.get_full_name(), desk.unit.name)
            assert shown_chinese(page, *known) == set()

    def test_a_citizen_follows_the_progress_in_english(self, reader: Client, desk: Desk) -> None:
        made = desk.replied()

        proof = {"ticket_no": made.no, "proof": made.query_code}
        page = reader.post("/track/", proof, follow=True).content.decode()

        assert "Please evaluate" in page
        known = (*names_on(made, desk), "三盏路灯已于当日修复。", desk.unit.name)
        assert shown_chinese(page, *known) == set()

    @pytest.mark.parametrize("role", [Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN, Role.AUDIT_ADMIN])
    def test_an_administrator_reads_english(self, reader: Client, role: Role) -> None:
        user = member(role)
        reader.force_login(user)

        page = reader.get(reverse("admin:index")).content.decode()

        assert "Rongjiang" in page
        assert shown_chinese(page, user.get_full_name()) == set()

    def test_says_when_a_reply_is_due_and_why_then(self, reader: Client) -> None:
        made = ticket()

        proof = {"ticket_no": made.no, "proof": made.query_code}
        page = reader.post("/track/", proof, follow=True).content.decode()

        assert "You will have a reply by Wed 25 Nov." in page
        assert "7 working days; Mon 16 Nov itself is not counted" in page

    def test_a_refusal_of_the_domain_is_english(self, reader: Client, desk: Desk) -> None:
        made = ticket()
        reader.force_login(desk.agent)

        answer = reader.post(
            reverse("console:triage", args=[made.no]),
            {"version": made.version, "outcome": "redirected", "reason": "Court."},
        )

        page = answer.content.decode()
        assert "Please choose the channel that the citizen should be told." in page
        assert shown_chinese(page, *names_on(made, desk)) == set()
