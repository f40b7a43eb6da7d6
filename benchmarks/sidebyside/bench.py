#!/usr/bin/python3
"""Side-by-side bench of REAPI cache servers: same blobs, same requests, interleaved rounds, CPU per operation.

  bench.py --work DIR --target NAME=grpc://127.0.0.1:PORT[,instance=I][,pid=PID | ,cmd='...'] [--target ...]
           [--cases REGEX] [--rounds 5] [--seconds 1] [--memory [N]] [--json OUT] [--list]

A target with cmd= is started, timed and stopped here; {port} and {dir} in the command are filled in (PORT 0: a free one; the dir
is empty, under DIR/data; `cmd=` takes the rest of the text). With pid= (or neither: then whoever listens on the port) the server is
used as found. Two peers always run beside: `cpp` (cpp/server.cc, plain gRPC C++) and `nginx` (the same bytes as static files over h2c;
reads only). --no-peers leaves them out.

Each case: a warm-up, then --rounds rounds, each target in turn for about --seconds. Reads and look-ups are h2load with one fixed body;
cpp/load.cc, a plain gRPC C++ client, sends what h2load can't: blobs that never repeat, and look-ups of many keys. So compare targets
within a case, not a `keys` case with its h2load twin: h2load packs many streams into one write, which a gRPC client does not, and the
server pays several times more per request for that (on one prototype, one key or 2,000 made no difference). Server CPU is /proc stat
of the whole process tree. Other work on the machine moves it less than ops/s, but does move it: uploads, mostly kernel time for fresh
page cache, differed twofold between runs, so look at the user column too and repeat. Ratios are medians of the per-round ratios to
the peer: CPU < 1 is better than the peer, ops > 1 is better.
Checked before: all that was uploaded is read back and compared. During: the size of every reply (h2load can't see grpc-status, a
failure is a short reply), and after each upload case a sample of the new blobs is read back.

Needs: g++, protoc with the gRPC plugin, libgrpc++-dev, libprotobuf-dev, libssl-dev, python3-grpcio, python3-protobuf, h2load (nghttp2-client), nginx-light."""
import argparse, hashlib, json, os, platform, re, shlex, shutil, signal, socket, statistics, struct, subprocess, sys, time
from importlib.util import find_spec
if not find_spec('grpc') and sys.executable != '/usr/bin/python3': os.execv('/usr/bin/python3', ['/usr/bin/python3'] + sys.argv)
sys.dont_write_bytecode = True
import reapi

HERE = os.path.dirname(os.path.abspath(__file__))
TICK = os.sysconf('SC_CLK_TCK')
med = statistics.median


def say(*a): print(*a, file=sys.stderr, flush=True)


def progress(text): sys.stderr.isatty() and print('\r\x1b[K' + text, end='', file=sys.stderr, flush=True)


# ---------------------------------------------------------------- processes
def tree(pid):
    out = [pid]
    for p in out:
        try:
            for t in os.listdir('/proc/%d/task' % p): out += map(int, open('/proc/%d/task/%s/children' % (p, t)).read().split())
        except OSError: pass
    return out


def cpu(pid):
    """Seconds of CPU of a process, its threads, its children and the children it has reaped: all, and in user mode only."""
    all = user = 0
    for p in tree(pid):
        try: u, k, cu, ck = map(int, open('/proc/%d/stat' % p).read().rsplit(')', 1)[1].split()[11:15])
        except OSError: continue
        all, user = all + u + k + cu + ck, user + u + cu
    return all / TICK, user / TICK


def rss(pid):
    """-> resident MiB of the tree: all, and anonymous only (without mapped files)."""
    a = b = 0
    for p in tree(pid):
        try: s = open('/proc/%d/status' % p).read()
        except OSError: continue
        a += int((re.search(r'VmRSS:\s+(\d+)', s) or [0, 0])[1])
        b += int((re.search(r'RssAnon:\s+(\d+)', s) or [0, 0])[1])
    return round(a / 1024, 1), round(b / 1024, 1)


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def listener(port):
    nodes = {l.split()[9] for f in ('tcp', 'tcp6') for l in open('/proc/net/' + f).readlines()[1:]
             if l.split()[3] == '0A' and int(l.split()[1].rsplit(':', 1)[1], 16) == port}
    for p in filter(str.isdigit, os.listdir('/proc')):
        try:
            if any(os.readlink('/proc/%s/fd/%s' % (p, f)) in {'socket:[%s]' % n for n in nodes} for f in os.listdir('/proc/%s/fd' % p)): return int(p)
        except OSError: pass
    sys.exit('error: nobody listens on port %d; start the server, or give ,cmd=' % port)


