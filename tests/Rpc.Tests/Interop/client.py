"""Calls a server with the gRPC of C++ and Python, and prints as JSON what came of each call.

usage: client.py TCP_PORT UNIX_SOCKET TLS_PORT ROOT_PEM
Messages are encoded by hand: field 1 of a request is a string or bytes, so no generated code is needed.
"""
import json
import sys

import grpc

UNARY = "/grpc.health.v1.Health/Check"
SERVER_STREAM = "/grpc.health.v1.Health/Watch"
CLIENT_STREAM = "/google.bytestream.ByteStream/Write"
DUPLEX = "/grpc.reflection.v1.ServerReflection/ServerReflectionInfo"
DUPLEX_ALPHA = "/grpc.reflection.v1alpha.ServerReflection/ServerReflectionInfo"
LARGE = 10 * 1024 * 1024


def varint(value):
    encoded = b""
    while value >= 0x80:
        encoded += bytes([value & 0x7F | 0x80])
        value >>= 7
    return encoded + bytes([value])


def field(number, data):
    return varint(number << 3 | 2) + varint(len(data)) + data


def name(text):
    return field(1, text.encode())


def chunk(size):
    return field(10, bytes(size))


def outcome(action):
    try:
        return {"code": "OK", "value": action()}
    except grpc.RpcError as error:
        trailers = {key: value for key, value in error.trailing_metadata() or ()}
        details = trailers.get("grpc-status-details-bin")
        return {"code": error.code().name, "message": error.details(), "details": details.hex() if details else None}


def check(channel, text, **options):
    return channel.unary_unary(UNARY)(name(text), timeout=options.pop("timeout", 60), **options)


def echo_metadata(channel):
    response, call = channel.unary_unary(UNARY).with_call(name("metadata"), metadata=(("x-meta-bin", b"\x00\xff\x07\x09"),), timeout=60)
    return {key: value.hex() for key, value in call.trailing_metadata() if key == "x-echo-bin"}


def endless():
    while True:
        yield chunk(65536)


def ping_pong(channel):
    pending = []

    def requests():
        for i in range(3):
            yield name("host%d" % i)
            while len(pending) <= i:
                yield_now.wait(0.01)

    import threading
    yield_now = threading.Event()
    for response in channel.stream_stream(DUPLEX)(requests(), timeout=60):
        pending.append(response.hex())
    return pending


def cancelled(channel):
    call = channel.unary_stream(SERVER_STREAM)(name("for ever"), timeout=60)
    next(call)
    call.cancel()
    list(call)


def reflect(channel, path):
    return [response.decode("latin-1") for response in channel.stream_stream(path)(iter([field(7, b"*")]), timeout=60)]


def main(port, socket, tls_port, root):
    unlimited = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]
    channel = grpc.insecure_channel("127.0.0.1:" + port, options=unlimited)
    results = {
        "unary": outcome(lambda: check(channel, "hello").hex()),
        "failure": outcome(lambda: check(channel, "failure").hex()),
        "many details": outcome(lambda: check(channel, "many details").hex()),
        "unknown": outcome(lambda: channel.unary_unary("/no.Service/Method")(b"", timeout=60)),
        "metadata": outcome(lambda: echo_metadata(channel)),
        "server stream": outcome(lambda: [response.hex() for response in channel.unary_stream(SERVER_STREAM)(name("three"), timeout=60)]),
        "failing stream": outcome(lambda: [response.hex() for response in channel.unary_stream(SERVER_STREAM)(name("fails"), timeout=60)]),
        "client stream": outcome(lambda: channel.stream_unary(CLIENT_STREAM)(iter([chunk(100000)] * 10), timeout=60).hex()),
        "early answer": outcome(lambda: channel.stream_unary(CLIENT_STREAM)(endless(), timeout=60, metadata=(("x-early", "1"),)).hex()),
        "early failure": outcome(lambda: channel.stream_unary(CLIENT_STREAM)(endless(), timeout=60, metadata=(("x-early", "fail"),)).hex()),
        "duplex": outcome(lambda: ping_pong(channel)),
        "deadline": outcome(lambda: check(channel, "stuck", timeout=0.2).hex()),
        "cancelled": outcome(lambda: cancelled(channel)),
        "gzip": outcome(lambda: len(check(channel, "x" * 200000, compression=grpc.Compression.Gzip))),
        "large": outcome(lambda: check(channel, "y" * LARGE).hex()),
        "thousand": outcome(lambda: sum(len(future.result()) for future in [channel.unary_unary(UNARY).future(name("hello"), timeout=60) for _ in range(1000)])),
        "reflection": outcome(lambda: reflect(channel, DUPLEX_ALPHA)),
        "unix": outcome(lambda: check(grpc.insecure_channel("unix:" + socket), "hello").hex()),
        "tls": outcome(lambda: check(grpc.secure_channel("localhost:" + tls_port, grpc.ssl_channel_credentials(open(root, "rb").read())), "hello").hex()),
    }
    print(json.dumps(results))


main(*sys.argv[1:])
