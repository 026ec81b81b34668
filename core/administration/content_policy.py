"""The content security policy of the admin site; see config/decisions/0005."""

ADMIN_POLICY = {
    "script-src": ["'self'"],
    "style-src": ["'self'"],
    "img-src": ["'self'", "data:"],
}
"""Nothing inline and nothing evaluated: the shell of the pages is ours, not the theme's."""
