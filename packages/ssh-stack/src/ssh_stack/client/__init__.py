"""What a client needs: from the options of `connect` to the open connection."""
