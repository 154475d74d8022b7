"""Which functions are Lambda handlers, and how they are configured."""
