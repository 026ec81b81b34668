"""A changed byte is seen."""

import io
import stat
from pathlib import Path

import pytest
from pypdf import PdfReader

from core.documents import seals
from core.documents.render import Place, render_page
from core.documents.seals import LABEL, PyHankoSealProvider

pytestmark = pytest.mark.slow
PLACE = Place(page=0, x=300, y=400)


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> PyHankoSealProvider:
    """One installation."""
    return PyHankoSealProvider(tmp_path_factory.mktemp("installation"))


@pytest.fixture(scope="module")
def plain() -> bytes:
    """A document without a seal."""
    return render_page("<p style='font-family: Tongban CJK'>蓉江市</p>").pdf


@pytest.fixture(scope="module")
def sealed(provider: PyHankoSealProvider, plain: bytes) -> bytes:
    """The same with the seal."""
    return provider.seal(pdf=plain, place=PLACE, reason="办理记录")


class TestSeal:
    def test_is_intact_covers_everything_and_is_ours(
        self, provider: PyHankoSealProvider, sealed: bytes
    ) -> None:
        found = provider.check(sealed)

        assert found.ok
        assert found.label == LABEL

    def test_is_pades_with_a_p256_key(self, sealed: bytes) -> None:
        signature = PdfReader(io.BytesIO(sealed)).get_fields()["Seal"]["/V"].get_object()

        assert signature["/SubFilter"] == "/ETSI.CAdES.detached"
        assert signature["/Reason"].startswith(LABEL)
        assert signature["/Name"] == LABEL

    def test_shows_that_it_is_a_test_seal(self, sealed: bytes) -> None:
        annotation = PdfReader(io.BytesIO(sealed)).pages[0]["/Annots"][0].get_object()
        left, bottom, right, top = (float(edge) for edge in annotation["/Rect"])

        assert ((left + right) / 2, (bottom + top) / 2) == pytest.approx((300, 400), abs=1)
        assert LABEL in PdfReader(io.BytesIO(seals._stamp())).pages[0].extract_text()
        assert "不具有法律效力" in PdfReader(io.BytesIO(seals._stamp())).pages[0].extract_text()

    def test_stands_unseen_where_a_template_has_no_place(
        self, provider: PyHankoSealProvider, plain: bytes
    ) -> None:
        assert provider.check(provider.seal(pdf=plain, place=None, reason="x")).ok


class TestTampering:
    @pytest.mark.parametrize("share", [0.05, 0.3, 0.6])
    def test_one_changed_byte_is_found(
        self, provider: PyHankoSealProvider, plain: bytes, sealed: bytes, share: float
    ) -> None:
        changed = bytearray(sealed)
        changed[int(len(plain) * share)] ^= 1

        assert not provider.check(bytes(changed)).ok

    def test_something_added_behind_is_found(
        self, provider: PyHankoSealProvider, sealed: bytes
    ) -> None:
        assert not provider.check(sealed + b"\n% more\n").ok

    def test_a_document_without_a_seal_is_not_ours(
        self, provider: PyHankoSealProvider, plain: bytes
    ) -> None:
        assert not provider.check(plain).ok

    @pytest.mark.parametrize("junk", [b"", b"%PDF-1.7", b"not a pdf at all"])
    def test_junk_is_not_ours(self, provider: PyHankoSealProvider, junk: bytes) -> None:
        assert not provider.check(junk).ok

    def test_the_seal_of_another_installation_is_not_ours(
        self, tmp_path: Path, sealed: bytes
    ) -> None:
        found = PyHankoSealProvider(tmp_path).check(sealed)

        assert found.intact
        assert not found.trusted


class TestKey:
    def test_is_made_once_and_readable_by_its_owner_alone(self, tmp_path: Path) -> None:
        first = PyHankoSealProvider(tmp_path)._ensure_key()
        before = first[0].read_bytes()

        second = PyHankoSealProvider(tmp_path)._ensure_key()

        assert second[0].read_bytes() == before
        assert stat.S_IMODE(first[0].stat().st_mode) == 0o600

    def test_the_first_of_two_processes_counts(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        original = seals._make_key

        def overtaken(directory: Path) -> None:
            monkeypatch.setattr(seals, "_make_key", original)
            PyHankoSealProvider(tmp_path)._ensure_key()
            original(directory)

        monkeypatch.setattr(seals, "_make_key", overtaken)
        winner = PyHankoSealProvider(tmp_path)._ensure_key()[0].read_bytes()

        assert PyHankoSealProvider(tmp_path)._ensure_key()[0].read_bytes() == winner
        assert [path.name for path in tmp_path.iterdir()] == ["seal"]
