"""How it is put together: profiles, builder, assembly, command line."""
