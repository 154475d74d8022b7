"""`meantime check`: the mistakes that only show on Lambda, found in the source before it ships."""
