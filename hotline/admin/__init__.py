"""Pages of the hotline in the admin site."""

from hotline.admin import categories, consequences, records, words

__all__ = ["categories", "consequences", "records", "words"]
