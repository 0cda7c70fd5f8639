"""One file per rule kind: its grammar, meaning, encoding, decision, and its way back from an audit event.

A kind is a `Kind` value (kind.py) at the end of its file; `ALL` (registry.py) lists them. A new kind is one
new file and one line there.
"""
