"""The command line: the terminal only. What it says and how it looks, never how things work."""
