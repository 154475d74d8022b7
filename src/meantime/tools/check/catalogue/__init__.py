"""What is known of libraries: which of their calls block or compute, what makes a client, with which defaults."""
