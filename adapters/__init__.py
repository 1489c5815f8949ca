"""Where the daemon touches the outside; each adapter implements one port and knows only contracts."""
