"""The RSGI entry: how an application is served by granian without ASGI in between.

RSGI 1.x gives a request as an object and takes a whole response in one call, where ASGI has dicts and two messages.

* `entry.py`: `RSGIEntry`, which a server calls. Plain endpoints without middleware are answered directly; everything
  else goes through the ASGI core, with the same routes, plans, middleware and errors: no behaviour exists twice.
* `exchange.py`: one HTTP request as ASGI has it. `socket.py`: one WebSocket. `scopes.py`: their scopes.
* `hawkapi/lifespan/_driven.py`: start-up and shutdown, which RSGI asks for in two plain calls per worker.

What RSGI cannot express is lost on the way, whatever the application: see "RSGI" in docs/guide/deployment.md.

COMPAT: a panic of granian 2.7.9 ends its worker, and a status that is none is enough for one. Nothing here passes such
a status on, and every WebSocket is answered before its handler's end.

`response_file` and `response_file_range` are not used: they take a name. `FileResponse` decides status, length and
entity tag about an open file and promises that exactly its bytes follow, whatever happens to the name meanwhile.
"""
