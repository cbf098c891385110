"""Parts shared by figures: style, units, names, panels, maps and sections."""
