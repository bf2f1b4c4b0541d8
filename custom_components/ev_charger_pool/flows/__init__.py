"""The steps in which a user sets things up: one file for each thing."""