class Target:
    def __init__(s, name, work, port=0, pid=None, cmd=None, instance='', http=False, cwd=None):
        s.name, s.cmd, s.instance, s.http, s.work, s.cwd = name, cmd, instance, http, work, cwd
        s.port, s.proc, s.facts, s.failed = port or free_port(), None, {}, False
        s.dir, s.log = os.path.join(work, 'data', name), os.path.join(work, 'log.' + name)
        s.pid = pid or (None if cmd else listener(s.port))

    def client(s): return reapi.Client('127.0.0.1:%d' % s.port, s.instance)

    def start(s, wipe=True, limit=60):
        """Starts the server; -> seconds until the first successful GetCapabilities (nginx: until it accepts)."""
        if wipe: shutil.rmtree(s.dir, ignore_errors=True)
        os.makedirs(s.dir, exist_ok=True)
        argv = shlex.split(s.cmd.replace('{port}', str(s.port)).replace('{dir}', shlex.quote(s.dir)))
        with open(s.log, 'a') as log:
            t0 = time.monotonic()
            s.proc = subprocess.Popen(argv, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd=s.cwd, start_new_session=True)
        s.pid = s.proc.pid
        while time.monotonic() - t0 < limit:
            if s.proc.poll() is not None: break
            try:
                socket.create_connection(('127.0.0.1', s.port), 1).close()
                if not s.http:
                    c = s.client()
                    try: c.caps(timeout=2)
                    finally: c.close()
                return time.monotonic() - t0
            except OSError: time.sleep(.002)
            except reapi.grpc.RpcError: time.sleep(.002)
        s.stop()
        sys.exit('error: %s did not answer GetCapabilities within %d s; see %s' % (s.name, limit, s.log))

    def stop(s):
        """SIGTERM, then after 20 s SIGKILL. -> seconds."""
        if not s.proc: return
        all, t0 = tree(s.pid), time.monotonic()
        s.proc.send_signal(signal.SIGTERM)
        try: s.proc.wait(20)
        except subprocess.TimeoutExpired: say('%s does not stop on SIGTERM within 20 s: killed' % s.name)
        took = time.monotonic() - t0
        for p in all:
            try: os.kill(p, signal.SIGKILL)
            except OSError: pass
        s.proc.wait()
        s.proc = None
        return took


def parse_target(text, work):
    m = re.fullmatch(r'([\w.-]+)=grpc://(?:127\.0\.0\.1|localhost):(\d+)((?:,(?:instance|pid)=[^,]*)*)(?:,cmd=(.*))?', text, re.S)
    if not m: sys.exit("error: --target %s: want NAME=grpc://127.0.0.1:PORT[,instance=I][,pid=PID | ,cmd='...']" % text)
    o = dict(x.split('=', 1) for x in m[3].split(',') if x)
    if m[2] == '0' and '{port}' not in (m[4] or ''): sys.exit('error: --target %s: port 0 needs a cmd= with {port}' % text)
    if m[1] in ('cpp', 'nginx'): sys.exit('error: the name %s is taken by a peer' % m[1])
    return Target(m[1], work, int(m[2]), int(o['pid']) if 'pid' in o else None, m[4], o.get('instance', ''))


