"""What `prediction` stands on: the CPU quota, the work that a recording shows, and what it costs side by side."""
