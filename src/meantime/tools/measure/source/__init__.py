"""What a function's source says about its calls: which use what another one gave. Nothing of it is run."""
