"""SSH channels, processes and forwarding; the asyncio endpoint."""
