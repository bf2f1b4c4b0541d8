"""DC power supplies: the contract that every driver keeps, and the drivers."""
