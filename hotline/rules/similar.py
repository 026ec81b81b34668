"""Which earlier tickets may be about the same: shared pairs of characters, place, subject, time.

Small and readable on purpose: every score can be explained by its reasons. Pairs with a function
character (的, 了, 我 …) say nothing and are left out.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from itertools import pairwise

from django.utils.translation import gettext as _

from core.search.rules import runs

TOKENS_UNKNOWN = 12
TOKENS_KNOWN = 12
TOO_COMMON = 0.05
LEAST_SCORE = 0.2
WORDS_SHOWN = 2
WORD_LENGTH = 8
SMALL = 3
RECENT_DAYS = 30
REMEMBERED_TOKENS = 32_768

_TITLE, _TEXT = 0.5, 0.3
_SAME_STREET, _SAME_DISTRICT, _SAME_CATEGORY, _RECENT = 0.1, 0.05, 0.07, 0.03
_FUNCTION = frozenset(
    "的了是在不我你您他她它们这那有和与就也都很吗呢请到又没个被把给还要会能来去上下为以及等对从说得着过做"
    "一二三四五六七八九十几年月日号点时候多少每天再但而如果因所且可已将向让想看用"
)
_EMPTY_WORDS = frozenset(
    re.findall(
        "..",
        "希望反映部门问题解决处理情况小区居民市民工作人员进行相关政府领导谢谢麻烦咨询投诉举报建议求助门口",
    )
)
_DISTRICT_DIGITS, _STREET_DIGITS, _COMMUNITY_DIGITS = 6, 9, 12


@dataclass(frozen=True, slots=True)
class Asked:
    """The matter that others are compared with."""

    title_pairs: frozenset[str]
    pairs: tuple[str, ...]
    pair_set: frozenset[str]
    stretches: tuple[str, ...]
    known_words: tuple[str, ...]
    region_path: str
    category: str
    day: date


@dataclass(frozen=True, slots=True)
class Candidate:
    """An earlier ticket, as far as the comparison needs it; ``tokens`` are the stored ones."""

    title: str
    tokens: Collection[str]
    region_path: str
    category: str
    day: date


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two matters are (0 to 1) and why, in words."""

    score: float
    reasons: tuple[str, ...]


def asked(
    *,
    title: str,
    content: str,
    address: str,
    region_path: str,
    category: str,
    day: date,
    vocabulary: Iterable[str] = (),
) -> Asked:
    """Return a matter ready to be compared; title and address come before the content.

    ``vocabulary`` are folded words that read well as a reason; they weigh nothing.
    """
    stretches = tuple(runs(title) + runs(address) + runs(content))
    text = " ".join(stretches)
    pairs = tuple(dict.fromkeys(_pairs(stretches)))
    return Asked(
        title_pairs=frozenset(_pairs(runs(title))),
        pairs=pairs,
        pair_set=frozenset(pairs),
        stretches=stretches,
        known_words=tuple(word for word in vocabulary if word in text),
        region_path=region_path,
        category=category,
        day=day,
    )


def choose_tokens(matter: Asked, frequencies: Mapping[str, float]) -> list[str]:
    """Return the few tokens to look candidates up by: rare ones, so that the set stays small.

    ``frequencies`` is the share of rows with a token, for the common tokens only. Tokens that are
    not in it are rare; earlier ones (title, then address) go first.
    """
    unknown = [pair for pair in matter.pairs if pair not in frequencies]
    known = [pair for pair in matter.pairs if 0 < frequencies.get(pair, 0) <= TOO_COMMON]
    known.sort(key=lambda pair: frequencies[pair])
    return unknown[:TOKENS_UNKNOWN] + known[:TOKENS_KNOWN]


