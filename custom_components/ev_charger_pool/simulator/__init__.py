"""A simulated site: cars, stations, supplies, a house with its sun, battery and meters.

Everything is drawn from one seed. Time is an argument of all physics, so that the same site runs
in real time behind real protocols or at many times that in a closed loop.
"""
