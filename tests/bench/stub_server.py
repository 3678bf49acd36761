"""A tiny stand-in for KMS, SQS and EventBridge in a process of its own, so that its CPU is not ours.

Prints its port. KMS wraps nothing: what a key costs is the call, and only the first one is made.
"""

from __future__ import annotations

import json
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


def _answer(operation: str, body: dict) -> dict:
    if operation == "Encrypt":
        return {"CiphertextBlob": body["Plaintext"]}
    if operation == "Decrypt":
        return {"Plaintext": body["CiphertextBlob"]}
    if operation == "SendMessageBatch":
        return {"Successful": [{"Id": one["Id"], "MessageId": one["Id"]} for one in body["Entries"]], "Failed": []}
    return {"FailedEntryCount": 0, "Entries": [{"EventId": str(place)} for place, _ in enumerate(body["Entries"])]}


class _Stub(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    # One packet per answer: in two, the second would wait 40 ms for the first to be acknowledged.
    wbufsize = -1
    disable_nagle_algorithm = True

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        answer = json.dumps(_answer(self.headers["X-Amz-Target"].rpartition(".")[2], body)).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/x-amz-json-1.1")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Stub)
    print(server.server_port, flush=True)
    server.serve_forever()
