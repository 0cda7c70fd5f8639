"""A resolved profile and a feature set to tables and a blob, and blob bytes back to what they say."""
