// What the worker shares with an action that runs on while the worker asks it for one thing after the other.
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

#include "launcher.h"

int channel_open(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if ((size_t)snprintf(address.sun_path, sizeof address.sun_path, "%s", path) >= sizeof address.sun_path)
        fail("too long: '%s'", path);
    int channel = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (channel < 0 || connect(channel, (const struct sockaddr *)&address, sizeof address) != 0)
        fail("connecting to '%s'", path);
    return channel;
}

int view_open(void)
{
    int view = (int)syscall(SYS_open_tree, AT_FDCWD, WORK, OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_NOSYMFOLLOW};
    if (view < 0 || syscall(SYS_mount_setattr, view, "", AT_EMPTY_PATH, &attributes, sizeof attributes) != 0)
        fail("opening the input root for the worker");
    return view;
}
