#!/usr/bin/env python3
"""pip installs the same packages from a Python index of the server and from a directory by `python3 -m http.server`, in the same rounds; and once more with files that the index has to fetch from
an upstream first.

  pypi.py --work DIR --program PATH [--rounds 9] [--packages 40] [--kibibytes 500]

One package needs all others. Each install goes into a directory of its own, without a cache of pip's; every result is checked."""
import argparse, base64, hashlib, os, random, re, shutil, signal, socket, statistics, subprocess, sys, time, zipfile

PYTHON = '/usr/bin/python3'


def wheel(directory, name, requires, kibibytes):
    info = name + '-1.0.dist-info'
    files = {
        name + '/__init__.py': b'value = 1\n', name + '/data.bin': os.urandom(kibibytes * 512) + bytes(kibibytes * 512),
        info + '/METADATA': ('Metadata-Version: 2.1\nName: %s\nVersion: 1.0\n%s\n' % (name, ''.join('Requires-Dist: %s\n' % other for other in requires))).encode(),
        info + '/WHEEL': b'Wheel-Version: 1.0\nGenerator: benchmark\nRoot-Is-Purelib: true\nTag: py3-none-any\n',
    }
    record = ''.join('%s,sha256=%s,%d\n' % (path, base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode(), len(content)) for path, content in files.items())
    files[info + '/RECORD'] = (record + info + '/RECORD,,\n').encode()
    path = '%s/%s-1.0-py3-none-any.whl' % (directory, name)
    with zipfile.ZipFile(path, 'w', zipfile.ZIP_DEFLATED) as archive:
        for file, content in files.items(): archive.writestr(file, content)
    return path


def wait_for(log, process, pattern):
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = re.search(pattern, open(log).read(), re.M)
        if found: return found
        if process.poll() is not None: break
        time.sleep(.05)
    sys.exit('error: the server did not start:\n' + open(log).read())


def serve(program, data, *settings):
    log = open(data + '.log', 'w')
    command = [program, 'serve', '--workers', '0', '--data', data, '--grpc', '127.0.0.1:0', '--http', '127.0.0.1:0', '--max-size', '4GiB']
    for setting in settings: command += ['--set', setting]
    process = subprocess.Popen(command, stdout=log, stderr=log)
    found = wait_for(data + '.log', process, r'^ready: gRPC on ([^,;]+), HTTP cache on ([^,;]+)')
    return process, 'grpc://' + found.group(1), 'http://' + found.group(2)


def serve_directory(directory):
    with socket.socket() as free:
        free.bind(('127.0.0.1', 0))
        port = free.getsockname()[1]
    process = subprocess.Popen([PYTHON, '-m', 'http.server', '--bind', '127.0.0.1', '--directory', directory, str(port)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        try:
            socket.create_connection(('127.0.0.1', port), 1).close()
            return process, 'http://127.0.0.1:%d' % port
        except OSError: time.sleep(.05)
    sys.exit('error: http.server did not start')


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait(60)


def run(command, **more):
    begun = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    took = time.monotonic() - begun
    if done.returncode: sys.exit('error: %s\n%s' % (command, done.stdout))
    return took


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--work', required=True)
    parser.add_argument('--program', required=True)
    parser.add_argument('--rounds', type=int, default=9)
    parser.add_argument('--packages', type=int, default=40)
    parser.add_argument('--kibibytes', type=int, default=500)
    given = parser.parse_args()
    work, program = os.path.abspath(given.work), os.path.abspath(given.program)
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work + '/dist')
    os.environ['XDG_CACHE_HOME'] = work + '/cache'
    names = ['part%d' % i for i in range(given.packages - 1)]
    wheels = [wheel(work + '/dist', name, [], given.kibibytes) for name in names] + [wheel(work + '/dist', 'all', names, given.kibibytes)]
    for name, path in zip(names + ['all'], wheels):
        directory = '%s/site/simple/%s' % (work, name)
        os.makedirs(directory)
        shutil.copy(path, directory)
        file = os.path.basename(path)
        with open(directory + '/index.html', 'w') as page:
            page.write('<!DOCTYPE html><a href="%s#sha256=%s">%s</a>' % (file, hashlib.sha256(open(path, 'rb').read()).hexdigest(), file))

    server, grpc, http = serve(program, work + '/server')
    directory, plain = serve_directory(work + '/site')
    run([program, 'pypi', 'add', 'bench', work + '/dist', '--server', grpc])
    clean = {name: value for name, value in os.environ.items() if not name.startswith('PIP_') and not name.lower().endswith('_proxy')}
    clean.update(PIP_CONFIG_FILE='/dev/null', PIP_DISABLE_PIP_VERSION_CHECK='1', PIP_NO_CACHE_DIR='1')
    run([PYTHON, '-m', 'venv', work + '/env'], env=clean)

    def install(index):
        target = work + '/target'
        shutil.rmtree(target, ignore_errors=True)
        took = run([work + '/env/bin/python', '-m', 'pip', 'install', '--quiet', '--target', target, '--index-url', index, 'all'], env=clean)
        if not all(os.path.exists('%s/%s/data.bin' % (target, name)) for name in names + ['all']): sys.exit('error: not all was installed')
        return took

    def install_fetched():
        data = work + '/fresh'
        shutil.rmtree(data, ignore_errors=True)
        process, _, address = serve(program, data, 'pypi.indexes.bench.upstream=%s/pypi/bench/simple/' % http, 'pypi.indexes.bench.allowPrivate=true')
        took = install(address + '/pypi/bench/simple/')
        stop(process)
        return took

    ways = {
        'python3 -m http.server': lambda: install(plain + '/simple/'),
        'index': lambda: install(http + '/pypi/bench/simple/'),
        'index, fetched from its upstream': install_fetched,
    }
    for way in ways.values(): way()
    times = {name: [] for name in ways}
    for _ in range(given.rounds):
        for name in random.sample(list(ways), len(ways)): times[name].append(ways[name]())
    stop(server)
    stop(directory)
    base = statistics.median(times['python3 -m http.server'])
    print('%-34s %7s  %7s  %7s  %s' % ('pip install, %d x %d KiB' % (given.packages, given.kibibytes), 'median', 'min', 'max', '/ http.server'))
    for name in ways: print('%-34s %7.3f  %7.3f  %7.3f  %.2f' % (name, statistics.median(times[name]), min(times[name]), max(times[name]), statistics.median(times[name]) / base))
    shutil.rmtree(work)


main()
