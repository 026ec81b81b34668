"""From the words of a matter to likely categories: which keywords it holds, and what they weigh.

A hint for people, never a decision. A text without any keyword gets no guess at all.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from core.search.folding import fold

TEXT_MAX = 2_000
MOST = 3
SHARE_OF_BEST = 0.4
WORDS_SHOWN = 3
HALF_SURE = 2.0
IN_TITLE = 2.0

# What cannot wait for a written matter, and whom to call instead.
EMERGENCY_WORDS: dict[str, tuple[str, ...]] = {
    "119": ("着火", "起火", "火灾", "冒浓烟", "燃气泄漏", "煤气泄漏", "天然气泄漏"),
    "120": ("昏迷", "没有呼吸", "大出血", "心脏骤停", "触电", "溺水", "中毒"),
    "110": ("持刀", "抢劫", "正在打人", "绑架", "有人跳楼", "要跳楼", "入室"),
}


@dataclass(frozen=True, slots=True)
class Subject:
    """A category with its folded keywords."""

    code: str
    name: str
    keywords: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Guess:
    """A category that the text may be about; ``score`` between 0 and 1, ``words`` say why."""

    code: str
    name: str
    score: float
    words: tuple[str, ...]


def subject(*, code: str, name: str, keywords: Iterable[str]) -> Subject:
    """Return a category ready for matching; its own name counts as a keyword."""
    folded = (fold(word.strip()) for word in (*keywords, name))
    return Subject(code, name, tuple(dict.fromkeys(word for word in folded if len(word) > 1)))


def rank_subjects(*, title: str, content: str, subjects: Sequence[Subject]) -> list[Guess]:
    """Return the likely categories, best first, at most MOST; none when no keyword occurs.

    A keyword weighs more in the title, when it is long, and when few categories share it. What
    has less than SHARE_OF_BEST of the best score is left out. Only TEXT_MAX characters are read.
    """
    title, content = fold(title[:TEXT_MAX]), fold(content[:TEXT_MAX])
    found = {entry.code: _words_in(entry, title, content) for entry in subjects}
    shared = Counter(word for words in found.values() for word in words)
    guesses = [
        _guess(entry, found[entry.code], title, shared) for entry in subjects if found[entry.code]
    ]
    guesses.sort(key=lambda guess: (-guess.score, guess.code))
    return [guess for guess in guesses if guess.score >= SHARE_OF_BEST * guesses[0].score][:MOST]


def emergency_lines(text: str) -> list[str]:
    """Return the emergency numbers that the text calls for, such as 119 for 起火."""
    text = fold(text[:TEXT_MAX])
    return [line for line, words in EMERGENCY_WORDS.items() if any(word in text for word in words)]


def _words_in(entry: Subject, title: str, content: str) -> tuple[str, ...]:
    """Return the keywords that occur, without those inside a longer one."""
    hits = [word for word in entry.keywords if word in title or word in content]
    return tuple(
        word for word in hits if not any(word != other and word in other for other in hits)
    )


def _guess(entry: Subject, words: tuple[str, ...], title: str, shared: Counter[str]) -> Guess:
    weighed = sorted(words, key=lambda word: -_weight(word, title, shared))
    total = sum(_weight(word, title, shared) for word in words)
    score = round(total / (total + HALF_SURE), 3)
    return Guess(entry.code, entry.name, score, tuple(weighed[:WORDS_SHOWN]))


def _weight(word: str, title: str, shared: Counter[str]) -> float:
    length = min(len(word), 4) / 2
    return length * (IN_TITLE if word in title else 1.0) / shared[word]
