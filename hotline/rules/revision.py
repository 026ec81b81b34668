"""Two editors of one form: what each changed since both read the same, and where they collide."""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

Parts = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Merge:
    """One field, three ways. ``value`` is what the form goes on with."""

    name: str
    base: str
    theirs: str
    mine: str

    @property
    def is_conflict(self) -> bool:
        """Tell whether both changed it, and differently."""
        return self.theirs not in {self.base, self.mine} and self.mine != self.base

    @property
    def is_theirs(self) -> bool:
        """Tell whether only the other editor changed it."""
        return self.theirs != self.base and self.mine == self.base

    @property
    def value(self) -> str:
        """Return mine where I changed it, else theirs: nobody's change is dropped unseen."""
        return self.mine if self.mine != self.base else self.theirs


def merge(
    *, base: Mapping[str, str], theirs: Mapping[str, str], mine: Mapping[str, str]
) -> list[Merge]:
    """Compare every field of ``mine``; a field that is missing elsewhere counts as empty."""
    return [
        Merge(name, base.get(name, ""), theirs.get(name, ""), value) for name, value in mine.items()
    ]


def changed(*, base: Mapping[str, str], mine: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of ``mine`` that differ from ``base``."""
    return {name: value for name, value in mine.items() if value != base.get(name, "")}


def marked(left: str, right: str) -> tuple[Parts, Parts]:
    """Return both texts cut into parts: "=" common, "-" only left, "+" only right."""
    lefts: Parts = []
    rights: Parts = []
    matcher = difflib.SequenceMatcher(a=left, b=right, autojunk=False)
    for tag, i1, i2, j1, j2 in matcher.get_opcodes():
        if tag == "equal":
            lefts.append(("=", left[i1:i2]))
            rights.append(("=", right[j1:j2]))
            continue
        if i2 > i1:
            lefts.append(("-", left[i1:i2]))
        if j2 > j1:
            rights.append(("+", right[j1:j2]))
    return lefts, rights
