"""The command line: flat verbs, one file each. No logic here, only words."""
