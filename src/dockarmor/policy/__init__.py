"""What a policy says once includes, variables, conditionals and aliases are resolved; feature sets and ABI."""

#: bytes of a feature set's text; real ones have 2.5 KB
MAX_FEATURES = 64 << 10
