"""The report page of a study: one HTML file with its figures, parameters and run times."""
