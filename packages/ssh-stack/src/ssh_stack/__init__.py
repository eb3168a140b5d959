"""SSH for Python: client, server and SFTP, asyncio and blocking."""
