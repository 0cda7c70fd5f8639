"""Sources, spans and diagnostics: where a thing stands, and what is said about it.

Text is kept as latin-1 `str`: one character is one byte of the file, so offsets are byte offsets, any byte
string can be held, and nothing is lost on the way back. Only drawing decodes it for people.
"""
