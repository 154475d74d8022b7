"""Side tools: they stay on your machine and never ship to Lambda."""
