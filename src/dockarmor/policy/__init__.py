"""What a policy says once includes, variables, conditionals and aliases are resolved; feature sets and ABI."""
