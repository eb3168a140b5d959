"""SFTP client and server over any byte stream."""