def likeness(matter: Asked, other: Candidate) -> Likeness | None:
    """Return how alike the two are, or None when they have too little in common."""
    shared = matter.pair_set.intersection(other.tokens)
    if not shared:
        return None
    other_title = frozenset(_pairs(runs(other.title)))
    meaning = sum(map(_means_something, other.tokens))
    score = (
        _TITLE * _share(matter.title_pairs, other_title)
        + _TEXT * len(shared) / max(SMALL, min(len(matter.pair_set), meaning))
        + _place_weight(matter.region_path, other.region_path)
        + (_SAME_CATEGORY if matter.category and matter.category == other.category else 0)
        + (_RECENT if abs((matter.day - other.day).days) <= RECENT_DAYS else 0)
    )
    if score < LEAST_SCORE:
        return None
    words = _shared_words(matter, shared)
    return Likeness(round(min(score, 1.0), 3), tuple(_reasons(matter, other, words)))


def _pairs(stretches: Iterable[str]) -> list[str]:
    """Return the pairs of neighbours that mean something, and Latin words, in order."""
    found: list[str] = []
    for run in stretches:
        if run[0].isascii():
            found += [run] if len(run) > 1 and not run.isdigit() else []
        else:
            found += map("".join, pairwise(run))
    return list(_meaning(found))


def _meaning(tokens: Iterable[str]) -> Iterable[str]:
    return filter(_means_something, tokens)


@lru_cache(maxsize=REMEMBERED_TOKENS)
def _means_something(token: str) -> bool:
    return (
        len(token) > 1
        and not token.isdigit()
        and token not in _EMPTY_WORDS
        and not _FUNCTION.intersection(token)
    )


def _share(left: frozenset[str], right: frozenset[str]) -> float:
    if not left or not right:
        return 0.0
    return len(left & right) / max(SMALL, min(len(left), len(right)))


def _shared_words(matter: Asked, shared: frozenset[str]) -> list[str]:
    """Return words that both texts have: known ones, else the longest stretches shared."""
    words = [word for word in matter.known_words if _is_within(word, shared)]
    return _longest(words) or _longest(_all_stretches(matter, shared))


def _is_within(word: str, shared: frozenset[str]) -> bool:
    pairs = {"".join(pair) for pair in pairwise(word)}
    return bool(pairs) and pairs <= shared


def _all_stretches(matter: Asked, shared: frozenset[str]) -> list[str]:
    words: list[str] = []
    for run in matter.stretches:
        words += [run] if run in shared and run[0].isascii() else _stretches_of(run, shared)
    return words


def _longest(words: Iterable[str]) -> list[str]:
    """Return the words without those inside another one, the longest first."""
    unique = sorted(dict.fromkeys(words), key=len, reverse=True)
    kept: list[str] = []
    for word in unique:
        if not any(word in longer for longer in kept):
            kept.append(word)
    return kept


def _stretches_of(run: str, shared: frozenset[str]) -> list[str]:
    words, start = [], None
    for index in range(len(run)):
        is_shared = run[index : index + 2] in shared
        if is_shared and start is None:
            start = index
        elif not is_shared and start is not None:
            words.append(run[start : index + 1])
            start = None
    return words


def _common_region(left: str, right: str) -> str:
    """Return the code of the innermost region that both lie in, below the city."""
    common = ""
    pairs = list(zip(left.strip("/").split("/"), right.strip("/").split("/"), strict=False))
    for ours, theirs in pairs[1:]:
        if ours != theirs or not ours:
            break
        common = ours
    return common


def _place_weight(left: str, right: str) -> float:
    digits = len(_common_region(left, right))
    if digits >= _STREET_DIGITS:
        return _SAME_STREET
    return _SAME_DISTRICT if digits >= _DISTRICT_DIGITS else 0.0


def _reasons(matter: Asked, other: Candidate, words: list[str]) -> list[str]:
    places = {
        _DISTRICT_DIGITS: _("同一区县"),
        _STREET_DIGITS: _("同一街道"),
        _COMMUNITY_DIGITS: _("同一社区"),
    }
    place = places.get(len(_common_region(matter.region_path, other.region_path)), "")
    quoted = "".join(f"“{word[:WORD_LENGTH]}”" for word in words[:WORDS_SHOWN])
    reasons = [place] if place else []
    reasons.append(_("都提到%(words)s") % {"words": quoted})
    if matter.category and matter.category == other.category:
        reasons.append(_("分类相同"))
    days = abs((matter.day - other.day).days)
    reasons.append(_("相隔%(days)d天") % {"days": days} if days else _("同一天"))
    return reasons
