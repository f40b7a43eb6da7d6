#!/usr/bin/env python3
"""Whole Bazel builds, side by side: 1,000 tiny actions locally, with --disk_cache, and through a server as cache and as executor; or a C++ project.

  builds.py --work DIR --server 'COMMAND' [--cpp PATH] [--bucket URL/NAME] [--actions 1000] [--warmup 3] [--rounds 5] [--only REGEX] [--json OUT]
  builds.py --work DIR --server 'COMMAND' --project DIR     GoogleTest's sources (/usr/src/googletest of Debian's package of that name): its libraries and
                                                            some of its tests, as many at a time as there are processors, locally and remotely

COMMAND starts the server under test; {dir}, {grpc} and {http} in it are filled in (data folder, ports). --cpp is the C++ baseline server
of the side-by-side bench (its `build` folder), which serves the same cache: the client's own floor. Each round runs every mode once, in
another order; a `warm` mode follows a cold build that filled its cache and a `bazel clean`. One Bazel server throughout.
With --bucket, a server with that bucket behind its disk is started anew before each of two modes, with its disk as it was and with an empty one.
The first --warmup rounds are not counted: Bazel's JVM needs about three builds of a kind until it costs what it costs in daily work.
The outputs of earlier builds are moved aside before `bazel clean`, not deleted: a file system that is slow to reuse what was deleted a
moment ago (ext4 without a journal) would make each build pay for the one before it.
Every build is checked: the process summary must say that the actions ran where the mode says."""
import argparse, json, os, re, shlex, shutil, signal, socket, statistics, subprocess, sys, time

STARTUP = ['--nohome_rc', '--nosystem_rc', '--install_base=/usr/share/bazel', '--trust_install_base', '--max_idle_secs=600']


def free_port():
    with socket.socket() as s:
        s.bind(('127.0.0.1', 0))
        return s.getsockname()[1]


def wait_port(port, proc, limit=30):
    end = time.monotonic() + limit
    while time.monotonic() < end:
        if proc.poll() is not None: sys.exit('error: the server ended with code %d' % proc.returncode)
        try: return socket.create_connection(('127.0.0.1', port), 1).close()
        except OSError: time.sleep(.02)
    sys.exit('error: nothing listens on port %d' % port)


def say(text):
    if sys.stderr.isatty(): print('\r\x1b[K' + text, end='', file=sys.stderr, flush=True)
    elif text: print(text, file=sys.stderr, flush=True)


def stop(proc):
    proc.send_signal(signal.SIGTERM)
    try: proc.wait(40)
    except subprocess.TimeoutExpired: proc.kill()


# Rules of our own, as Bazel's fetch something from elsewhere.
RULES = '''
FLAGS = ["-Igoogletest", "-Igoogletest/include", "-Igooglemock", "-Igooglemock/include"]

def _compile(ctx, source):
    compiled = ctx.actions.declare_file(ctx.label.name + ".objects/" + source.basename + ".o")
    ctx.actions.run(executable = "/usr/bin/g++", arguments = FLAGS + ["-c", source.path, "-o", compiled.path], inputs = [source] + ctx.files.headers,
        outputs = [compiled], mnemonic = "CppCompile", use_default_shell_env = True)
    return compiled

def _library(ctx):
    archive = ctx.actions.declare_file("lib" + ctx.label.name + ".a")
    compiled = [_compile(ctx, source) for source in ctx.files.sources]
    ctx.actions.run(executable = "/usr/bin/ar", arguments = ["rcsD", archive.path] + [file.path for file in compiled], inputs = compiled,
        outputs = [archive], mnemonic = "CppArchive", use_default_shell_env = True)
    return [DefaultInfo(files = depset([archive]))]

def _binary(ctx):
    program = ctx.actions.declare_file(ctx.label.name)
    parts = [_compile(ctx, source) for source in ctx.files.sources] + ctx.files.libraries
    ctx.actions.run(executable = "/usr/bin/g++", arguments = ["-o", program.path] + [file.path for file in parts] + ["-lpthread"], inputs = parts,
        outputs = [program], mnemonic = "CppLink", use_default_shell_env = True)
    return [DefaultInfo(files = depset([program]))]

ATTRIBUTES = {"sources": attr.label_list(allow_files = True), "headers": attr.label_list(allow_files = True), "libraries": attr.label_list()}
cpp_library = rule(implementation = _library, attrs = ATTRIBUTES)
cpp_binary = rule(implementation = _binary, attrs = ATTRIBUTES)
'''
GOOGLETEST = '''
load(":rules.bzl", "cpp_binary", "cpp_library")
HEADERS = glob(["**/*.h", "*/src/*.cc"])
cpp_library(name = "gmock", sources = glob(["*/src/*.cc"], exclude = ["**/*-all.cc", "**/gtest_main.cc"]), headers = HEADERS)
[cpp_binary(name = test, sources = glob(["*/test/" + test + ".cc"]), headers = HEADERS, libraries = [":gmock"])
    for test in ["googletest-message-test", "googletest-options-test", "gtest-unittest-api_test", "gtest_environment_test", "gtest_repeat_test",
        "googletest-test-part-test", "gmock-cardinalities_test", "gmock-port_test", "gmock-nice-strict_test", "gmock_test", "gmock-pp-string_test"]]
'''