# ---------------------------------------------------------------- peers and tools, built once
def build(work, protos):
    out = os.path.join(work, 'build')
    os.makedirs(out, exist_ok=True)
    flags = lambda k: shlex.split(subprocess.check_output(['pkg-config', k, 'grpc++', 'protobuf', 'libcrypto'], text=True))
    run = lambda jobs: [p.wait() and sys.exit('error: build failed') for p in [subprocess.Popen(j, cwd=out) for j in jobs]]
    cc = [os.path.join(out, f[:-5] + e) for f in reapi.FILES for e in ('pb.cc', 'grpc.pb.cc')]
    if not all(map(os.path.exists, cc)):
        run([['protoc', '-I', protos, '--cpp_out=.', '--grpc_out=.', '--plugin=protoc-gen-grpc=' + shutil.which('grpc_cpp_plugin'), *reapi.FILES]])
    tag = lambda f: hashlib.sha256(open(f, 'rb').read()).hexdigest()[:10]      # a changed source gets another object file
    obj = lambda f: '%s.%s.o' % (os.path.basename(f)[:-3], tag(f))
    exe = lambda n: os.path.join(out, obj(os.path.join(HERE, 'cpp', n + '.cc'))[:-2])
    todo = [f for f in cc + [os.path.join(HERE, 'cpp', n + '.cc') for n in ('server', 'load')] if not os.path.exists(os.path.join(out, obj(f)))]
    if todo: say('building the C++ peer and the load client (%d files)' % len(todo))
    for i in range(0, len(todo), 2): run([['g++', '-O2', '-std=c++17', '-I.', *flags('--cflags'), '-c', f, '-o', obj(f)] for f in todo[i:i + 2]])
    for n in ('server', 'load'):
        if not os.path.exists(exe(n)): run([['g++', '-o', exe(n), exe(n) + '.o', *map(obj, cc), *flags('--libs')]])
    return exe('server'), exe('load')


def peers(work, server, blobs):
    www, port = os.path.join(work, 'www'), free_port()
    os.makedirs(www, exist_ok=True)
    for n, b in [*blobs.sized.items(), ('result', blobs.result.SerializeToString())]: open(os.path.join(www, n), 'wb').write(b)
    conf = os.path.join(work, 'nginx.conf')
    open(conf, 'w').write(open(os.path.join(HERE, 'nginx.conf')).read().replace('@WORK@', work).replace('@PORT@', str(port)))
    return [Target('cpp', work, cmd=shlex.quote(server) + ' {port} {dir}'), Target('nginx', work, port, cmd='nginx -c ' + shlex.quote(conf), http=True)]


# ---------------------------------------------------------------- cases: name -> how
# kind h2: (rpc, size or count, connections, streams)   keys: the same, a new key for each request   write: (size, conns, streams)   batch: (per, size, conns, streams)
CASES = {'GetActionResult 1x1': ('h2', 'gar', 1, 1, 1), 'GetActionResult 4x16': ('h2', 'gar', 1, 4, 16), 'GetActionResult keys': ('keys', 'gar', 1, 4, 16),
         'FindMissing 1': ('h2', 'fmb', 1, 1, 16), 'FindMissing 100': ('h2', 'fmb', 100, 1, 16), 'FindMissing 10000': ('h2', 'fmb', 10000, 1, 1),
         'BatchRead 100x1k': ('h2', 'bread', 100, 1, 16), 'BatchUpdate 100x1k': ('batch', 100, 1024, 1, 4),
         'Read 1k': ('h2', 'read', '1k', 4, 16), 'Read 1k keys': ('keys', 'read', '1k', 4, 16), 'Read 64k': ('h2', 'read', '64k', 1, 16), 'Read 1m': ('h2', 'read', '1m', 4, 4),
         'Read 16m': ('h2', 'read', '16m', 1, 4), 'Read 256m': ('h2', 'read', '256m', 1, 1),
         'Write 1k': ('write', '1k', 4, 16), 'Write 64k': ('write', '64k', 1, 16), 'Write 1m': ('write', '1m', 4, 4), 'Write 256m': ('write', '256m', 1, 1)}


