"""The protocol side of the bench: messages from the .proto files (no generated Python), stubs, the blobs that every target
gets, and the check that they come back byte for byte. Needs python3-grpcio, python3-protobuf and protoc."""
import hashlib, mmap, os, random, struct, subprocess, sys, uuid
import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

FILES = ['build/bazel/remote/execution/v2/remote_execution.proto', 'build/bazel/semver/semver.proto',
         'google/longrunning/operations.proto', 'google/rpc/status.proto', 'google/bytestream/bytestream.proto']
V2, BS = 'build.bazel.remote.execution.v2.', 'google.bytestream.'
CALLS = {'caps': V2 + 'Capabilities/GetCapabilities', 'gar': V2 + 'ActionCache/GetActionResult', 'uar': V2 + 'ActionCache/UpdateActionResult',
         'fmb': V2 + 'ContentAddressableStorage/FindMissingBlobs', 'bread': V2 + 'ContentAddressableStorage/BatchReadBlobs',
         'bupdate': V2 + 'ContentAddressableStorage/BatchUpdateBlobs', 'read': BS + 'ByteStream/Read', 'write': BS + 'ByteStream/Write'}
SIZES = {'1k': 1 << 10, '64k': 1 << 16, '1m': 1 << 20, '16m': 1 << 24, '256m': 1 << 28}
BASE = SIZES['256m']                    # bytes of incompressible data that all blobs share
SMALL, ABSENT, ACTIONS = 9000, 1000, 2000   # 1 KiB blobs that are uploaded, digests that never are, action cache entries
M = {}                                  # short message name -> class


def protos(work, d):
    """Compiles the .proto files in d; loads the messages into M."""
    out = os.path.join(work, 'set.fds')
    subprocess.run(['protoc', '-I', d, '--include_imports', '--descriptor_set_out', out, *FILES], check=True)
    pool, files = descriptor_pool.DescriptorPool(), descriptor_pb2.FileDescriptorSet.FromString(open(out, 'rb').read())
    for f in files.file: pool.Add(f)
    cls = getattr(message_factory, 'GetMessageClass', None) or message_factory.MessageFactory(pool).GetPrototype
    for f in files.file:
        if f.package + '.' in (V2, BS):
            for m in f.message_type: M[m.name] = cls(pool.FindMessageTypeByName(f.package + '.' + m.name))


# ---------------------------------------------------------------- blobs: base[0, size-32) + seed (24 bytes) + index (u64)
def make_base(path):
    if not os.path.exists(path):
        with open(path + '.new', 'wb') as f:
            r = random.Random(20)
            for _ in range(BASE >> 24): f.write(r.randbytes(1 << 24))
        os.rename(path + '.new', path)
    f = open(path, 'rb')
    return mmap.mmap(f.fileno(), 0, access=mmap.ACCESS_READ)


def seed(name): return hashlib.sha256(name.encode()).digest()[:24]


def blob(base, sd, i, size): return base[:size - 32] + sd + struct.pack('<Q', i)


def digest(b): return M['Digest'](hash=hashlib.sha256(b).hexdigest(), size_bytes=len(b))


