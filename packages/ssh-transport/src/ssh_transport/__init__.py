"""The SSH transport protocol as a state machine, both roles."""