class Bazel:
    def __init__(s, work, actions, project):
        s.targets = ['//...', '--jobs=%d' % os.cpu_count()] if project else ['//:all_g', '--jobs=50']
        s.ws, s.root, s.aside, s.cleaned = os.path.join(work, 'ws'), os.path.join(work, 'bazel'), os.path.join(work, 'aside'), 0
        for d in s.ws, s.aside: shutil.rmtree(d, ignore_errors=True)
        os.makedirs(s.aside)
        os.makedirs(s.ws)
        open(os.path.join(s.ws, 'WORKSPACE'), 'w').close()
        if project:
            for part in 'googletest', 'googlemock': shutil.copytree(os.path.join(project, part), os.path.join(s.ws, part), ignore=shutil.ignore_patterns('BUILD*'))
            open(os.path.join(s.ws, 'rules.bzl'), 'w').write(RULES)
            open(os.path.join(s.ws, 'BUILD'), 'w').write(GOOGLETEST)
            return
        open(os.path.join(s.ws, 'in.txt'), 'w').write('hello\n')
        open(os.path.join(s.ws, 'BUILD'), 'w').write('''
[genrule(name = "g%%d" %% i, srcs = ["in.txt"], outs = ["g%%d.txt" %% i], cmd = "echo %%d > $@; cat $< >> $@" %% i) for i in range(%d)]
filegroup(name = "all_g", srcs = ["g%%d" %% i for i in range(%d)])
''' % (actions, actions))

    def run(s, *args, check=True, stdout=False):
        r = subprocess.run(['bazel', *STARTUP, '--output_user_root=' + s.root, *args], cwd=s.ws, capture_output=True, text=True)
        if check and r.returncode: sys.exit('error: bazel %s\n%s' % (' '.join(args), r.stderr[-3000:]))
        return r.stdout if stdout else r.stderr

    def clean(s):
        out = os.path.join(s.run('info', 'execution_root', stdout=True).strip(), 'bazel-out')
        if os.path.isdir(out): os.rename(out, os.path.join(s.aside, str(s.cleaned)))
        s.cleaned += 1
        s.run('clean')

    def build(s, flags):
        t0 = time.monotonic()
        out = s.run('build', '--show_result=0', '--noshow_progress', *flags, *s.targets)
        took = time.monotonic() - t0
        m = re.search(r'INFO: (\d+) process(?:es)?: (.*)\.', out)
        return took, m[2] if m else ''


