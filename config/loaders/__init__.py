"""What a city has on its first day, put into the database once and never overwritten.

Every loader adds only the rows that are missing, so the second run changes nothing and whatever
the city edited meanwhile stays as it is.
"""
