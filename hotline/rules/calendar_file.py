"""A promised day as a calendar file (RFC 5545): an all-day event, with a reminder before."""

from datetime import UTC, date, datetime, timedelta

FOLD_AT = 73
_LINE_END = "\r\n"


def due_calendar(*, number: str, day: date, at: datetime, summary: str, description: str) -> str:
    """Return the file's text. ``at`` is when the promise was made; no personal data goes in."""
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//Tongban//12345//ZH",
        "BEGIN:VEVENT",
        f"UID:{number}-answer@tongban",
        f"DTSTAMP:{at.astimezone(UTC):%Y%m%dT%H%M%SZ}",
        f"DTSTART;VALUE=DATE:{day:%Y%m%d}",
        f"DTEND;VALUE=DATE:{day + timedelta(days=1):%Y%m%d}",
        f"SUMMARY:{_escaped(summary)}",
        f"DESCRIPTION:{_escaped(description)}",
        "TRANSP:TRANSPARENT",
        "BEGIN:VALARM",
        "ACTION:DISPLAY",
        f"DESCRIPTION:{_escaped(summary)}",
        "TRIGGER:-PT15H",
        "END:VALARM",
        "END:VEVENT",
        "END:VCALENDAR",
    ]
    return _LINE_END.join(_folded(line) for line in lines) + _LINE_END


def _escaped(text: str) -> str:
    for sign in ("\\", ";", ","):
        text = text.replace(sign, f"\\{sign}")
    return text.replace("\n", "\\n")


def _folded(line: str) -> str:
    """Break a line before it has more than 75 bytes, never inside a character."""
    parts, part = [], ""
    for character in line:
        if len((part + character).encode()) > FOLD_AT:
            parts.append(part)
            part = ""
        part += character
    return f"{_LINE_END} ".join([*parts, part])
