"""Decisions of the hotline on plain values: no rows, no clock, no settings."""
