"""Every feature: its declaration, its kernel, and the pipeline that keeps them current."""
