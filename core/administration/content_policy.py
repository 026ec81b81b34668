"""The content security policy of the admin site; see config/decisions/0005."""

ADMIN_POLICY = {
    "script-src": ["'self'", "'unsafe-eval'"],
    "style-src": ["'self'"],
}
"""Alpine evaluates the theme's attribute expressions; nothing inline runs, nothing comes from afar."""
