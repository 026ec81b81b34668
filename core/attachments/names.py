"""Making a file name that came from outside safe to show and to download."""

import re
import unicodedata

MAX_LENGTH = 120
_UNSAFE = re.compile(r'[<>:"/\\|?*]')


def clean_name(raw: str, *, extension: str) -> str:
    """Return a plain name that ends in the extension of what the file really is.

    Drops folders, control characters, line breaks and the invisible characters that turn the
    direction of writing (``exe.gpj`` shown as ``jpg.exe``); keeps Chinese as it is.
    """
    last = re.split(r"[/\\]", raw)[-1]
    visible = "".join(char for char in last if unicodedata.category(char)[0] != "C")
    stem = _UNSAFE.sub("", unicodedata.normalize("NFC", visible)).strip(" .")
    before, _dot, _after = stem.rpartition(".")
    stem = (before or stem).strip(" .")[: MAX_LENGTH - len(extension) - 1].strip(" .")
    return f"{stem or '附件'}.{extension}"
