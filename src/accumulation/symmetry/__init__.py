"""Symmetries of a system and what they allow."""
