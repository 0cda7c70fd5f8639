"""The kernel in this process: it reads the same bytes that a real one would, decides, and writes its records."""
