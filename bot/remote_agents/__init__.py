"""Agents in processes of their own: where the daemon hears them, and the process that runs one."""
