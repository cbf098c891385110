"""Around a run: its start, progress, plan and records."""
