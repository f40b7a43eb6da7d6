// What an action sees: its input root, a temporary directory, and the machine's tools or a root file system of its own.
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "action.h"

enum { options_bytes = 8192 };

static const char *joined(const char *first, const char *second, const char *third)
{
    static char path[path_bytes];
    if ((size_t)snprintf(path, sizeof path, "%s%s%s", first, second, third) >= sizeof path)
        fail("too long: '%s'", third);
    return path;
}

// What the kernel tells of the machine, or of others, and no action needs; and what a worker that is root may write to there. In a user namespace the action is the worker's
// own user for the files of /proc, whatever rights it has lost.
static void mask_proc(const char *root, bool is_user_mapped)
{
    static const char *const hidden[] = {"/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/sysrq-trigger"};
    static const char *const read_only[] = {"/proc/sys", "/proc/bus", "/proc/fs", "/proc/irq"};
    for (size_t number = 0; number < sizeof hidden / sizeof *hidden; number++)
    {
        const char *file = joined(root, hidden[number], "");
        if (mount("/dev/null", file, NULL, MS_BIND, NULL) != 0 && errno != ENOENT)
            fail("masking '%s'", file);
    }
    for (size_t number = 0; is_user_mapped && number < sizeof read_only / sizeof *read_only; number++)
    {
        const char *directory = joined(root, read_only[number], "");
        if (access(directory, F_OK) == 0)
            mount_bind_read_only(directory, directory);
    }
}

static void mount_work(const struct action *action, const char *root, bool is_user_mapped)
{
    const char *place = joined(root, WORK, "");
    if (action->tree != NULL)
        mount_bind(action->tree, place);
    else
        mount_overlay(action->lower, action->upper, action->work, place, is_user_mapped, "");
    for (size_t number = 0; number < action->bind_count; number++)
        mount_bind(action->binds[number].from, joined(root, WORK "/", action->binds[number].to));
}

// A second run of the same action. Its host name is another, and so are the ids of its processes, where the kernel lets us choose the next one.
static void vary(const char *root, const char *name)
{
    if (unshare(CLONE_NEWUTS) != 0 || sethostname(name, strlen(name)) != 0)
        fail("naming the host '%s'", name);
    int last = open(joined(root, "/proc/sys/kernel/ns_last_pid", ""), O_WRONLY | O_CLOEXEC);
    if (last >= 0 && write(last, "7000", 4) < 0 && errno != EPERM)
        fail("choosing process ids");
    close(last);
}

// Everything is put together in the slot's root, or, for an action with a root file system of its own, below /.image, which then becomes the root.
void root_make(const struct action *action, bool is_user_mapped)
{
    const char *root = action->image == NULL ? "" : IMAGE;
    if (action->image != NULL)
    {
        char options[options_bytes];
        snprintf(options, sizeof options, "lowerdir=%s:%s", action->frame, action->image); // no upper directory: read-only
        mount_new("overlay", IMAGE, MS_NOSUID | MS_NODEV | MS_RDONLY, options);
        if (mount("/dev", joined(root, "/dev", ""), NULL, MS_BIND | MS_REC, NULL) != 0)
            fail("binding /dev");
    }
    mount_new("proc", joined(root, "/proc", ""), MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
    if (action->vary != NULL)
        vary(root, action->vary);
    mask_proc(root, is_user_mapped);
    mount_new("tmpfs", joined(root, "/dev/shm", ""), MS_NOSUID | MS_NODEV, "mode=1777");
    mount_bind(action->tmp, joined(root, "/tmp", ""));
    mount_work(action, root, is_user_mapped);
    for (size_t number = 0; number < action->keep_count; number++)
        mount_kept(action->keeps[number].from, action->keeps[number].changes, joined(root, action->keeps[number].to, ""), is_user_mapped);

    // What is the worker's is covered. Nothing leads below a mount, and unmounting takes a right that the action will not have; to unmount it here would
    // be to wait for all processors.
    if (action->image != NULL)
    {
        if (chdir(IMAGE) != 0 || mount(".", "/", NULL, MS_MOVE, NULL) != 0 || chroot(".") != 0 || chdir("/") != 0)
            fail("moving into the image");
    }
    else
    {
        mount_bind(NOTHING, WORKER);
    }
}
