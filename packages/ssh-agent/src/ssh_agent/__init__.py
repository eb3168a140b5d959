"""SSH agent client."""
