"""Sealing a PDF so that a changed byte is seen.

``SealProvider`` is the protocol that a city's own provider of electronic seals implements. The
built-in one signs PAdES-B-B with a P-256 key that is made once per installation and certified by
nobody: it says 测试章 wherever it shows.
"""

import io
import os
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.template.loader import render_to_string

from core.documents import fonts
from core.documents.render import FONT_SCHEME, Place, render_page

LABEL = "测试章"
FIELD = "Seal"
VALID = timedelta(days=3650)
SEAL_POINTS = 119  # 42 mm, the usual diameter of an organ's seal


class SealProvider(Protocol):
    """Puts a seal on a PDF."""

    def seal(self, *, pdf: bytes, place: Place | None, reason: str) -> bytes:
        """Return the sealed PDF; without a place the seal is there but cannot be seen."""
        ...


@dataclass(frozen=True, slots=True)
class SealCheck:
    """What a look at a sealed PDF found."""

    intact: bool
    whole: bool
    trusted: bool
    label: str

    @property
    def ok(self) -> bool:
        """Tell whether this is our document, unchanged and complete."""
        return self.intact and self.whole and self.trusted


class PyHankoSealProvider:
    """Signs with this installation's test key."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory

    def seal(self, *, pdf: bytes, place: Place | None, reason: str) -> bytes:
        """Append a PAdES-B-B signature, with the visible stamp at its place."""
        from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
        from pyhanko.sign import fields, signers

        metadata = signers.PdfSignatureMetadata(
            field_name=FIELD,
            name=LABEL,
            reason=f"{LABEL}：{reason}",
            location=settings.CITY_NAME,
            subfilter=fields.SigSeedSubFilter.PADES,
            md_algorithm="sha256",
        )
        with tempfile.NamedTemporaryFile(suffix=".pdf") as stamp:
            stamp.write(_stamp())
            stamp.flush()
            signer = signers.PdfSigner(
                metadata,
                self._signer(),
                stamp_style=_stamp_style(stamp.name),
                new_field_spec=_field(place),
            )
            sealed = signer.sign_pdf(IncrementalPdfFileWriter(io.BytesIO(pdf)))
        return bytes(sealed.getvalue())

    def check(self, pdf: bytes) -> SealCheck:
        """Look at the seal of a PDF; one without a readable seal is not intact."""
        from pyhanko.keys import load_cert_from_pemder
        from pyhanko.pdf_utils.misc import PdfError
        from pyhanko.pdf_utils.reader import PdfFileReader
        from pyhanko.sign.validation import validate_pdf_signature
        from pyhanko.sign.validation.errors import SignatureValidationError
        from pyhanko_certvalidator import ValidationContext

        _key_path, certificate_path = self._ensure_key()
        trust = ValidationContext(
            trust_roots=[load_cert_from_pemder(str(certificate_path))], allow_fetching=False
        )
        try:
            (signature,) = PdfFileReader(io.BytesIO(pdf)).embedded_signatures
            status = validate_pdf_signature(signature, signer_validation_context=trust)
        except (PdfError, SignatureValidationError, ValueError, KeyError, TypeError):
            return SealCheck(intact=False, whole=False, trusted=False, label="")
        return SealCheck(
            intact=bool(status.intact and status.valid),
            whole=status.coverage is not None and status.coverage.name == "ENTIRE_FILE",
            trusted=bool(status.trusted),
            label=str(signature.sig_object.get("/Name", "")),
        )

    def _signer(self) -> Any:
        from pyhanko.sign import signers

        key_path, certificate_path = self._ensure_key()
        return signers.SimpleSigner.load(str(key_path), str(certificate_path))

    def _ensure_key(self) -> tuple[Path, Path]:
        """Return the paths of key and certificate, made by whoever comes first."""
        made = self.directory / "seal"
        if not made.is_dir():
            self.directory.mkdir(parents=True, exist_ok=True)
            fresh = Path(tempfile.mkdtemp(prefix=".seal-", dir=self.directory))
            _make_key(fresh)
            try:
                fresh.rename(made)
            except OSError:  # another process was first: its key counts
                for file in fresh.iterdir():
                    file.unlink()
                fresh.rmdir()
        return made / "key.pem", made / "certificate.pem"


def provider() -> PyHankoSealProvider:
    """Return the provider of this installation."""
    return PyHankoSealProvider(Path(settings.DATA_DIR))


def _make_key(directory: Path) -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    pem = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    descriptor = os.open(directory / "key.pem", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(pem)
    certificate = _certify(key).public_bytes(serialization.Encoding.PEM)
    (directory / "certificate.pem").write_bytes(certificate)


def _certify(key: ec.EllipticCurvePrivateKey) -> x509.Certificate:
    name = x509.Name(
        [
            x509.NameAttribute(NameOID.COUNTRY_NAME, "CN"),
            x509.NameAttribute(NameOID.ORGANIZATION_NAME, settings.CITY_NAME),
            x509.NameAttribute(NameOID.COMMON_NAME, f"{LABEL}（不具有法律效力）"),
        ]
    )
    now = datetime.now(tz=UTC)
    usage = x509.KeyUsage(
        digital_signature=True,
        content_commitment=True,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
    builder = x509.CertificateBuilder(
        issuer_name=name,
        subject_name=name,
        public_key=key.public_key(),
        serial_number=x509.random_serial_number(),
        not_valid_before=now - timedelta(minutes=5),
        not_valid_after=now + VALID,
    )
    return builder.add_extension(usage, critical=True).sign(key, hashes.SHA256())


@lru_cache(maxsize=1)
def _stamp() -> bytes:
    """Draw the visible stamp once per process."""
    page = render_to_string(
        "documents/seal.html",
        {
            "label": LABEL,
            "city_name": settings.CITY_NAME,
            "font_family": fonts.FAMILY,
            "font_faces": [(weight, f"{FONT_SCHEME}{weight}") for weight in fonts.WEIGHTS],
        },
    )
    return render_page(page).pdf


def _stamp_style(path: str) -> Any:
    from pyhanko.stamp import StaticStampStyle

    return StaticStampStyle.from_pdf_file(path, border_width=0)


def _field(place: Place | None) -> Any:
    from pyhanko.sign import fields

    if place is None:
        return fields.SigFieldSpec(FIELD)
    half = SEAL_POINTS / 2
    left, bottom = round(place.x - half), round(place.y - half)
    box = (left, bottom, left + SEAL_POINTS, bottom + SEAL_POINTS)
    return fields.SigFieldSpec(FIELD, on_page=place.page, box=box)
