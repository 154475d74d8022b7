"""The report: one model of what a run gave, shown as tables in the terminal and as a self-contained page."""
