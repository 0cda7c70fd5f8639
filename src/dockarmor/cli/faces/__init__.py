"""Programs that dockarmor stands in for, by their names: each reads its own command line, as the original does."""
