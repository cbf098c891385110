"""The page that shows a study."""
