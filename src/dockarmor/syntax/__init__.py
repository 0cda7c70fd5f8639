"""The lossless tree: cursor, profile structure, printer. Which rule kinds exist is handed to it."""
