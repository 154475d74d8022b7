"""What an invocation waits for and computes, what the same work costs run differently, and what that says."""