class Blobs:
    """What every target holds: one blob per size, SMALL of 1 KiB, and ACTIONS entries whose ActionResult names some of those."""
    def __init__(s, base):
        s.sized = {n: blob(base, seed('sized'), k, z) for k, (n, z) in enumerate(SIZES.items())}
        s.sized_digest = {n: digest(b) for n, b in s.sized.items()}
        s.small = [blob(base, seed('small'), i, 1024) for i in range(SMALL)]
        s.small_digest = [digest(b) for b in s.small]
        s.absent = [digest(blob(base, seed('absent'), i, 1024)) for i in range(ABSENT)]
        s.extra, s.result = [], M['ActionResult']()
        out = s.small[:10]
        for i in range(4):
            f = s.result.output_files.add(path='bazel-out/k8-fastbuild/bin/some/package/_objs/library/file%d.pic.o' % i, is_executable=i == 0)
            f.digest.CopyFrom(digest(out[i]))
        s.result.stdout_digest.CopyFrom(digest(out[4]))
        t = M['Tree']()
        for i in range(5, 8): t.root.files.add(name='f%d' % i).digest.CopyFrom(digest(out[i]))
        s.result.output_directories.add(path='bazel-out/k8-fastbuild/bin/some/package/tree').tree_digest.CopyFrom(s.put(t.SerializeToString()))
        m = s.result.execution_metadata
        m.worker = 'worker-17'
        for k in ('queued', 'worker_start', 'worker_completed'): getattr(m, k + '_timestamp').seconds = 1700000000
        c = s.put(M['Command'](arguments=['cc', '-c', 'file.c'], output_paths=[f.path for f in s.result.output_files]).SerializeToString())
        root = s.put(M['Directory']().SerializeToString())
        s.actions = [s.put(M['Action'](command_digest=c, input_root_digest=root, salt=b'%d' % i).SerializeToString()) for i in range(ACTIONS)]

    def put(s, b):
        s.extra.append(b)
        return digest(b)

    def find(s, n):
        """Digests of one FindMissingBlobs call: of n >= 10 one in ten is absent. -> (digests, the absent ones)"""
        a = s.absent[:n // 10]
        return [a[i // 10] if i % 10 == 9 else s.small_digest[i - i // 10] for i in range(n)], a


# ---------------------------------------------------------------- client
class Client:
    def __init__(s, addr, instance=''):
        s.instance, s.prefix = instance, instance + '/' if instance else ''
        s.ch = grpc.insecure_channel(addr, options=[('grpc.max_receive_message_length', -1), ('grpc.max_send_message_length', -1)])
        raw = dict(request_serializer=lambda m: m.SerializeToString())
        kind = {'read': s.ch.unary_stream, 'write': s.ch.stream_unary}
        reply = {'caps': 'ServerCapabilities', 'gar': 'ActionResult', 'uar': 'ActionResult', 'fmb': 'FindMissingBlobsResponse',
                 'bread': 'BatchReadBlobsResponse', 'bupdate': 'BatchUpdateBlobsResponse', 'read': 'ReadResponse', 'write': 'WriteResponse'}
        s.call = {k: kind.get(k, s.ch.unary_unary)('/' + p, response_deserializer=M[reply[k]].FromString, **raw) for k, p in CALLS.items()}

    def close(s): s.ch.close()
    def caps(s, timeout=5): return s.call['caps'](M['GetCapabilitiesRequest'](instance_name=s.instance), timeout=timeout)
    # request messages
    def q_gar(s, d): return M['GetActionResultRequest'](instance_name=s.instance, action_digest=d)
    def q_find(s, ds): return M['FindMissingBlobsRequest'](instance_name=s.instance, blob_digests=ds)
    def q_bread(s, ds): return M['BatchReadBlobsRequest'](instance_name=s.instance, digests=ds)
    def q_read(s, d): return M['ReadRequest'](resource_name='%sblobs/%s/%d' % (s.prefix, d.hash, d.size_bytes))

    def missing(s, ds): return list(s.call['fmb'](s.q_find(ds), timeout=120).missing_blob_digests)
    def equals(s, d, want):
        at = 0
        for r in s.call['read'](s.q_read(d), timeout=300):
            if r.data != want[at:at + len(r.data)]: return False
            at += len(r.data)
        return at == len(want)

    def batch(s, bs):
        q = M['BatchUpdateBlobsRequest'](instance_name=s.instance)
        for b in bs: q.requests.add(digest=digest(b), data=b)
        for r in s.call['bupdate'](q, timeout=120).responses:
            if r.status.code: raise RuntimeError('BatchUpdateBlobs: %d %s' % (r.status.code, r.status.message))

    def write(s, b, d):
        def parts():
            name = '%suploads/%s/blobs/%s/%d' % (s.prefix, uuid.uuid4(), d.hash, d.size_bytes)
            for o in range(0, max(len(b), 1), 1 << 18):
                yield M['WriteRequest'](resource_name=name if o == 0 else '', write_offset=o, finish_write=o + (1 << 18) >= len(b), data=b[o:o + (1 << 18)])
        n = s.call['write'](parts(), timeout=300).committed_size
        if n != len(b): raise RuntimeError('Write: committed_size %d of %d' % (n, len(b)))

    def upload(s, x, sizes):
        """Puts all of Blobs x on the target (sized blobs: only the named ones)."""
        for n in sizes: s.write(x.sized[n], x.sized_digest[n])
        for i in range(0, SMALL, 500): s.batch(x.small[i:i + 500])
        for i in range(0, len(x.extra), 500): s.batch(x.extra[i:i + 500])
        for d in x.actions: s.call['uar'](M['UpdateActionResultRequest'](instance_name=s.instance, action_digest=d, action_result=x.result), timeout=60)

    def check(s, x, sizes):
        """Reads everything back and compares. -> reply sizes in bytes, for the h2load runs to be held against."""
        def same(what, got, want):
            if got != want: raise RuntimeError('WRONG: %s differs from what was uploaded' % what)
        for n in sizes: same('Read ' + n, s.equals(x.sized_digest[n], x.sized[n]), True)
        for i in range(0, SMALL, 1000):
            for r, b in zip(s.call['bread'](s.q_bread(x.small_digest[i:i + 1000]), timeout=120).responses, x.small[i:i + 1000]): same('BatchRead', r.data, b)
        out = {}
        for n in (1, 100, 10000):
            ds, absent = x.find(n)
            r = s.call['fmb'](s.q_find(ds), timeout=120)
            same('FindMissingBlobs of %d' % n, sorted(d.hash for d in r.missing_blob_digests), sorted(d.hash for d in absent))
            out['fmb', n] = r.ByteSize()
        outputs = lambda r: [f.digest for f in r.output_files] + [r.stdout_digest, r.output_directories[0].tree_digest]
        for d in x.actions[::100]:
            r = s.call['gar'](s.q_gar(d), timeout=60)
            same('GetActionResult', outputs(r), outputs(x.result))
        out['gar', 1] = r.ByteSize()
        out['bread', 100] = s.call['bread'](s.q_bread(x.small_digest[:100]), timeout=60).ByteSize()
        return out
