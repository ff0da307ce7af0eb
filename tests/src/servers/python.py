"""Servers that make different things of a path.

Each answers `guarded` or `open`, and the place that it served: guarded are /admin and what is below it. The ports stand
on the first line of the output, in the order of SERVERS.
"""

import http.server
import json
import posixpath
import threading
import urllib.parse
import wsgiref.simple_server


def answer(place):
    guarded = place == b"/admin" or place.startswith(b"/admin/")
    return (b"guarded " if guarded else b"open ") + place


class Quiet:
    def log_message(self, *_):
        pass


class WsgiHandler(Quiet, wsgiref.simple_server.WSGIRequestHandler):
    pass


class ThreadingWsgi(http.server.ThreadingHTTPServer, wsgiref.simple_server.WSGIServer):
    pass


def application(environ, start_response):
    start_response("200 OK", [("content-type", "text/plain")])
    return [answer(environ["PATH_INFO"].encode("iso-8859-1"))]


def wsgi():
    server = ThreadingWsgi(("127.0.0.1", 0), WsgiHandler)
    server.set_app(application)
    return server


def serving(place):
    """A server that serves the place that `place` makes of a path without query."""

    class Handler(Quiet, http.server.SimpleHTTPRequestHandler):
        def do_GET(self):
            body = answer(place(self, self.path.partition("?")[0]))
            self.send_response(200)
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def __init__(self, *args):
            super().__init__(*args, directory="/")

    return http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)


def files(handler, path):
    return handler.translate_path(path).replace("//", "/").encode()


def twice(_, path):
    once = urllib.parse.unquote_to_bytes(path)
    return posixpath.normpath(urllib.parse.unquote_to_bytes(once))


def without_params(_, path):
    names = [segment.partition(";")[0] for segment in path.split("/")]
    return posixpath.normpath(urllib.parse.unquote_to_bytes("/".join(names)))


SERVERS = [wsgi(), serving(files), serving(twice), serving(without_params)]

for server in SERVERS:
    threading.Thread(target=server.serve_forever).start()
print(json.dumps([server.server_port for server in SERVERS]), flush=True)
