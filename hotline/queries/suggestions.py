"""What a matter may be about, who may handle it, and what others already raised."""

from dataclasses import dataclass, field

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.accounts.models import User
from core.accounts.queries import staff_roles_of
from core.process_cache import ProcessCache
from hotline.queries.categories import FRESH_SECONDS, category_tree
from hotline.queries.similar import Similar, similar_public, similar_to_text
from hotline.rules.suggestions import Guess, Subject, rank_subjects, subject

METHOD = gettext_lazy("按关键词和已有诉求检索，仅供参考")


@dataclass(frozen=True, slots=True)
class Suggestion:
    """One proposal with its score between 0 and 1, and why."""

    code: str
    name: str
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suggestions:
    """Ranked proposals; empty lists mean an honest "don't know"."""

    method: str | Promise = METHOD
    categories: list[Suggestion] = field(default_factory=list)
    units: list[Suggestion] = field(default_factory=list)
    similar: list[Similar] = field(default_factory=list)


def suggest(
    *, title: str, content: str, region: str, address: str, user: User | None
) -> Suggestions:
    """Propose categories, units and similar matters for what is being typed; writes nothing.

    Staff see similar tickets within their rights; everybody else only published ones, without
    their numbers.
    """
    guesses = rank_subjects(title=title, content=content, subjects=_subjects.get())
    return Suggestions(
        categories=[_category(guess) for guess in guesses],
        units=_units(guesses),
        similar=_similar(title, content, region, address, user),
    )


def suggest_categories(*, title: str, content: str) -> list[Suggestion]:
    """Propose categories alone; no statement when warm."""
    guesses = rank_subjects(title=title, content=content, subjects=_subjects.get())
    return [_category(guess) for guess in guesses]


def _category(guess: Guess) -> Suggestion:
    words = "".join(f"“{word}”" for word in guess.words)
    return Suggestion(guess.code, guess.name, guess.score, (_("提到%s") % words,))


def _units(guesses: list[Guess]) -> list[Suggestion]:
    """Return the units that the guessed categories usually go to, each once, best first."""
    tree, units = category_tree(), {}
    for guess in guesses:
        unit = tree[guess.code].default_unit if guess.code in tree else None
        if unit is None or unit.code in units or not unit.is_active:
            continue
        name = unit.short_name or unit.name
        reason = _("“%(category)s”通常由%(unit)s办理") % {"category": guess.name, "unit": name}
        units[unit.code] = Suggestion(unit.code, name, guess.score, (reason,))
    return list(units.values())


def _similar(
    title: str, content: str, region: str, address: str, user: User | None
) -> list[Similar]:
    if user is not None and staff_roles_of(user):
        return similar_to_text(
            title=title, content=content, region=region, address=address, user=user
        )
    return similar_public(text=f"{title} {content}".strip(), region=region, address=address)


def _load_subjects() -> list[Subject]:
    return [
        subject(code=row.code, name=row.name, keywords=row.keywords)
        for row in category_tree().values()
        if row.keywords
    ]


_subjects = ProcessCache(_load_subjects, seconds=FRESH_SECONDS)
