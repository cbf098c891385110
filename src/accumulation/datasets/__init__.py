"""Labels and files: the table of variables, datasets, their seals, the evidence."""
