"""Forms of the pages; the domain validates, forms draw and carry."""
