# A tool for tests that can be a persistent process (Bazel's worker protocol, by hand), or run once. It says which of its starts did the work.
# What it is told, one word each: exit N | copy FROM TO | list | spoil FILE | die | rubbish | hang | link TARGET PATH
import json, os, shutil, sys, time

START = os.urandom(6).hex()
served = 0


def do(words):
    verb, rest = words[0], words[1:]
    if verb == "exit":
        return int(rest[0]), ""
    if verb == "copy":
        os.makedirs(os.path.dirname(rest[1]) or ".", exist_ok=True)
        shutil.copyfile(rest[0], rest[1])
    elif verb == "list":
        return 0, " ".join(sorted(os.path.relpath(os.path.join(d, f), ".") for d, _, fs in os.walk(".") for f in fs))
    elif verb == "spoil":
        try:
            open(rest[0], "a").write("spoilt")
            return 0, "written"
        except OSError as error:
            os.unlink(rest[0])
            open(rest[0], "w").write("replaced")
            return 0, error.strerror
    elif verb == "link":
        os.symlink(rest[0], rest[1])
    elif verb == "die":
        os._exit(7)
    elif verb == "hang":
        time.sleep(1000)
    elif verb == "rubbish":
        sys.stdout.buffer.write(b"\xff" * 64)
        sys.stdout.buffer.flush()
        time.sleep(1000)
    return 0, ""


def read_varint(data, at):
    value = shift = 0
    while True:
        value |= (data[at] & 127) << shift
        shift, at = shift + 7, at + 1
        if data[at - 1] < 128:
            return value, at


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def requests():
    source = sys.stdin.buffer
    while "--json" in sys.argv:
        line = source.readline()
        if not line:
            return
        message = json.loads(line)
        yield message["arguments"], [item["path"] for item in message["inputs"]]
    while True:
        size = shift = 0
        while True:
            byte = source.read(1)
            if not byte:
                return
            size |= (byte[0] & 127) << shift
            shift += 7
            if byte[0] < 128:
                break
        data, at, arguments, inputs = source.read(size), 0, [], []
        while at < len(data):
            tag, at = read_varint(data, at)
            length, at = read_varint(data, at)
            if tag == 10:
                arguments.append(data[at:at + length].decode())
            elif tag == 18:
                name, start = read_varint(data, at + 1)
                inputs.append(data[start:start + name].decode())
            at += length if tag & 7 == 2 else 0
        yield arguments, inputs


if "--persistent_worker" in sys.argv and "--unable" not in sys.argv:
    print("ready", file=sys.stderr)
    for arguments, inputs in requests():
        served += 1
        code, said = do(arguments)
        text = f"start {START} request {served} inputs {','.join(sorted(inputs))}: {said}"
        if "--json" in sys.argv:
            sys.stdout.write(json.dumps({"exitCode": code, "output": text}) + "\n")
        else:
            body = (b"\x08" + varint(code) if code else b"") + b"\x12" + varint(len(text)) + text.encode()
            sys.stdout.buffer.write(varint(len(body)) + body)
        sys.stdout.flush()
elif "--persistent_worker" in sys.argv:
    sys.exit("no such flag: --persistent_worker")
else:
    words = [line.rstrip("\n") for argument in sys.argv[1:] if argument.startswith("@") for line in open(argument[1:])]
    if words[0] in ("die", "rubbish"):
        words = ["exit", "0"]
    code, said = do(words)
    print(f"run once: {said}", file=sys.stderr)
    sys.exit(code)
