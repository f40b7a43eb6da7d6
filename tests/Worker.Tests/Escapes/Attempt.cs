namespace RemoteExec.Worker.Tests.Escapes;

/// <summary>Something that an action may try against the machine, the worker, or other actions.</summary>
/// <param name="Name">What it tries, in words.</param>
/// <param name="Script">A script for bash that prints ESCAPED if it has got through. Variables tell it where things are: see <see cref="EscapeTests"/>.</param>
/// <param name="HeldByDirectory">True if the tier without namespaces holds it, too, with a user for each action.</param>
public sealed record Attempt(string Name, string Script, bool HeldByDirectory = true)
{
    /// <summary>True if the worker has a small disk of its own for it.</summary>
    public bool OnSmallDisk { get; init; }

    /// <inheritdoc/>
    public override string ToString() => Name;

    /// <summary>All of them. Those that go for inputs print nothing: what they did is found by the next action.</summary>
    public static IReadOnlyList<Attempt> All { get; } =
    [
        new("write to every input", "for f in $(find . -type f); do echo evil >> $f; echo evil > $f; done"),
        new("chmod, then write to every input", "chmod -R 777 .; for f in $(find . -type f); do echo evil > $f; chmod 777 $f; done"),
        new("truncate every input", "for f in $(find . -type f); do truncate -s 0 $f; perl -e 'truncate($ARGV[0], 0)' $f; done"),
        new("write to inputs under other names", "for f in $(find . -type f); do ln $f x; mv $f y; cp -l y z; chmod 777 x y z; echo evil > x; echo evil > y; echo evil > z; rm -f x y z; done"),
        new("write to inputs through a mapping", "perl -e 'for (@ARGV) { chmod 0777, $_; open(F, \"+<\", $_) and syswrite(F, \"evil\"); open(G, \"+<\", \"/proc/self/fd/\".fileno(F)) and syswrite(G, \"evil\") }' $(find . -type f)"),
        new("replace directories of inputs", "mv d e; mkdir d; echo evil > d/g; rm -rf e; chmod 777 . d"),
        new("set times and attributes of inputs", "touch -d @0 $(find .); setfattr -n user.evil -v 1 f; chattr +i f; chown 0 f"),
        new("read a file of the machine that all may read", "[ \"$(cat $SECRET)\" = secret ] && echo ESCAPED", HeldByDirectory: false),
        new("read the worker's files", "cat $SCRATCH/lock $SCRATCH/cache/*/* >/dev/null 2>&1 && echo ESCAPED; ls $SCRATCH $SCRATCH/actions && echo ESCAPED"),
        new("write to the machine's temporary directory", ": > $MARK && [ -e $MARK ]", HeldByDirectory: false),
        new("write to the machine's tools", "for d in /usr/bin /usr/lib /bin /etc /lib; do : > $d/evil-$$ && rm $d/evil-$$ && echo ESCAPED; done"),
        new("see the processes of the machine", "cat /proc/[0-9]*/cmdline | tr '\\0' '\\n' | grep -q 'Worker[.]Tests' && echo ESCAPED", HeldByDirectory: false),
        new("read the worker's memory and environment", "for p in 1 $WORKER $PPID; do cat /proc/$p/environ && echo ESCAPED; head -c 1 /proc/$p/mem && echo ESCAPED; ls /proc/$p/fd /proc/$p/root /proc/$p/cwd && echo ESCAPED; done"),
        new("trace the worker", "for p in 1 $WORKER $PPID; do perl -e 'exit(syscall(101, 16, $ARGV[0], 0, 0) == 0 ? 0 : 1)' $p && echo ESCAPED; done"),
        new("signal the worker and everybody else", "kill -9 1; kill -9 $WORKER; kill -STOP $PPID; kill -9 -1"),
        new("mount", "mkdir m; mount -t tmpfs x m && echo ESCAPED; mount --bind / m && echo ESCAPED; mount -o remount,rw / && echo ESCAPED; umount /.worker && echo ESCAPED; umount -l /proc && echo ESCAPED"),
        new("make namespaces", "unshare -Ur true && echo ESCAPED; unshare -m true && echo ESCAPED; perl -e 'exit(syscall(272, 0x10000000) == 0 ? 0 : 1)' && echo ESCAPED", HeldByDirectory: false),
        new("change the root directory", "mkdir r; chroot r true && echo ESCAPED; perl -e 'exit(chroot(\"/\") ? 0 : 1)' && echo ESCAPED"),
        new("make a device", "mknod b b 8 0 && echo ESCAPED; mknod c c 1 1 && echo ESCAPED; perl -e 'exit(syscall(133, \"d\", 020666, 0x103) == 0 ? 0 : 1)' && echo ESCAPED"),
        new("gain rights by set-user-id programs", "cp /bin/bash sh; chmod 6755 sh; ./sh -p -c 'id -u' | grep -qx 0 && echo ESCAPED; find /usr/bin -perm -4000 | while read p; do timeout 0.2 $p </dev/null >/dev/null 2>&1; done; grep -q 'NoNewPrivs:.1' /proc/self/status || echo ESCAPED"),
        new("change the kernel's settings", "echo x > /proc/sys/kernel/core_pattern && echo ESCAPED; echo 1 > /proc/sys/vm/drop_caches && echo ESCAPED; echo b > /proc/sysrq-trigger && echo ESCAPED; echo 0 > /proc/self/oom_score_adj && [ $(cat /proc/1/oom_score_adj) = 0 ] && false; hostname evil && echo ESCAPED"),
        new("set the clock", "date -s @0 && echo ESCAPED; perl -e 'exit(syscall(164, pack(\"qq\", 0, 0), 0) == 0 ? 0 : 1)' && echo ESCAPED"),
        new("use keyrings", "perl -e 'exit(syscall(250, 0, -4, 0) >= 0 ? 0 : 1)' && echo ESCAPED", HeldByDirectory: false),
        new("reach the machine's network", "exec 3<>/dev/tcp/127.0.0.1/$PORT && echo ESCAPED", HeldByDirectory: false),
        new("reach an abstract socket of the machine", "perl -MSocket -e 'socket(S, AF_UNIX, SOCK_STREAM, 0); exit(connect(S, pack_sockaddr_un(\"\\0$ENV{ABSTRACT}\")) ? 0 : 1)' && echo ESCAPED", HeldByDirectory: false),
        new("open sockets that lead elsewhere", "for family in 40 38 17 16; do perl -e 'exit(socket(S, $ARGV[0], $ARGV[0] == 16 ? 3 : 1, 0) && $ARGV[0] != 16 ? 0 : 1)' $family && echo ESCAPED; done", HeldByDirectory: false),
        new("find what an earlier action has left", "ls /tmp/left-$TEST /dev/shm/left-$TEST $TMPDIR/left-$TEST 2>/dev/null | grep -q left && echo ESCAPED; ipcs -m | grep -q 0x000a11 && echo ESCAPED; : > /tmp/left-$TEST; : > /dev/shm/left-$TEST; : > $TMPDIR/left-$TEST; ipcmk -M 4096 -p 0666 >/dev/null; [ $(ipcs -m | grep -c 4096) -gt 1 ] && echo ESCAPED", HeldByDirectory: false),
        new("leave daemons", "SLEEP & setsid SLEEP & (setsid sh -c '(setsid SLEEP &)' &); trap '' TERM HUP; (exec -a other SLEEP) & disown -a"),
        new("fork without end", "perl -e 'for (1..100000) { my $p = fork; last unless defined $p; exec(split / /, \"SLEEP\") unless $p }'"),
        new("keep what the worker has open", "for fd in /proc/self/fd/*; do n=${fd##*/}; [ $n -gt 2 ] && [ $n -ne 255 ] && readlink $fd | grep -v -e '^/proc' -e '^pipe:' | grep -q . && echo ESCAPED; done"),
        new("write without end to its logs", "head -c 30000000 /dev/zero; head -c 30000000 /dev/zero >&2"),
        new("write a file without end", "head -c 2000 /dev/zero > big; truncate -s 2000000000 big; head -c 1000 /dev/zero >> big; [ $(stat -c %s big) -ge 2000000000 ] && echo ESCAPED; rm -f big", HeldByDirectory: false),
        new("fill the disk", "for i in {1..200}; do head -c 4000000 /dev/zero > fill-$i; done; sleep 5; echo ESCAPED") { OnSmallDisk = true },
        new("link outputs to what is not its own", "ln -s $SECRET out; ln -s / out2; ln -s /proc/1/root out3"),
    ];
}
