"""The playground: the reader's choice of data and network, trained by the library itself while the page looks on."""
