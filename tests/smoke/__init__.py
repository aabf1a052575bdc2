"""`make smoke`: all of it once, end to end, with the programs that `make install` leaves and nothing else.

Lives here: an installation of its own with a simulated market, and the story that it is taken through.
May not live here: anything that pytest is needed for; what is looked at closely has its tests in the other folders.
"""
