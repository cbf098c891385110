"""What figures share: style, units, panels, maps."""
