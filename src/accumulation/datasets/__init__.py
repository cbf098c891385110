"""Labelled datasets and their files: the table of variables, labels, seals and evidence."""
