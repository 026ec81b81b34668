"""Static files with the digest in the name, also inside the imports of our own ES modules."""

from whitenoise.storage import CompressedManifestStaticFilesStorage as WhiteNoiseStorage

_MODULE_IMPORTS = WhiteNoiseStorage._js_module_import_aggregation_patterns[1]  # noqa: SLF001  Django keeps them apart for opt-in


class ModuleStaticFilesStorage(WhiteNoiseStorage):  # type: ignore[misc]  whitenoise ships no types
    """WhiteNoise's storage that rewrites imports in our modules only.

    Packages ship scripts whose imports are not files of theirs; rewriting all of them fails.
    """

    patterns = (
        *WhiteNoiseStorage.patterns,
        ("core/js/*.js", _MODULE_IMPORTS),
        ("hotline/*.js", _MODULE_IMPORTS),
    )
