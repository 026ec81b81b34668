"""What comes out on paper."""

import io
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont
from pypdf import PdfReader

from core.documents import fonts
from core.documents.render import qr_code, render, render_page
from tests.core.documents.conftest import RECORD

VERIFY = "https://city.example/verify/0b1e2c3d-0000-4000-8000-000000000001"
A4_POINTS = (595, 842)
SVG = (
    "data:image/svg+xml,<svg xmlns=%22http://www.w3.org/2000/svg%22 width=%225%22"
    " height=%225%22><image href=%22{url}/f.png%22/></svg>"
)


@pytest.fixture(scope="module")
def pdf() -> PdfReader:
    """The record, rendered once."""
    rendered = render(
        template="documents/record.html", context={"record": RECORD}, verify_url=VERIFY
    )
    return PdfReader(io.BytesIO(rendered.pdf))


def text_of(pdf: PdfReader) -> str:
    """All text without the line breaks that the layout adds."""
    return "".join(page.extract_text() for page in pdf.pages).replace("\n", "")


@pytest.mark.slow
class TestRecord:
    def test_says_everything_and_can_be_searched(self, pdf: PdfReader) -> None:
        text = text_of(pdf)

        for words in ("蓉江市12345热线", "蓉热线〔2026〕1号", "139****8000", "现场劝离。", VERIFY):
            assert words in text

    def test_has_rare_characters_and_takes_markup_as_text(self, pdf: PdfReader) -> None:
        text = text_of(pdf)

        assert "𬭚䶮" in text
        assert "<b>不是标签</b>" in text

    def test_embeds_every_font_and_all_are_ours(self, pdf: PdfReader) -> None:
        embedded = {}
        for page in pdf.pages:
            for font in page["/Resources"]["/Font"].values():
                descendant = font.get_object()["/DescendantFonts"][0].get_object()
                descriptor = descendant["/FontDescriptor"].get_object()
                embedded[descriptor["/FontName"]] = "/FontFile3" in descriptor

        assert embedded
        assert all(embedded.values())
        assert all("Tongban-CJK" in name for name in embedded)

    def test_is_a4_and_declares_pdf_a_3u(self, pdf: PdfReader) -> None:
        box = pdf.pages[0].mediabox

        assert (round(box.width), round(box.height)) == A4_POINTS
        metadata = pdf.xmp_metadata
        assert metadata is not None
        assert b'pdfaid:part="3"' in metadata.stream.get_data()
        assert b'pdfaid:conformance="U"' in metadata.stream.get_data()

    def test_names_itself(self, pdf: PdfReader) -> None:
        assert pdf.metadata is not None
        assert pdf.metadata.title == "诉求办理记录 蓉热线〔2026〕1号"
        assert pdf.metadata.author == "蓉江市12345热线"

    def test_numbers_its_pages(self, pdf: PdfReader) -> None:
        assert "— 1 —" in pdf.pages[0].extract_text()

    def test_knows_where_its_seal_belongs(self) -> None:
        place = render(
            template="documents/record.html", context={"record": RECORD}, verify_url=VERIFY
        ).seal_place

        assert place is not None
        assert 0 < place.x < A4_POINTS[0]
        assert 0 < place.y < A4_POINTS[1]


class TestFaces:
    def test_hold_each_character_in_both_weights(self) -> None:
        for weight, font in fonts.faces("蓉江𬭚a1").items():
            opened = TTFont(io.BytesIO(font))
            assert set(opened.getBestCmap()) == {ord(char) for char in "蓉江𬭚a1"}
            assert opened["OS/2"].usWeightClass == weight
            assert "fvar" not in opened

    def test_bold_is_bolder(self) -> None:
        regular, bold = fonts.faces("蓉江市热线").values()

        assert regular != bold

    def test_pass_over_what_no_font_has(self) -> None:
        font = TTFont(io.BytesIO(fonts.faces("蓉\U000f0000")[400]))

        assert set(font.getBestCmap()) == {ord("蓉")}


@pytest.fixture
def trap() -> Iterator[tuple[str, list[str]]]:
    """A server inside the house that nobody must be made to call."""
    seen: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            seen.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_args: object) -> None:
            """Stay quiet."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}", seen
    server.shutdown()
    thread.join()
    server.server_close()


class TestNothingIsFetched:
    @pytest.mark.parametrize(
        "markup",
        [
            '<img src="{url}/a.png">',
            '<link rel="stylesheet" href="{url}/a.css">',
            "<style>@import url({url}/b.css);</style>",
            '<p style="background: url({url}/c.png)">x</p>',
            '<link rel="attachment" href="{url}/d.txt">',
            '<object data="{url}/e.svg"></object>',
            f'<img src="{SVG}">',
        ],
    )
    def test_not_from_the_network(self, trap: tuple[str, list[str]], markup: str) -> None:
        url, seen = trap

        rendered = render_page(f"<html><body>{markup.replace('{url}', url)}</body></html>")

        assert rendered.pdf.startswith(b"%PDF-")
        assert seen == []

    @pytest.mark.parametrize(
        "markup", ['<link rel="attachment" href="{url}">', '<img src="{url}">']
    )
    def test_not_from_the_disk(self, tmp_path: Path, markup: str) -> None:
        secret = tmp_path / "secret.txt"
        secret.write_text("top secret " * 20)

        rendered = render_page(markup.replace("{url}", secret.as_uri()))

        assert PdfReader(io.BytesIO(rendered.pdf)).attachments == {}
        assert b"top secret" not in rendered.pdf


class TestQrCode:
    def test_is_a_picture_that_needs_no_fetching(self) -> None:
        assert qr_code(VERIFY).startswith("data:image/svg+xml")
