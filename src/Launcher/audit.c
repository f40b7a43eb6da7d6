// The record of an audited action: what it opens, executes, looks at, connects to, and asks about the machine, each once.
//
// A second filter, on top of that of filter.c, has the kernel stop each such call and tell whoever holds the filter's listener. That is a thread of the first
// process: it reads the path out of the caller's memory, writes it down, and lets the call go on. Nothing is forbidden here, and a path can be another by the time the kernel
// reads it: this is for honest actions that depend on more than they say, not against hostile ones.
//
// The record is a file of events, each a letter, a path or an address, and NUL:
//   r opened for reading   w opened for writing   x executed   s looked at (stat, access)   u UNIX socket   c connected or sent to
//   m asked about the machine   o from here on there were too many
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <poll.h>
#include <pthread.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "launcher.h"

// Of Linux 6.6, which headers may not have yet.
#define NOTIF_SET_FLAGS SECCOMP_IOW(4, __u64)
#define NOTIF_SYNC_WAKE_UP 1UL

enum { path_bytes = 4096, page_bytes = 4096, most_events = 64 * 1024, most_bytes = 16 * 1024 * 1024 };

static int record = -1;
static int hand_over[2] = {-1, -1}; // the action's process sends the listener here

// ---- in the action's process

#define LOAD(field) BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, field))
#define TELL BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_USER_NOTIF)
#define ALLOW BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)
#define IF(call, count) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_##call, 0, (count))
#define WATCH(call) IF(call, 1), TELL

// C libraries ask for the status of an open file by an empty path: nothing is looked at then.
#define WATCH_UNLESS_EMPTY(call, flags) \
    IF(call, 4), LOAD(args[flags]), BPF_JUMP(BPF_JMP | BPF_JSET | BPF_K, AT_EMPTY_PATH, 0, 1), ALLOW, TELL

static struct sock_filter program[] = {
    LOAD(nr), // of this architecture: the other filter sees to that
    // Symlinks that are read are not: compilers do so for each directory of each path, thousands of times, and open what they find anyway.
    WATCH(openat), WATCH(openat2), WATCH(execve), WATCH(execveat), WATCH(faccessat), WATCH(faccessat2), WATCH(connect),
    WATCH_UNLESS_EMPTY(newfstatat, 3), WATCH_UNLESS_EMPTY(statx, 2), WATCH(uname), WATCH(sysinfo), WATCH(sched_getaffinity),
#ifdef SYS_open // the newer architectures do without these
    WATCH(open), WATCH(creat), WATCH(stat), WATCH(lstat), WATCH(access),
#endif
    IF(sendto, 3), LOAD(args[4]), BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, 0, 1, 0), TELL, // only with an address
    ALLOW,
};

void audit_hand_over(void)
{
    // The first process reads the memory of this one, which looks like the launcher's until it has executed something.
    struct sock_fprog filter = {sizeof program / sizeof *program, program};
    int listener = prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) != 0
        ? -1
        : (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, SECCOMP_FILTER_FLAG_NEW_LISTENER, &filter);
    if (listener < 0)
        fail("installing the filter of the audit");

    union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control = {0};
    char nothing = 0;
    struct iovec part = {&nothing, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(sizeof(int));
    memcpy(CMSG_DATA(&control.header), &listener, sizeof listener);
    if (sendmsg(hand_over[1], &message, MSG_NOSIGNAL) != 1)
        fail("handing over the listener of the audit");
    close(listener);
}

// ---- in the first process: the record

static uint64_t seen[2 * most_events]; // hashes of events; two that share one are taken for the same, which is next to impossible
static size_t event_count, event_bytes;
static bool is_full;

static bool is_new(const char *event, size_t size)
{
    uint64_t hash = 14695981039346656037ULL; // FNV-1a
    for (size_t number = 0; number < size; number++)
        hash = (hash ^ (unsigned char)event[number]) * 1099511628211ULL;
    hash |= 1; // 0 is for free places
    size_t place = (hash >> 32) % (sizeof seen / sizeof *seen);
    for (; seen[place] != 0; place = (place + 1) % (sizeof seen / sizeof *seen))
        if (seen[place] == hash)
            return false;
    if (event_count < most_events)
        seen[place] = hash;
    return true;
}

