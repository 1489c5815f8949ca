"""How it is put together: profiles, builder, assembly, command line."""

from typing import Final

VERSION: Final = "0.1.0"
