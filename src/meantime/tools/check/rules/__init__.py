"""One rule a module; each says what it looks for in `RULE`, and has its page in `pages/`."""