def main():
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument('--work', required=True)
    p.add_argument('--server', required=True)
    p.add_argument('--cpp')
    p.add_argument('--bucket')
    p.add_argument('--project')
    p.add_argument('--actions', type=int, default=1000)
    p.add_argument('--warmup', type=int, default=3)
    p.add_argument('--rounds', type=int, default=5)
    p.add_argument('--only', default='')
    p.add_argument('--json')
    a = p.parse_args()
    if a.project and not a.only: a.only = '^(local|linux-sandbox|remote execution)$'
    work = os.path.abspath(a.work)
    shutil.rmtree(os.path.join(work, 'data'), ignore_errors=True)
    os.makedirs(os.path.join(work, 'data'), exist_ok=True)
    procs, tiers, bazel = [], [], Bazel(work, a.actions, a.project)

    def start(name, command, port):
        d = os.path.join(work, 'data', name)
        os.makedirs(d, exist_ok=True)
        procs.append(subprocess.Popen(shlex.split(command.replace('{dir}', shlex.quote(d))), stdout=open(os.path.join(work, name + '.log'), 'w'),
                                      stderr=subprocess.STDOUT, start_new_session=True))
        wait_port(port, procs[-1])

    def restart_tiers(empty):
        if tiers: stop(tiers.pop())
        d = os.path.join(work, 'data', 'tiers')
        if empty: shutil.rmtree(os.path.join(d, 'blobs'), ignore_errors=True)
        url, bucket = a.bucket.rsplit('/', 1)
        settings = 'cas.store={ fastSlow: { fast: { segments: { path: %s/blobs, maxBytes: 4GiB } }, slow: { s3: { bucket: %s, prefix: builds-%d/, path: %s/s3, endpoint: "%s", pathStyle: true, sealAfter: 1s } } } }'
        start('tiers', a.server.replace('{grpc}', str(tier)).replace('{http}', str(free_port())) + ' --set ' + shlex.quote(settings % (d, bucket, os.getpid(), d, url)), tier)
        tiers.append(procs.pop())

    try:
        grpc, http, cpp, tier = free_port(), free_port(), free_port(), free_port()
        start('ours', a.server.replace('{grpc}', str(grpc)).replace('{http}', str(http)), grpc)
        if a.cpp: start('cpp', '%s %d {dir}' % (a.cpp, cpp), cpp)
        count = r'\d+' if a.project else str(a.actions)
        local, remote = count + ' local', count + ' remote cache hit'
        disk = os.path.join(work, 'data', 'disk')
        cache = ['--remote_cache=grpc://127.0.0.1:%d' % grpc, '--spawn_strategy=local']
        modes = {                                       # name -> (flags, expected summary, warm?)
            'local': (['--spawn_strategy=local'], local, False),
            'linux-sandbox': (['--spawn_strategy=linux-sandbox'], count + ' linux-sandbox', False),
            'disk_cache cold': (['--spawn_strategy=local', '--disk_cache=' + disk], local, False),
            'disk_cache warm': (['--spawn_strategy=local', '--disk_cache=' + disk], remote, True),
            'grpc cold': (cache, local, False),
            'grpc warm': (cache, remote, True),
            'http warm': (['--remote_cache=http://127.0.0.1:%d' % http, '--spawn_strategy=local'], remote, True),
            'cpp warm': (['--remote_cache=grpc://127.0.0.1:%d' % cpp, '--spawn_strategy=local'], remote, True),
            'remote execution': (['--remote_executor=grpc://127.0.0.1:%d' % grpc, '--spawn_strategy=remote', '--noremote_accept_cached'], count + ' remote', False),
            'remote warm': (['--remote_executor=grpc://127.0.0.1:%d' % grpc, '--spawn_strategy=remote'], remote, True),
        }
        behind = ['--remote_cache=grpc://127.0.0.1:%d' % tier, '--spawn_strategy=local']
        modes |= {'bucket, disk kept': (behind, remote, True), 'bucket, disk empty': (behind, remote, True)}
        modes = {n: m for n, m in modes.items() if re.search(a.only, n) and (a.cpp or n != 'cpp warm') and (a.bucket or not n.startswith('bucket'))}
        if a.bucket: restart_tiers(empty=False)
        took, seen = {n: [] for n in modes}, {}
        for k in range(-a.warmup, a.rounds):
            names = list(modes)
            for n in names[k % len(names):] + names[:k % len(names)]:
                flags, want, warm = modes[n]
                salt = '' if warm else '%d.%d' % (time.time_ns(), k)         # a cold build must not hit what an earlier round left
                flags = flags + ['--action_env=SALT=' + (salt or 'warm')]
                if warm and k == -a.warmup:
                    bazel.clean()
                    bazel.build(flags)
                if n.startswith('bucket'): restart_tiers(empty='empty' in n)
                bazel.clean()
                t, summary = bazel.build(flags)
                say('%s: %s: %.2f s' % ('warm-up' if k < 0 else 'round %d of %d' % (k + 1, a.rounds), n, t))
                if not re.search(r'\b%s\b' % want, summary): sys.exit('error: %s: wanted "%s", bazel says "%s"' % (n, want, summary))
                if k >= 0: took[n].append(t)
                seen[n] = summary
        say('')
        m = {n: statistics.median(t) for n, t in took.items()}
        print('%-18s %8s %8s %8s %8s  %s' % ('GoogleTest' if a.project else '%d actions' % a.actions, 'median s', 'min', 'max', '/local', 'process summary'))
        width = max(m.values())
        for n in modes:
            print('%-18s %8.2f %8.2f %8.2f %8s  %s  %s' % (
                n, m[n], min(took[n]), max(took[n]), '%.2f' % (m[n] / m['local']) if 'local' in m else '-', '█' * round(30 * m[n] / width), seen[n]))
        pairs = [('grpc warm', 'disk_cache warm', 1.3), ('grpc warm', 'cpp warm', 1.05), ('remote execution', 'local', 1.5), ('remote execution', 'linux-sandbox', 1.1 if a.project else 1.0)]
        if 'bucket, disk empty' in m and 'bucket, disk kept' in m: print('disk empty / disk kept = %.2f' % statistics.median(b / c for b, c in zip(took['bucket, disk empty'], took['bucket, disk kept'])))
        for x, y, limit in pairs:
            if x in m and y in m:
                r = statistics.median(b / c for b, c in zip(took[x], took[y]))
                print('%s / %s = %.2f (to reach: ≤ %.2f)' % (x, y, r, limit))
        if a.json: json.dump({'seconds': took, 'summary': seen}, open(a.json, 'w'), indent=1)
    finally:
        bazel.run('shutdown', check=False)
        for q in procs + tiers: stop(q)


if __name__ == '__main__': main()
