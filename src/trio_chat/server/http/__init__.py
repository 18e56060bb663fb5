"""HTTP on the chat's port: the page and its files, uploads, certificates, and WebSocket.

A connection (`connection.py`) carries several requests, one after the other. `routes.py` has the
one table of what is answered; a handler gets the request (`messages.py`) and what handlers may know
of the server (`site.py`). A request for a WebSocket (`upgrade.py`) ends HTTP on its connection.
"""
