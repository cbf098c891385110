"""Symmetries of a system, and the responses that they allow."""
