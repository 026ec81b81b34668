"""Static files with the digest in the name, also inside the imports of our own ES modules."""

from collections.abc import Iterable, Iterator

from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage as WhiteNoiseStorage

_MODULE_IMPORTS = WhiteNoiseStorage._js_module_import_aggregation_patterns[1]  # noqa: SLF001  Django keeps them apart for opt-in
NOT_COMPRESSED = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")
"""Source maps are half of all bytes and only a developer's tools ask for them."""


class ModuleStaticFilesStorage(WhiteNoiseStorage):  # type: ignore[misc]  # whitenoise ships no types
    """WhiteNoise's storage that rewrites imports in our modules only.

    Packages ship scripts whose imports are not files of theirs; rewriting all of them fails.
    It compresses by gzip, and only the files that pages ask for: those with a digest in the name.
    Brotli would take the better part of a minute at the first start; a city that wants it lets
    its reverse proxy do it.
    """

    patterns = (
        *WhiteNoiseStorage.patterns,
        ("core/js/*.js", _MODULE_IMPORTS),
        ("hotline/*.js", _MODULE_IMPORTS),
    )

    def create_compressor(self, **_options: object) -> Compressor:
        """Return what compresses one file."""
        return Compressor(extensions=NOT_COMPRESSED, use_brotli=False, quiet=True)

    def compress_files(self, paths: Iterable[str]) -> Iterator[tuple[str, str]]:
        """Compress the files with a digest in their name."""
        served = set(self.hashed_files.values())
        yield from super().compress_files(path for path in paths if path in served)
