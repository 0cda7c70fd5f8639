"""This machine's own kernel: policy through securityfs, tasks through /proc. No other program is ever called."""
