"""HTTP edge for machines: the hotline part of /api/v1/."""
