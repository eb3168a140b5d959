"""What a side serves: a file for each service, with its rows of the registry."""
