"""Identifiers that carry a check of their own: phones, resident IDs, USCCs, licence identifiers."""
