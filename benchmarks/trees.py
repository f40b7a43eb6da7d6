#!/usr/bin/env python3
"""Directories by digest beside what else there is, in the same rounds: a tree of many files of which nothing has changed, pushed and pulled, beside `rsync -a` of it;
and the first push of a gigabyte beside the disk's own copy of it and its SHA-256.

  trees.py --work DIR --program PATH [--rounds 9] [--files 50000] [--mebibytes 1024]

PATH is the program, which is the server as well. The commands of a round run one after the other, in another order each time; a first push goes to a server whose disk has nothing, with no cache of
digests. Every result is checked."""
import argparse, json, os, random, re, shutil, signal, statistics, subprocess, sys, time


def start(program, data):
    os.makedirs(data)
    out = open(data + '.log', 'w+')
    process = subprocess.Popen([program, 'serve', '--workers', '0', '--data', data, '--grpc', '127.0.0.1:0', '--http', '127.0.0.1:0', '--max-size', '8GiB'], stdout=out, stderr=out)
    end = time.monotonic() + 60
    while time.monotonic() < end:
        found = re.search(r'^ready: gRPC on ([^,;]+)', open(data + '.log').read(), re.M)
        if found: return process, 'grpc://' + found.group(1)
        if process.poll() is not None: break
        time.sleep(.05)
    sys.exit('error: the server did not start:\n' + open(data + '.log').read())


def stop(process):
    process.send_signal(signal.SIGTERM)
    process.wait(60)


def run(command, **more):
    begun = time.monotonic()
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)
    took = time.monotonic() - begun
    if done.returncode: sys.exit('error: %s\n%s' % (command, done.stdout))
    return took, done.stdout


def row(name, times, base=None):
    print('%-34s %7.3f  %7.3f  %7.3f  %s' % (name, statistics.median(times), min(times), max(times), '' if base is None else '%.2f' % (statistics.median(times) / statistics.median(base))))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--work', required=True)
    parser.add_argument('--program', required=True)
    parser.add_argument('--rounds', type=int, default=9)
    parser.add_argument('--files', type=int, default=50000)
    parser.add_argument('--mebibytes', type=int, default=1024)
    given = parser.parse_args()
    work, program = os.path.abspath(given.work), os.path.abspath(given.program)
    shutil.rmtree(work, ignore_errors=True)
    os.makedirs(work)
    os.environ['XDG_CACHE_HOME'] = work + '/cache'
    at = lambda name: os.path.join(work, name)

    for i in range(given.files):
        if i % 100 == 0: os.makedirs(at('many/%d/%d' % (i // 10000, i // 100)))
        with open(at('many/%d/%d/file%d.txt' % (i // 10000, i // 100, i)), 'wb') as file: file.write(os.urandom(200))
    server, url = start(program, at('server'))
    def push(directory): return [program, 'push', directory, '--server', url, '--json']
    time.sleep(3)  # what was just written is not remembered
    run(push(at('many')))
    root = json.loads(run(push(at('many')))[1])['root']
    pull = [program, 'pull', root, at('pulled'), '--server', url, '--json']
    run(pull)
    run(['rsync', '-a', at('many/'), at('synced/')])
    def unchanged(command, words):
        took, output = run([word for word in command if word != '--json'])
        if words not in output: sys.exit('error: something was done:\n' + output)
        return took

    ways = {
        'rsync -a': lambda: run(['rsync', '-a', at('many/'), at('synced/')])[0],
        'push': lambda: unchanged(push(at('many')), 'nothing to send'),
        'pull': lambda: unchanged(pull, 'nothing to do'),
    }

    times = {name: [] for name in ways}
    for _ in range(given.rounds):
        for name in random.sample(list(ways), len(ways)): times[name].append(ways[name]())
    stop(server)
    print('%-34s %7s  %7s  %7s  %s' % ('%d files, unchanged' % given.files, 'median', 'min', 'max', '/ rsync -a'))
    for name in ways: row(name, times[name], times['rsync -a'])

    for kind, count in (('one file', 1), ('files of 1 MiB', given.mebibytes)):
        source = at('large')
        shutil.rmtree(source, ignore_errors=True)
        os.makedirs(source)
        for i in range(count):
            with open('%s/%d' % (source, i), 'wb') as file:
                for _ in range(given.mebibytes // count): file.write(os.urandom(1 << 20))
        times = {'cp -r and sha256sum': [], 'first push': []}
        for number in range(max(3, given.rounds // 3)):
            for name in random.sample(list(times), 2):
                os.sync()
                if name == 'first push':
                    shutil.rmtree(work + '/cache', ignore_errors=True)
                    data = at('fresh%d' % number)
                    server, url = start(program, data)
                    took, answer = run(push(source))
                    if json.loads(answer)['bytes'] != given.mebibytes << 20: sys.exit('error: not all was pushed:\n' + answer)
                    stop(server)
                    shutil.rmtree(data)
                else:
                    took = run('cp -r large copy && find large -type f -print0 | xargs -0 sha256sum', shell=True, cwd=work)[0]
                    shutil.rmtree(at('copy'))
                times[name].append(took)
        print()
        print('%-34s %7s  %7s  %7s  %s' % ('%d MiB, %s' % (given.mebibytes, kind), 'median', 'min', 'max', '/ cp, sha256sum'))
        for name in times: row(name, times[name], times['cp -r and sha256sum'])
    shutil.rmtree(work)


main()
