"""Questions about a policy, answered from its compiled tables, with the reason."""
