"""The playground: the reader chooses data and network; the library trains it, and the page shows the progress."""
