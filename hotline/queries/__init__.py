"""Reads of the hotline; rights are inside every query."""
