"""What a server needs: from the options of `serve` to the sessions of its users."""
