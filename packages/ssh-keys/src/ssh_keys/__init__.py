"""SSH keys, signatures, key files and trust files."""
