"""Lints: what is legal but not what its author meant. One file per lint; the pages are in data/codes."""
