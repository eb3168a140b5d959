"""SSH user authentication, both roles, without I/O."""
