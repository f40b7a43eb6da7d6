// What actions may ask of the kernel: everything that programs need, and nothing by which the machine, another action or the way out of the
// sandbox could be reached. Most of it is forbidden to an ordinary user anyway: this is the second lock.
#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "launcher.h"

#if defined(__x86_64__)
#define ARCHITECTURE AUDIT_ARCH_X86_64
#elif defined(__aarch64__)
#define ARCHITECTURE AUDIT_ARCH_AARCH64
#elif defined(__riscv) && __riscv_xlen == 64
#define ARCHITECTURE AUDIT_ARCH_RISCV64
#else
#error "no filter for this architecture"
#endif

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define ANSWER(error) BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | (error))
#define UNLESS_EQUAL_SKIP(value, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, (value), 0, (count))
#define UNLESS_ANY_SKIP(bits, count) BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, (bits), 0, (count))
#define DENY(call) UNLESS_EQUAL_SKIP(SYS_##call, 1), ANSWER(EPERM)
#define ABSENT(call) UNLESS_EQUAL_SKIP(SYS_##call, 1), ANSWER(ENOSYS)

// A first argument with any of these bits is denied; otherwise the number is loaded again for what follows.
#define DENY_BITS(call, bits) \
    UNLESS_EQUAL_SKIP(SYS_##call, 4), LOAD(args[0]), UNLESS_ANY_SKIP((bits), 1), ANSWER(EPERM), LOAD(nr)

#define NAMESPACES \
    (CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWCGROUP)

static struct sock_filter program[] = {
    // Another architecture's numbers mean something else.
    LOAD(arch), UNLESS_EQUAL_SKIP(ARCHITECTURE, 1), BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0), ANSWER(ENOSYS),
    LOAD(nr),
#if defined(__x86_64__)
    BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 0x40000000, 0, 1), ANSWER(ENOSYS), // the x32 variants
#endif

    // New namespaces would make an ordinary user root of something. The flags of clone3 lie in memory, out of sight: C libraries take clone instead.
    DENY_BITS(clone, NAMESPACES), DENY_BITS(unshare, NAMESPACES), ABSENT(clone3), DENY(setns),

    // File systems.
    DENY(mount), DENY(umount2), DENY(pivot_root), DENY(chroot), DENY(open_tree), DENY(move_mount), DENY(fsopen), DENY(fsconfig), DENY(fsmount),
    DENY(fspick), DENY(mount_setattr), DENY(open_by_handle_at), DENY(quotactl), DENY(swapon), DENY(swapoff), DENY(fanotify_init),

    // The machine.
    DENY(reboot), DENY(kexec_load), DENY(init_module), DENY(finit_module), DENY(delete_module), DENY(acct), DENY(settimeofday),
    DENY(clock_settime), DENY(clock_adjtime), DENY(adjtimex), DENY(sethostname), DENY(setdomainname), DENY(syslog), DENY(bpf),
    DENY(perf_event_open), DENY(userfaultfd), DENY(vhangup),
#if defined(__x86_64__)
    DENY(iopl), DENY(ioperm), DENY(kexec_file_load),
#endif

    // Keyrings outlive processes and belong to users, not to namespaces. Rings of requests pass by this filter.
    DENY(keyctl), DENY(add_key), DENY(request_key), ABSENT(io_uring_setup), ABSENT(io_uring_enter), ABSENT(io_uring_register),

    // Sockets: only of families that stay in the network namespace. (AF_VSOCK leads to the hypervisor, AF_ALG and others into rarely used code.)
    UNLESS_EQUAL_SKIP(SYS_socket, 7), LOAD(args[0]),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_UNIX, 4, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET, 3, 0),
    BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 2, 0), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_NETLINK, 1, 0),
    ANSWER(EAFNOSUPPORT), LOAD(nr),

    // Typing into a terminal that the worker might have.
    UNLESS_EQUAL_SKIP(SYS_ioctl, 4), LOAD(args[1]), UNLESS_EQUAL_SKIP(TIOCSTI, 1), ANSWER(EPERM), LOAD(nr),

    BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
};

int filter_install(void)
{
    struct sock_fprog filter = {sizeof program / sizeof *program, program};

    // Without the flag, older kernels slow the whole program down for fear of speculation.
    if (syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_SPEC_ALLOW, &filter) == 0)
        return 0;
    return prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter, 0, 0);
}
