"""How sure a network is: spread and noise, conformal intervals, temperature, rows unlike those it has learned from."""