static void note(char kind, const char *text)
{
    char event[2 * path_bytes + 2];
    event[0] = kind;
    size_t size = 1 + strnlen(text, sizeof event - 2);
    memcpy(event + 1, text, size - 1);
    event[size++] = '\0';
    if (is_full || !is_new(event, size))
        return;
    event_count++;
    event_bytes += size;
    is_full = event_count > most_events || event_bytes > most_bytes;
    const char *bytes = is_full ? "o" : event;
    if (is_full)
        size = 2;
    if (write(record, bytes, size) != (ssize_t)size)
        is_full = true; // no room on the disk, which the action's own outputs will tell
}

// ---- in the first process: what was called

// Copies a string; cut off where the caller's memory ends.
static void read_text(pid_t process, uint64_t from, char *text, size_t size)
{
    size_t done = 0;
    while (done < size - 1)
    {
        size_t count = page_bytes - (from + done) % page_bytes;
        if (count > size - 1 - done)
            count = size - 1 - done;
        struct iovec here = {text + done, count}, there = {(void *)(uintptr_t)(from + done), count};
        if (process_vm_readv(process, &here, 1, &there, 1, 0) != (ssize_t)count)
            break;
        if (memchr(text + done, '\0', count) != NULL)
            return;
        done += count;
    }
    text[done] = '\0';
}

static void note_path(char kind, pid_t process, int directory, uint64_t address)
{
    char path[2 * path_bytes], link[64];
    size_t length = 0;
    char *end = path + path_bytes;
    read_text(process, address, end, path_bytes);
    if (*end == '\0')
        return;
    if (*end == '/')
    {
        note(kind, end);
        return;
    }
    if (directory == AT_FDCWD)
        snprintf(link, sizeof link, "/proc/%d/cwd", process);
    else
        snprintf(link, sizeof link, "/proc/%d/fd/%d", process, directory);
    ssize_t count = readlink(link, path, path_bytes - 1);
    if (count <= 0)
        return; // there is no such descriptor: the call fails
    length = (size_t)count;
    path[length++] = '/';
    memmove(path + length, end, strlen(end) + 1);
    note(kind, path);
}

static void note_address(pid_t process, uint64_t from, uint64_t size)
{
    union { struct sockaddr any; struct sockaddr_in four; struct sockaddr_in6 six; struct sockaddr_un local; char room[256]; } address = {0};
    struct iovec here = {&address, size < sizeof address.local ? size : sizeof address.local}, there = {(void *)(uintptr_t)from, here.iov_len};
    if (process_vm_readv(process, &here, 1, &there, 1, 0) <= 0)
        return;
    char host[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 16];
    if (address.any.sa_family == AF_INET && inet_ntop(AF_INET, &address.four.sin_addr, host, sizeof host) != NULL)
    {
        snprintf(text, sizeof text, "%s:%u", host, ntohs(address.four.sin_port));
        note('c', text);
    }
    else if (address.any.sa_family == AF_INET6 && inet_ntop(AF_INET6, &address.six.sin6_addr, host, sizeof host) != NULL)
    {
        snprintf(text, sizeof text, "[%s]:%u", host, ntohs(address.six.sin6_port));
        note('c', text);
    }
    else if (address.any.sa_family == AF_UNIX && address.local.sun_path[0] != '\0')
    {
        note('u', address.local.sun_path);
    }
}

static char kind_of(uint64_t flags)
{
    return (flags & O_ACCMODE) == O_RDONLY && (flags & (O_CREAT | O_TRUNC)) == 0 ? 'r' : 'w';
}

