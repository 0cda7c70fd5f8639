"""The kernel in this process: it reads the bytes a real one would, decides, and writes its records."""
