"""The asyncio endpoints: sockets, tasks and clocks around the connection protocol."""