static void note_call(const struct seccomp_notif *call)
{
    const __u64 *arguments = call->data.args;
    pid_t process = (pid_t)call->pid;
    uint64_t flags = 0;
    struct iovec here = {&flags, sizeof flags}, there = {(void *)(uintptr_t)arguments[2], sizeof flags};
    switch (call->data.nr)
    {
        case SYS_openat: note_path(kind_of(arguments[2]), process, (int)arguments[0], arguments[1]); break;
        case SYS_openat2:
            if (process_vm_readv(process, &here, 1, &there, 1, 0) == (ssize_t)sizeof flags)
                note_path(kind_of(flags), process, (int)arguments[0], arguments[1]);
            break;
        case SYS_execve: note_path('x', process, AT_FDCWD, arguments[0]); break;
        case SYS_execveat: note_path('x', process, (int)arguments[0], arguments[1]); break;
        case SYS_connect: note_address(process, arguments[1], arguments[2]); break;
        case SYS_sendto: note_address(process, arguments[4], arguments[5]); break;
        case SYS_uname: note('m', "uname"); break;
        case SYS_sysinfo: note('m', "sysinfo"); break;
        case SYS_sched_getaffinity: note('m', "sched_getaffinity"); break;
#ifdef SYS_open
        case SYS_open: note_path(kind_of(arguments[1]), process, AT_FDCWD, arguments[0]); break;
        case SYS_creat: note_path('w', process, AT_FDCWD, arguments[0]); break;
        case SYS_stat: case SYS_lstat: case SYS_access: note_path('s', process, AT_FDCWD, arguments[0]); break;
#endif
        default: note_path('s', process, (int)arguments[0], arguments[1]); break; // the others all begin like this
    }
}

// ---- in the first process: waiting

void audit_prepare(const char *path)
{
    record = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (record < 0)
        fail("making '%s'", path);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, hand_over) != 0)
        fail("making a pair of sockets");
}

static int take_listener(void)
{
    union { struct cmsghdr header; char room[CMSG_SPACE(sizeof(int))]; } control = {0};
    char nothing;
    struct iovec part = {&nothing, 1};
    struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
    int listener = -1;
    if (recvmsg(hand_over[0], &message, MSG_CMSG_CLOEXEC) == 1 && message.msg_controllen >= CMSG_LEN(sizeof(int)))
        memcpy(&listener, CMSG_DATA(&control.header), sizeof listener);

    // Caller and listener take turns: newer kernels then hand the processor over, which is faster than waking another one.
    if (listener >= 0)
        ioctl(listener, NOTIF_SET_FLAGS, NOTIF_SYNC_WAKE_UP);
    return listener; // none if the process has ended before
}

// Whether there is anybody who could call: the kernel tells so by hanging up.
static bool is_in_use(int listener)
{
    struct pollfd watched = {.fd = listener, .events = POLLIN};
    return poll(&watched, 1, 0) < 0 || (watched.revents & POLLHUP) == 0;
}

static pthread_mutex_t noting = PTHREAD_MUTEX_INITIALIZER; // held while a call is written down

// The thread that answers. A call waits in the kernel until it has been written down, so it does nothing else.
static void *answer_all(void *unused)
{
    (void)unused;
    int listener = take_listener();
    union { struct seccomp_notif call; char room[512]; } told; // kernels may know more of a call than we do
    union { struct seccomp_notif_resp reply; char room[512]; } answer;
    for (memset(&answer, 0, sizeof answer); listener >= 0;)
    {
        memset(&told, 0, sizeof told);
        if (ioctl(listener, SECCOMP_IOCTL_NOTIF_RECV, &told) != 0)
        {
            if (errno == EINTR || (errno == ENOENT && is_in_use(listener)))
                continue; // the caller was killed meanwhile
            break;
        }
        pthread_mutex_lock(&noting);
        note_call(&told.call);
        pthread_mutex_unlock(&noting);
        answer.reply.id = told.call.id;
        answer.reply.flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
        ioctl(listener, SECCOMP_IOCTL_NOTIF_SEND, &answer); // fails only if there is nobody left to hear it
    }
    return NULL;
}

void audit_begin(void)
{
    close(hand_over[1]);
    pthread_t thread;
    errno = pthread_create(&thread, NULL, answer_all, NULL);
    if (errno != 0)
        fail("starting the audit");
}

void audit_end(void)
{
    pthread_mutex_lock(&noting); // for good: nothing more is written down, and what is, is whole
}
