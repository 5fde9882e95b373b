"""Tables larger than memory on one machine: surveyed in one pass, dealt into blocks on disk, and trained on a block at a time."""
