"""This machine: its users, processes and shells, and who is asked."""
