"""The plain content of a record: what any app fills in to get a paper that can be filed."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a course of events."""

    when: str
    what: str
    who: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A heading with facts (name, value), paragraphs and a course of events, each optional."""

    heading: str
    facts: tuple[tuple[str, str], ...] = ()
    paragraphs: tuple[str, ...] = ()
    entries: tuple[Entry, ...] = ()


@dataclass(frozen=True, slots=True)
class Record:
    """A whole record. ``date`` is written out, as documents write it."""

    organ: str
    title: str
    number: str
    date: str
    sections: tuple[Section, ...] = field(default=())
    note: str = ""
