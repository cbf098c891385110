"""Start, progress, plan and records of a run."""
