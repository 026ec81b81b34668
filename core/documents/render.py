"""From a template to a PDF: A4, our own face, nothing fetched from anywhere.

WeasyPrint is imported when a document is made, so that web processes never load it.
"""

import html
import re
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

import segno
from django.conf import settings
from django.template.loader import render_to_string

from core.documents import fonts

VARIANT = "pdf/a-3u"
FONT_SCHEME = "tongban-font:"
POINTS_PER_PIXEL = 0.75
SEAL_ANCHOR = "seal"
_PLAIN_DATA = re.compile(r"data:image/(png|jpeg|svg\+xml)[;,]", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Place:
    """Where something goes: page from 0, centre in points from the lower left corner."""

    page: int
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Rendered:
    """A PDF without a seal, and where its seal belongs (None: the template has no place)."""

    pdf: bytes
    seal_place: Place | None


def render(*, template: str, context: Mapping[str, object], verify_url: str) -> Rendered:
    """Return the document. ``verify_url`` stands in the foot as a QR code and in words."""
    page = render_to_string(
        template,
        {
            **context,
            "city_name": settings.CITY_NAME,
            "verify_url": verify_url,
            "verify_qr": qr_code(verify_url),
            "font_family": fonts.FAMILY,
            "font_faces": [(weight, f"{FONT_SCHEME}{weight}") for weight in fonts.WEIGHTS],
        },
    )
    return render_page(page)


def render_page(page: str) -> Rendered:
    """Return the PDF of an HTML page that uses the face of ``fonts``."""
    from weasyprint import HTML

    document = HTML(string=page, base_url=None, url_fetcher=_fetcher(page)).render()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # WeasyPrint leaves its profile open
        pdf = cast("bytes", document.write_pdf(pdf_variant=VARIANT))
    return Rendered(pdf=pdf, seal_place=_seal_place(document))


def qr_code(text: str) -> str:
    """Return a QR code as an SVG data address."""
    return segno.make(text, error="m").svg_data_uri(scale=4, border=1)


def _fetcher(page: str) -> Any:
    from weasyprint.urls import URLFetcher, URLFetcherResponse

    faces = fonts.faces(html.unescape(page))

    class OurOwnOnly(URLFetcher):  # type: ignore[misc]  # WeasyPrint has no types
        """Gives out our fonts and data written in the page; everything else is refused.

        No file and no network: a citizen's text in a document can reach neither.
        """

        def fetch(self, url: str, headers: Any = None) -> Any:
            if url.startswith(FONT_SCHEME):
                body = faces[int(url.removeprefix(FONT_SCHEME))]
                return URLFetcherResponse(url, body, {"Content-Type": "font/otf"})
            if _PLAIN_DATA.match(url):
                return super().fetch(url, headers)
            raise ValueError("documents fetch nothing from outside")

    return OurOwnOnly(allowed_protocols=("data",))


def _seal_place(document: Any) -> Place | None:
    for number, page in enumerate(document.pages):
        if SEAL_ANCHOR in page.anchors:
            x, y = page.anchors[SEAL_ANCHOR][:2]
            height = page.height
            return Place(number, x * POINTS_PER_PIXEL, (height - y) * POINTS_PER_PIXEL)
    return None
