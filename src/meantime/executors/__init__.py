"""Four ways to run the same work, with the same verbs and the same keywords."""