class Bench:
    def __init__(s, a, blobs, base, load): s.a, s.blobs, s.base, s.load, s.serial, s.expect, s.made = a, blobs, base, load, 0, {}, set()

    def body(s, t, rpc, what):
        f = os.path.join(s.a.work, 'bodies', '%s.%s.%s' % (t.name, rpc, what))
        c, x = t.cl, s.blobs
        m = {'gar': lambda: c.q_gar(x.actions[0]), 'fmb': lambda: c.q_find(x.find(what)[0]), 'bread': lambda: c.q_bread(x.small_digest[:what]),
             'read': lambda: c.q_read(x.sized_digest[what])}[rpc]().SerializeToString()
        os.makedirs(os.path.dirname(f), exist_ok=True)
        open(f, 'wb').write(b'\0' + struct.pack('>I', len(m)) + m)
        return f

    def h2load(s, t, n, rpc, what, conns, streams):
        log = os.path.join(s.a.work, 'h2.log')
        if os.path.exists(log): os.unlink(log)
        argv = ['h2load', '-n', n, '-c', conns, '-m', streams, '-t', 1, '-w', s.a.window, '-W', s.a.window, '--log-file=' + log]
        path = '/' + reapi.CALLS[rpc]
        if t.http: path = '/' + (what if rpc == 'read' else 'result')
        else: argv += ['-d', s.body(t, rpc, what), '-H', ':method: POST', '-H', 'content-type: application/grpc', '-H', 'te: trailers']
        before = os.times()
        out = subprocess.run([str(x) for x in argv] + ['http://127.0.0.1:%d%s' % (t.port, path)], capture_output=True, text=True, timeout=s.a.limit).stdout
        after = os.times()
        f = re.search(r'finished in ([\d.]+)(us|ms|s)', out)
        ok = int((re.search(r'(\d+) succeeded', out) or [0, 0])[1])
        if not f or ok < n: raise RuntimeError('%d of %d requests succeeded: %s' % (ok, n, out[-300:]))
        got = int(re.search(r'\((\d+)\) data', out)[1]) / ok
        want = reapi.SIZES[what] if rpc == 'read' else s.expect[t.name][rpc, what] if not t.http else len(s.blobs.result.SerializeToString())
        slack = 0 if t.http else 5 if rpc != 'read' else 64 + want / 100
        if not want <= got <= want + max(slack, want * .01): raise RuntimeError('replies are %d bytes, want %d: failures hide in there' % (got, want))
        took = sorted(int(l.split('\t')[2]) for l in open(log) if l.count('\t') > 1)
        return {'n': ok, 'wall': float(f[1]) * {'us': 1e-6, 'ms': 1e-3, 's': 1}[f[2]], 'client': sum(after[2:4]) - sum(before[2:4]),
                'p50': took[len(took) // 2], 'p99': took[min(len(took) - 1, int(len(took) * .99))]}

    def client(s, t, mode, **keys):
        r = subprocess.run([s.load, mode, 'port=%d' % t.port] + ['%s=%s' % x for x in keys.items()], capture_output=True, text=True, timeout=s.a.limit)
        if r.returncode: raise RuntimeError('load client: ' + (r.stderr or r.stdout)[-300:])
        d = json.loads(r.stdout)
        return {'n': d['ok'], 'wall': d['wall'], 'client': d['cpu'], 'p50': d['p50'], 'p99': d['p99']}

    def upload(s, t, n, mode, size, per, conns, streams):
        s.serial += 1
        t.seed = reapi.seed('%s %s %d %d' % (t.name, time.time_ns(), os.getpid(), s.serial))
        return s.client(t, mode, size=size, n=n, conc=conns * streams, conns=conns, chunk=s.a.chunk, per=per, base=os.path.join(s.a.work, 'base'), seed=t.seed.hex(), instance=t.instance)

    def keys(s, t, n, rpc, what, conns, streams):
        f, c = os.path.join(s.a.work, 'bodies', '%s.%s.keys' % (t.name, rpc)), t.cl
        if f not in s.made:
            ms = [c.q_gar(d) for d in s.blobs.actions] if rpc == 'gar' else [c.q_read(d) for d in s.blobs.small_digest]
            os.makedirs(os.path.dirname(f), exist_ok=True)
            open(f, 'wb').write(b''.join(struct.pack('<I', len(b)) + b for b in (m.SerializeToString() for m in ms)))
            s.made.add(f)
        want = 1024 if rpc == 'read' else s.expect[t.name][rpc, what]
        return s.client(t, 'call', n=n, conc=conns * streams, conns=conns, method='/' + reapi.CALLS[rpc], bodies=f, want=want)

    def shot(s, t, case, n):
        kind, *p = CASES[case]
        before = cpu(t.pid)
        if kind == 'h2': r = s.h2load(t, n, *p)
        elif kind == 'keys': r = s.keys(t, n, *p)
        elif kind == 'write': r = s.upload(t, n, 'write', reapi.SIZES[p[0]], 0, *p[1:])
        else: r = s.upload(t, n, 'batch', p[1], p[0], *p[2:])
        time.sleep(.05)             # what the server still does after the last reply counts too
        r['server'], r['user'] = (x - y for x, y in zip(cpu(t.pid), before))
        return r

    def bytes(s, case):
        kind, *p = CASES[case]
        return reapi.SIZES[p[0]] if kind == 'write' else p[0] * p[1] if kind == 'batch' else reapi.SIZES[p[1]] if p[0] == 'read' else 0

    def check_new(s, t, case, n):
        """A sample of the blobs of the last upload is there and right."""
        kind, *p = CASES[case]
        size, count = (reapi.SIZES[p[0]], n) if kind == 'write' else (p[1], n * p[0])
        pick = range(count) if size * count <= 1 << 20 else sorted({0, count // 2, count - 1}) if size < 1 << 26 else [count - 1]
        bs = [reapi.blob(s.base, t.seed, i, size) for i in pick]
        if t.cl.missing([reapi.digest(b) for b in bs]): raise RuntimeError('WRONG: a blob that was just accepted is missing')
        if not all(t.cl.equals(reapi.digest(b), b) for b in bs[:5]): raise RuntimeError('WRONG: a blob reads back with other bytes')

    def run(s, case, targets):
        kind, *p = CASES[case]
        fresh, width, z = kind in ('write', 'batch'), p[-1] * p[-2], s.bytes(case)
        use = [t for t in targets if not t.http or (kind == 'h2' and p[0] in ('read', 'gar'))]
        rounds, plan = {}, {}
        cap = max(1, (s.a.write_mib << 20) // z) if fresh else 1 << 40
        for t in use:               # warm-up, which also finds how many requests last about --seconds
            progress('%s: %s warms up' % (case, t.name))
            n, spent = min(cap, width if z < 1 << 24 else p[-2]), 0
            try:
                while True:
                    r = s.shot(t, case, n)
                    spent += r['wall']
                    rate = n / r['wall']
                    if spent >= s.a.seconds or (fresh and n >= cap and spent > .3): break
                    n = int(max(1, min(cap, rate * s.a.seconds, n * 20)))
                n = max(1, int(min(cap, rate * s.a.seconds)))
                plan[t.name] = n if n < width else n // p[-2] * p[-2]
                if fresh: s.check_new(t, case, r['n'])
                rounds[t.name] = []
            except (RuntimeError, subprocess.TimeoutExpired, reapi.grpc.RpcError) as e:
                say('%s: %s left out: %s' % (case, t.name, str(e)[:500]))
                t.failed = True
        for k in range(s.a.rounds):
            order = [t for t in use if t.name in rounds]
            for t in order[k % len(order):] + order[:k % len(order)] if order else []:
                progress('%s: round %d of %d, %s' % (case, k + 1, s.a.rounds, t.name))
                try: rounds[t.name].append(s.shot(t, case, plan[t.name]))
                except (RuntimeError, subprocess.TimeoutExpired) as e:
                    say('%s: %s left out: %s' % (case, t.name, str(e)[:500]))
                    t.failed = True
                    del rounds[t.name]
        progress('')
        return {n: s.summary(r, z) for n, r in rounds.items()}

    def summary(s, rounds, z):
        m = lambda f: med(f(r) for r in rounds)
        d = {'ops': m(lambda r: r['n'] / r['wall']), 'p50_us': m(lambda r: r['p50']), 'p99_us': m(lambda r: r['p99']),
             'cpu_us': m(lambda r: r['server'] / r['n'] * 1e6), 'user_us': m(lambda r: r['user'] / r['n'] * 1e6), 'client_us': m(lambda r: r['client'] / r['n'] * 1e6), 'rounds': rounds}
        if z: d.update(mb_s=d['ops'] * z / 1e6, cpu_s_gib=d['cpu_us'] / 1e6 * 2**30 / z)
        return d


def ratios(res):
    for peer in ('cpp', 'nginx'):
        for n, d in res.items():
            if peer in res and n != peer:
                pair = list(zip(d['rounds'], res[peer]['rounds']))
                d['ops/' + peer] = med((a['n'] / a['wall']) / (b['n'] / b['wall']) for a, b in pair)
                c = [(a['server'] / a['n']) / (b['server'] / b['n']) for a, b in pair if b['server']]
                if c: d['cpu/' + peer], d['cpu/%s range' % peer] = med(c), [min(c), max(c)]
                if res[peer]['user_us']: d['user/' + peer] = d['user_us'] / res[peer]['user_us']


# ---------------------------------------------------------------- printing
HEAD = '%-20s %-8s %8s %6s %8s %8s %9s %9s %7s %9s | %7s %7s %7s %7s' % ('case', 'target', 'ops/s', 'MB/s', 'p50 ms', 'p99 ms', 'cpu us/op', 'user', 's/GiB', 'client us', 'cpu/cpp', 'usr/cpp', 'ops/cpp', 'cpu/ngx')


def show(case, res):
    def ratio(d, k, good):
        if k not in d: return '%7s' % '-'
        x = '%7.2f' % d[k]
        if not sys.stdout.isatty(): return x
        return '\x1b[%dm%s\x1b[0m' % (32 if good(d[k]) else 31, x)
    num = lambda d, k, f: f % d[k] if k in d else '-'
    for n, d in res.items():
        print('%-20s %-8s %8.1f %6s %8.3f %8.3f %9.1f %9.1f %7s %9.1f | %s %s %s %s' % (
            case, n, d['ops'], num(d, 'mb_s', '%.0f'), d['p50_us'] / 1e3, d['p99_us'] / 1e3, d['cpu_us'], d['user_us'], num(d, 'cpu_s_gib', '%.3f'), d['client_us'],
            ratio(d, 'cpu/cpp', lambda v: v <= 1), ratio(d, 'user/cpp', lambda v: v <= 1), ratio(d, 'ops/cpp', lambda v: v >= 1), ratio(d, 'cpu/nginx', lambda v: v <= 1)), flush=True)


def show_facts(targets):
    rows = ['start_ms', 'start_full_ms', 'stop_ms', 'kept', 'idle_rss_mib', 'idle_anon_mib', 'idle_cpu_percent', 'end_rss_mib', 'end_anon_mib',
            'entries', 'entries_per_s', 'rss_bytes_per_entry', 'anon_bytes_per_entry']
    print('\n%-22s' % 'server' + ''.join('%12s' % t.name for t in targets))
    for k in rows:
        if any(k in t.facts for t in targets): print('%-22s' % k + ''.join('%12s' % t.facts.get(k, '-') for t in targets))


# ---------------------------------------------------------------- the run
def start_all(targets, starts):
    for t in targets:
        if not t.cmd: continue
        took = []
        for k in range(starts):
            if k: t.stop()
            progress('%s: start %d of %d' % (t.name, k + 1, starts))
            took.append(t.start())
        t.facts['start_ms'] = round(med(took) * 1e3)
    time.sleep(1)
    before = [cpu(t.pid) for t in targets]
    time.sleep(3)
    for t, b in zip(targets, before):
        t.facts['idle_cpu_percent'] = round((cpu(t.pid)[0] - b[0]) / 3 * 100, 1)
        t.facts['idle_rss_mib'], t.facts['idle_anon_mib'] = rss(t.pid)


def memory(bench, targets, n):
    """RSS growth by n blobs of 64 bytes, of a fresh server where we can start one."""
    per = 500
    for t in targets:
        if t.http: continue
        progress('%s: %d tiny blobs' % (t.name, n))
        try:
            if t.cmd:
                t.cl.close()
                t.stop()
                t.start()
                t.cl = t.client()
                t.cl.upload(bench.blobs, [])                         # buffers and JIT are not counted
            bench.upload(t, 20, 'batch', 64, per, 1, 4)
            time.sleep(2)
            a, b = rss(t.pid)
            r = bench.upload(t, n // per, 'batch', 64, per, 1, 4)
            time.sleep(3)
            ds = [reapi.digest(reapi.blob(bench.base, t.seed, i, 64)) for i in range(0, n // per * per, max(1, n // 1000))]
            if t.cl.missing(ds): raise RuntimeError('WRONG: tiny blobs are missing')
            c, d = rss(t.pid)
            k = r['n'] * per
            t.facts.update(entries=k, entries_per_s=round(k / r['wall']), rss_bytes_per_entry=round((c - a) * 2**20 / k, 1), anon_bytes_per_entry=round((d - b) * 2**20 / k, 1))
        except (RuntimeError, subprocess.TimeoutExpired, reapi.grpc.RpcError) as e:
            say('memory: %s left out: %s' % (t.name, str(e)[:500]))
            t.failed = True
    progress('')


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--work', required=True, help='scratch folder; builds and base data in it are kept for the next run')
    p.add_argument('--target', action='append', default=[])
    p.add_argument('--cases', default='', help='regular expression, case does not matter')
    p.add_argument('--rounds', type=int, default=5)
    p.add_argument('--seconds', type=float, default=1, help='length of a shot and of the warm-up (default 1)')
    p.add_argument('--write-mib', type=int, default=256, help='most MiB of fresh blobs per shot (default 256; they stay on the disk of the target)')
    p.add_argument('--chunk', type=int, default=65536, help='bytes per WriteRequest')
    p.add_argument('--window', type=int, default=24, help="h2load's flow control windows, bits")
    p.add_argument('--starts', type=int, default=3, help='how often a cmd= target is started for the start-up time')
    p.add_argument('--limit', type=int, default=300, help='seconds after which one shot is given up')
    p.add_argument('--memory', type=int, nargs='?', const=1_000_000, help='RSS per entry over so many tiny blobs (default 1,000,000)')
    p.add_argument('--protos', default=os.path.join(HERE, '..', '..', 'protos', 'remote-apis'), help='folder with the .proto files')
    p.add_argument('--no-peers', action='store_true')
    p.add_argument('--keep', action='store_true', help='leave the data of cmd= targets in DIR/data')
    p.add_argument('--json', metavar='OUT', help='everything, with each round')
    p.add_argument('--list', action='store_true', help='names the cases and stops')
    a = p.parse_args()
    cases = [c for c in CASES if re.search(a.cases, c, re.I)]
    if a.list: return print('\n'.join(cases))
    a.work = os.path.abspath(a.work)
    os.makedirs(a.work, exist_ok=True)
    reapi.protos(a.work, a.protos)
    server, load = build(a.work, a.protos)
    base = reapi.make_base(os.path.join(a.work, 'base'))
    blobs = reapi.Blobs(base)
    targets = ([] if a.no_peers else peers(a.work, server, blobs)) + [parse_target(t, a.work) for t in a.target]
    if not targets: sys.exit('error: no --target')
    sizes = [n for n in reapi.SIZES if any(CASES[c][:3] == ('h2', 'read', n) for c in cases)]
    bench, out = Bench(a, blobs, base, load), {}
    out = {'when': time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime()), 'cpus': os.cpu_count(), 'kernel': platform.release(), 'load': os.getloadavg(),
           'model': (re.search(r'model name\s*: (.*)', open('/proc/cpuinfo').read()) or ['', platform.machine()])[1], 'args': sys.argv[1:], 'cases': {}}
    started = targets
    try:
        start_all(targets, a.starts)
        for t in targets:
            if t.http: continue
            t.cl = t.client()
            progress('%s: upload and check' % t.name)
            try:
                t.cl.upload(blobs, sizes)
                bench.expect[t.name] = t.cl.check(blobs, sizes)
            except (RuntimeError, reapi.grpc.RpcError) as e:
                say('%s left out: %s' % (t.name, str(e)[:500]))
                t.failed = True
                t.stop()
            progress('')
        lost, targets = [t for t in targets if t.failed], [t for t in targets if not t.failed]
        print('%d CPUs, %s, load %.1f. Every upload read back equal on: %s' % (out['cpus'], out['model'], out['load'][0], ', '.join(t.name for t in targets if not t.http)))
        print(HEAD)
        for c in cases:
            res = out['cases'][c] = bench.run(c, targets)
            ratios(res)
            show(c, res)
        for t in targets: t.facts['end_rss_mib'], t.facts['end_anon_mib'] = rss(t.pid)
        if a.memory: memory(bench, targets, a.memory)
        for t in targets:
            if not t.cmd or t.http: continue
            t.cl.close()
            t.facts['stop_ms'] = round(t.stop() * 1e3)
            t.facts['start_full_ms'] = round(t.start(wipe=False) * 1e3)
            c = t.client()
            t.facts['kept'] = '%d%%' % (100 - 100 * len(c.missing(blobs.small_digest)) / len(blobs.small_digest))
            c.close()
        show_facts(targets)
        out['servers'] = {t.name: t.facts for t in targets}
        if a.json: json.dump(out, open(a.json, 'w'), indent=1)
        if lost or any(t.failed for t in targets): sys.exit('some shots failed: see above')
    finally:
        for t in started:
            t.stop()
            if t.cmd and not a.keep: shutil.rmtree(t.dir, ignore_errors=True)


if __name__ == '__main__': main()
