// One action, from its namespaces to its end.
//
//   run
//     lower DIR, upper DIR, work DIR    the input root: an overlay of these (paths below /.worker/scratch or /.worker/cache)
//     tree DIR                          or this directory itself
//     bind FROM TO                      a directory below /.worker/cache, read-only, at a path below the root
//     keep FROM TO                      a directory below /.worker/scratch, to be written to, at any path
//     cache FROM CHANGES TO             the same, but what is written goes into 'upper' in a directory that has an empty 'work' as well
//     tmp DIR                           what is /tmp
//     image DIR, frame DIR              the root file system of the action's own, and the directory with the places to mount at
//     output PATH, error PATH           where these go
//     channel PATH                      a socket that is connected to: standard input and output, instead of nothing and `output`
//     stdio input|terminal              the descriptor that came with the request: standard input; or a terminal, and so standard output and error as well
//     directory PATH                    where the program starts
//     file-bytes N                      how long a file may get
//     audit PATH                        what it looks at is written down here: see audit.c
//     vary NAME                         another host name, and other process ids: what the same action should not depend on
//     environment NAME=VALUE
//     argument TEXT                     the program is the first
//   kill                                in the middle of it: ends it
//   -> begun, with a descriptor of the input root in which no symbolic link is followed: if there is a channel, as soon as the program is started
//   -> ended CPU-MICROSECONDS PEAK-KILOBYTES BLOCKS-READ BLOCKS-WRITTEN STATUS NANOSECONDS (the status is wait's), with a descriptor of the input root as
//      the action left it: none of its processes is left; absent if it was killed
//   -> gone CPU-MICROSECONDS PEAK-KILOBYTES BLOCKS-READ BLOCKS-WRITTEN: nor is anything of its namespaces
//   -> unexecutable ERRNO present|absent PROGRAM: in front of `ended`, if there is nothing to execute
//   -> failed REASON: it could not be begun; then also `gone`
#include <errno.h>
#include <fcntl.h>
#include <linux/sched.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "action.h"

// ---- PID 1 of the action

static int open_log(const char *path, const struct world *world)
{
    int log = open(path, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
    if (log < 0)
        fail("making '%s'", path);

    // The action owns them, so that it may open /dev/stdout and /dev/stderr.
    if (!world->is_user_mapped && fchown(log, world->user, world->user) != 0)
        fail("giving away '%s'", path);
    return log;
}

static void reply_usage(int descriptor, const char *verb, const struct rusage *usage, const char *status, const char *duration)
{
    char cpu[32], peak[32], read_blocks[32], written_blocks[32];
    snprintf(cpu, sizeof cpu, "%lld", (usage->ru_utime.tv_sec + usage->ru_stime.tv_sec) * 1000000LL + usage->ru_utime.tv_usec + usage->ru_stime.tv_usec);
    snprintf(peak, sizeof peak, "%ld", usage->ru_maxrss);
    snprintf(read_blocks, sizeof read_blocks, "%ld", usage->ru_inblock);
    snprintf(written_blocks, sizeof written_blocks, "%ld", usage->ru_oublock);
    reply(descriptor, verb, cpu, peak, read_blocks, written_blocks, status, duration, NULL);
}

// Waits for the action's own process and for all that it leaves, which is ended.
static int reap(pid_t main_process)
{
    int status = 0, main_status = 0;
    for (pid_t ended; (ended = wait(&status)) >= 0 || errno == EINTR;)
    {
        if (ended != main_process)
            continue;
        main_status = status;
        kill(-1, SIGKILL); // everything in the namespace but the caller
    }
    return main_status;
}

static int open_input(const struct action *action, int given)
{
    if (action->stdio != NULL)
        return given;
    return action->channel != NULL ? channel_open(action->channel) : open("/dev/null", O_RDONLY | O_CLOEXEC);
}

static _Noreturn void be_first_process(const struct action *action, const struct world *world, int given)
{
    if (prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0) != 0)
        fail("prctl(PR_SET_PDEATHSIG)");
    int output = open_log(action->output, world), error = open_log(action->error, world);
    if (action->audit != NULL)
        audit_prepare(action->audit);
    int input = open_input(action, given);
    if (input < 0)
        fail("opening standard input");
    root_make(action, world->is_user_mapped);
    int root = open(WORK, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (root < 0)
        fail("opening the input root");
    int view = action->channel != NULL ? view_open() : -1;

    bool is_terminal = action->stdio != NULL && strcmp(action->stdio, "terminal") == 0;
    struct timespec begin, end;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    pid_t main_process = fork();
    if (main_process < 0)
        fail("forking");
    if (main_process == 0)
        program_start(action, world, input, is_terminal || action->channel != NULL ? input : output, is_terminal ? input : error);
    close(input); // the worker is to see its end
    if (action->channel != NULL)
        reply(view, "begun", NULL);
    close(view);
    if (action->audit != NULL)
        audit_begin();
    int status = reap(main_process);
    clock_gettime(CLOCK_MONOTONIC, &end);
    if (action->audit != NULL)
        audit_end();

    struct rusage usage;
    getrusage(RUSAGE_CHILDREN, &usage);
    char code[16], duration[32];
    snprintf(code, sizeof code, "%d", status);
    snprintf(duration, sizeof duration, "%lld", (end.tv_sec - begin.tv_sec) * 1000000000LL + end.tv_nsec - begin.tv_nsec);
    reply_usage(root, "ended", &usage, code, duration);
    _exit(0);
}

// ---- the launcher's side

// Ends what runs when the worker says so, or is gone itself.
static void watch(int process, pid_t id)
{
    struct pollfd watched[] = {{.fd = process, .events = POLLIN}, {.fd = worker_socket, .events = POLLIN}};
    struct request request = NO_REQUEST;
    while (poll(watched, 2, -1) < 0 || (watched[0].revents & POLLIN) == 0)
    {
        if (watched[1].revents == 0)
            continue;
        kill(id, SIGKILL);
        if (!request_read(&request))
            break; // it dies with us
    }
    free(request.data);
}

void run(struct request *request, const struct world *world)
{
    static struct action action; // too large for the stack
    action_read(request, &action);

    int process = -1;
    struct clone_args arguments = {
        .flags = CLONE_NEWPID | CLONE_NEWNS | CLONE_NEWIPC | CLONE_PIDFD,
        .pidfd = (uint64_t)(uintptr_t)&process,
        .exit_signal = SIGCHLD,
    };
    pid_t id = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (id < 0)
        fail("making namespaces");
    if (id == 0)
        be_first_process(&action, world, request->descriptor);
    if (request->descriptor >= 0)
        close(request->descriptor); // who holds the other end is to see when the action's is gone
    request->descriptor = -1;

    watch(process, id);
    close(process);
    struct rusage usage;
    int status;
    while (wait4(id, &status, 0, &usage) < 0)
        if (errno != EINTR)
            fail("waiting");
    reply_usage(-1, "gone", &usage, NULL, NULL);
}
