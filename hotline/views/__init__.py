"""HTTP edges for people."""
