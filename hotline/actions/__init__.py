"""Writes of the hotline, by the step of the closed loop that they belong to."""
