"""Random requests for an ASGI application in this process, and what must be true of every answer.

How it works: a *target* (`targets`) makes a *case* (`cases`) from a seed, half by the grammar of what it is about, half
by mutation of that; `exchange` gives the case to the application within a budget of steps and time; `properties` says
what is wrong with the answer; `shrinking` makes a failing case small; `campaign` does all that until its time is over,
and watches memory. A case depends on nothing but seed, target and number, so naming these repeats it.
"""
