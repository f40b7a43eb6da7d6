// The action's own process, until it is the action's program.
#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/close_range.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "action.h"

static void limit(int resource, rlim_t soft, rlim_t hard)
{
    struct rlimit most;
    if (getrlimit(resource, &most) != 0)
        fail("reading a limit");
    struct rlimit wanted = {soft < most.rlim_max ? soft : most.rlim_max, hard < most.rlim_max ? hard : most.rlim_max};
    if (setrlimit(resource, &wanted) != 0)
        fail("setting a limit");
}

static void become(const struct world *world)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
        fail("prctl(PR_SET_NO_NEW_PRIVS)");
    if (!world->is_user_mapped) // in a user namespace of ours it is that user already, and has no groups to give up
    {
        if (syscall(SYS_setgroups, 0, NULL) != 0 || syscall(SYS_setresgid, world->user, world->user, world->user) != 0
            || syscall(SYS_setresuid, world->user, world->user, world->user) != 0)
            fail("becoming user %u", world->user);
    }
    struct __user_cap_header_struct header = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct none[2] = {{0}};
    if (syscall(SYS_capset, &header, none) != 0)
        fail("giving up capabilities");
    if (filter_install() != 0)
        fail("installing the filter of system calls");
}

// As a shell does: a script without "#!" is the shell's.
static void execute(const char *path, const struct action *action)
{
    execve(path, action->arguments, action->environment);
    if (errno != ENOEXEC)
        return;
    char **arguments = calloc(action->argument_count + 2, sizeof *arguments);
    if (arguments == NULL)
        return;
    arguments[0] = (char *)"/bin/sh";
    arguments[1] = (char *)path;
    memcpy(arguments + 2, action->arguments + 1, action->argument_count * sizeof *arguments); // with the NULL at the end
    execve("/bin/sh", arguments, action->environment);
}

static const char *search_path(const struct action *action)
{
    for (size_t number = 0; number < action->environment_count; number++)
        if (strncmp(action->environment[number], "PATH=", 5) == 0)
            return action->environment[number] + 5;
    return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
}

// Returns only if nothing can be executed: the path that was tried last, and errno.
static const char *search_and_execute(const struct action *action)
{
    const char *name = action->arguments[0];
    if (strchr(name, '/') != NULL)
    {
        execute(name, action);
        return name;
    }
    static char path[path_bytes];
    for (const char *from = search_path(action); from != NULL;)
    {
        // An empty entry is the current directory, as everywhere.
        size_t length = strcspn(from, ":");
        if ((size_t)snprintf(path, sizeof path, "%.*s/%s", length == 0 ? 1 : (int)length, length == 0 ? "." : from, name) < sizeof path)
        {
            execute(path, action);
            if (errno != ENOENT && errno != ENOTDIR && errno != EACCES)
                return path;
        }
        from = from[length] == ':' ? from + length + 1 : NULL;
    }
    if ((size_t)snprintf(path, sizeof path, "./%s", name) < sizeof path)
        execute(path, action);
    if (errno == EACCES)
        errno = ENOENT; // no program, so none was found
    return errno == ENOENT ? name : path;
}

void program_start(const struct action *action, const struct world *world, int input, int output, int error)
{
    if (setsid() < 0)
        fail("making a session");
    if (input == output && isatty(input) && ioctl(input, TIOCSCTTY, 0) != 0)
        fail("taking the terminal");
    limit(RLIMIT_CORE, 0, 0);
    limit(RLIMIT_NOFILE, 1024, 1024 * 1024);
    limit(RLIMIT_STACK, 8 * 1024 * 1024, RLIM_INFINITY);
    if (action->file_bytes > 0)
        limit(RLIMIT_FSIZE, action->file_bytes, action->file_bytes);
    if (chdir(action->directory) != 0)
        fail("entering '%s'", action->directory);
    become(world);

    worker_socket = fcntl(worker_socket, F_DUPFD_CLOEXEC, 3);
    if (worker_socket < 0)
        _exit(1);
    if (dup2(input, 0) < 0 || dup2(output, 1) < 0 || dup2(error, 2) < 0 || syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) != 0)
        fail("making standard input and output");
    if (action->audit != NULL)
        audit_hand_over();
    const char *program = search_and_execute(action);
    char reason[16];
    snprintf(reason, sizeof reason, "%d", errno);
    reply(-1, "unexecutable", reason, access(program, F_OK) == 0 ? "present" : "absent", program, NULL);
    _exit(1);
}
