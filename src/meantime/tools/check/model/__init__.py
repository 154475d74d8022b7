"""What the source says: names, what they hold, who calls whom, and where it runs. Nothing of it is run."""
