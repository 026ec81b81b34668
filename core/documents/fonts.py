"""The Chinese face of documents, cut to what one document says.

The wheel carries one variable font collection of 31 MB. A PDF cannot embed a variable font, and
fixing the weight of the whole of it takes minutes. So the outlines of just the characters in use
are drawn at a fixed weight into a small static font: about a second, every character of the
collection, never an empty box.
"""

import io
from collections.abc import Iterable, Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Any

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.ttLib import TTFont

FAMILY = "Tongban CJK"
WEIGHTS = (400, 700)
SIMPLIFIED_FACE = 2
UNITS_PER_EM = 1000
NOTDEF = ".notdef"


def faces(text: str) -> Mapping[int, bytes]:
    """Return a static OpenType font per weight with every character of the text that exists."""
    return _faces("".join(sorted(set(text))))


@lru_cache(maxsize=8)
def _faces(characters: str) -> Mapping[int, bytes]:
    return {weight: _cut(characters, weight) for weight in WEIGHTS}


@lru_cache(maxsize=1)
def _collection() -> TTFont:
    path = files("manimgx_fonts_cjk").joinpath("NotoSansCJK-VF.otf.ttc")
    return TTFont(str(path), fontNumber=SIMPLIFIED_FACE, lazy=True)


def _cut(characters: str, weight: int) -> bytes:
    source = _collection()
    everything = source.getBestCmap()
    cmap = {ord(char): everything[ord(char)] for char in characters if ord(char) in everything}
    outlines, widths = _outlines(source, {NOTDEF, *cmap.values()}, weight)
    builder = FontBuilder(UNITS_PER_EM, isTTF=False)
    builder.setupGlyphOrder(list(outlines))
    builder.setupCharacterMap(cmap)
    builder.setupCFF(f"TongbanCJK-{weight}", {"FullName": FAMILY}, outlines, {})
    builder.setupHorizontalMetrics(widths)
    _describe(builder, source, weight)
    target = io.BytesIO()
    builder.save(target)
    return target.getvalue()


def _outlines(
    source: TTFont, names: Iterable[str], weight: int
) -> tuple[dict[str, Any], dict[str, tuple[int, int]]]:
    glyphs = source.getGlyphSet(location={"wght": weight})
    outlines: dict[str, Any] = {}
    widths: dict[str, tuple[int, int]] = {}
    for name in sorted(names, key=lambda name: (name != NOTDEF, name)):
        glyph = glyphs[name]
        pen = T2CharStringPen(glyph.width, None)
        glyph.draw(pen)
        outlines[name] = pen.getCharString()
        widths[name] = (round(glyph.width), 0)
    return outlines, widths


def _describe(builder: FontBuilder, source: TTFont, weight: int) -> None:
    header = source["hhea"]
    builder.setupHorizontalHeader(ascent=header.ascent, descent=header.descent)
    builder.setupNameTable(
        {
            "familyName": FAMILY,
            "styleName": "Regular" if weight == WEIGHTS[0] else "Bold",
            "psName": f"TongbanCJK-{weight}",
        }
    )
    builder.setupOS2(
        usWeightClass=weight,
        sTypoAscender=header.ascent,
        sTypoDescender=header.descent,
        usWinAscent=header.ascent,
        usWinDescent=-header.descent,
    )
    builder.setupPost()
